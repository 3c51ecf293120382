/**
 * Verdicts on forged datagrams. The numbers are those of the experiment that asked keepalived 2.2.7
 * the same, one instance a row; where it refused for another list of addresses, we are asked to.
 */
import { expect, test } from 'vitest';
import { parseAddress } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { type Advert, type Authentication, authenticationBytes, NO_AUTHENTICATION } from './advert.ts';
import { checksum } from './checksum.ts';
import { decodeAdvert, peekVrid } from './decode.ts';
import { encodeDatagram, type IPv4Envelope } from './encode.ts';
import type { Expectation } from './expectation.ts';
import { readIPv4 } from './ipv4.ts';

const ip = (text: string): Address => parseAddress(text)!;
const pass = (text: string): Authentication => ({
  type: 'pass',
  password: authenticationBytes(new TextEncoder().encode(text)),
});

const ADVERT: Advert = { version: 2, vrid: 16, priority: 200, interval: 100, addresses: [ip('192.168.10.116')] };
const ENVELOPE: IPv4Envelope = {
  source: ip('192.168.10.12'),
  destination: ip('224.0.0.18'),
  authentication: NO_AUTHENTICATION,
  pseudoHeader: true,
  ttl: 255,
  identification: 7,
  sequence: 1,
  unicast: false,
};
const EXPECTED: Expectation = {
  version: 2,
  vrid: 16,
  interval: 100,
  authentication: NO_AUTHENTICATION,
  addresses: ADVERT.addresses,
  otherAddresses: 'refuse',
  peers: null,
  group: ip('224.0.0.18'),
  checkUnicastSource: false,
  plainChecksum: false,
  oldChecksum: 'auto',
  sequence: 0,
};
const V3 = { advert: { version: 3 }, expected: { version: 3 } } as const;
const PASS = { expected: { authentication: pass('1111') } };
const PEER = { address: ip('192.168.10.12') };
const UNICAST = { expected: { peers: [PEER] }, envelope: { destination: ip('192.168.10.11') } };

