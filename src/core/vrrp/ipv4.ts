/** IPv4 headers (RFC 791): that of an advertisement that is sent, and those of datagrams from a raw socket. */
import { addressBytes, addressFromWords } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { checksum } from './checksum.ts';

const LENGTH = 20;
/** Internetwork control, which keepalived sets too. */
const TRAFFIC_CLASS = 0xc0;

export interface IPv4Fields {
  readonly source: Address;
  readonly destination: Address;
  /** 0 to 255. */
  readonly ttl: number;
  /** 1 to 65535: the kernel replaces a 0, and then an authentication header would not match. */
  readonly identification: number;
  readonly protocol: number;
}

/** A received datagram, taken apart as far as VRRP needs it. IPv6 has no `header`. */
export interface Datagram {
  readonly source: Address;
  readonly destination: Address;
  /** IPv4's TTL, IPv6's hop limit. */
  readonly hopLimit: number;
  readonly protocol: number;
  /** The IPv4 header with its options, which an authentication header covers. */
  readonly header: Uint8Array | null;
  /** All that follows the header. */
  readonly payload: Uint8Array;
}

export function encodeIPv4({ source, destination, ttl, identification, protocol }: IPv4Fields, payload: Uint8Array) {
  const bytes = new Uint8Array(LENGTH + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, TRAFFIC_CLASS);
  view.setUint16(2, bytes.length);
  view.setUint16(4, identification);
  view.setUint8(8, ttl);
  view.setUint8(9, protocol);
  bytes.set(addressBytes(source), 12);
  bytes.set(addressBytes(destination), 16);
  view.setUint16(10, checksum(bytes.subarray(0, LENGTH)));
  bytes.set(payload, LENGTH);
  return bytes;
}

/** Null: no whole IPv4 datagram. The header checksum is the kernel's matter. */
export function readIPv4(bytes: Uint8Array): Datagram | null {
  if (bytes.length < LENGTH || bytes[0]! >> 4 !== 4) return null;
  const headerLength = (bytes[0]! & 15) * 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (headerLength < LENGTH || headerLength > bytes.length || view.getUint16(2) !== bytes.length) return null;
  return {
    source: addressFromWords(4, [view.getUint32(12)]),
    destination: addressFromWords(4, [view.getUint32(16)]),
    hopLimit: bytes[8]!,
    protocol: bytes[9]!,
    header: bytes.subarray(0, headerLength),
    payload: bytes.subarray(headerLength),
  };
}
