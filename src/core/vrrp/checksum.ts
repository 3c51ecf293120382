/** The Internet checksum (RFC 1071), and the pseudo-headers that VRRP's covers (RFC 5798 5.2.8). */
import { addressBytes, addressFamily } from '../model/address.ts';
import type { Address } from '../model/model.ts';

/** The IP header's protocol field for VRRP, and for what an authentication header stands before. */
export const PROTOCOL_VRRP = 112;
export const PROTOCOL_AH = 51;

/**
 * The one's complement of the one's-complement sum of all 16-bit words, as a host-order
 * number that belongs into the packet in network order. Over bytes that hold their own right
 * checksum it is 0. Every part but the last has an even length.
 */
export function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) sum += (part[i]! << 8) | (part[i + 1] ?? 0);
  }
  // Parts of a datagram are shorter than 2^17 bytes, so the sum has less than 33 bits and two folds do.
  sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** `length`: bytes of the packet above IP. */
export function pseudoHeader(
  source: Address,
  destination: Address,
  length: number,
  protocol = PROTOCOL_VRRP,
): Uint8Array {
  const addresses = [...addressBytes(source), ...addressBytes(destination)];
  const tail =
    addressFamily(source) === 4
      ? [0, protocol, length >> 8, length & 255]
      : [0, 0, length >> 8, length & 255, 0, 0, 0, protocol];
  return Uint8Array.from([...addresses, ...tail]);
}
