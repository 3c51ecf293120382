import { describe, expect, test } from 'vitest';
import type { ServerSpec, ServiceSpec } from '../model/command.ts';
import type { Address, SchedulerOptions } from '../model/model.ts';
import { SCHEDULER_NAMES, type SchedulerName } from '../model/schedulers.ts';
import { REMOVALS, type Removal } from './removal.ts';
import { type Simulation, simulate } from './simulate.ts';
import type { TraceFlow } from './trace.ts';
import { drawFlows, paced } from './traffic.ts';

const VIP = '192.0.2.10' as Address;
const PACE = { rate: 100, duration: 10 };
const FLOWS = drawFlows({ flows: 6000, clients: null, destinations: 64, family: 4 }, 1);

interface Case {
  readonly scheduler: SchedulerName;
  readonly weights: readonly number[];
  readonly options?: Partial<SchedulerOptions>;
  /** Place of the server that goes. */
  readonly removed?: number;
  readonly by?: Removal;
  readonly flows?: readonly TraceFlow[];
  readonly pace?: typeof PACE;
}

function simulated({
  scheduler,
  weights,
  options,
  removed,
  by = 'delete',
  flows = FLOWS,
  pace = PACE,
}: Case): Simulation {
  const service: ServiceSpec = { protocol: 'tcp', address: VIP, port: 80, scheduler, options };
  const servers = weights.map((weight, i): ServerSpec => ({ address: `10.0.0.${i + 1}` as Address, port: 80, weight }));
  const removal = removed === undefined ? null : { server: servers[removed]!, by };
  const result = simulate({ service, servers, removed: removal }, paced(flows, VIP, pace, 1), 1);
  if ('code' in result) throw new Error(result.message);
  return result;
}

/** Of the first 6, who gets each: arrivals a second apart, each open for `lasts`. */
function sequence(lasts: number): TraceFlow[] {
  const source = '198.51.100.7' as Address;
  return Array.from({ length: 6 }, (_, at) => ({ source, sourcePort: 1024 + at, destination: null, at, lasts }));
}

const countsOf = ({ servers }: Simulation['before']) => servers.map(({ connections }) => connections);

describe.each(SCHEDULER_NAMES)('%s', (scheduler) => {
  test('every connection is placed or refused; shares and fair shares add up', () => {
    const { before } = simulated({ scheduler, weights: [3, 2, 1] });
    expect(countsOf(before).reduce((sum, count) => sum + count)).toBe(before.placed);
    expect(before.placed + before.refused).toBe(6000);
    expect(before.servers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(before.servers.map(({ fair }) => fair)).toEqual([3 / 6, 2 / 6, 1 / 6]);
    expect(before.servers.map(({ key }) => key.address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  });

  test.each(REMOVALS)('by %s: nothing of the one that goes can stay', (by) => {
    const { before, change } = simulated({ scheduler, weights: [3, 2, 1], removed: 0, by });
    expect(change!.unavoidable).toBe(countsOf(before)[0]);
    expect(change!.moved).toBeGreaterThanOrEqual(change!.unavoidable);
    const left = change!.after.servers.find(({ key }) => key.address === '10.0.0.1');
    expect(left?.connections ?? 0).toBe(0);
  });

  test('the same again gives the same', () => {
    const same = { scheduler, weights: [3, 2, 1], removed: 1 };
    expect(simulated(same)).toEqual(simulated(same));
  });
});

test.each<[SchedulerName, number]>([
  ['wrr', 1.001],
  ['wlc', 1.1],
  ['mh', 1.1],
])('%s spreads by weight: skew below %d', (scheduler, skew) => {
  expect(simulated({ scheduler, weights: [3, 2, 1] }).before.skew).toBeLessThan(skew);
});

test.each<[SchedulerName, number[]]>([
  ['rr', [2000, 2000, 2000]],
  ['fo', [6000, 0, 0]],
])('%s is measured by weights all the same', (scheduler, counts) => {
  const { before } = simulated({ scheduler, weights: [3, 2, 1] });
  expect([countsOf(before), before.skew]).toEqual([counts, 2]);
});

test('mh moves little but what it must; sh and rr move most', () => {
  const moved = (scheduler: SchedulerName) => {
    const { change } = simulated({ scheduler, weights: [1, 1, 1, 1, 1], removed: 2, options: { ringSize: 65537 } });
    return (change!.moved - change!.unavoidable) / 6000;
  };
  expect(moved('mh')).toBeLessThan(0.01);
  expect(moved('sh')).toBeGreaterThan(0.4);
  expect(moved('rr')).toBeGreaterThan(0.4);
});

test('an mh server of weight 0 keeps its slots: their flows are refused, or go to others with fallback', () => {
  const quiesced = { scheduler: 'mh', weights: [1, 1, 1], removed: 0, by: 'weight' } as const;
  const refusing = simulated(quiesced);
  expect(refusing.change!.after.refused).toBe(countsOf(refusing.before)[0]);
  expect(simulated({ ...quiesced, options: { fallback: true } }).change!.after.refused).toBe(0);
  expect(simulated({ ...quiesced, by: 'drain' }).change!.after.refused).toBe(0);
});

test.each<[SchedulerName, number, number[]]>([
  // One at a time: the server added last is always the first of equals.
  ['nq', 0.5, [0, 0, 6]],
  ['nq', 100, [2, 2, 2]],
  // Two fit where the weight is 1, for one connection more is let in than the weight says.
  ['ovf', 100, [2, 2, 2]],
  ['ovf', 2.5, [0, 2, 4]],
])('%s counts connections of %d s', (scheduler, lasts, counts) => {
  expect(countsOf(simulated({ scheduler, weights: [1, 1, 1], flows: sequence(lasts) }).before)).toEqual(counts);
});

test('lc heeds closed connections until they are forgotten', () => {
  // The first is closed and inactive at second 1, and forgotten at second 200.
  const at = (second: number) => ({ ...sequence(0)[0]!, at: second, lasts: 0.1 });
  const { before } = simulated({ scheduler: 'lc', weights: [1, 1], flows: [at(0), at(1), at(200)] });
  expect(countsOf(before)).toEqual([1, 2]);
  expect(countsOf(simulated({ scheduler: 'lc', weights: [1, 1], flows: [at(0), at(200)] }).before)).toEqual([0, 2]);
});

test('the peak is what was active at one time', () => {
  const { before } = simulated({ scheduler: 'fo', weights: [1], flows: sequence(2.5) });
  expect(before.servers[0]!.peak).toBe(3);
});

test('with the last one gone everything is refused', () => {
  const { change } = simulated({ scheduler: 'wlc', weights: [1], removed: 0 });
  expect(change!.after).toMatchObject({ servers: [], placed: 0, refused: 6000, skew: null });
  expect(simulated({ scheduler: 'wlc', weights: [0, 0] }).before).toMatchObject({ refused: 6000, skew: null });
});

test('what is no service is refused in the words of the model', () => {
  const service = { protocol: 'tcp', address: VIP, port: 80, options: { ringSize: 4094 } } as const;
  const result = simulate({ service, servers: [], removed: null }, paced([], VIP, PACE, 1), 1);
  expect(result).toMatchObject({
    path: 'service.options.ringSize',
    message: 'found 4094, expected a prime, like 4099',
  });
});
