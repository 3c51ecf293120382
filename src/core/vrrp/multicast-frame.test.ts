import { expect, test } from 'vitest';
import type { Address } from '../model/model.ts';
import { multicastFrame } from './multicast-frame.ts';

test('an advertisement over IPv6 from a virtual MAC address', () => {
  const fields = {
    ...{ mac: Uint8Array.of(0, 0, 0x5e, 0, 2, 51), source: 'fe80::1' as Address, destination: 'ff02::12' as Address },
    ...{ protocol: 112, hopLimit: 255, trafficClass: 0xc0 },
  };
  expect(Buffer.from(multicastFrame(fields, Uint8Array.of(0x31, 51, 100))).toString('hex')).toBe(
    [
      '33330000001200005e00023386dd',
      '6c000000000370ff',
      'fe800000000000000000000000000001',
      'ff020000000000000000000000000012',
      '313364',
    ].join(''),
  );
});
