/** Maglev hashing (ip_vs_mh.c): the source decides, by a table of the service's servers. */
import { addressFamily } from '../model/address.ts';
import type { SchedulerOptions } from '../model/model.ts';
import { type Candidate, isAvailable, NO_SERVER, type Position } from './candidate.ts';
import type { Flow } from './flow.ts';
import { hashInput } from './maglev.ts';
import { hsiphash, MH_KEY_1 } from './siphash.ts';

/**
 * `table`: from `buildTable`, over the last weights that were not 0. So a
 * server without weight keeps its slots, and their flows are refused; or, with
 * mh-fallback, hashed again from slot to slot until a server is available.
 */
export function chooseMh(
  servers: readonly Candidate[],
  table: Uint16Array,
  options: SchedulerOptions,
  flow: Flow,
): Position {
  const input = hashInput(flow.source, options.port ? flow.sourcePort : 0, addressFamily(flow.source));
  const slotOf = (value: number) => hsiphash(value >>> 0, MH_KEY_1) % table.length;
  const first = slotOf(input);
  const available = (slot: number) => {
    const server = servers[table[slot]!];
    return server !== undefined && isAvailable(server);
  };
  if (available(first)) return table[first]!;
  if (!options.fallback || servers[table[first]!] === undefined) return NO_SERVER;
  for (let offset = 0; offset < table.length; offset++) {
    const slot = slotOf(input + ((offset + first) % table.length));
    if (available(slot)) return table[slot]!;
  }
  return NO_SERVER;
}