interface Forgery {
  readonly advert?: Partial<Advert>;
  readonly envelope?: Partial<IPv4Envelope>;
  readonly expected?: Partial<Expectation>;
  /** Changes the datagram after it was made; `repair` then puts the VRRP checksum right. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
}

function verdict({ advert, envelope, expected, bytes = (same) => same }: Forgery): string {
  const datagram = bytes(encodeDatagram({ ...ADVERT, ...advert }, { ...ENVELOPE, ...envelope }));
  const decoded = decodeAdvert(readIPv4(datagram), { ...EXPECTED, ...expected });
  if ('refusal' in decoded) return decoded.refusal.reason;
  return ['accepted', ...decoded.remarks.map(({ type }) => type)].join(', ');
}

const set = (at: number, value: number) => (bytes: Uint8Array) => bytes.with(at, value);
/** Version 2 alone. */
const repaired = (at: number, value: number) => (bytes: Uint8Array) => {
  const changed = bytes.with(at, value).fill(0, 26, 28);
  new DataView(changed.buffer).setUint16(26, checksum(changed.subarray(20)));
  return changed;
};
/** More or fewer bytes, with a total length that knows of them. */
const resized = (by: number) => (bytes: Uint8Array) => {
  const changed = new Uint8Array(bytes.length + by);
  changed.set(bytes.subarray(0, changed.length));
  new DataView(changed.buffer).setUint16(2, changed.length);
  return changed;
};

const addresses = (...texts: string[]) => ({ addresses: texts.map(ip) });

test.each<[string, Forgery, string]>([
  ['1: a higher priority', {}, 'accepted'],
  ['7: TTL 254', { envelope: { ttl: 254 } }, 'hop-limit'],
  ['8: a wrong checksum', { bytes: set(26, 0) }, 'checksum'],
  ['9: another password', { ...PASS, envelope: { authentication: pass('2222') } }, 'password'],
  ['10: a longer password', { ...PASS, envelope: { authentication: pass('1111xxxx') } }, 'password'],
  ['11: no password where one is expected', PASS, 'authentication-type'],
  ['a password where none is expected', { envelope: { authentication: pass('1111') } }, 'authentication-type'],
  ['12: an unknown authentication type', { bytes: set(24, 3) }, 'authentication-unknown'],
  ['13: version 2 with another interval', { advert: { interval: 200 } }, 'interval'],
  ['14: an address more', { advert: addresses('192.168.10.116', '192.168.10.9') }, 'address-count'],
  ['15: no address', { advert: addresses() }, 'address-count'],
  ['16: another address', { advert: addresses('192.168.10.9') }, 'address-list'],
  [
    '14, as keepalived has it since 2.3.3',
    { advert: addresses('192.168.10.116', '192.168.10.9'), expected: { otherAddresses: 'remark' } },
    'accepted, other-addresses',
  ],
  [
    '16, as keepalived has it since 2.3.3',
    { advert: addresses('192.168.10.9'), expected: { otherAddresses: 'remark' } },
    'accepted, other-addresses',
  ],
  ['16, skipped', { advert: addresses('192.168.10.9'), expected: { otherAddresses: 'ignore' } }, 'accepted'],
  ['18: version 3 where 2 is expected', { advert: { version: 3 } }, 'version'],
  ['19: type 2', { bytes: repaired(20, 0x22) }, 'type'],
  ['20: four bytes more', { bytes: resized(4) }, 'too-long'],
  ['21: six bytes more', { bytes: resized(6) }, 'too-long'],
  ['22: no authentication field', { bytes: resized(-8) }, 'too-short'],
  ['seven bytes', { bytes: resized(-13) }, 'too-short'],
  ['23: something in the authentication field that is not used', { bytes: repaired(35, 9) }, 'accepted'],
  ['24: a sender of another network', { envelope: { source: ip('10.9.9.9') } }, 'accepted'],
  ['26: unicast to a multicast instance', { envelope: { destination: ip('192.168.10.11') } }, 'destination'],
  ['another group', { envelope: { destination: ip('224.0.0.19') } }, 'destination'],
  ['27: version 3', V3, 'accepted'],
  ['28: version 3 with another interval', { ...V3, advert: { version: 3, interval: 50 } }, 'accepted, other-interval'],
  ['version 3 with an interval of 0', { ...V3, advert: { version: 3, interval: 0 } }, 'interval'],
  ['29: version 3, checksum without pseudo-header', { ...V3, envelope: { pseudoHeader: false } }, 'checksum'],
  [
    '31: version 3, an address more',
    { ...V3, advert: { version: 3, ...addresses('10.0.0.1', '10.0.0.2') } },
    'address-count',
  ],
  ['32: version 3, a wrong checksum', { ...V3, bytes: set(26, 0) }, 'checksum'],
  ['33: version 3, TTL 254', { ...V3, envelope: { ttl: 254 } }, 'hop-limit'],
  ['34: version 2 where 3 is expected', { expected: { version: 3 } }, 'version'],
  ['35: a peer with TTL 64', { ...UNICAST, envelope: { ...UNICAST.envelope, ttl: 64 } }, 'accepted'],
  [
    '36: unicast from someone else',
    { ...UNICAST, envelope: { ...UNICAST.envelope, source: ip('10.9.9.9') } },
    'accepted',
  ],
  [
    '37: unicast from someone else, checked',
    {
      expected: { peers: [PEER], checkUnicastSource: true },
      envelope: { ...UNICAST.envelope, source: ip('10.9.9.9') },
    },
    'unicast-source',
  ],
  ['38: multicast to a unicast instance', { expected: { peers: [PEER] } }, 'destination'],
  [
    'a peer below its smallest TTL',
    { expected: { peers: [{ ...PEER, minTtl: 250 }] }, envelope: { ...UNICAST.envelope, ttl: 249 } },
    'hop-limit',
  ],
  [
    'a peer above its largest TTL',
    { expected: { peers: [{ ...PEER, maxTtl: 63 }] }, envelope: { ...UNICAST.envelope, ttl: 64 } },
    'hop-limit',
  ],
  ['another VRID', { advert: { vrid: 17 } }, 'vrid'],
  ['version 4', { bytes: set(20, 0x41) }, 'version'],
  ['TCP', { bytes: set(9, 6) }, 'ip-header'],
  ['a length that is not the datagram’s', { bytes: set(3, 41) }, 'ip-header'],
])('%s', (_, forgery, expected) => {
  expect(verdict(forgery)).toBe(expected);
});

test('30: the reserved bits of version 3 are ignored', () => {
  const reserved = (bytes: Uint8Array) => {
    const changed = bytes.with(24, bytes[24]! | 0xf0);
    const sum = new DataView(changed.buffer);
    // One's complement: what the field gains, the checksum loses.
    const less = sum.getUint16(26) - 0xf000;
    sum.setUint16(26, less > 0 ? less : less + 0xffff);
    return changed;
  };
  expect(verdict({ ...V3, bytes: reserved })).toBe('accepted');
});

const KEY: Authentication = { type: 'ah', key: authenticationBytes(new TextEncoder().encode('secret88')) };
const AH = { expected: { authentication: KEY }, envelope: { authentication: KEY } };

test.each<[string, Forgery, string]>([
  ['authentic', AH, 'accepted'],
  ['the same again', { ...AH, expected: { authentication: KEY, sequence: 1 } }, 'ah-replay'],
  [
    'a later one',
    { ...AH, expected: { authentication: KEY, sequence: 1 }, envelope: { ...AH.envelope, sequence: 2 } },
    'accepted',
  ],
  ['without a header', { expected: AH.expected }, 'ah-missing'],
  ['a header that was not asked for', { envelope: AH.envelope }, 'ah-unexpected'],
  ['a changed priority', { ...AH, bytes: set(46, 255) }, 'ah-digest'],
  ['a changed digest', { ...AH, bytes: set(43, 0) }, 'ah-digest'],
  ['a changed sequence number', { ...AH, bytes: set(31, 9) }, 'ah-digest'],
  ['a changed sender', { ...AH, bytes: set(15, 99) }, 'ah-spi'],
  ['a header of another length', { ...AH, bytes: set(21, 5) }, 'ah-header'],
  ['a changed type of service, which the header does not cover', { ...AH, bytes: set(1, 0) }, 'accepted'],
  [
    'unicast, with a TTL that routers changed',
    {
      expected: { ...AH.expected, peers: [PEER] },
      envelope: { ...AH.envelope, ...UNICAST.envelope, unicast: true },
      bytes: set(8, 60),
    },
    'accepted',
  ],
])('authentication header: %s', (_, forgery, expected) => {
  expect(verdict(forgery)).toBe(expected);
});

test('the VRID is found before anything is checked, behind an authentication header too', () => {
  const vrid = (envelope: Partial<IPv4Envelope>) =>
    peekVrid(readIPv4(encodeDatagram(ADVERT, { ...ENVELOPE, ...envelope }))!);
  expect([vrid({}), vrid(AH.envelope)]).toEqual([16, 16]);
});
