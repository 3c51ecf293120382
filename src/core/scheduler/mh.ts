/**
 * Maglev hashing (Eisenbud et al., NSDI 2016) as net/netfilter/ipvs/ip_vs_mh.c
 * does it. At the kernel's size, 4093, tables are the kernel's slot for slot;
 * at other sizes servers take turns in exact proportion to their weights.
 */
import { addressWords } from '../model/address.ts';
import { KERNEL_RING_SIZE } from '../model/check.ts';
import type { Address, ServerKey } from '../model/model.ts';
import { hsiphash32, MH_KEY_1, MH_KEY_2 } from './siphash.ts';

export interface RingServer {
  readonly key: ServerKey;
  /** The last weight that was not 0; 0: never had one, and gets no slot. */
  readonly weight: number;
}

/** Ring slot without any server. */
export const NO_SERVER = 0xffff;

/** The number that `mh` hashes: the folded address and a port, both in host order. */
export function mhValue(address: Address, port: number): number {
  const [a, b, c, d] = addressWords(address);
  return ((a ^ b ^ c ^ d) + port) >>> 0;
}

/** The slot of a flow. `port`: the source port with mh-port, else 0. */
export function mhSlot(source: Address, port: number, size: number): number {
  return hsiphash32(mhValue(source, port), MH_KEY_1) % size;
}

/** mh-fallback: the slots to try, in order, when the first one's server is unavailable. */
export function* mhFallbackSlots(source: Address, port: number, size: number): Generator<number> {
  const value = mhValue(source, port);
  const start = hsiphash32(value, MH_KEY_1) % size;
  for (let offset = 0; offset < size; offset++) {
    yield hsiphash32((value + ((offset + start) % size)) >>> 0, MH_KEY_1) % size;
  }
}

/** For each slot the position of its server in `servers` (IPVS's list order), or NO_SERVER. */
export function buildRing(servers: readonly RingServer[], size: number): Uint16Array {
  const ring = new Uint16Array(size).fill(NO_SERVER);
  const turns = size === KERNEL_RING_SIZE ? kernelTurns(servers) : fairTurns(servers);
  if (!servers.some((server) => server.weight > 0)) return ring;
  const places = servers.map((server) => firstPlace(server.key, size));
  let filled = 0;
  for (let round = 0; filled < size; round++) {
    for (let i = 0; i < servers.length && filled < size; i++) {
      const place = places[i];
      if (place === undefined) continue;
      for (let turn = turns(i, round); turn > 0 && filled < size; turn--) {
        takeSlot(ring, place, i);
        filled++;
      }
    }
  }
  return ring;
}

interface Place {
  at: number;
  readonly skip: number;
}

const known = new Map<string, readonly [number, number]>();

/** The permutation of a server: where it starts and how it steps. Hashes are kept: rings are rebuilt often. */
function firstPlace(key: ServerKey, size: number): Place {
  const name = `${key.address} ${key.port}`;
  let hashes = known.get(name);
  if (hashes === undefined) {
    const value = mhValue(key.address, key.port);
    hashes = [hsiphash32(value, MH_KEY_1), hsiphash32(value, MH_KEY_2)];
    if (known.size > 100_000) known.clear();
    known.set(name, hashes);
  }
  return { at: hashes[0] % size, skip: (hashes[1] % (size - 1)) + 1 };
}

function takeSlot(ring: Uint16Array, place: Place, server: number): void {
  while (ring[place.at] !== NO_SERVER) {
    place.at += place.skip;
    if (place.at >= ring.length) place.at -= ring.length;
  }
  ring[place.at] = server;
}

type Turns = (server: number, round: number) => number;

/** IP_VS_MH_TAB_BITS: half of the table's index bits. */
const KERNEL_TURN_BITS = 6;

/** ip_vs_mh_reassign: weights over their divisor, shifted to at most 6 bits, at least 1. */
function kernelTurns(servers: readonly RingServer[]): Turns {
  const divisor = gcdOfWeights(servers.map((server) => server.weight));
  const largest = Math.max(0, ...servers.map((server) => server.weight)) / Math.max(divisor, 1);
  const bits = largest >= 1 ? Math.floor(Math.log2(largest)) + 1 : 0;
  const scale = 2 ** Math.max(0, bits - KERNEL_TURN_BITS);
  const turns = servers.map(({ weight }) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight / divisor / scale))));
  return (server) => turns[server] ?? 0;
}

/** One turn a round for the heaviest, and for the others their share of one, carried over. */
function fairTurns(servers: readonly RingServer[]): Turns {
  const largest = Math.max(...servers.map((server) => server.weight), 1);
  const credit = new Float64Array(servers.length);
  return (server) => {
    credit[server] = (credit[server] ?? 0) + (servers[server]?.weight ?? 0) / largest;
    if ((credit[server] ?? 0) < 1 - 1e-9) return 0;
    credit[server] = (credit[server] ?? 0) - 1;
    return 1;
  };
}

/** 0 where no weight is above 0. */
export function gcdOfWeights(weights: readonly number[]): number {
  let result = 0;
  for (const weight of weights) {
    let [a, b] = [result, weight];
    while (b !== 0) [a, b] = [b, a % b];
    result = a;
  }
  return result;
}
