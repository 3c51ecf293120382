import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBytes } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { addressText, inPrefix, isLinkLocal, macText } from './address.ts';

describe('addressText', () => {
  it.each([
    ['192.0.2.1', [192, 0, 2, 1]],
    ['::', Array(16).fill(0)],
    ['2001:db8::1', [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 1]],
    ['::ffff:192.0.2.1', [...Array(10).fill(0), 255, 255, 192, 0, 2, 1]],
    ['::1', [...Array(15).fill(0), 1]],
    ['fe80::', [0xfe, 0x80, ...Array(14).fill(0)]],
  ])('%s', (text, bytes) => {
    expect(addressText(Uint8Array.from(bytes))).toBe(text);
    expect([...addressBytes(text as Address)]).toEqual(bytes);
  });

  it('goes there and back for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        expect([...addressBytes(addressText(each))]).toEqual([...each]);
      }),
    );
  });

  it('refuses another length', () => {
    expect(() => addressText(new Uint8Array(5))).toThrow(RangeError);
  });
});

describe('inPrefix', () => {
  it.each([
    ['10.1.2.3', '10.1.0.0', 16, true],
    ['10.2.2.3', '10.1.0.0', 16, false],
    ['10.1.127.3', '10.1.0.0', 17, true],
    ['10.1.128.3', '10.1.0.0', 17, false],
    ['203.0.113.9', '0.0.0.0', 0, true],
    ['2001:db8:0:1::1', '2001:db8::', 63, true],
    ['2001:db8:0:2::1', '2001:db8::', 63, false],
  ])('%s in %s/%i: %s', (address, prefix, length, expected) => {
    expect(inPrefix(addressBytes(address as Address), addressBytes(prefix as Address), length)).toBe(expected);
  });
});

it('knows link-local addresses', () => {
  const all = ['169.254.1.1', '169.253.1.1', 'fe80::1', 'febf::1', 'fec0::1', '2001:db8::1'] as Address[];
  expect(all.filter(isLinkLocal)).toEqual(['169.254.1.1', 'fe80::1', 'febf::1']);
});

it('writes a MAC address', () => {
  expect(macText(Uint8Array.of(2, 0, 0x5e, 0x10, 0, 1))).toBe('02:00:5e:10:00:01');
});
