/**
 * The hash of `mh`: the kernel's hsiphash on 64-bit machines, SipHash-1-3 of one
 * 32-bit word cut to 32 bits (lib/siphash.c), with the fixed keys of ip_vs_mh.c.
 * 64-bit words are pairs of 32-bit halves: BigInt would cost fifty times as much.
 */

/** Both words of the 128-bit key are this one number. */
export const MH_KEY_1 = 2654435761;
export const MH_KEY_2 = 2654446892;

/** "somepseudorandomlygeneratedbytes", the initial state of SipHash, low half first. */
const INITIAL = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];
/** The length of the input, 4 bytes, in the top byte of the last block. */
const LENGTH = 0x04000000;

/** v0 low, v0 high, v1 low, ... Kept between calls only to spare allocations. */
const v = new Uint32Array(8);

/** `value` and the answer: 0 to 2^32 - 1. */
export function hsiphash(value: number, key: number): number {
  v.set(INITIAL);
  for (let word = 0; word < 8; word += 2) v[word]! ^= key;
  absorb(6, value, LENGTH);
  round();
  absorb(0, value, LENGTH);
  absorb(4, 0xff, 0);
  round();
  round();
  round();
  return (v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0;
}

function absorb(word: number, low: number, high: number): void {
  v[word]! ^= low;
  v[word + 1]! ^= high;
}

function round(): void {
  mix(0, 2, 13);
  swap(0);
  mix(4, 6, 16);
  mix(0, 6, 21);
  mix(4, 2, 17);
  swap(4);
}

/** a += b; b = rotate(b, bits) ^ a */
function mix(a: number, b: number, bits: number): void {
  const [low, high] = [v[b]!, v[b + 1]!];
  const sum = v[a]! + low;
  v[a + 1]! += high + (sum > 0xffffffff ? 1 : 0);
  v[a] = sum;
  v[b] = ((low << bits) | (high >>> (32 - bits))) ^ v[a]!;
  v[b + 1] = ((high << bits) | (low >>> (32 - bits))) ^ v[a + 1]!;
}

/** Rotation by 32 bits. */
function swap(word: number): void {
  const low = v[word]!;
  v[word] = v[word + 1]!;
  v[word + 1] = low;
}
