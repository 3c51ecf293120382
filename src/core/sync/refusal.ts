/** Why a datagram changes nothing. */

export const REFUSALS = {
  malformed: 'cannot be read',
  'other-id': 'has another synchronization id',
  'other-sender': 'comes from an address that is no peer',
  'not-authenticated': 'has no authentication, and there is a key here',
  'no-key': 'is authenticated, and there is no key here',
  forged: 'has a wrong authentication code',
  replayed: 'was received before',
  stale: 'is from another time: its sender or this director has a wrong clock, or somebody plays it again',
} as const;

export type RefusalReason = keyof typeof REFUSALS;

export interface Refusal {
  readonly reason: RefusalReason;
  /** What was found, and what was expected. */
  readonly detail: string;
}

export function refuse(reason: RefusalReason, detail: string): Refusal {
  return { reason, detail };
}
