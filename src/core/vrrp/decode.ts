/**
 * A received datagram is read and held against what its instance expects. The checks are
 * keepalived's, in its order (`vrrp_check_packet`), so that the first reason is the one that its
 * users know. Whatever the bytes are, nothing throws.
 *
 * Two are stricter: an interval of 0 is refused, for it would make the master's silence as long as
 * nothing; and `plainChecksum` accepts the two checksums that exist, keepalived's `v3_checksum_as_v2`
 * any. One is milder: keepalived refuses every new checksum once it has heard an old one, or with
 * `old_unicast_checksum`; here both are good, so that peers can be upgraded one by one.
 */
import { addressFamily, addressFromWords, type Family } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import {
  type Advert,
  AUTHENTICATION_LENGTH,
  AUTHENTICATION_TYPES,
  type Authentication,
  advertLength,
  HEADER_LENGTH,
  TYPE_ADVERT,
} from './advert.ts';
import { AH_LENGTH, equalBytes, isAuthentic, readAuthenticationHeader } from './authentication-header.ts';
import { PROTOCOL_AH, PROTOCOL_VRRP } from './checksum.ts';
import { advertChecksum } from './encode.ts';
import type { Expectation, Peer } from './expectation.ts';
import type { Datagram } from './ipv4.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Of an accepted packet: what its instance should tell. */
export type Remark =
  | { readonly type: 'other-interval'; readonly theirs: number }
  | { readonly type: 'other-addresses'; readonly theirs: readonly Address[] }
  /** Made with the multicast group as its destination. */
  | { readonly type: 'old-checksum'; readonly theirs: Address };

export interface ReceivedAdvert extends Advert {
  readonly source: Address;
  /** Of the authentication header; 0 without one. */
  readonly sequence: number;
  /** See `Expectation`. */
  readonly oldChecksum: boolean;
}

export type Decoded =
  | { readonly advert: ReceivedAdvert; readonly remarks: readonly Remark[] }
  | { readonly refusal: Refusal };

/** `datagram`: null where `readIPv4` could not read it. */
export function decodeAdvert(datagram: Datagram | null, expected: Expectation): Decoded {
  if (datagram === null) return { refusal: refuse('ip-header', 'no whole IPv4 datagram') };
  const wrapped = checkWrapping(datagram, expected);
  if (wrapped !== null) return { refusal: wrapped };
  const packet = datagram.payload.subarray(datagram.protocol === PROTOCOL_AH ? AH_LENGTH : 0);
  if (packet.length < HEADER_LENGTH) {
    return { refusal: refuse('too-short', `${packet.length} bytes, at least ${HEADER_LENGTH} expected`) };
  }
  const received: Received = { datagram, packet, family: addressFamily(datagram.source) };
  for (const check of CHECKS) {
    const refusal = check(received, expected);
    if (refusal !== null) return { refusal };
  }
  const advert = readAdvert(received, hasOldChecksum(received, expected));
  return { advert, remarks: remarksOn(advert, expected) };
}

/** The VRID of a datagram, for whoever shares one socket among instances; null where it is too short. */
export function peekVrid({ protocol, payload }: Datagram): number | null {
  return payload[protocol === PROTOCOL_AH ? AH_LENGTH + 1 : 1] ?? null;
}

/** A packet of at least eight bytes. */
interface Received {
  readonly datagram: Datagram;
  readonly packet: Uint8Array;
  readonly family: Family;
}

type Check = (received: Received, expected: Expectation) => Refusal | null;

const CHECKS: readonly Check[] = [
  checkVrid,
  checkLength,
  checkHopLimit,
  checkVersion,
  checkAuthenticationType,
  checkPassword,
  checkAuthenticationHeader,
  checkInterval,
  checkType,
  checkChecksum,
  checkDestination,
  checkAddresses,
  checkUnicastSource,
];

function checkWrapping({ protocol, payload }: Datagram, { authentication }: Expectation): Refusal | null {
  if (protocol !== PROTOCOL_VRRP && protocol !== PROTOCOL_AH) return refuse('ip-header', `IP protocol ${protocol}`);
  const wrapped = protocol === PROTOCOL_AH;
  if (!wrapped && authentication.type === 'ah') return refuse('ah-missing', 'no authentication header');
  if (wrapped && authentication.type !== 'ah') return refuse('ah-unexpected', 'an authentication header');
  if (!wrapped || readAuthenticationHeader(payload) !== null) return null;
  return refuse('ah-header', 'an authentication header that is not VRRP’s');
}

