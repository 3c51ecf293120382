import { describe, expect, it } from 'vitest';
import { largeNumber, wholeByteRate, wholeRate } from './numbers.ts';

describe('largeNumber', () => {
  it.each([
    [0, '        0', '        0'],
    [12345678, ' 12345678', ' 12345678'],
    [99999999, ' 99999999', ' 99999999'],
    [100000000, '  100000K', ' 100000000'],
    [999999999, '  999999K', ' 999999999'],
    [1000000000, '    1000M', ' 1000000000'],
    [99999999999, '   99999M', ' 99999999999'],
    [100000000000, '     100G', ' 100000000000'],
    [99999999999999, '   99999G', ' 99999999999999'],
    [100000000000000, '     100T', ' 100000000000000'],
    [9007199254740991, '    9007T', ' 9007199254740991'],
    [1e21, '1000000000T', ' 1000000000000000000000'],
  ])('%d', (value, short, exact) => {
    expect(largeNumber(value, false)).toBe(short);
    expect(largeNumber(value, true)).toBe(exact);
  });
});

describe('rates', () => {
  it.each([
    [0, 0],
    [0.5, 0],
    [513 / 1024, 1],
    [1, 1],
    [1.5, 1],
    [2.6, 3],
  ])('%d connections or packets per second are shown as %i', (rate, expected) => {
    expect(wholeRate(rate)).toBe(expected);
  });

  it.each([
    [0.5, 0],
    [17 / 32, 1],
    [1, 1],
  ])('%d bytes per second are shown as %i', (rate, expected) => {
    expect(wholeByteRate(rate)).toBe(expected);
  });
});
