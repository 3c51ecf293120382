/** Round robin (ip_vs_rr.c): the next available server after the one chosen last. */
import { type Candidate, HEAD, isAvailable, NO_SERVER, type Position } from './candidate.ts';

/** The server chosen last; HEAD at first. */
export type RrState = Position;

export function chooseRr(servers: readonly Candidate[], cursor: RrState): [Position, RrState] {
  for (let step = 1; step <= servers.length; step++) {
    const position = (cursor + step) % servers.length;
    if (isAvailable(servers[position]!)) return [position, position];
  }
  return [NO_SERVER, cursor];
}

/**
 * Where the cursor stands after an edit: on the same server, or, where that was
 * deleted, on its predecessor. A server added at the head is met at the next wrap.
 */
export function rrAfterEdit(before: readonly Candidate[], after: readonly Candidate[], cursor: RrState): RrState {
  for (let at = cursor; at > HEAD; at--) {
    const { address, port } = before[at]!.key;
    const now = after.findIndex(({ key }) => key.address === address && key.port === port);
    if (now >= 0) return now;
  }
  return HEAD;
}
