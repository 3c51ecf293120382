/**
 * Weighted round robin (ip_vs_wrr.c): passes over the list with a falling
 * weight; every server that reaches the weight of the pass is chosen in it. So
 * the heaviest ones come in bursts, first.
 */
import { type Candidate, HEAD, NO_SERVER, type Position } from './candidate.ts';
import { gcdOfWeights, largestWeight } from './weights.ts';

/** ip_vs_wrr_mark. */
export interface WrrState {
  /** cl: the server chosen last. */
  readonly cursor: Position;
  /** cw: servers of at least this weight are chosen in this pass; 0: before the first server. */
  readonly weight: number;
}

export const WRR_START: WrrState = { cursor: HEAD, weight: 0 };

/**
 * Passes on from the cursor. It ends without a server once each of them was
 * asked with the lowest weight: all of them from the head, or, where the walk
 * began amid the list, up to there again.
 */
export function chooseWrr(servers: readonly Candidate[], state: WrrState): [Position, WrrState] {
  const { step, top } = limits(servers);
  if (top === 0) return [NO_SERVER, state];
  const start = state.cursor;
  let { cursor, weight } = state;
  let isLastPass = false;
  let hasRestarted = false;
  for (;;) {
    const endsAtStart = isLastPass && hasRestarted && start !== HEAD;
    const chosen = findFrom(servers, cursor + 1, endsAtStart ? start + 1 : servers.length, weight);
    if (chosen !== NO_SERVER) return [chosen, { cursor: chosen, weight }];
    if (endsAtStart) return [NO_SERVER, { cursor: start, weight }];
    cursor = HEAD;
    weight -= step;
    if (weight <= 0) {
      weight = top;
      if (isLastPass || start === HEAD) return [NO_SERVER, { cursor: HEAD, weight }];
      hasRestarted = true;
    }
    isLastPass = weight <= step;
  }
}

/** ip_vs_wrr_dest_changed: after every addition, deletion or edit of a server. */
export function wrrAfterEdit(servers: readonly Candidate[], { weight }: WrrState): WrrState {
  const { step, top } = limits(servers);
  if (weight > top || weight === 0) return { cursor: HEAD, weight: top };
  return { cursor: HEAD, weight: step > 1 ? Math.floor(weight / step) * step + 1 : weight };
}

function findFrom(servers: readonly Candidate[], from: Position, end: Position, weight: number): Position {
  for (let at = from; at < end; at++) {
    if (servers[at]!.weight >= weight && !servers[at]!.overloaded) return at;
  }
  return NO_SERVER;
}

/** di and mw: passes fall by `step` from `top`. */
function limits(servers: readonly Candidate[]): { step: number; top: number } {
  const weights = servers.map(({ weight }) => weight);
  const step = gcdOfWeights(weights) || 1;
  return { step, top: Math.max(0, largestWeight(weights) - (step - 1)) };
}
