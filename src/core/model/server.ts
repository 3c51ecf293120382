/** What follows from a real server's configuration and its override. */
import type { RealServer } from './model.ts';

export const MAX_WEIGHT = 2147483647;

/** The weight that schedulers see: 0 while the server is drained. */
export function effectiveWeight({ admin, weight }: RealServer): number {
  return admin === null ? weight : 0;
}

/**
 * The weight that `mh` builds its table on. A server of weight 0 keeps its part
 * of the table, as in IPVS; a drained one gives it away, so that a drain refuses nobody.
 */
export function tableWeight({ admin, weight, lastWeight = 0 }: RealServer): number {
  return admin === null ? weight || lastWeight : 0;
}
