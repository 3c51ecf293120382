import { expect, test } from 'vitest';
import type { Address } from '../model/model.ts';
import { buildFallbackRing, fallbackSlot } from './ring.ts';

const servers = (count: number, weight = 1) =>
  Array.from({ length: count }, (_, i) => ({
    key: { address: `10.0.${i >> 8}.${i & 255}` as Address, port: 80 },
    weight,
  }));

test.each([
  [0, 0],
  [1, 1021],
  [51, 1021],
  [52, 4093],
  [205, 16381],
  [820, 65537],
  [4000, 65537],
])('%i servers have a ring of %i', (count, size) => {
  expect(buildFallbackRing(servers(count), 4)).toHaveLength(size);
});

test('servers without weight have no ring, and no part in one', () => {
  expect(buildFallbackRing(servers(3, 0), 4)).toHaveLength(0);
  const ring = buildFallbackRing([...servers(1, 0), ...servers(3).slice(1)], 4);
  expect(new Set(ring)).toEqual(new Set([1, 2]));
});

test.each([
  [0, 1021, 0],
  [0xffffffff, 1021, 1020],
  [0x80000000, 1021, 510],
  [0xffffffff, 65537, 65536],
])('bits %i of a ring of %i are slot %i', (bits, size, slot) => {
  expect(fallbackSlot(bits, size)).toBe(slot);
});
