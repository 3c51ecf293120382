/** Prefixes of IP addresses. */
import { addressFamily, addressFromWords, addressWords, parseAddress } from './address.ts';
import { checkAddress, checkInteger, fault } from './check.ts';
import type { CommandError } from './command.ts';
import type { Address, Prefix } from './model.ts';

/** `203.0.113.0/24`; a whole address stands without its length. */
export function prefixText({ address, length }: Prefix): string {
  return length === addressBits(address) ? address : `${address}/${length}`;
}

/** The inverse of `prefixText`, with or without a length; null where the text is none. */
export function parsePrefix(text: string): Prefix | null {
  const [, name = '', digits] = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const address = parseAddress(name);
  if (address === null) return null;
  const length = digits === undefined ? addressBits(address) : Number(digits);
  return length <= addressBits(address) ? { address, length } : null;
}

export function addressBits(address: Address): 32 | 128 {
  return addressFamily(address) === 4 ? 32 : 128;
}

/** An address without the bits beyond `length`. */
export function masked(address: Address, length: number): Address {
  const words = addressWords(address).map((word, i) => {
    const bits = Math.min(Math.max(length - 32 * i, 0), 32);
    return bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
  });
  return addressFromWords(addressFamily(address), words);
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return (
    addressFamily(outer.address) === addressFamily(inner.address) &&
    outer.length <= inner.length &&
    masked(inner.address, outer.length) === outer.address
  );
}

/** Every one of them, of a prefix that leaves at most 32 bits open. */
export function addressesOf({ address, length }: Prefix): Address[] {
  const words = addressWords(address);
  const last = addressFamily(address) === 4 ? 0 : 3;
  const count = 2 ** (addressBits(address) - length);
  return Array.from({ length: count }, (_, i) =>
    addressFromWords(addressFamily(address), words.with(last, words[last]! + i)),
  );
}

export function checkPrefix({ address, length }: Prefix): CommandError | null {
  const error = checkAddress('address', address);
  if (error !== null) return error;
  const known = parseAddress(address)!;
  const range = checkInteger('length', length, 0, addressBits(known));
  if (range !== null || masked(known, length) === known) return range;
  const expected = `${masked(known, length)}/${length}`;
  return fault('invalid', 'address', `found ${known}/${length}, whose last bits are not 0; expected ${expected}`);
}
