import { describe, expect, it } from 'vitest';
import { DEFAULT_SIZES, mapEntries, roundConnections, sizesOf, sizeWarnings } from './sizes.ts';

describe('roundConnections', () => {
  it.each([
    [0, 1024],
    [1024, 1024],
    [1025, 2048],
    [1_000_000, 1 << 20],
    [8_388_608, 8_388_608],
    [1e12, 1 << 26],
  ])('makes %d %d', (wanted, expected) => expect(roundConnections(wanted)).toBe(expected));
});

const CPUS = 3;

describe('sizesOf', () => {
  it('is the inverse of mapEntries', () => {
    expect(sizesOf(mapEntries(DEFAULT_SIZES, CPUS), CPUS)).toEqual(DEFAULT_SIZES);
  });

  it.each([
    ['another number of buckets', { connections: 1 }],
    ['fewer counters than real servers', { recount: 1 }],
    ['slots that are no power of two', { connection_keys: 800, connections: 100 }],
  ])('refuses %s', (_name, wrong) => {
    expect(sizesOf({ ...mapEntries(DEFAULT_SIZES, CPUS), ...wrong }, CPUS)).toBeUndefined();
  });
});

it('warns of each size that is pinned otherwise', () => {
  const pinned = { ...DEFAULT_SIZES, connections: 2048 };
  expect(sizeWarnings(DEFAULT_SIZES, DEFAULT_SIZES)).toEqual([]);
  expect(sizeWarnings(DEFAULT_SIZES, pinned)).toEqual([
    '--connections 1048576 is not used: the pinned data plane has 2048',
  ]);
});
