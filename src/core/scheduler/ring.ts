/**
 * The fallback ring: a small Maglev table of the servers that may take new
 * connections. It places connections that the full connection table has no room
 * for, so that each of their packets finds the same server without an entry.
 * `mh` services use their own table for that.
 */
import type { Family } from '../model/address.ts';
import { buildTable, type TableServer } from './maglev.ts';

/** Primes; twenty slots or more for each of up to 3276 servers. */
const SIZES = [1021, 4093, 16381, 65537] as const;
const SLOTS_PER_SERVER = 20;

/** Empty where no server has a weight. */
export function buildFallbackRing(servers: readonly TableServer[], family: Family): Uint16Array {
  const count = servers.filter(({ weight }) => weight > 0).length;
  if (count === 0) return new Uint16Array(0);
  const size = SIZES.find((size) => size >= count * SLOTS_PER_SERVER) ?? SIZES[SIZES.length - 1]!;
  return buildTable(servers, size, family);
}

/** The slot of a flow. `bits`: 32 uniform bits, the data plane's `flow_hash.ring`. */
export function fallbackSlot(bits: number, size: number): number {
  return Math.floor((bits * size) / 2 ** 32);
}
