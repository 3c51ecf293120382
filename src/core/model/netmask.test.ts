import { expect, test } from 'vitest';
import type { Address } from './model.ts';
import { prefixLength, prefixMask } from './netmask.ts';

test.each([
  [0, '::'],
  [1, '8000::'],
  [31, 'ffff:fffe::'],
  [32, 'ffff:ffff::'],
  [33, 'ffff:ffff:8000::'],
  [64, 'ffff:ffff:ffff:ffff::'],
  [127, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe'],
  [128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
])('a prefix of %i bits is %s', (length, mask) => {
  expect(prefixMask(length)).toBe(mask);
  expect(prefixLength(mask as Address)).toBe(length);
});

test('a mask with holes is no prefix', () => {
  expect(prefixLength('ffff:0:ffff::' as Address)).toBeNull();
  expect(prefixLength('255.0.255.0' as Address)).toBeNull();
});
