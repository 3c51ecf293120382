import { describe, expect, test } from 'vitest';
import type { Address, AdminState, SchedulerName, VirtualService } from '../model/model.ts';
import { buildTable } from './maglev.ts';
import { fallbackSlot, ringOf } from './ring.ts';

const plain = { persistence: null, onePacket: false, engine: null };
const drained: AdminState = { action: 'drain', by: 'anna', at: 0, reason: '' };

function service(scheduler: SchedulerName, weights: readonly number[], more: object = {}): VirtualService {
  const servers = weights.map((weight, i) => ({
    key: { address: `10.0.${i >> 8}.${i & 255}` as Address, port: 80 },
    ...({ method: 'dr', weight, upperThreshold: 0, lowerThreshold: 0, admin: null, ...more } as const),
  }));
  const key = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
  return { key, scheduler, options: { port: false, fallback: false, ringSize: 509 }, ...plain, servers };
}

const equal = (count: number) => new Array<number>(count).fill(1);

describe('a fallback ring', () => {
  test.each([
    [0, 0],
    [1, 1021],
    [51, 1021],
    [52, 4093],
    [205, 16381],
    [820, 65537],
    [4000, 65537],
  ])('of %i servers has %i slots', (count, size) => {
    expect(ringOf(service('rr', equal(count)))).toHaveLength(size);
  });

  test('has no part for servers that take no new connections', () => {
    expect(new Set(ringOf(service('wrr', [0, 1, 2])))).toEqual(new Set([1, 2]));
    expect(ringOf(service('rr', [0, 0]))).toHaveLength(0);
    expect(ringOf(service('rr', [1], { admin: drained }))).toHaveLength(0);
  });

  test.each([
    [0, 1021, 0],
    [0xffffffff, 1021, 1020],
    [0x80000000, 1021, 510],
    [0xffffffff, 65537, 65536],
  ])('bits %i: of %i slots it is %i', (bits, size, slot) => {
    expect(fallbackSlot(bits, size)).toBe(slot);
  });
});

describe('the ring of an mh service', () => {
  test('has its size, and a part for servers whose weight is 0 now', () => {
    const withLast = service('mh', [0, 0], { lastWeight: 3 });
    const servers = withLast.servers.map(({ key }) => ({ key, weight: 3 }));
    expect(ringOf(withLast)).toEqual(buildTable(servers, 509, 4));
    expect(ringOf(service('mh', [0, 0]))).toHaveLength(0);
  });

  test('has none for drained servers', () => {
    expect(ringOf(service('mh', [3, 3], { admin: drained }))).toHaveLength(0);
  });
});

test('is built once for a service', () => {
  const one = service('rr', equal(3));
  expect(ringOf(one)).toBe(ringOf(one));
});
