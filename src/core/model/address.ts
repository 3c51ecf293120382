/**
 * IP addresses. An `Address` is canonical text, so that equal addresses are
 * equal strings: dotted decimal for IPv4, RFC 5952 for IPv6. (`URL`, `inet_aton`
 * and their like read "010.1" as an address; this does not.)
 */
import type { Address } from './model.ts';

export type Family = 4 | 6;

/**
 * The four 32-bit words of the data plane's `struct address`, each the host-order
 * number of a network-order word. An IPv4 address stands in word 0.
 */
export type AddressWords = [number, number, number, number];

/** Strict: four decimal parts without leading zeros, or RFC 4291 text; no zone, no prefix, no blanks. */
export function parseAddress(text: string): Address | null {
  if (!text.includes(':')) return parseIPv4(text) === null ? null : (text as Address);
  const groups = parseIPv6(text);
  return groups && (formatIPv6(groups) as Address);
}

export function addressFamily(address: Address): Family {
  return address.includes(':') ? 6 : 4;
}

export function addressWords(address: Address): AddressWords {
  if (addressFamily(address) === 4) return [parseIPv4(address)!, 0, 0, 0];
  const groups = parseIPv6(address)!;
  const word = (i: number) => ((groups[i]! << 16) | groups[i + 1]!) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}

/** The inverse of `addressWords`. */
export function addressFromWords(family: Family, words: ArrayLike<number>): Address {
  if (family === 4) return formatIPv4(words[0]!) as Address;
  const groups = Array.from({ length: 8 }, (_, i) => (words[i >> 1]! >>> (i % 2 === 0 ? 16 : 0)) & 0xffff);
  return formatIPv6(groups) as Address;
}

/** Network order: 4 or 16 bytes. */
export function addressBytes(address: Address): Uint8Array {
  const words = addressWords(address);
  const bytes = new Uint8Array(addressFamily(address) === 4 ? 4 : 16);
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i >> 2]! >>> (24 - 8 * (i & 3));
  return bytes;
}

/**
 * Whether it can be a real server's: what inet_addr_type and ipv6_addr_type of the kernel take for unicast
 * where no interface has a say. No link-local address, and no IPv6 one that stands for one of IPv4.
 */
export function isUnicast(address: Address): boolean {
  const [first, second, third, last] = addressWords(address);
  if (addressFamily(address) === 4) return first !== 0 && first !== 0xffffffff && first >>> 28 !== 0xe;
  if (first === 0 && second === 0) return third !== 0xffff && (third !== 0 || last !== 0);
  return first < 0xff000000 && first >>> 22 !== 0xfe80 >>> 6;
}

/** As it stands before a port: IPv6 in brackets. */
export function bracketed(address: Address): string {
  return addressFamily(address) === 6 ? `[${address}]` : address;
}

/** Order of listings: IPv4 before IPv6, then by number. */
export function compareAddresses(a: Address, b: Address): number {
  if (a === b) return 0;
  const families = addressFamily(a) - addressFamily(b);
  if (families !== 0) return families;
  const left = addressWords(a);
  const right = addressWords(b);
  const place = left.findIndex((word, i) => word !== right[i]);
  return left[place]! - right[place]!;
}

const IPV4_PART = /^(?:0|[1-9][0-9]{0,2})$/;

function parseIPv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!IPV4_PART.test(part) || Number(part) > 255) return null;
    value = value * 256 + Number(part);
  }
  return value;
}

function formatIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Eight 16-bit groups. */
function parseIPv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  if (halves.length === 1) return head?.length === 8 ? head : null;
  const tail = parseGroups(halves[1]!, true);
  if (head === null || tail === null || head.length + tail.length > 7) return null;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** `last`: an IPv4 address may stand in place of the last two groups. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const embedded = parseIPv4(part);
      if (embedded === null) return null;
      groups.push(embedded >>> 16, embedded & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/**
 * RFC 5952: lower case, the longest run of zero groups (the first of equals, at
 * least two) as `::`, IPv4-mapped addresses with their IPv4 part in decimal.
 */
function formatIPv6(groups: readonly number[]): string {
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) return `::ffff:${formatIPv4(((groups[6]! << 16) | groups[7]!) >>> 0)}`;
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
