import { expect, test } from 'vitest';
import { fuzz } from '../../../test/vrrp/fuzz.ts';
import { REFUSAL_REASONS } from './refusal.ts';

// A million more run with the kernel's tests (test/vrrp/fuzz.test.ts).
test('mutated datagrams never throw, and are accepted exactly where a second verdict accepts them', {
  timeout: 60_000,
}, () => {
  const { accepted, reasons, disagreements } = fuzz(100_000, 1);
  expect(disagreements).toEqual([]);
  expect(accepted).toBeGreaterThan(10_000);
  // Every check had its turn, but those that need an option, the key, or two changes that fit each other.
  const never = ['ah-replay', 'address-count', 'unicast-source'];
  expect(REFUSAL_REASONS.filter((reason) => !reasons.has(reason))).toEqual(never);
});