function checkVrid({ packet }: Received, { vrid }: Expectation): Refusal | null {
  return packet[1] === vrid ? null : refuse('vrid', `VRID ${packet[1]}, expected ${vrid}`);
}

/** Exact, by the packet's own version and number of addresses; other versions have no length. */
function checkLength({ packet, family }: Received): Refusal | null {
  const version = packet[0]! >> 4;
  if (version !== 2 && version !== 3) return null;
  const expected = advertLength(version, family, packet[3]!);
  if (packet.length === expected) return null;
  const text = `${packet.length} bytes, expected ${expected}`;
  return packet.length < expected ? refuse('too-short', text) : refuse('too-long', text);
}

/** RFC 5798 5.1.1.3 for multicast; from a unicast peer what the peer was configured with. */
function checkHopLimit({ datagram: { source, hopLimit } }: Received, { peers }: Expectation): Refusal | null {
  const { minTtl, maxTtl } = peers === null ? { minTtl: 255, maxTtl: 255 } : limits(peers, source);
  if (hopLimit >= minTtl && hopLimit <= maxTtl) return null;
  const range = minTtl === maxTtl ? `${minTtl}` : `${minTtl} to ${maxTtl}`;
  return refuse('hop-limit', `TTL or hop limit ${hopLimit}, expected ${range}`);
}

function limits(peers: readonly Peer[], source: Address): { minTtl: number; maxTtl: number } {
  const { minTtl = 0, maxTtl = 255 } = peers.find((peer) => peer.address === source) ?? {};
  return { minTtl, maxTtl };
}

/** IPv6 has no version 2. */
function checkVersion({ packet, family }: Received, expected: Expectation): Refusal | null {
  const version = packet[0]! >> 4;
  if (version === expected.version && (version === 3 || family === 4)) return null;
  return refuse('version', `version ${version}, expected ${family === 6 ? 3 : expected.version}`);
}

/** The byte is version 2's; in version 3 its half is reserved and ignored (RFC 5798 5.2.6). */
function checkAuthenticationType({ packet }: Received, { version, authentication }: Expectation): Refusal | null {
  if (version === 3) return null;
  const names = Object.keys(AUTHENTICATION_TYPES) as readonly Authentication['type'][];
  const type = names.find((name) => AUTHENTICATION_TYPES[name] === packet[4]);
  if (type === undefined) return refuse('authentication-unknown', `authentication type ${packet[4]}`);
  if (type === authentication.type) return null;
  return refuse('authentication-type', `authentication ${type}, expected ${authentication.type}`);
}

function checkPassword({ packet }: Received, { version, authentication }: Expectation): Refusal | null {
  if (version === 3 || authentication.type !== 'pass') return null;
  const sent = packet.subarray(packet.length - AUTHENTICATION_LENGTH);
  return equalBytes(sent, authentication.password) ? null : refuse('password', 'another password');
}

/** The sequence number comes last: only an authentic packet may say how far the sender is. */
function checkAuthenticationHeader({ datagram }: Received, { authentication, peers, sequence }: Expectation) {
  if (authentication.type !== 'ah') return null;
  const { header, payload } = datagram;
  const { spi, sequence: sent } = readAuthenticationHeader(payload)!;
  if (header === null || !equalBytes(spi, header.subarray(12, 16))) {
    return refuse('ah-spi', 'an SPI that is not the sender’s address');
  }
  if (!isAuthentic(authentication.key, header, payload, peers !== null)) {
    return refuse('ah-digest', 'another key, or a packet that was changed');
  }
  return sent > sequence ? null : refuse('ah-replay', `sequence number ${sent}, expected more than ${sequence}`);
}

/** Version 3 learns the master's interval; see `remarksOn`. */
function checkInterval({ packet }: Received, { version, interval }: Expectation): Refusal | null {
  const sent = readInterval(packet);
  if (sent === 0 && version === 3) return refuse('interval', 'an interval of 0');
  if (version === 3 || sent === interval) return null;
  return refuse('interval', `an interval of ${sent / 100} s, expected ${interval / 100} s`);
}

