import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CALM, Lan, routerConfig } from '../../../test/vrrp/lan.ts';
import { nextDeadline, priorityOf } from './state.ts';
import { advertInterval, masterDown } from './timers.ts';
import type { Tracker } from './tracking.ts';

const SCRIPT: Tracker = { kind: 'script', name: 's', weight: -50, reverse: false };
const LINK: Tracker = { kind: 'interface', name: 'eth0', weight: 0, reverse: false };

const router = fc.record({
  priority: fc.constantFrom(1, 50, 100, 100, 150, 254, 255),
  preempt: fc.boolean(),
  advertBeforeYielding: fc.boolean(),
  silentToLower: fc.boolean(),
});
const disturbance = fc.record({
  router: fc.nat(4),
  wait: fc.nat(3000),
  event: fc.constantFrom('down', 'up', 'script down', 'script up', 'stop', 'start', 'kill', 'none', 'none'),
});
const scenario = fc.record({
  version: fc.constantFrom(2 as const, 3 as const),
  interval: fc.constantFrom(100, 200),
  routers: fc.array(router, { minLength: 2, maxLength: 5 }),
  disturbances: fc.array(disturbance, { maxLength: 12 }),
  weather: fc.record({ loss: fc.nat(100), repeated: fc.nat(60), delay: fc.nat(2500) }),
  seed: fc.nat(),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function play({ version, interval, routers, disturbances, weather, seed }: Scenario): Lan {
  const configs = routers.map((options, i) =>
    routerConfig(10 + i, { ...options, version, interval, trackers: [LINK, SCRIPT] }),
  );
  const lan = new Lan(configs, weather, seed);
  for (const i of configs.keys()) disturb(lan, i, 'up');
  for (const i of configs.keys()) disturb(lan, i, 'start');
  for (const { router: index, event, wait } of disturbances) {
    lan.run(wait);
    if (event !== 'kill' || lan.living.length > 1) disturb(lan, index % configs.length, event);
    checkDeadlines(lan);
  }
  // The weather clears: nothing is under way, and whoever lives is well.
  lan.flush();
  lan.weather = CALM;
  for (const i of configs.keys()) disturb(lan, i, 'up');
  for (const i of configs.keys()) disturb(lan, i, 'start');
  return lan;
}

function disturb(lan: Lan, router: number, event: string): void {
  if (event === 'kill') lan.kill(router);
  else if (event === 'start') lan.send(router, { type: 'start' });
  else if (event === 'stop') lan.send(router, { type: 'stop', deleted: false });
  else if (event === 'up' || event === 'down')
    lan.send(router, { type: 'track', key: 'interface eth0', status: event });
  else if (event !== 'none')
    lan.send(router, { type: 'track', key: 'script s', status: event === 'script up' ? 'up' : 'down' });
}

function checkDeadlines(lan: Lan): void {
  for (const state of lan.states) {
    const live = state.phase === 'BACKUP' || state.phase === 'MASTER';
    expect(live).toBe(state.deadline !== null);
    if (live) expect(nextDeadline(state)).toBeLessThanOrEqual(state.deadline!);
  }
}

test('one MASTER within a Master_Down_Interval and an interval after the loss ends, and it stays', () => {
  const property = fc.property(scenario, (given) => {
    const lan = play(given);
    const longest = Math.max(
      ...lan.living.map((state) => masterDown(state, priorityOf(state)) + advertInterval(state)),
    );
    lan.run(longest + 3 * CALM.delay);
    expect(lan.masters).toHaveLength(1);
    checkDeadlines(lan);
    const master = lan.masters[0]!.config.name;
    const highest = Math.max(...lan.living.map(priorityOf));
    if (given.routers.every(({ preempt }) => preempt)) expect(priorityOf(lan.masters[0]!)).toBe(highest);
    lan.run(20_000);
    expect(lan.masters.map(({ config }) => config.name)).toEqual([master]);
  });
  fc.assert(property, { numRuns: 500 });
});

test('a master that dies is followed within the longest Master_Down_Interval of those that are left', () => {
  const property = fc.property(scenario, (given) => {
    const lan = play({ ...given, disturbances: [], weather: CALM });
    lan.run(20_000);
    const [master] = lan.masters;
    lan.kill(lan.states.indexOf(master!));
    const longest = Math.max(...lan.living.map((state) => masterDown(state, priorityOf(state))));
    lan.run(longest + 2 * CALM.delay);
    expect(lan.masters).toHaveLength(1);
  });
  fc.assert(property, { numRuns: 100 });
});
