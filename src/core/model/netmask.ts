/** Masks of persistence, as IPVS has them: any bits of IPv4, a prefix of IPv6. */
import { addressFromWords, addressWords } from './address.ts';
import type { Address } from './model.ts';

/** The IPv6 mask of a prefix of 0 to 128 bits. */
export function prefixMask(length: number): Address {
  const word = (start: number) => {
    const bits = Math.min(Math.max(length - start, 0), 32);
    return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  };
  return addressFromWords(6, [word(0), word(32), word(64), word(96)]);
}

/** Length of the prefix that a mask is; null: it has holes. */
export function prefixLength(netmask: Address): number | null {
  const bits = addressWords(netmask)
    .map((word) => word.toString(2).padStart(32, '0'))
    .join('');
  const [ones = ''] = /^1*/.exec(bits) ?? [];
  return bits.includes('1', ones.length) ? null : ones.length;
}
