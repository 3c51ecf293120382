import { beforeEach, describe, expect, it } from 'vitest';
import type { CounterTotals, TrafficTotals } from '../dataplane/traffic.ts';
import { Statistics, type Totals } from './statistics.ts';

let packets: number;
let source: Totals;
const pause = async () => {};
beforeEach(() => {
  packets = 100;
  const totals = (): TrafficTotals => ({
    ...{ connections: packets / 10, packets, bytes: packets * 100 },
    ...{ outPackets: packets * 2, outBytes: packets * 200 },
  });
  source = { service: totals, server: totals, counters: () => ({ forwarded: packets }) as CounterTotals };
});
const IDS = { services: [1], servers: [2] };

describe('Statistics', () => {
  it('counts from the last zero on, each id for itself', () => {
    const statistics = new Statistics(source);
    statistics.zero(IDS);
    packets = 150;
    expect(statistics.service(1)).toEqual({
      ...{ connections: 5, packets: 50, bytes: 5000 },
      ...{ outPackets: 100, outBytes: 10_000 },
    });
    expect(statistics.server(2).packets).toBe(50);
    expect(statistics.server(1).packets).toBe(150);
  });

  it('keeps where it was zeroed over a restart', () => {
    const statistics = new Statistics(source);
    statistics.zero(IDS);
    packets = 150;
    expect(new Statistics(source, statistics.zeroed).service(1).packets).toBe(50);
    expect(new Statistics(source).service(1).packets).toBe(150);
  });

  it('forgets the zero of an id that has a new owner', () => {
    const statistics = new Statistics(source);
    statistics.zero(IDS);
    packets = 3;
    expect(statistics.service(1).packets).toBe(0);
    statistics.applied([{ op: 'zero', serviceIds: [1], serverIds: [2] }]);
    expect(statistics.service(1).packets).toBe(3);
    expect(statistics.server(2).packets).toBe(3);
    expect(statistics.zeroed).toEqual({ services: [], servers: [] });
  });

  it('has rates per second, which zeroing leaves alone', async () => {
    const statistics = new Statistics(source);
    await statistics.tick(IDS, 0, pause);
    packets = 900;
    statistics.zero(IDS);
    await statistics.tick(IDS, 2000, pause);
    expect(statistics.serviceRates(1).packets).toBe(100);
    expect(statistics.serverRates(2).packets).toBe(100);
    expect(statistics.counters().rates['forwarded']).toBe(100);
    expect(statistics.serviceRates(7).packets).toBe(0);
  });
});
