import { expect, test } from 'vitest';
import { hsiphash, MH_KEY_1, MH_KEY_2 } from './siphash.ts';

/** The same by the book, over BigInt (Aumasson and Bernstein, "SipHash", 2012; rounds 1-3). */
function reference(value: number, key: number): number {
  const k = BigInt(key);
  const wrap = (x: bigint) => BigInt.asUintN(64, x);
  const rotate = (x: bigint, bits: bigint) => wrap((x << bits) | (x >> (64n - bits)));
  let [a, b, c, d] = [
    0x736f6d6570736575n ^ k,
    0x646f72616e646f6dn ^ k,
    0x6c7967656e657261n ^ k,
    0x7465646279746573n ^ k,
  ];
  const round = () => {
    a = wrap(a + b);
    b = rotate(b, 13n) ^ a;
    a = rotate(a, 32n);
    c = wrap(c + d);
    d = rotate(d, 16n) ^ c;
    a = wrap(a + d);
    d = rotate(d, 21n) ^ a;
    c = wrap(c + b);
    b = rotate(b, 17n) ^ c;
    c = rotate(c, 32n);
  };
  const block = (4n << 56n) | BigInt(value);
  d ^= block;
  round();
  a ^= block;
  c ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number((a ^ b ^ c ^ d) & 0xffffffffn);
}

test.each([MH_KEY_1, MH_KEY_2, 0, 0xffffffff])('key %i: is SipHash-1-3', (key) => {
  for (const value of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff])
    expect(hsiphash(value, key)).toBe(reference(value, key));
  for (let i = 0, value = 1; i < 500; i++, value = (Math.imul(value, 1664525) + 1013904223) >>> 0) {
    expect(hsiphash(value, key)).toBe(reference(value, key));
  }
});
