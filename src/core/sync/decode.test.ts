import { describe, expect, it } from 'vitest';
import { V0, V1, V1_PERSISTENT } from '../../../test/golden/sync-captures.ts';
import { addressFromWords } from '../model/address.ts';
import { type Decoded, decodeMessage } from './decode.ts';
import { encodeMessages } from './encode.ts';
import type { Endpoint, SyncRecord } from './record.ts';
import type { Refusal } from './refusal.ts';

describe('messages of the real IPVS', () => {
  it('are read: version 1', () => {
    expect(texts(decodeMessage(V1))).toEqual([
      '6 [fd01::10]:54110 [fd00::100]:80 [fd00::11]:80 state 1 flags 0x83 900 s',
      '17 192.168.1.10:54120 10.0.0.100:5000 10.0.0.11:5000 state 0 flags 0x183 300 s',
      '6 192.168.1.10:54100 10.0.0.100:80 10.0.0.12:80 state 1 flags 0x0 900 s',
      '6 192.168.1.10:54101 10.0.0.100:80 10.0.0.11:80 state 1 flags 0x83 900 s',
    ]);
  });

  it('are read: version 0', () => {
    expect(texts(decodeMessage(V0))).toEqual([
      '17 192.168.1.10:54020 10.0.0.100:5000 10.0.0.11:5000 state 0 flags 0x183 0 s',
      '6 192.168.1.10:54000 10.0.0.100:80 10.0.0.12:80 state 1 flags 0x0 0 s',
      '6 192.168.1.10:54001 10.0.0.100:80 10.0.0.11:80 state 1 flags 0x83 0 s',
    ]);
  });

  it.each([
    ['four connections', V1],
    ['connections and templates', V1_PERSISTENT],
  ])('are written to the byte: %s', (_, bytes) => {
    const { syncId, records } = decodeMessage(bytes) as Decoded;
    const messages = encodeMessages(records, { syncId, maxLength: 1472 });
    expect(messages.map((message) => Buffer.from(message.bytes).toString('hex'))).toEqual([
      Buffer.from(bytes).toString('hex'),
    ]);
  });

  it('are cut into as many as the length allows', () => {
    const { records } = decodeMessage(V1_PERSISTENT) as Decoded;
    const messages = encodeMessages(records, { syncId: 9, maxLength: 120 });
    expect(messages.every(({ bytes }) => bytes.length <= 120)).toBe(true);
    expect(messages.flatMap(({ bytes }) => (decodeMessage(bytes) as Decoded).records)).toEqual(records);
    expect(encodeMessages(records, { syncId: 9, maxLength: 1 })).toHaveLength(records.length);
  });
});

describe('what cannot be read', () => {
  const record = 8; // where the first one of V1 stands
  const table: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /^0 bytes, at least 4 expected/],
    ['another size', changed(V1, 3, 0xbd), /^the size 189 in 188 bytes/],
    ['one record too many', changed(V1, 4, 5), /^0 bytes for the record at 188/],
    ['a record larger than the message', changed(V1, record + 2, 0x0f), /^the size 3912 of the record at 8/],
    ['a record smaller than its type', changed(V1, record + 3, 0x47), /^the size 71 of the record at 8, expected 72/],
    ['a record of another version', changed(V1, record + 2, 0x10), /^version 1 of the record at 8/],
    ['a state that TCP does not have', changed(V1, record + 9, 11), /^the state 11 of protocol 6/],
    ['a state that UDP does not have', changed(V1, 80 + 9, 1), /^the state 1 of protocol 17 in the record at 80/],
    ['a template in a state of TCP', changed(V1_PERSISTENT, record + 9, 2), /^the state 2 of protocol 6/],
    ['an unknown parameter', withParameter([9, 2, 0, 0]), /^an unknown parameter of type 9 at 44/],
    ['a parameter without a length', withParameter([2, 0, 0, 0]), /^the length 0 of a parameter at 44/],
    ['a parameter that ends behind its record', withParameter([2, 9, 0, 0]), /^the length 9 of a parameter at 44/],
    ['sequence data cut short', withParameter([1, 2, 0, 0]), /^sequence data of 2 bytes at 44/],
    ['version 0, cut short', V0.subarray(0, 3), /^3 bytes/],
    ['version 0, one record too many', changed(V0, 0, 4), /^0 bytes for the record at 76/],
    ['version 0, no sequence data', changed(V0, 72, 0x06), /^no sequence data in the record at 52/],
  ];

  it.each(table)('%s', (_, bytes, detail) => {
    expect(decodeMessage(bytes)).toEqual({ reason: 'malformed', detail: expect.stringMatching(detail) });
  });

  it.each([
    ['an optional parameter that nobody knows', [0x49, 2, 0, 0]],
    ["a persistence engine's name", [3, 2, 0x73, 0x69]],
  ])('does not include %s', (_, parameter) => {
    expect(texts(decodeMessage(withParameter(parameter)))).toHaveLength(1);
  });
});

/** A message with one record of IPv4 and what follows it. */
function withParameter(parameter: readonly number[]): Uint8Array {
  const record = V1.slice(152, 188);
  const length = 36 + parameter.length;
  record[3] = length;
  return Uint8Array.from([0, 0x33, 0, 8 + length, 1, 1, 0, 0, ...record, ...parameter]);
}

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

function texts(decoded: Decoded | Refusal): string[] {
  if ('reason' in decoded) throw new Error(decoded.detail);
  return decoded.records.map(textOf);
}

function textOf({ family, protocol, client, virtual, server, state, flags, timeout }: SyncRecord): string {
  const end = ({ words, port }: Endpoint) => {
    const address = addressFromWords(family, words);
    return family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  };
  const ends = [client, virtual, server].map(end).join(' ');
  return `${protocol} ${ends} state ${state} flags 0x${flags.toString(16)} ${timeout} s`;
}
