import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressBytes,
  addressFamily,
  addressFromWords,
  addressWords,
  compareAddresses,
  isUnicast,
  parseAddress,
} from './address.ts';
import type { Address } from './model.ts';

const canonical: [string, string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 4.2.3: the first of equal runs
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2: one zero group is no run
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
];

test.each(canonical)('%s is %s', (text, expected) => {
  expect(parseAddress(text)).toBe(expected);
});

test.each([
  ...[
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '010.0.0.1',
    '1.2.3.04',
    '1.2.3.256',
    '1.2.3.-4',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '1..2.3',
  ],
  ...[':', ':::', '1:', ':1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '1::2::3', '12345::', 'g::'],
  ...[
    '::1%eth0',
    '[::1]',
    '::1/64',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.04',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4:5',
    '192.0.2.1:80',
  ],
])('%j is no address', (text) => {
  expect(parseAddress(text)).toBeNull();
});

test('agrees with the platform about random texts of address characters', () => {
  const characters = fc.constantFrom(...'0123456789abcF:.:.::');
  const texts = fc.oneof(fc.string({ unit: characters, maxLength: 24 }), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(texts, (text) => {
      expect(parseAddress(text) !== null).toBe(isIP(text) !== 0);
    }),
    { numRuns: 2000 },
  );
});

test('canonical text is what the URL standard makes of the same address', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = parseAddress(text)!;
      const standard = new URL(`http://[${text}]`).hostname.slice(1, -1);
      expect(parseAddress(address)).toBe(address);
      if (!address.startsWith('::ffff:')) expect(address).toBe(standard);
    }),
    { numRuns: 500 },
  );
});

describe('words and bytes', () => {
  test('are those of the wire', () => {
    expect(addressWords('192.0.2.1' as Address)).toEqual([0xc0000201, 0, 0, 0]);
    expect(addressWords('2001:db8::ff00:1' as Address)).toEqual([0x20010db8, 0, 0, 0xff000001]);
    expect([...addressBytes('192.0.2.1' as Address)]).toEqual([192, 0, 2, 1]);
    expect([...addressBytes('2001:db8::1' as Address)]).toEqual([
      0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ]);
  });

  test('lead back to the address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseAddress(text)!;
        expect(addressFromWords(addressFamily(address), addressWords(address))).toBe(address);
      }),
    );
  });
});

test('listings have IPv4 before IPv6, each by number', () => {
  const sorted = ['9.0.0.1', '10.0.0.1', '203.0.113.1', '::1', '2001:db8::9', '2001:db8::10', 'fd00::1'] as Address[];
  expect(sorted.toReversed().sort(compareAddresses)).toEqual(sorted);
  expect(compareAddresses('10.0.0.1' as Address, '10.0.0.1' as Address)).toBe(0);
});

/** As a kernel answered `ipvsadm -a`. */
test.each([
  ['0.0.0.0', false],
  ['0.1.2.3', true],
  ['1.0.0.0', true],
  ['127.0.0.1', true],
  ['223.255.255.255', true],
  ['224.0.0.1', false],
  ['239.255.255.255', false],
  ['240.0.0.1', true],
  ['255.255.255.254', true],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', true],
  ['::2', true],
  ['::ffff:10.0.0.1', false],
  ['::10.0.0.1', true],
  ['ff02::1', false],
  ['fe80::1', false],
  ['febf::1', false],
  ['fec0::1', true],
  ['fd00::1', true],
])('%s is unicast: %s', (text, expected) => {
  expect(isUnicast(parseAddress(text) as Address)).toBe(expected);
});
