/** Why a received datagram is no advertisement for an instance. */

/** Stable words: counters and metrics are named after them. */
export const REFUSAL_REASONS = [
  'ip-header',
  'ah-missing',
  'ah-unexpected',
  'ah-header',
  'too-short',
  'too-long',
  'vrid',
  'hop-limit',
  'version',
  'authentication-unknown',
  'authentication-type',
  'password',
  'ah-spi',
  'ah-digest',
  'ah-replay',
  'interval',
  'type',
  'checksum',
  'destination',
  'address-count',
  'address-list',
  'unicast-source',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly reason: RefusalReason;
  /** For people: what was found, what was expected. It never holds a password. */
  readonly text: string;
}

export function refuse(reason: RefusalReason, text: string): Refusal {
  return { reason, text };
}
