/**
 * hsiphash of the kernel on 64-bit machines: SipHash-1-3 of one 32-bit word,
 * cut to 32 bits (lib/siphash.c), with the two fixed keys of ip_vs_mh.c. The
 * 64-bit state is kept as pairs of 32-bit halves: BigInt would cost fifty times
 * as much.
 */

/** `hash1` and `hash2` of ip_vs_mh.c: both words of the 128-bit key are the same number. */
export const MH_KEY_1 = 2654435761;
export const MH_KEY_2 = 2654446892;

const state = new Uint32Array(8); // v0 low, v0 high, v1 low, ...

/** `value`: 0 to 2^32 - 1. Answers 0 to 2^32 - 1. */
export function hsiphash32(value: number, key: number): number {
  const s = state;
  s[0] = 0x70736575 ^ key;
  s[1] = 0x736f6d65;
  s[2] = 0x6e646f6d ^ key;
  s[3] = 0x646f7261;
  s[4] = 0x6e657261 ^ key;
  s[5] = 0x6c796765;
  s[6] = 0x79746573 ^ key;
  s[7] = 0x74656462;
  const high = 0x04000000; // length 4 in the top byte
  s[6] = (s[6] ?? 0) ^ value;
  s[7] = (s[7] ?? 0) ^ high;
  round(s);
  s[0] = (s[0] ?? 0) ^ value;
  s[1] = (s[1] ?? 0) ^ high;
  s[4] = (s[4] ?? 0) ^ 0xff;
  round(s);
  round(s);
  round(s);
  return ((s[0] ?? 0) ^ (s[2] ?? 0) ^ (s[4] ?? 0) ^ (s[6] ?? 0)) >>> 0;
}

function round(s: Uint32Array): void {
  add(s, 0, 2);
  rotate(s, 2, 13);
  xor(s, 2, 0);
  swap(s, 0);
  add(s, 4, 6);
  rotate(s, 6, 16);
  xor(s, 6, 4);
  add(s, 0, 6);
  rotate(s, 6, 21);
  xor(s, 6, 0);
  add(s, 4, 2);
  rotate(s, 2, 17);
  xor(s, 2, 4);
  swap(s, 4);
}

function add(s: Uint32Array, a: number, b: number): void {
  const low = (s[a] ?? 0) + (s[b] ?? 0);
  s[a] = low;
  s[a + 1] = (s[a + 1] ?? 0) + (s[b + 1] ?? 0) + (low > 0xffffffff ? 1 : 0);
}

function xor(s: Uint32Array, a: number, b: number): void {
  s[a] = (s[a] ?? 0) ^ (s[b] ?? 0);
  s[a + 1] = (s[a + 1] ?? 0) ^ (s[b + 1] ?? 0);
}

/** By fewer than 32 bits, to the left. */
function rotate(s: Uint32Array, a: number, bits: number): void {
  const low = s[a] ?? 0;
  const high = s[a + 1] ?? 0;
  s[a] = (low << bits) | (high >>> (32 - bits));
  s[a + 1] = (high << bits) | (low >>> (32 - bits));
}

/** Rotation by 32 bits. */
function swap(s: Uint32Array, a: number): void {
  const low = s[a] ?? 0;
  s[a] = s[a + 1] ?? 0;
  s[a + 1] = low;
}
