/** Advertisements as bytes: the VRRP packet alone (IPv6), or the whole IPv4 datagram. */
import { addressBytes, addressFamily } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import {
  type Advert,
  AUTHENTICATION_TYPES,
  type Authentication,
  advertLength,
  HEADER_LENGTH,
  TYPE_ADVERT,
} from './advert.ts';
import { encodeAuthenticated } from './authentication-header.ts';
import { checksum, PROTOCOL_AH, PROTOCOL_VRRP, pseudoHeader } from './checksum.ts';
import { encodeIPv4 } from './ipv4.ts';

export interface Envelope {
  readonly source: Address;
  readonly destination: Address;
  readonly authentication: Authentication;
  /**
   * Version 3 over IPv4: whether the checksum covers a pseudo-header. RFC 5798 5.2.8 and
   * keepalived: yes; RFC 9568, Cisco and Juniper: no (`v3_checksum_as_v2`). IPv6 always has one.
   */
  readonly pseudoHeader: boolean;
  /** What the pseudo-header has in place of `destination`: see `oldChecksum` of `Expectation`. */
  readonly checksumDestination?: Address;
}

export interface IPv4Envelope extends Envelope {
  /** 0 to 255. */
  readonly ttl: number;
  /** 1 to 65535. */
  readonly identification: number;
  /** Of the authentication header: 1 to 2^32 - 1, rising with each datagram. */
  readonly sequence: number;
  readonly unicast: boolean;
}

/** The VRRP packet, without an IP header. */
export function encodeAdvert(advert: Advert, envelope: Envelope): Uint8Array {
  const { version, vrid, priority, interval, addresses } = advert;
  const bytes = new Uint8Array(advertLength(version, addressFamily(envelope.source), addresses.length));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (version << 4) | TYPE_ADVERT);
  view.setUint8(1, vrid);
  view.setUint8(2, priority);
  view.setUint8(3, addresses.length);
  if (version === 3) view.setUint16(4, interval);
  else view.setUint16(4, (AUTHENTICATION_TYPES[envelope.authentication.type] << 8) | (interval / 100));
  let at = HEADER_LENGTH;
  for (const address of addresses) {
    bytes.set(addressBytes(address), at);
    at += addressBytes(address).length;
  }
  if (version === 2 && envelope.authentication.type === 'pass') bytes.set(envelope.authentication.password, at);
  const destination = envelope.checksumDestination ?? envelope.destination;
  view.setUint16(6, advertChecksum(bytes, version, { ...envelope, destination }));
  return bytes;
}

/** The whole datagram, with an authentication header where that is the authentication. */
export function encodeDatagram(advert: Advert, envelope: IPv4Envelope): Uint8Array {
  const { authentication, sequence, unicast, ...fields } = envelope;
  const packet = encodeAdvert(advert, envelope);
  if (authentication.type !== 'ah') return encodeIPv4({ ...fields, protocol: PROTOCOL_VRRP }, packet);
  return encodeAuthenticated({ ...fields, protocol: PROTOCOL_AH }, packet, {
    key: authentication.key,
    sequence,
    unicast,
  });
}

/** The checksum as the field in `bytes` stands: 0 where it holds the right one. */
export function advertChecksum(
  bytes: Uint8Array,
  version: number,
  envelope: Pick<Envelope, 'source' | 'destination' | 'pseudoHeader'>,
): number {
  const { source, destination } = envelope;
  const covered = version === 3 && (envelope.pseudoHeader || addressFamily(source) === 6);
  return covered ? checksum(pseudoHeader(source, destination, bytes.length), bytes) : checksum(bytes);
}
