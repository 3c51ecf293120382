import { describe, expect, it } from 'vitest';
import { inetAton, ipv4Text, leadingInteger, parseInteger } from './numbers.ts';

describe('parseInteger', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['+7', 7],
    [' \t7', 7],
    ['-0', 0],
    ['100', 100],
    ['101', undefined],
    ['-1', undefined],
    ['7 ', undefined],
    ['0x7', undefined],
    ['7.0', undefined],
    ['', undefined],
    ['x', undefined],
    ['99999999999999999999', undefined],
  ])('%j -> %s', (text, expected) => {
    expect(parseInteger(text, 0, 100)).toBe(expected);
  });
});

describe('leadingInteger', () => {
  it.each([
    ['64', 64],
    ['64x', 64],
    [' -3/', -3],
    ['x', 0],
    ['', 0],
  ])('%j -> %i', (text, expected) => {
    expect(leadingInteger(text)).toBe(expected);
  });
});

describe('inetAton', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['10.1', '10.0.0.1'],
    ['10.0.256', '10.0.1.0'],
    ['24', '0.0.0.24'],
    ['010.0.0.1', '8.0.0.1'],
    ['0x0a000001', '10.0.0.1'],
    ['0xA.0.0.0x1', '10.0.0.1'],
    ['4294967295', '255.255.255.255'],
    ['10.0.0.1 and more', '10.0.0.1'],
  ])('%j -> %s', (text, expected) => {
    expect(ipv4Text(inetAton(text) ?? Number.NaN)).toBe(expected);
  });

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0.256',
    '10.0.65536',
    '256.1',
    '4294967296',
    '10.0.0.1.',
    '10..1',
    '1.2.3.4.5',
    '09',
    '0x',
    'a',
    '10.0.0.-1',
  ])('%j is none', (text) => {
    expect(inetAton(text)).toBeUndefined();
  });
});
