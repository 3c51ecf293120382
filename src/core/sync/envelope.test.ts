import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from './decode.ts';
import { type Envelope, isEnvelope, type Sign, seal, unseal } from './envelope.ts';
import type { Refusal } from './refusal.ts';
import { admit, type Windows } from './replay.ts';

const signWith =
  (key: string): Sign =>
  (bytes) =>
    createHmac('sha256', key).update(bytes).digest();
const SIGN = signWith('a key');
const SAID: Envelope = {
  syncId: 7,
  kind: 'records',
  sender: 0x1122334455667788n,
  sequence: 1_700_000_000_000_000n,
  payload: Uint8Array.from([1, 2, 3, 4]),
};

describe('a datagram of xlb', () => {
  it.each([
    ['with authentication', SIGN],
    ['without', null],
  ])('is read as it was written %s', (_, sign) => {
    const bytes = seal(SAID, sign);
    expect(isEnvelope(bytes)).toBe(true);
    expect(unseal(bytes, sign)).toEqual(SAID);
  });

  it('is a message without connections to IPVS', () => {
    expect(decodeMessage(seal(SAID, SIGN))).toEqual({ version: 0, syncId: 7, records: [] });
  });

  it.each<[string, Uint8Array, Sign | null, string]>([
    ['of another key', seal(SAID, signWith('another')), SIGN, 'forged'],
    ['without authentication where there is a key', seal(SAID, null), SIGN, 'not-authenticated'],
    ['with authentication where there is no key', seal(SAID, SIGN), null, 'no-key'],
    ['cut short', seal(SAID, SIGN).subarray(0, 40), SIGN, 'malformed'],
    ['longer than it says', Uint8Array.from([...seal(SAID, null), 0]), null, 'malformed'],
    ['of an unknown kind', seal({ ...SAID, kind: 'news' as 'hello' }, null), null, 'malformed'],
  ])('is refused: %s', (_, bytes, sign, reason) => {
    expect(unseal(bytes, sign)).toMatchObject({ reason });
  });

  it('is refused whichever byte of it was changed', () => {
    const bytes = seal(SAID, SIGN);
    const believed = Array.from(bytes.keys()).filter((at) => {
      const copy = Uint8Array.from(bytes);
      copy[at]! ^= 1;
      return isEnvelope(copy) && 'kind' in unseal(copy, SIGN);
    });
    expect(believed).toEqual([]);
  });
});

describe('replay', () => {
  const NOW = 1_700_000_000_000_000n;
  const SECOND = 1_000_000n;

  /** Reasons of those that were refused, null of those that were not. */
  function play(datagrams: readonly (readonly [sender: bigint, sequence: bigint])[]): (string | null)[] {
    let windows: Windows = new Map();
    return datagrams.map(([sender, sequence]) => {
      const answer = admit(windows, sender, sequence, NOW);
      if ('reason' in answer) return (answer as Refusal).reason;
      windows = answer;
      return null;
    });
  }

  it('every datagram counts once, in whatever order they come', () => {
    const once = [5n, 3n, 4n, 9n].map((offset) => [1n, NOW + offset] as const);
    expect(play([...once, ...once])).toEqual([null, null, null, null, 'replayed', 'replayed', 'replayed', 'replayed']);
  });

  it('one older than the window is refused, though it may never have come', () => {
    const later = Array.from({ length: 65 }, (_, i) => [1n, NOW + 10n + BigInt(i)] as const);
    expect(play([...later, [1n, NOW + 1n]]).at(-1)).toBe('replayed');
  });

  it('senders have windows of their own', () => {
    expect(
      play([
        [1n, NOW],
        [2n, NOW],
        [1n, NOW],
      ]),
    ).toEqual([null, null, 'replayed']);
  });

  it('what is from another time is refused of an unknown sender, too', () => {
    expect(
      play([
        [1n, NOW - 61n * SECOND],
        [1n, NOW + 61n * SECOND],
        [1n, NOW - 59n * SECOND],
      ]),
    ).toEqual(['stale', 'stale', null]);
  });

  it('a sender is forgotten only when all of its datagrams are too old', () => {
    let windows = admit(new Map(), 1n, NOW, NOW) as Windows;
    for (let i = 1n; i <= 130n; i++) {
      const now = NOW + i * SECOND;
      windows = admit(windows, 2n, now, now) as Windows;
      const again = admit(windows, 1n, NOW, now);
      expect('reason' in again).toBe(true);
    }
    const late = NOW + 131n * SECOND;
    expect([...(admit(windows, 3n, late, late) as Windows).keys()]).toEqual([2n, 3n]);
  });
});
