/** What follows from a real server's configuration and its override. */
import type { RealServer } from './model.ts';

export const MAX_WEIGHT = 2147483647;

/** The weight that schedulers see: 0 while the server is drained. */
export function effectiveWeight(server: RealServer): number {
  return isInTables(server) ? server.weight : 0;
}

/** Whether tables of hashes have a part for the server: one of weight 0 keeps its own, as in IPVS. */
export function isInTables(server: RealServer): boolean {
  return server.admin === null;
}

/**
 * The weight that `mh` builds its table on. A server of weight 0 keeps its part
 * of the table, as in IPVS; a drained one gives it away, so that a drain refuses nobody.
 */
export function tableWeight(server: RealServer): number {
  const { weight, lastWeight = 0 } = server;
  return isInTables(server) ? weight || lastWeight : 0;
}
