import { describe, expect, it } from 'vitest';
import { DEFAULT_SYSCTLS } from '../core/model/sysctls.ts';
import { AT_REST, availablePages, defenseOf } from './defense.ts';

describe('defenseOf', () => {
  const of = (changes: Partial<typeof DEFAULT_SYSCTLS>, available: number) =>
    defenseOf({ ...DEFAULT_SYSCTLS, amemthresh: 1000, ...changes }, available);

  it('rests by default, however little memory is left', () => {
    expect(of({}, 0)).toEqual(AT_REST);
  });

  it.each([1, 2])('mode %i is at work while memory is short', (mode) => {
    const modes = { drop_entry: mode, drop_packet: mode, secure_tcp: mode };
    expect(of(modes, 1000)).toEqual(AT_REST);
    expect(of(modes, 900)).toEqual({ dropRate: 10, secureTcp: true, dropsEntries: true });
    expect(of(modes, 0)).toMatchObject({ dropRate: 1 });
  });

  it('mode 3 is always at work, at its own rate', () => {
    const modes = { drop_entry: 3, drop_packet: 3, secure_tcp: 3, am_droprate: 7 };
    expect(of(modes, 5000)).toEqual({ dropRate: 7, secureTcp: true, dropsEntries: true });
  });
});

it('availablePages counts free and buffer memory', () => {
  expect(availablePages('MemTotal: 99 kB\nMemFree:     400 kB\nMemAvailable: 9 kB\nBuffers:   40 kB\n')).toBe(110);
});
