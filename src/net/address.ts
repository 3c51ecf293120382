/** Addresses between the kernel's bytes and core's text. */
import { addressBytes, addressFamily, addressFromWords } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';

/** Canonical text of 4 or 16 bytes in network order; throws a RangeError at any other length. */
export function addressText(bytes: Uint8Array): Address {
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i));
  return addressFromWords(bytes.length === 4 ? 4 : 6, words);
}

/** Whether the first `length` bits are the same. */
export function inPrefix(bytes: Uint8Array, prefix: Uint8Array, length: number): boolean {
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== prefix[i]) return false;
  const rest = length & 7;
  return rest === 0 || ((bytes[whole] ?? 0) ^ (prefix[whole] ?? 0)) >> (8 - rest) === 0;
}

export function isLinkLocal(address: Address): boolean {
  const [first = 0, second = 0] = addressBytes(address);
  if (addressFamily(address) === 4) return first === 169 && second === 254;
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/** `02:00:5e:10:00:01` */
export function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
