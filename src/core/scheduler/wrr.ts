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
 * Passes on from the cursor. Levels that no available server reaches are passed
 * over at once: between a heavy server at its threshold and light ones there may
 * be billions.
 */
export function chooseWrr(servers: readonly Candidate[], state: WrrState): [Position, WrrState] {
  const { step, top } = limits(servers);
  if (top === 0) return [NO_SERVER, state];
  const reached = largestWeight(servers.filter(({ overloaded }) => !overloaded).map(({ weight }) => weight));
  if (reached === 0) return [NO_SERVER, exhausted(state, step, top)];
  const here = findFrom(servers, state.cursor + 1, state.weight);
  if (here !== NO_SERVER) return [here, { cursor: here, weight: state.weight }];
  const below = levelAt(state.weight - step, step, reached);
  const weight = below > 0 ? below : levelAt(top, step, reached);
  const chosen = findFrom(servers, 0, weight);
  return [chosen, { cursor: chosen, weight }];
}

/**
 * Where the walk ends when every server is overloaded: each was asked with the
 * lowest weight. From the head, or from a higher level on, that is one way down;
 * a walk that began amid the list on the lowest level ends there again.
 */
function exhausted({ cursor, weight }: WrrState, step: number, top: number): WrrState {
  if (cursor === HEAD || weight > step) return { cursor: HEAD, weight: top };
  return { cursor, weight: levelAt(top, step, step) };
}

/** The highest level not above `limit` when falling by `step` from `weight`; 0 or less: there is none. */
function levelAt(weight: number, step: number, limit: number): number {
  return weight <= limit ? weight : weight - Math.ceil((weight - limit) / step) * step;
}

/** ip_vs_wrr_dest_changed: after every addition, deletion or edit of a server. */
export function wrrAfterEdit(servers: readonly Candidate[], { weight }: WrrState): WrrState {
  const { step, top } = limits(servers);
  if (weight > top || weight === 0) return { cursor: HEAD, weight: top };
  return { cursor: HEAD, weight: step > 1 ? Math.floor(weight / step) * step + 1 : weight };
}

function findFrom(servers: readonly Candidate[], from: Position, weight: number): Position {
  for (let at = from; at < servers.length; at++) {
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
