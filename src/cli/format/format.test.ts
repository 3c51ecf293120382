import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paintFor } from './colour.ts';
import { table } from './table.ts';
import { tsv } from './tsv.ts';
import { age, bytes, longAge, percent, si } from './units.ts';

describe('units', () => {
  it.each([
    [0, '0'],
    [0.2, '0.2'],
    [0.123, '0.12'],
    [9.994, '9.99'],
    [9.996, '10'],
    [412, '412'],
    [999.4, '999'],
    [999.6, '1 k'],
    [1000, '1 k'],
    [12_100, '12.1 k'],
    [820_000, '820 k'],
    [999_499, '999 k'],
    [999_500, '1 M'],
    [6.1e9, '6.1 G'],
    [1e18, '1 E'],
    [5e21, '5000 E'],
  ])('si(%d) is %s', (value, text) => {
    expect(si(value)).toBe(text);
  });

  it('puts the unit behind the prefix', () => {
    expect([si(1_240_000, 'pps'), si(18, 'conn/s')]).toEqual(['1.24 Mpps', '18 conn/s']);
  });

  it('never takes more than three digits, nor strays by more than half a percent', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 9e20, noNaN: true }), (value) => {
        const [number = '', prefix = ''] = si(value).split(' ');
        expect(number.replace('.', '').length).toBeLessThanOrEqual(3);
        const scale = 1000 ** ['', 'k', 'M', 'G', 'T', 'P', 'E'].indexOf(prefix);
        expect(Math.abs(Number(number) * scale - value) / value).toBeLessThanOrEqual(0.0051);
      }),
    );
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [112_500_000_000, '105 GiB'],
  ])('bytes(%d) is %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it.each([
    [0, 0, '0 %'],
    [1, 0, '0 %'],
    [0, 5, '0 %'],
    [1, 3, '33.3 %'],
    [81, 1000, '8.1 %'],
    [1, 1000, '0.1 %'],
    [2, 1e7, '0.00002 %'],
    [5, 5, '100 %'],
  ])('percent(%d, %d) is %s', (part, whole, text) => {
    expect(percent(part, whole)).toBe(text);
  });

  it.each([
    [0, '0 s', '0 s'],
    [59.9, '59 s', '59 s'],
    [60, '1 min', '1 min'],
    [250, '4 min', '4 min 10 s'],
    [3 * 3600, '3 h', '3 h'],
    [3 * 3600 + 59, '3 h', '3 h'],
    [12 * 86400 + 4 * 3600 + 60, '12 d', '12 d 4 h'],
    [12 * 86400 + 60, '12 d', '12 d'],
  ])('age of %d s', (seconds, short, long) => {
    expect([age(seconds), longAge(seconds)]).toEqual([short, long]);
  });
});

describe('table', () => {
  const columns = [{ title: 'NAME' }, { title: 'COUNT', align: 'right' as const }, { title: 'TEXT' }];
  const style = { paint: paintFor({ stdoutIsTty: false, vars: {} }), width: 40 };

  it('aligns, wraps what runs on, and gives a long name a line of its own', () => {
    const rows = [
      ['a', '1', 'short'],
      ['a-name-that-leaves-no-room-at-all', '1000', 'one two three four five six'],
      ['b', 'this row has no third cell, so its second runs on'],
    ];
    expect(`\n${table(columns, rows, { ...style, width: 44 })}`).toBe(`
NAME                             COUNT  TEXT
a                                    1  short
a-name-that-leaves-no-room-at-all
                                  1000  one two three four
                                        five six
b                                this row has no
                                 third cell, so its
                                 second runs on
`);
  });

  it('pads by what is seen, not by what colours it', () => {
    const painted = { ...style, paint: paintFor({ stdoutIsTty: true, vars: {} }) };
    const rows = [[{ text: 'up', tone: 'good' as const }, '1', 'x']];
    expect(table(columns, rows, painted)).toContain('\u001b[32mup\u001b[39m        1  x');
  });
});

describe('colour', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['no terminal', false, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ])('%s', (_what, stdoutIsTty, vars, coloured) => {
    expect(paintFor({ stdoutIsTty, vars })('bad', 'down') !== 'down').toBe(coloured);
  });
});

it('tsv keeps values on one line', () => {
  expect(tsv(['a', 'b'], [{ a: 'x\ty\nz', b: null }])).toBe('a\tb\nx y z\t\n');
  expect(tsv(['a'], [{ a: 1 }], false)).toBe('1\n');
});
