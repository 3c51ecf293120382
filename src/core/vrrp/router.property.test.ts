import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentBy } from '../../../test/vrrp/advert-bytes.ts';
import { routerConfig } from '../../../test/vrrp/lan.ts';
import type { Address } from '../model/model.ts';
import type { InstanceConfig } from './config.ts';
import { type Router, type RouterEffect, routerDeadline, stepRouter } from './router.ts';
import { createInstance, type InstanceEvent } from './state.ts';
import { type Tracker, type TrackStatus, unknown } from './tracking.ts';

const KEYS = ['interface eth0', 'interface eth1', 'script s', 'file f'];
const tracker = (kind: Tracker['kind'], name: string, weight: number): Tracker => ({
  kind,
  name,
  weight,
  reverse: false,
});

/** Two members of a group and one alone. */
const CONFIGS: readonly InstanceConfig[] = [
  routerConfig(1, { name: 'in', vrid: 1, syncGroup: 'G', trackers: [tracker('interface', 'eth0', 0)] }),
  routerConfig(1, {
    name: 'out',
    vrid: 2,
    syncGroup: 'G',
    trackers: [tracker('interface', 'eth1', 0), tracker('script', 's', 0)],
  }),
  routerConfig(1, {
    name: 'one',
    vrid: 3,
    startupDelay: 500,
    trackers: [tracker('interface', 'eth0', -30), tracker('file', 'f', 1)],
  }),
];
const NAMES = CONFIGS.map(({ name }) => name);

const event: fc.Arbitrary<{ readonly instance?: string; readonly event: InstanceEvent }> = fc.oneof(
  fc
    .record({
      key: fc.constantFrom(...KEYS),
      status: fc.constantFrom<TrackStatus>('up', 'down', 'pending', 0, 1, -300),
    })
    .map((track) => ({ event: { type: 'track' as const, ...track } })),
  fc
    .tuple(
      fc.constantFrom(...CONFIGS),
      fc.constantFrom(0, 50, 100, 200, 255),
      fc.constantFrom('192.168.10.0', '192.168.10.9'),
    )
    .map(([config, priority, source]) => ({
      instance: config.name,
      event: { type: 'datagram' as const, datagram: sentBy(config, { source: source as Address, priority }) },
    })),
  fc
    .constantFrom(...NAMES)
    .map((instance) => ({ instance, event: { type: 'address-lost' as const, address: CONFIGS[0]!.addresses[0]! } })),
  fc.tuple(fc.constantFrom(...CONFIGS), fc.constantFrom(1, 100, 254, 255)).map(([config, priority]) => ({
    instance: config.name,
    event: { type: 'configure' as const, config: { ...config, priority } },
  })),
  fc.constantFrom({ type: 'start' as const }, { type: 'stop' as const, deleted: false }).map((one) => ({ event: one })),
  fc.constantFrom(...NAMES).map((instance) => ({ instance, event: { type: 'datagram' as const, datagram: null } })),
);
const events = fc.array(fc.tuple(fc.nat(4000), event), { maxLength: 40 });

class Director {
  router: Router = { instances: new Map(CONFIGS.map((config) => [config.name, createInstance(config)])) };
  now = 0;
  /** Which instances hold their addresses, by the effects alone. */
  readonly holding = new Set<string>();

  step(one: Parameters<typeof stepRouter>[1]): void {
    const [router, effects] = stepRouter(this.router, one, this.now);
    this.router = router;
    for (const effect of effects) this.#perform(effect);
    this.check();
  }

  run(duration: number): void {
    const end = this.now + duration;
    for (let next = routerDeadline(this.router); next !== null && next <= end; next = routerDeadline(this.router)) {
      this.now = Math.max(this.now, next);
      this.step({ event: { type: 'tick' } });
      // What was due is done: no tick asks for itself again.
      expect(routerDeadline(this.router) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(this.now);
    }
    this.now = end;
  }

  check(): void {
    for (const [name, { phase, deadline, transitions }] of this.router.instances) {
      if (phase === 'BACKUP' || phase === 'MASTER') expect(deadline).not.toBeNull();
      if (phase === 'FAULT') expect(deadline).toBeNull();
      expect(this.holding.has(name)).toBe(phase === 'MASTER');
      expect(transitions.length).toBeLessThanOrEqual(20);
    }
    // Of the group none is MASTER alone; none is in FAULT alone, unless it waits for a first result.
    const group = ['in', 'out'].map((name) => this.router.instances.get(name)!);
    if (group.some(({ phase }) => phase === 'INIT')) return;
    const alone = (phase: string) => group.filter((member) => member.phase === phase).length === 1;
    expect(alone('MASTER')).toBe(false);
    const waiting = group.some(({ config, statuses }) => unknown(config.trackers, statuses).length > 0);
    expect(alone('FAULT') && !waiting).toBe(false);
  }

  #perform(one: RouterEffect): void {
    if ('group' in one) return;
    if (one.effect.type === 'take') this.holding.add(one.instance);
    // Addresses are never announced or released by one that does not hold them.
    if (one.effect.type === 'announce' || one.effect.type === 'release')
      expect(this.holding.has(one.instance)).toBe(true);
    if (one.effect.type === 'release') this.holding.delete(one.instance);
  }
}

function play(given: readonly (readonly [number, Parameters<typeof stepRouter>[1]])[]): Director {
  const director = new Director();
  for (const [wait, one] of given) {
    director.run(wait);
    director.step(one);
  }
  return director;
}

test('whatever happens: deadlines, groups and held addresses stay in order', () => {
  fc.assert(
    fc.property(events, (given) => void play(given).run(10_000)),
    { numRuns: 200 },
  );
});

test('no event leaves an instance stuck: with all conditions met and nobody else, each becomes MASTER', () => {
  const property = fc.property(events, (given) => {
    const director = play(given);
    for (const key of KEYS) director.step({ event: { type: 'track', key, status: key === 'file f' ? 0 : 'up' } });
    director.step({ event: { type: 'start' } });
    // The startup delay, three intervals and a skew; a group may ask once more, an interval and a skew later.
    director.run(500 + 3000 + 1000 + 2000);
    for (const { phase } of director.router.instances.values()) expect(phase).toBe('MASTER');
  });
  fc.assert(property, { numRuns: 200 });
});
