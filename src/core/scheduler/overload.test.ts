import { expect, test } from 'vitest';
import { isOverloaded } from './overload.ts';

test.each([
  // upper, lower, connections, before, after
  [0, 0, 1000, false, false],
  [0, 0, 1000, true, false],
  [4, 0, 3, false, false],
  [4, 0, 4, false, true],
  [4, 0, 3, true, true], // 3 * 4 >= 4 * 3
  [4, 0, 2, true, false],
  [4, 2, 2, true, true],
  [4, 2, 1, true, false],
])('upper %i, lower %i, %i connections, overloaded before: %s -> %s', (upper, lower, connections, before, after) => {
  expect(isOverloaded({ upperThreshold: upper, lowerThreshold: lower }, connections, before)).toBe(after);
});
