/** The bitmap that keeps what is no VIP away from every look-up. */
import { addressBytes } from '../model/address.ts';
import type { Address, AddressKey } from '../model/model.ts';

/** Bit of an address, 0 to 65535: its words as a little-endian machine loads them, folded, times the golden ratio. */
export function vipFilterBit(address: Address): number {
  const bytes = addressBytes(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let folded = 0;
  for (let at = 0; at < bytes.length; at += 4) folded ^= view.getUint32(at, true);
  return Math.imul(folded, 0x9e3779b1) >>> 16;
}

/** The words of the bitmap that are not 0. */
export function vipFilterWords(services: Iterable<AddressKey>): Map<number, bigint> {
  const words = new Map<number, bigint>();
  for (const key of services) {
    const bit = bitOf(key);
    words.set(bit >> 6, (words.get(bit >> 6) ?? 0n) | (1n << BigInt(bit & 63)));
  }
  return words;
}

const known = new WeakMap<AddressKey, number>();

/** Found once for each service: the words are made anew for every plan. */
function bitOf(key: AddressKey): number {
  const bit = known.get(key) ?? vipFilterBit(key.address);
  known.set(key, bit);
  return bit;
}
