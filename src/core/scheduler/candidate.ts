/** What the schedulers look at: real servers in IPVS's list order, newest first. */
import type { ServerKey } from '../model/model.ts';

export interface Candidate {
  readonly key: ServerKey;
  /** Effective weight; 0: takes no new connections. */
  readonly weight: number;
  /** At its upper threshold (IP_VS_DEST_F_OVERLOAD). */
  readonly overloaded: boolean;
}

/** Place of a server in the list. HEAD stands before the first one: where a cursor starts. */
export type Position = number;
export const HEAD: Position = -1;
/** Where no server can take the connection. */
export const NO_SERVER: Position = -1;

export function isAvailable({ weight, overloaded }: Candidate): boolean {
  return weight > 0 && !overloaded;
}
