/**
 * Maglev tables (Eisenbud et al., NSDI 2016): every server has a permutation of
 * the slots of its own, and the servers take turns at taking the first slot of
 * theirs that is still free. So a server that leaves gives away little but its
 * own slots.
 *
 * At the kernel's size, 4093, tables are those of ip_vs_mh.c, slot for slot: its
 * turns are weights cut to six bits. At other sizes turns are exact shares of
 * the weights.
 */
import { addressWords, type Family } from '../model/address.ts';
import { KERNEL_RING_SIZE } from '../model/check.ts';
import type { Address, ServerKey } from '../model/model.ts';
import { hsiphash, MH_KEY_1, MH_KEY_2 } from './siphash.ts';
import { gcdOfWeights, largestWeight } from './weights.ts';

export interface TableServer {
  readonly key: ServerKey;
  /** 0: gets no slot. */
  readonly weight: number;
}

/** A slot without a server; there is none as soon as one server has a weight. */
export const EMPTY_SLOT = 0xffff;

/**
 * For each of `size` slots the position of its server in `servers`, which stand
 * in IPVS's list order and number at most 65535. `size`: a prime. `family`: the
 * virtual service's.
 */
export function buildTable(servers: readonly TableServer[], size: number, family: Family): Uint16Array {
  const table = new Uint16Array(size).fill(EMPTY_SLOT);
  if (largestWeight(servers.map(({ weight }) => weight)) === 0) return table;
  const take = slotTaker(table, servers, family);
  if (size === KERNEL_RING_SIZE) takeTurns(kernelTurns(servers), size, take);
  else takeShares(servers, size, take);
  return table;
}

/**
 * The number that is hashed. Like the kernel, it looks at an address with the
 * eyes of the service's family: in an IPv4 service at its first word only.
 */
export function hashInput(address: Address, port: number, family: Family): number {
  const [a, b, c, d] = addressWords(address);
  const folded = family === 4 ? a : a ^ b ^ c ^ d;
  return (folded + port) >>> 0;
}

/**
 * Gives the first free slot of a server's permutation to it. The kernel's
 * permutation starts somewhere and goes on in equal steps. Two servers that
 * happen to step alike chase each other through the table, and when one of the
 * two leaves, the other one's slots move too (3 % of a table, one time in a
 * hundred). So at other sizes a mask of each server's own scatters its steps.
 */
type Take = (server: number) => void;

function slotTaker(table: Uint16Array, servers: readonly TableServer[], family: Family): Take {
  const size = table.length;
  const inputs = servers.map(({ key }) => hashInput(key.address, key.port, family));
  const starts = inputs.map((input) => hsiphash(input, MH_KEY_1));
  const place = Uint32Array.from(starts, (start) => start % size);
  const skip = Uint32Array.from(inputs, (input) => (hsiphash(input, MH_KEY_2) % (size - 1)) + 1);
  const bits = size === KERNEL_RING_SIZE ? 0 : 31 - Math.clz32(size);
  const mask = Uint32Array.from(starts, (start) => (bits === 0 ? 0 : start >>> (32 - bits)));
  const scattered = 2 ** bits;
  return (server) => {
    let at = place[server]!;
    let slot = at < scattered ? at ^ mask[server]! : at;
    while (table[slot] !== EMPTY_SLOT) {
      at += skip[server]!;
      if (at >= size) at -= size;
      slot = at < scattered ? at ^ mask[server]! : at;
    }
    table[slot] = server;
    place[server] = at;
  };
}

/** IP_VS_MH_TAB_BITS */
const KERNEL_TURN_BITS = 6;

/** How many slots in a row each server takes: its weight, divided by all that they share and cut to six bits, at least 1. */
function kernelTurns(servers: readonly TableServer[]): number[] {
  const weights = servers.map(({ weight }) => weight);
  const divisor = gcdOfWeights(weights);
  const bits = 32 - Math.clz32(largestWeight(weights) / divisor);
  const shift = Math.max(0, bits - KERNEL_TURN_BITS);
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, (weight / divisor) >>> shift)));
}

function takeTurns(turns: readonly number[], size: number, take: Take): void {
  for (let left = size; left > 0; ) {
    for (let server = 0; server < turns.length && left > 0; server++) {
      for (let turn = Math.min(turns[server]!, left); turn > 0; turn--, left--) take(server);
    }
  }
}

/**
 * Everyone takes one slot; then whoever's next slot is due first, where the k-th
 * slot of a server is due at (k + 1/2) / weight (Webster's method: shares are
 * right to a slot). When one server takes its turn does not depend on the others,
 * so it does not change when they leave.
 */
function takeShares(servers: readonly TableServer[], size: number, take: Take): void {
  const waiting = [...servers.keys()].filter((server) => servers[server]!.weight > 0).slice(0, size);
  for (const server of waiting) take(server);
  const step = Float64Array.from(servers, ({ weight }) => 1 / weight);
  const due = step.map((interval) => interval * 1.5);
  const taken = new Uint32Array(servers.length).fill(1);
  const isBefore = (a: number, b: number) => due[a]! < due[b]! || (due[a] === due[b] && a < b);
  const heap = waiting.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  for (let left = size - waiting.length; left > 0; left--) {
    const server = heap[0]!;
    take(server);
    due[server] = (++taken[server]! + 0.5) * step[server]!;
    sink(heap, isBefore);
  }
}

/** Restores the order of a binary heap whose first element has become later. */
function sink(heap: number[], isBefore: (a: number, b: number) => boolean): void {
  const moved = heap[0]!;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, moved)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = moved;
}
