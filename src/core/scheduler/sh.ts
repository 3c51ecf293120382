/**
 * Source and destination hashing (ip_vs_sh.c, ip_vs_dh.c): a table of 256 slots
 * that the servers take in list order, and an address that says which slot.
 */
import { addressFamily, addressWords } from '../model/address.ts';
import type { Address, RealServer, SchedulerOptions } from '../model/model.ts';
import { effectiveWeight, isInTables } from '../model/server.ts';
import { type Candidate, isAvailable, NO_SERVER, type Position } from './candidate.ts';
import type { Flow } from './flow.ts';
import { EMPTY_SLOT } from './maglev.ts';

/** IP_VS_SH_TAB_SIZE and IP_VS_DH_TAB_SIZE as Debian builds them. */
export const HASH_TABLE_SIZE = 256;
/** GOLDEN_RATIO_32 of linux/hash.h */
const GOLDEN_RATIO = 0x61c88647;

/**
 * sh: as many slots in a row as the weight says, at least one, over and over.
 * A server of weight 0 keeps a slot, so its flows are refused, as in IPVS; a
 * drained one has none, so that a drain refuses nobody.
 */
export function sourceTable(servers: readonly RealServer[]): Uint16Array {
  return fill(servers, (server) => Math.max(1, effectiveWeight(server)));
}

/** dh: one slot each, over and over, whatever the weight. */
export function destinationTable(servers: readonly RealServer[]): Uint16Array {
  return fill(servers, () => 1);
}

export function chooseSh(
  servers: readonly Candidate[],
  table: Uint16Array,
  options: SchedulerOptions,
  { source, sourcePort }: Flow,
): Position {
  const hash = hashAddress(source, options.port ? sourcePort : 0);
  const first = available(servers, table[hash]!);
  if (first !== NO_SERVER || !options.fallback) return first;
  for (let offset = 0; offset < HASH_TABLE_SIZE; offset++) {
    const other = available(servers, table[(((offset + hash) % HASH_TABLE_SIZE) + hash) % HASH_TABLE_SIZE]!);
    if (other !== NO_SERVER) return other;
  }
  return NO_SERVER;
}

export function chooseDh(servers: readonly Candidate[], table: Uint16Array, { destination }: Flow): Position {
  return available(servers, table[hashAddress(destination, 0)]!);
}

/** hash_32 of the folded address and the port, both in host order. */
export function hashAddress(address: Address, port: number): number {
  const [a, b, c, d] = addressWords(address);
  const folded = addressFamily(address) === 4 ? a : a ^ b ^ c ^ d;
  return Math.imul((folded + port) | 0, GOLDEN_RATIO) >>> 24;
}

function fill(servers: readonly RealServer[], inRow: (server: RealServer) => number): Uint16Array {
  const table = new Uint16Array(HASH_TABLE_SIZE).fill(EMPTY_SLOT);
  const kept = [...servers.keys()].filter((position) => isInTables(servers[position]!));
  for (let at = 0; at < HASH_TABLE_SIZE && kept.length > 0; ) {
    for (const position of kept) {
      const end = Math.min(HASH_TABLE_SIZE, at + inRow(servers[position]!));
      table.fill(position, at, end);
      at = end;
    }
  }
  return table;
}

function available(servers: readonly Candidate[], position: number): Position {
  const server = servers[position];
  return server !== undefined && isAvailable(server) ? position : NO_SERVER;
}
