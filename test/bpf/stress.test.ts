/**
 * Two CPUs open, use, close and push out the same connections at the same
 * moment. After every burst each connection stands in the table once and every
 * count is exact.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataPlane } from './fixture.ts';
import { Random } from './model/random.ts';
import { disturb, expectConsistent, expectEachPacketCountedOnce, expireAll } from './stress-consistent.ts';
import { Crew } from './stress-crew.ts';
import { type Burst, OPENINGS } from './stress-openings.ts';
import { type Scheduler, server, service, VIP6, type World, world } from './world.ts';

const BUCKETS = 512;
const FLOWS = 2048;
const ROUNDS = Number(process.env['STRESS_ROUNDS'] ?? 20);
const SERVERS = 6;

let plane: DataPlane;
let crew: Crew<Burst>;
beforeAll(() => {
  plane = DataPlane.load({ buckets: BUCKETS });
  crew = new Crew(plane, OPENINGS);
});
afterAll(async () => {
  await crew.close();
  plane.close();
});

function start(scheduler: Scheduler, buckets = BUCKETS): void {
  plane.reset(stressWorld(scheduler, 0));
  plane.set({ bucket_mask: buckets - 1 }); // the first buckets only
}

function stressWorld(scheduler: Scheduler, round: number): World {
  const servers = [1, 2, 3, 4].map((n) =>
    server(n, { weight: n === 1 + (round % 4) ? 0 : n, available: round % 7 !== n }),
  );
  const ring = Array.from({ length: 31 }, (_, slot) => slot % 4);
  const fields = { scheduler, generation: round & 0xffff, ...(scheduler === 'mh' ? { ring } : {}) };
  const udp = [5, 6].map((n) => server(n));
  return world([
    service(servers, fields),
    service(servers, { ...fields, id: 2, address: VIP6 }),
    service(udp, { id: 3, protocol: 'udp' }),
    service(udp, { id: 4, protocol: 'udp', address: VIP6 }),
  ]);
}

test.each(['rr', 'wrr', 'mh'] as const)('%s: both CPUs open the same connections', async (scheduler) => {
  start(scheduler);
  plane.counted();
  for (let round = 0; round < ROUNDS; round++) {
    for (const flags of [['S'], 'udp'] as const) {
      await crew.send({ family: round % 2 ? 6 : 4, flags, flows: FLOWS, seed: null, repeat: FLOWS });
      expectConsistent(plane, SERVERS, `round ${round} ${flags}`);
    }
    const entries = plane.table.words.filter((word) => word !== 0n).length;
    expect(entries).toBeGreaterThan(FLOWS);
    expect(plane.counted()['connections_created']).toBe(entries); // never twice, not even for a moment
    expireAll(plane);
  }
});

test('both open, acknowledge, close and open again: entries change under the hands of the other CPU', async () => {
  start('rr');
  for (let round = 0; round < ROUNDS; round++) {
    const flags = round % 2 ? ['S', '.', 'F.', 'R'] : ['S', 'R'];
    await crew.send({ family: 4, flags, flows: 256, seed: BigInt(round + 1), repeat: 4 * FLOWS });
    expectConsistent(plane, SERVERS, `round ${round}`);
    expireAll(plane);
  }
});

const BUSY = [['S'], ['S', '.'], ['S', '.', 'F.', 'R'], ['S', 'R'], 'udp'] as const;

test.each(['rr', 'wrr', 'mh'] as const)(
  '%s: full buckets, time, sweeps and edits beside the packets',
  async (scheduler) => {
    start(scheduler, 32);
    const random = new Random(1);
    const before = crew.sent;
    plane.counted();
    for (let round = 1; round <= ROUNDS; round++) {
      const [family, flags, seed] = [
        random.pick([4, 6] as const),
        random.pick(BUSY),
        random.pick([null, BigInt(round)]),
      ];
      const burst = crew.send({ family, flags, flows: 1024, seed, repeat: 2 * FLOWS });
      await disturb(plane, burst, () => plane.configure(stressWorld(scheduler, round)));
      expectConsistent(plane, SERVERS, `round ${round}`);
    }
    expectEachPacketCountedOnce(plane, crew.sent - before);
  },
);

test('the CPUs really met', () => {
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});
