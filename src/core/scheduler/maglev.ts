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
  const weights = servers.map(({ weight }) => weight);
  const isKernels = size === KERNEL_RING_SIZE;
  if (largestWeight(weights) === 0) return new Uint16Array(size).fill(EMPTY_SLOT);
  const inputs = servers.map(({ key }) => hashInput(key.address, key.port, family));
  const turns = isKernels ? kernelTurns(weights, size) : fairTurns(weights, size);
  return fill(turns, inputs, isKernels ? 0 : 31 - Math.clz32(size));
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
 * Lets the servers take slots, in the order of `turns`. The kernel's permutation
 * starts somewhere and goes on in equal steps. Two servers that happen to step
 * alike chase each other through the table, and when one of the two leaves, the
 * other one's slots move too (3 % of a table, one time in a hundred). So at
 * other sizes a mask of each server's own scatters its steps over the first
 * 2^`bits` slots.
 */
function fill(turns: Uint16Array, inputs: readonly number[], bits: number): Uint16Array {
  const size = turns.length;
  const table = new Uint16Array(size).fill(EMPTY_SLOT);
  const starts = inputs.map((input) => hsiphash(input, MH_KEY_1));
  const place = Uint32Array.from(starts, (start) => start % size);
  const skip = Uint32Array.from(inputs, (input) => (hsiphash(input, MH_KEY_2) % (size - 1)) + 1);
  const mask = Uint32Array.from(starts, (start) => (bits === 0 ? 0 : start >>> (32 - bits)));
  const scattered = 2 ** bits;
  for (let turn = 0; turn < size; turn++) {
    const server = turns[turn]!;
    const step = skip[server]!;
    const flip = mask[server]!;
    let at = place[server]!;
    let slot = at < scattered ? at ^ flip : at;
    while (table[slot] !== EMPTY_SLOT) {
      at += step;
      if (at >= size) at -= size;
      slot = at < scattered ? at ^ flip : at;
    }
    table[slot] = server;
    place[server] = at;
  }
  return table;
}

/** IP_VS_MH_TAB_BITS */
const KERNEL_TURN_BITS = 6;

/**
 * Round by round each server takes as many slots in a row as its weight says,
 * divided by all that the weights share and cut to six bits; at least one.
 */
function kernelTurns(weights: readonly number[], size: number): Uint16Array {
  const divisor = gcdOfWeights(weights);
  const bits = 32 - Math.clz32(largestWeight(weights) / divisor);
  const shift = Math.max(0, bits - KERNEL_TURN_BITS);
  const inRow = weights.map((weight) => (weight === 0 ? 0 : Math.max(1, (weight / divisor) >>> shift)));
  const turns = new Uint16Array(size);
  for (let at = 0; at < size; ) {
    for (let server = 0; server < inRow.length && at < size; server++) {
      turns.fill(server, at, at + inRow[server]!);
      at += inRow[server]!;
    }
  }
  return turns;
}

/**
 * Everyone takes one slot; then whoever's next slot is due first, where the k-th
 * slot of a server is due at (k + 1/2) / weight (Webster's method: shares are
 * right to a slot). When one server takes its turn does not depend on the others,
 * so it does not change when they leave.
 */
function fairTurns(weights: readonly number[], size: number): Uint16Array {
  const turns = new Uint16Array(size);
  const first = [...weights.keys()].filter((server) => weights[server]! > 0).slice(0, size);
  turns.set(first);
  const taken = new Uint32Array(weights.length).fill(1);
  const due = Float64Array.from(weights, (weight) => 1.5 / weight);
  const heap = Uint16Array.from(first.sort((a, b) => due[a]! - due[b]! || a - b));
  for (let at = heap.length; at < size; at++) {
    const server = heap[0]!;
    turns[at] = server;
    taken[server]!++;
    due[server] = (taken[server]! + 0.5) / weights[server]!;
    sink(heap, due);
  }
  return turns;
}

/** Restores the order of a binary heap (first what is due first; of equals the lower number) whose first element has become later. */
function sink(heap: Uint16Array, due: Float64Array): void {
  const moved = heap[0]!;
  const time = due[moved]!;
  const end = heap.length;
  let at = 0;
  for (let child = 1; child < end; child = 2 * at + 1) {
    let next = heap[child]!;
    const right = child + 1 < end ? heap[child + 1]! : next;
    if (due[right]! < due[next]! || (due[right] === due[next] && right < next)) {
      next = right;
      child++;
    }
    if (due[next]! > time || (due[next] === time && next > moved)) break;
    heap[at] = next;
    at = child;
  }
  heap[at] = moved;
}
