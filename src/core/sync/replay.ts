/**
 * That an authenticated datagram is new. Each sender's sequence numbers are times; a window over
 * the latest of them tells what was received (RFC 4303 3.4.3), and what lies too far from this
 * director's own clock is refused even of a sender that nothing is known of. So a sender may be
 * forgotten as soon as everything that it can have sent is too old.
 */
import { type Refusal, refuse } from './refusal.ts';

interface Window {
  /** The highest number received. */
  readonly highest: bigint;
  /** Others lately received. */
  readonly others: ReadonlySet<bigint>;
}

export type Windows = ReadonlyMap<bigint, Window>;

/** Seconds that a datagram may be old, or from the future. */
export const FRESH_SECONDS = 60;
/** Numbers behind the highest that may still arrive. */
const WINDOW = 64;

const MICROSECONDS = 1_000_000n;

/** `now`: microseconds since 1970. The windows with the datagram in them, or why it does not count. */
export function admit(windows: Windows, sender: bigint, sequence: bigint, now: bigint): Windows | Refusal {
  const distance = sequence > now ? sequence - now : now - sequence;
  if (distance > BigInt(FRESH_SECONDS) * MICROSECONDS) {
    const when = sequence > now ? 'ahead of' : 'behind';
    return refuse('stale', `sent ${distance / MICROSECONDS} s ${when} this clock, at most ${FRESH_SECONDS} s expected`);
  }
  const window = windows.get(sender);
  if (window === undefined)
    return new Map([...fresh(windows, now), [sender, { highest: sequence, others: new Set() }]]);
  if (sequence === window.highest || window.others.has(sequence)) return refuse('replayed', 'received before');
  const others = [...window.others, window.highest < sequence ? window.highest : sequence].sort(compare).slice(-WINDOW);
  if (sequence < window.highest && !others.includes(sequence)) return refuse('replayed', 'older than the window');
  const highest = sequence > window.highest ? sequence : window.highest;
  return new Map(windows).set(sender, { highest, others: new Set(others) });
}

/** Without senders whose every datagram is too old by now. */
function fresh(windows: Windows, now: bigint): Windows {
  const least = now - 2n * BigInt(FRESH_SECONDS) * MICROSECONDS;
  return new Map([...windows].filter(([, { highest }]) => highest > least));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
