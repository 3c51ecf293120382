import { describe, expect, test } from 'vitest';
import { overloadedAfterClosing, overloadedAfterEdit, overloadedAfterOpening } from './overload.ts';

const thresholds = (upperThreshold: number, lowerThreshold = 0) => ({ upperThreshold, lowerThreshold });

describe('a connection more', () => {
  test.each([
    // upper, connections, before, after
    [0, 1000, false, false],
    [4, 3, false, false],
    [4, 4, false, true],
    [4, 5, false, true],
    [4, 2, true, true],
  ])('upper %i, %i connections, overloaded before: %s -> %s', (upper, connections, before, after) => {
    expect(overloadedAfterOpening(thresholds(upper), connections, before)).toBe(after);
  });
});

describe('a connection less', () => {
  test.each([
    // upper, lower, connections, before, after
    [4, 0, 3, true, true], // 3 * 4 >= 4 * 3
    [4, 0, 2, true, false],
    [4, 0, 4, false, false], // the threshold was lowered below what is there: the next connection counts
    [4, 2, 2, true, true],
    [4, 2, 1, true, false],
    [0, 0, 9, true, false],
  ])('upper %i, lower %i, %i left, overloaded before: %s -> %s', (upper, lower, connections, before, after) => {
    expect(overloadedAfterClosing(thresholds(upper, lower), connections, before)).toBe(after);
  });
});

test.each([
  // upper before, upper after, overloaded after
  [4, 4, true],
  [4, 3, true],
  [4, 5, false],
  [4, 0, false],
])('an edit from upper %i to %i leaves an overloaded server overloaded: %s', (was, is, after) => {
  expect(overloadedAfterEdit(thresholds(was), thresholds(is), true)).toBe(after);
  expect(overloadedAfterEdit(thresholds(was), thresholds(is), false)).toBe(false);
});
