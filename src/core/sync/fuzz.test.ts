/** A million mutated datagrams: each is refused as a whole, or is one that IPVS would take as well. */
import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { V0, V1, V1_PERSISTENT } from '../../../test/golden/sync-captures.ts';
import { decodeMessage } from './decode.ts';
import { isEnvelope, seal, unseal } from './envelope.ts';
import { isTemplate, STATE_COUNTS } from './record.ts';

const DATAGRAMS = 1_000_000;
/** One in so many is signed, and so must be refused whenever it was changed: a signature costs microseconds. */
const SIGNED_SHARE = 16;
const sign = (bytes: Uint8Array) => createHmac('sha256', 'fuzz').update(bytes).digest();
const said = { syncId: 1, kind: 'records', sender: 9n, sequence: 10n, payload: V1.subarray(0, 80) } as const;
const PLAIN = [V1, V0, V1_PERSISTENT, seal(said, null)];
const SIGNED = seal(said, sign);

it('malformed and forged datagrams change nothing', () => {
  const random = generator(20261128);
  const outcomes = { refused: 0, read: 0, forged: 0 };
  const buffer = new Uint8Array(2048);
  for (let i = 0; i < DATAGRAMS; i++) {
    const isSigned = i % SIGNED_SHARE === 0;
    const seed = isSigned ? SIGNED : PLAIN[random(PLAIN.length)]!;
    const bytes = mutate(seed, buffer, random);
    if (isSigned && isEnvelope(bytes)) {
      if (!same(bytes, SIGNED) && 'kind' in unseal(bytes, sign)) throw fault('believed', bytes);
      outcomes.forged++;
      continue;
    }
    const decoded = isEnvelope(bytes) ? unseal(bytes, null) : decodeMessage(bytes);
    if ('reason' in decoded) outcomes.refused++;
    else {
      outcomes.read++;
      if ('records' in decoded && !decoded.records.every(isSound)) throw fault('unsound', bytes);
    }
  }
  expect(outcomes.refused).toBeGreaterThan(DATAGRAMS / 10);
  expect(outcomes.read).toBeGreaterThan(DATAGRAMS / 10);
  expect(outcomes.forged).toBeGreaterThan(DATAGRAMS / (SIGNED_SHARE * 2));
}, 60_000);

type Record = Extract<ReturnType<typeof decodeMessage>, { records: unknown }>['records'][number];

function isSound(record: Record): boolean {
  const states = isTemplate(record) ? 2 : (STATE_COUNTS[record.protocol] ?? Number.POSITIVE_INFINITY);
  const numbers = [...record.client.words, record.client.port, record.virtual.port, record.server.port, record.timeout];
  return record.state < states && numbers.every((each) => Number.isInteger(each) && each >= 0);
}

/** A few changed bytes, mostly among the headers; sometimes cut short or made longer, with a size that fits. */
function mutate(seed: Uint8Array, buffer: Uint8Array, random: (below: number) => number): Uint8Array {
  buffer.set(seed);
  let { length } = seed;
  const kind = random(8);
  if (kind === 0) length = random(length + 1);
  if (kind === 1) length += random(64);
  for (let left = random(4); left > 0; left--) buffer[random(random(2) ? 48 : length || 1)] = random(256);
  if (kind <= 1 && random(2)) {
    buffer[2] = length >> 8;
    buffer[3] = length & 255;
  }
  return buffer.subarray(0, length);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function fault(what: string, bytes: Uint8Array): Error {
  return new Error(`${what}: ${Buffer.from(bytes).toString('hex')}`);
}

/** mulberry32. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
