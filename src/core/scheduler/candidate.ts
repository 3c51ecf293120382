/** What the schedulers look at: real servers in IPVS's list order, newest first. */
import type { ServerKey } from '../model/model.ts';

/** Connections of a real server at this moment. */
export interface Load {
  readonly active: number;
  readonly inactive: number;
  /** At its upper threshold (IP_VS_DEST_F_OVERLOAD). */
  readonly overloaded: boolean;
}

export interface Candidate extends Load {
  readonly key: ServerKey;
  /** Effective weight; 0: takes no new connections. */
  readonly weight: number;
}

/** Place of a server in the list. HEAD stands before the first one: where a cursor starts. */
export type Position = number;
export const HEAD: Position = -1;
/** Where no server can take the connection. */
export const NO_SERVER: Position = -1;

export const IDLE: Load = { active: 0, inactive: 0, overloaded: false };

export function isAvailable({ weight, overloaded }: Candidate): boolean {
  return weight > 0 && !overloaded;
}

/** ip_vs_dest_conn_overhead: 256 for an active connection, 1 for every connection. */
export function overhead({ active, inactive }: Load): number {
  return 256 * active + (active + inactive);
}

/** Whether load `a` at weight `v` is more for its weight than load `b` at weight `w`: a/v > b/w, exactly. */
export function isHeavier(a: number, v: number, b: number, w: number): boolean {
  const [left, right] = [a * w, b * v];
  if (left < Number.MAX_SAFE_INTEGER && right < Number.MAX_SAFE_INTEGER) return left > right;
  return BigInt(a) * BigInt(w) > BigInt(b) * BigInt(v);
}
