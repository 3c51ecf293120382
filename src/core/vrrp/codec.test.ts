import { expect, test } from 'vitest';
import {
  datagramOf,
  expectationOf,
  fromHex,
  isIPv4,
  isUnicast,
  OWNER,
  VECTORS,
  type Vector,
} from '../../../test/vrrp/vectors.ts';
import { addressFamily, parseAddress } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { NO_AUTHENTICATION } from './advert.ts';
import { decodeAdvert } from './decode.ts';
import { encodeAdvert, encodeDatagram } from './encode.ts';

const address = (text: string): Address => parseAddress(text)!;

function encode(vector: Vector, pseudoHeader = true): Uint8Array {
  const { advert, authentication } = vector;
  const envelope = {
    source: address(vector.source),
    destination: address(vector.destination),
    authentication,
    pseudoHeader,
  };
  if (!isIPv4(vector)) return encodeAdvert(advert, envelope);
  return encodeDatagram(advert, { ...envelope, ttl: 255, identification: 1, sequence: 1, unicast: isUnicast(vector) });
}

test.each(VECTORS)('$name: the bytes that keepalived sends', (vector) => {
  expect(Buffer.from(encode(vector)).toString('hex')).toBe(Buffer.from(fromHex(vector.hex)).toString('hex'));
});

test.each(VECTORS)('$name: is read back', (vector) => {
  const sequence = vector.authentication.type === 'ah' ? 1 : 0;
  expect(decodeAdvert(datagramOf(vector), expectationOf(vector))).toEqual({
    advert: { ...vector.advert, source: vector.source, sequence, oldChecksum: false },
    remarks: [],
  });
});

test('an owner of version 2: the bytes that keepalived sends', () => {
  const ends = { source: address('192.168.10.11'), destination: address('224.0.0.18') };
  const packet = encodeAdvert(OWNER.advert, { ...ends, authentication: NO_AUTHENTICATION, pseudoHeader: true });
  expect(Buffer.from(packet).toString('hex')).toBe(OWNER.hex);
});

test('a checksum without a pseudo-header is another, and accepted where that is the option', () => {
  const vector = VECTORS[3]!;
  const bytes = encode(vector, false);
  expect(Buffer.from(bytes)).not.toEqual(Buffer.from(encode(vector)));
  const datagram = datagramOf(vector, bytes);
  expect(decodeAdvert(datagram, expectationOf(vector))).toMatchObject({ refusal: { reason: 'checksum' } });
  expect(decodeAdvert(datagram, { ...expectationOf(vector), plainChecksum: true })).toHaveProperty('advert');
  // The other form stays good: a peer with keepalived's default is heard during a change-over.
  expect(decodeAdvert(datagramOf(vector), { ...expectationOf(vector), plainChecksum: true })).toHaveProperty('advert');
});

test('over IPv6 the pseudo-header is no option', () => {
  const vector = VECTORS.find(({ source }) => addressFamily(source as Address) === 6)!;
  expect(encode(vector, false)).toEqual(encode(vector));
});
