/**
 * VRRPv2 in an IP authentication header (RFC 2338 5.3.6.3 by way of RFC 2402), as keepalived sends
 * it: 24 bytes before the VRRP packet, with the sender's address as the SPI, a sequence number,
 * and 12 bytes of HMAC-MD5 over the IP header without what routers change, this header without
 * the HMAC, and the packet. keepalived zeroes the TTL for unicast only.
 */
import { addressBytes } from '../model/address.ts';
import { PROTOCOL_VRRP } from './checksum.ts';
import { encodeIPv4, type IPv4Fields } from './ipv4.ts';
import { hmacMd5Prefix } from './md5.ts';

export const AH_LENGTH = 24;
const DIGEST = 12;
/** Length in words less two (RFC 2402 2.2). */
const LENGTH_FIELD = AH_LENGTH / 4 - 2;

export interface AuthenticationHeader {
  readonly sequence: number;
  /** The SPI is the sender's address in keepalived; four bytes. */
  readonly spi: Uint8Array;
}

/** A whole datagram. `sequence`: 1 to 2^32 - 1, rising. `unicast`: the TTL is not covered. */
export function encodeAuthenticated(
  fields: IPv4Fields,
  advert: Uint8Array,
  options: { readonly key: Uint8Array; readonly sequence: number; readonly unicast: boolean },
): Uint8Array {
  const payload = new Uint8Array(AH_LENGTH + advert.length);
  payload[0] = PROTOCOL_VRRP;
  payload[1] = LENGTH_FIELD;
  payload.set(addressBytes(fields.source), 4);
  new DataView(payload.buffer).setUint32(8, options.sequence);
  payload.set(advert, AH_LENGTH);
  const datagram = encodeIPv4(fields, payload);
  const header = datagram.length - payload.length;
  payload.set(digest(options.key, datagram.subarray(0, header), payload, options.unicast), DIGEST);
  datagram.set(payload, header);
  return datagram;
}

/** Null: no authentication header of VRRP's. `payload`: all that follows the IP header. */
export function readAuthenticationHeader(payload: Uint8Array): AuthenticationHeader | null {
  if (payload.length < AH_LENGTH || payload[0] !== PROTOCOL_VRRP || payload[1] !== LENGTH_FIELD) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, AH_LENGTH);
  return { spi: payload.subarray(4, 8), sequence: view.getUint32(8) };
}

/** Whether the HMAC of a received datagram is right. `payload`: at least the header's 24 bytes. */
export function isAuthentic(key: Uint8Array, header: Uint8Array, payload: Uint8Array, unicast: boolean): boolean {
  return equalBytes(payload.subarray(DIGEST, AH_LENGTH), digest(key, header, payload, unicast));
}

/** Looks at every byte, so that the time it takes tells nothing. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

function digest(key: Uint8Array, header: Uint8Array, payload: Uint8Array, unicast: boolean): Uint8Array {
  const covered = new Uint8Array(header.length + payload.length);
  covered.set(header);
  covered.set(payload, header.length);
  // Type of service, flags and fragment offset, header checksum.
  for (const at of [1, 6, 7, 10, 11]) covered[at] = 0;
  if (unicast) covered[8] = 0;
  covered.fill(0, header.length + DIGEST, header.length + AH_LENGTH);
  return hmacMd5Prefix(key, covered);
}
