/** Commands and connections in random order: what is compiled and loaded decides as the kernel's lists do. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/model/model.ts';
import { choose, initialState } from '../../src/core/scheduler/scheduler.ts';
import type { ChunkName } from '../support/packet-layers.ts';
import { CompiledPlane } from './compiled.ts';
import { DataPlane } from './fixture.ts';
import { arriving, tcp4 } from './frames.ts';
import { KernelList } from './model/kernel-list.ts';
import { Random } from './model/random.ts';
import { CLIENT4, VIP4, world } from './world.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const STEPS = 4000;
const SERVICE = { protocol: 'tcp', address: VIP4 as Address, port: 80 } as const;

let plane: DataPlane;
let compiled: CompiledPlane;
beforeAll(() => {
  plane = DataPlane.load({ buckets: 4096 });
});
beforeEach(() => {
  plane.reset(world([]));
  compiled = new CompiledPlane(plane);
});
afterAll(() => plane.close());

function address(n: number): Address {
  return `192.0.2.${200 + n}` as Address;
}

describe.each(['rr', 'wrr'] as const)('%s', (scheduler) => {
  test(`${STEPS} steps, seed ${SEED}`, () => {
    const random = new Random(SEED);
    const list = new KernelList(scheduler);
    compiled.do({ type: 'service.add', service: { ...SERVICE, scheduler } });
    for (let step = 0; step < STEPS; step++) {
      if (random.once(3)) edit(random, list);
      const frame = tcp4({ sport: 1024 + (step % 64000) }, { src: `198.51.${Math.floor(step / 64000)}.7` });
      expect(compiled.chosen(frame), `step ${step}, seed ${SEED}`).toBe(list.choose());
    }
  });
});

/** One command, to the product and to the list. */
function edit(random: Random, list: KernelList): void {
  const n = random.below(8);
  const server = { address: address(n), port: SERVICE.port };
  const weight = random.pick([0, 1, 1, 2, 3, 4, 6, 8, 10, 100]);
  const isThere = list.servers.some((entry) => entry.address === server.address);
  if (!isThere) {
    compiled.do({ type: 'server.add', service: SERVICE, server: { ...server, weight } });
    list.add(server.address, weight);
  } else if (random.once(2)) {
    compiled.do({ type: 'server.delete', service: SERVICE, server });
    list.delete(server.address);
  } else {
    compiled.do({ type: 'server.edit', service: SERVICE, server: { ...server, weight } });
    list.setWeight(server.address, weight);
  }
}

describe('connections through edits', () => {
  const add = (n: number, weight = 1): void =>
    compiled.do({ type: 'server.add', service: SERVICE, server: { address: address(n), port: 80, weight } });
  const remove = (n: number): void =>
    compiled.do({ type: 'server.delete', service: SERVICE, server: { address: address(n), port: 80 } });

  beforeEach(() => {
    compiled.do({ type: 'service.add', service: { ...SERVICE, scheduler: 'rr' } });
    for (const n of [1, 2, 3]) add(n);
  });

  test('stay where they are while servers come, go and change', () => {
    const servers = new Map(
      Array.from({ length: 30 }, (_, n) => [1000 + n, compiled.chosen(tcp4({ sport: 1000 + n }))]),
    );
    add(4);
    remove(2);
    compiled.do({ type: 'server.edit', service: SERVICE, server: { address: address(1), port: 80, weight: 5 } });
    for (const [sport, chosen] of servers) {
      const expected = chosen === address(2) ? null : chosen;
      expect(compiled.chosen(tcp4({ sport, flags: '.' }))).toBe(expected);
    }
    add(2);
    for (const [sport, chosen] of servers) expect(compiled.chosen(tcp4({ sport, flags: '.' }))).toBe(chosen);
  });

  test('survive their service being deleted and added again', () => {
    const before = Array.from({ length: 9 }, (_, sport) => compiled.chosen(tcp4({ sport })));
    compiled.do({ type: 'service.delete', service: SERVICE });
    expect(plane.run(tcp4({ sport: 0, flags: '.' })).verdict).toBe('pass');
    compiled.do({ type: 'service.add', service: { ...SERVICE, scheduler: 'rr' } });
    for (const n of [1, 2, 3]) add(n);
    expect(Array.from({ length: 9 }, (_, sport) => compiled.chosen(tcp4({ sport, flags: '.' })))).toEqual(before);
  });

  test('a drained server keeps its connections and gets no new ones', () => {
    const server = { address: address(3), port: 80 };
    const before = Array.from({ length: 9 }, (_, sport) => compiled.chosen(tcp4({ sport })));
    const admin = { action: 'drain', by: 'root', at: 0, reason: '' } as const;
    compiled.do({ type: 'server.drain', service: SERVICE, server, admin });
    expect(Array.from({ length: 9 }, (_, sport) => compiled.chosen(tcp4({ sport, flags: '.' })))).toEqual(before);
    const later = Array.from({ length: 20 }, (_, sport) => compiled.chosen(tcp4({ sport: 100 + sport })));
    expect(new Set(later)).toEqual(new Set([address(1), address(2)]));
  });
});

test('a service of SCTP, its connections counted by their states', () => {
  const service = { ...SERVICE, protocol: 'sctp' } as const;
  compiled.do({ type: 'service.add', service: { ...service, scheduler: 'lc' } });
  for (const n of [1, 2]) compiled.do({ type: 'server.add', service, server: { address: address(n), port: 80 } });
  const sctp = (sport: number, chunk: ChunkName): string | null => {
    const packet = arriving().ipv4({ src: CLIENT4, dst: VIP4 });
    return compiled.chosen(packet.sctp({ sport, dport: 80, chunks: [chunk] }).build());
  };
  expect([sctp(1, 'INIT'), sctp(2, 'INIT'), sctp(1, 'COOKIE_ECHO')]).toEqual([address(2), address(1), address(2)]);
  expect([compiled.live(address(1)), compiled.live(address(2))]).toEqual([
    { active: 0, inactive: 1 },
    { active: 1, inactive: 0 },
  ]);
});

test('mh with 65,537 slots: each flow where the core says, each server its share', () => {
  const options = { ringSize: 65_537, port: true };
  compiled.do({ type: 'service.add', service: { ...SERVICE, scheduler: 'mh', options } });
  const weights = new Map([1, 2, 3, 4, 5].map((n) => [address(n), n]));
  for (const [server, weight] of weights) {
    compiled.do({ type: 'server.add', service: SERVICE, server: { address: server, port: 80, weight } });
  }
  const counts = new Map<string | null, number>();
  const random = new Random(SEED);
  const flows = 15_000;
  const state = initialState(compiled.service);
  for (let flow = 0; flow < flows; flow++) {
    const source = `${1 + random.below(220)}.${random.below(256)}.${random.below(256)}.7` as Address;
    const sport = 1024 + random.below(64000);
    const chosen = compiled.chosen(tcp4({ sport, flags: 'S' }, { src: source }));
    const [expected] = choose(compiled.service, state, { source, sourcePort: sport, destination: SERVICE.address });
    expect(chosen, `${source}:${sport}, seed ${SEED}`).toBe(expected?.key.address ?? null);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  for (const [server, weight] of weights) {
    const share = (counts.get(server) ?? 0) / flows;
    expect(Math.abs(share - weight / 15), `${server} has ${share}, seed ${SEED}`).toBeLessThan(0.02);
  }
});
