import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('a million mutated datagrams never throw, and are accepted exactly where a second verdict accepts them', {
  timeout: 600_000,
}, () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const { accepted, disagreements } = fuzz(1_000_000, seed);
  expect({ seed, disagreements }).toEqual({ seed, disagreements: [] });
  expect(accepted).toBeGreaterThan(100_000);
});