function checkType({ packet }: Received): Refusal | null {
  const type = packet[0]! & 15;
  return type === TYPE_ADVERT ? null : refuse('type', `type ${type}, expected ${TYPE_ADVERT}`);
}

function checkChecksum(received: Received, expected: Expectation): Refusal | null {
  const { packet, datagram } = received;
  const { version, plainChecksum } = expected;
  const right = (pseudoHeader: boolean) => advertChecksum(packet, version, { ...datagram, pseudoHeader }) === 0;
  const isGood = right(true) || (plainChecksum && right(false)) || hasOldChecksum(received, expected);
  return isGood ? null : refuse('checksum', 'a wrong checksum');
}

function hasOldChecksum({ packet, family, datagram }: Received, expected: Expectation): boolean {
  const { version, peers, group, oldChecksum } = expected;
  if (version !== 3 || family !== 4 || peers === null || oldChecksum === 'never') return false;
  return advertChecksum(packet, version, { source: datagram.source, destination: group, pseudoHeader: true }) === 0;
}

function checkDestination({ datagram: { destination } }: Received, { peers, group }: Expectation): Refusal | null {
  const multicast = addressFamily(destination) === 4 ? /^2(2[4-9]|3\d)\./.test(destination) : /^ff/.test(destination);
  if (peers !== null) return multicast ? refuse('destination', `sent to ${destination}, expected unicast`) : null;
  return destination === group ? null : refuse('destination', `sent to ${destination}, expected ${group}`);
}

function checkAddresses({ packet, family }: Received, { addresses, otherAddresses }: Expectation): Refusal | null {
  if (otherAddresses !== 'refuse') return null;
  const sent = readAddresses(packet, family);
  if (sent.length !== addresses.length) {
    return refuse('address-count', `${sent.length} addresses, expected ${addresses.length}`);
  }
  const missing = addresses.find((address) => !sent.includes(address));
  return missing === undefined ? null : refuse('address-list', `${missing} is not in it`);
}

function checkUnicastSource({ datagram: { source } }: Received, expected: Expectation): Refusal | null {
  if (expected.peers === null || !expected.checkUnicastSource) return null;
  const known = expected.peers.some((peer) => peer.address === source);
  return known ? null : refuse('unicast-source', `${source} is no unicast peer`);
}

function readAdvert({ packet, family, datagram }: Received, oldChecksum: boolean): ReceivedAdvert {
  return {
    version: packet[0]! >> 4 === 2 ? 2 : 3,
    vrid: packet[1]!,
    priority: packet[2]!,
    interval: readInterval(packet),
    addresses: readAddresses(packet, family),
    source: datagram.source,
    sequence: datagram.protocol === PROTOCOL_AH ? readAuthenticationHeader(datagram.payload)!.sequence : 0,
    oldChecksum,
  };
}

/** Centiseconds. */
function readInterval(packet: Uint8Array): number {
  return packet[0]! >> 4 === 2 ? packet[5]! * 100 : ((packet[4]! & 15) << 8) | packet[5]!;
}

function readAddresses(packet: Uint8Array, family: Family): Address[] {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const words = family === 4 ? 1 : 4;
  return Array.from({ length: packet[3]! }, (_, i) => {
    const at = HEADER_LENGTH + i * words * 4;
    return addressFromWords(
      family,
      Array.from({ length: words }, (_, word) => view.getUint32(at + 4 * word)),
    );
  });
}

function remarksOn(advert: ReceivedAdvert, expected: Expectation): Remark[] {
  const { version, interval, addresses, oldChecksum, source } = advert;
  const remarks: Remark[] = [];
  if (version === 3 && interval !== expected.interval) remarks.push({ type: 'other-interval', theirs: interval });
  const same =
    addresses.length === expected.addresses.length &&
    expected.addresses.every((address) => addresses.includes(address));
  if (!same && expected.otherAddresses === 'remark') remarks.push({ type: 'other-addresses', theirs: addresses });
  const isPeer = expected.peers?.some(({ address }) => address === source) ?? false;
  if (isPeer && oldChecksum && expected.oldChecksum === 'auto')
    remarks.push({ type: 'old-checksum', theirs: expected.group });
  return remarks;
}
