import { expect, test } from 'vitest';
import { addressFamily, type Family } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { drawFlows, paced } from './traffic.ts';

const VIP = '192.0.2.10' as Address;
const CROWD = { flows: 20_000, clients: null, destinations: 1, family: 4 as Family };

test('a seed draws the same flows again, another seed others', () => {
  expect(drawFlows(CROWD, 7)).toEqual(drawFlows(CROWD, 7));
  expect(drawFlows(CROWD, 8)).not.toEqual(drawFlows(CROWD, 7));
});

test.each([4, 6] as const)('IPv%d: as many clients and destinations as asked', (family) => {
  const flows = drawFlows({ ...CROWD, family, clients: 50, destinations: 9 }, 1);
  const [sources, goals] = [new Set(flows.map((f) => f.source)), new Set(flows.map((f) => f.destination))];
  expect([sources.size, goals.size]).toEqual([50, 9]);
  for (const address of [...sources, ...goals]) expect(addressFamily(address!)).toBe(family);
  expect(new Set(flows.map((f) => f.destination === null))).toEqual(new Set([false]));
});

test('connections come and last as the pace says, in the mean', () => {
  const { arrivals } = paced(drawFlows(CROWD, 1), VIP, { rate: 100, duration: 10 }, 1);
  expect(arrivals.at(-1)!.at).toBeGreaterThan(190);
  expect(arrivals.at(-1)!.at).toBeLessThan(210);
  const lasting = arrivals.reduce((sum, { lasts }) => sum + lasts, 0) / arrivals.length;
  expect(lasting).toBeGreaterThan(9.5);
  expect(lasting).toBeLessThan(10.5);
  expect(arrivals[0]!.destination).toBe(VIP);
});

test('what a trace says holds, in the order of time', () => {
  const flow = { source: VIP, sourcePort: 1, destination: null };
  const flows = [
    { ...flow, at: 5, lasts: 0 },
    { ...flow, at: 1, lasts: 9 },
    { ...flow, at: 1, lasts: null },
  ];
  const { arrivals, closings } = paced(flows, VIP, { rate: 1, duration: Number.POSITIVE_INFINITY }, 1);
  expect(arrivals.map(({ at, lasts }) => [at, lasts])).toEqual([
    [1, 9],
    [1, Number.POSITIVE_INFINITY],
    [5, 0],
  ]);
  expect([...closings]).toEqual([2, 0, 1]);
});
