/**
 * Bytes of addresses and Internet checksums, for tests. Written apart from
 * `src/core` on purpose: what a test expects must not come from what it tests.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** Twelve hexadecimal digits in pairs, like `02:00:00:00:00:01`. */
export function macBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll(':', ''), 'hex');
  if (bytes.length !== 6) throw new RangeError(`MAC address: expected six bytes, got "${text}"`);
  return bytes;
}

export function macText(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

const known = new Map<string, Buffer>();

/** 4 or 16 bytes in network order; the caller's own. */
export function addressBytes(text: string): Buffer {
  let bytes = known.get(text);
  if (bytes === undefined) {
    bytes = readAddress(text);
    known.set(text, bytes);
  }
  return Buffer.from(bytes);
}

function readAddress(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text)) throw new RangeError(`address: expected IPv4 or IPv6, got "${text}"`);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...left, ...zeros, ...right].forEach((group, index) => void bytes.writeUInt16BE(group, index * 2));
  return bytes;
}

/** 4 bytes: dotted; 16 bytes: RFC 5952 (the longest run of zero groups is cut out). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const view = Buffer.from(bytes);
  const groups = Array.from({ length: 8 }, (_, index) => view.readUInt16BE(index * 2));
  const run = longestZeroRun(groups);
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/** RFC 1071 over big-endian words; an odd last byte is the upper half of a word. Not yet complemented. */
export function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let index = 0; index + 1 < bytes.length; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  if (bytes.length % 2 === 1) sum += (bytes[bytes.length - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** The value for a checksum field that was 0 while it was computed. */
export function checksum(bytes: Uint8Array, start = 0): number {
  return ~onesSum(bytes, start) & 0xffff;
}

/** Sum of the pseudo header of TCP, UDP and ICMPv6; addresses of 4 or 16 bytes. */
export function pseudoSum(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return onesSum(destination, onesSum(source, protocol + (length & 0xffff) + (length >>> 16)));
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
