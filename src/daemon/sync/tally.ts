/** What was sent and received since the daemon of a kind started, for `xlb sync`. */
import type { RefusalReason } from '../../core/sync/refusal.ts';
import type { Fate } from './incoming.ts';

export interface SentTally {
  messages: number;
  bytes: number;
  connections: number;
  templates: number;
  /** Datagrams that the kernel did not take. */
  failed: number;
  /** Whole tables that were told. */
  passes: number;
  /** Milliseconds since 1970; null: never. */
  lastAt: number | null;
}

export interface PeerTally {
  messages: number;
  lastAt: number;
}

export interface ReceivedTally {
  messages: number;
  bytes: number;
  readonly records: Map<Fate, number>;
  readonly refused: Map<RefusalReason, number>;
  /** By address; the first so many that were heard. */
  readonly peers: Map<string, PeerTally>;
}

/** Forged sources must not fill the memory. */
const MAX_PEERS = 64;

export function emptySent(): SentTally {
  return { messages: 0, bytes: 0, connections: 0, templates: 0, failed: 0, passes: 0, lastAt: null };
}

export function emptyReceived(): ReceivedTally {
  return { messages: 0, bytes: 0, records: new Map(), refused: new Map(), peers: new Map() };
}

export function countIn<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** `now`: milliseconds since 1970. */
export function notePeer({ peers }: ReceivedTally, address: string, now: number): void {
  const peer = peers.get(address);
  if (peer !== undefined) Object.assign(peer, { messages: peer.messages + 1, lastAt: now });
  else if (peers.size < MAX_PEERS) peers.set(address, { messages: 1, lastAt: now });
}
