/**
 * The two hashes of the data plane, in plain 64-bit arithmetic: multilinear
 * hashing under the secret key (Lemire and Kaser, 2014) for the connection
 * table, and the kernel's hsiphash of one word for `mh`.
 */
import { EntryShift } from '../../../src/dataplane/types.gen.ts';
import type { Packet } from './read-packet.ts';

export interface FlowHash {
  readonly bucket: number;
  readonly tag: number;
  /** 32 bits: the flow's place in the fallback ring, and its spread source. */
  readonly ring: number;
  /** The other candidate bucket. */
  readonly second: number;
}

const M64 = (1n << 64n) - 1n;
const KEYS_PER_HASH = 12;

export function flowHash(key: readonly bigint[], mask: number, packet: Packet, service: number): FlowHash {
  const words = flowWords(packet, service);
  const place = multilinear(key, words);
  const tag = Number(multilinear(key.slice(KEYS_PER_HASH), words) >> BigInt(EntryShift.ENTRY_TAG_SHIFT)) || 1;
  const ring = Number(place >> 32n);
  const bucket = (ring & mask) >>> 0;
  const step = ((Math.imul(tag, 0x9e3779b1) >>> 5) & mask) | 1;
  return { bucket, tag, ring, second: (bucket ^ step) >>> 0 };
}

/** SipHash-1-3 of one 32-bit word, folded to 32 bits: hsiphash_1u32 with both halves of the key alike. */
export function mhHash(value: number): number {
  const block = (4n << 56n) | BigInt(value);
  const state = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n].map(
    (word) => word ^ 2654435761n,
  ) as SipState;
  state[3] ^= block;
  sipRound(state);
  state[0] ^= block;
  state[2] ^= 0xffn;
  for (let round = 0; round < 3; round++) sipRound(state);
  return Number((state[0] ^ state[1] ^ state[2] ^ state[3]) & 0xffffffffn);
}

/** hash_32 of linux/hash.h to eight bits. */
export function hash32(value: number): number {
  return Number(((BigInt(value) * 0x61c88647n) & 0xffffffffn) >> 24n);
}

/** An address as the kernel's hashes take it: IPv6 by exclusive or, in host order. */
export function folded(address: Buffer): number {
  let word = 0;
  for (let at = 0; at < address.length; at += 4) word ^= address.readUInt32BE(at);
  return word >>> 0;
}

/** What `mh` and `sh` hash: the folded source address, plus the port where the service says so. */
export function mhValue(packet: Packet, withPort: boolean): number {
  return (folded(packet.source) + (withPort ? packet.sport : 0)) >>> 0;
}

/** Words as a little-endian machine loads them from the packet. */
function flowWords(packet: Packet, service: number): bigint[] {
  const words: number[] = [];
  for (const address of [packet.source, packet.destination]) {
    for (let at = 0; at < address.length; at += 4) words.push(address.readUInt32LE(at));
  }
  const swap = (port: number): number => ((port & 0xff) << 8) | (port >> 8);
  words.push(((swap(packet.sport) << 16) | swap(packet.dport)) >>> 0, service);
  return words.map(BigInt);
}

function multilinear(key: readonly bigint[], words: readonly bigint[]): bigint {
  let sum = key[0] as bigint;
  for (let i = 0; i < words.length; i += 2) {
    const left = ((key[i + 1] as bigint) + (words[i] as bigint)) & M64;
    const right = ((key[i + 2] as bigint) + (words[i + 1] as bigint)) & M64;
    sum += left * right;
  }
  return sum & M64;
}

type SipState = [bigint, bigint, bigint, bigint];

function rotate(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & M64;
}

function sipRound(v: SipState): void {
  v[0] = (v[0] + v[1]) & M64;
  v[1] = rotate(v[1], 13n) ^ v[0];
  v[0] = rotate(v[0], 32n);
  v[2] = (v[2] + v[3]) & M64;
  v[3] = rotate(v[3], 16n) ^ v[2];
  v[0] = (v[0] + v[3]) & M64;
  v[3] = rotate(v[3], 21n) ^ v[0];
  v[2] = (v[2] + v[1]) & M64;
  v[1] = rotate(v[1], 17n) ^ v[2];
  v[2] = rotate(v[2], 32n);
}
