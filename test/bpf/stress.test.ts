/**
 * Two CPUs open, use, close and push out the same connections at the same
 * moment. After every burst each connection stands in the table once and every
 * count is exact.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unpackEntry } from './entry-word.ts';
import { DataPlane } from './fixture.ts';
import { Random } from './model/random.ts';
import { Crew } from './stress-crew.ts';
import { type Scheduler, server, service, VIP6, type World, world } from './world.ts';

const BUCKETS = 512;
const FLOWS = 2048;
const ROUNDS = Number(process.env['STRESS_ROUNDS'] ?? 20);
const SERVERS = 6;

let plane: DataPlane;
let crew: Crew;
beforeAll(() => {
  plane = DataPlane.load({ buckets: BUCKETS });
  crew = new Crew(plane);
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
  for (let round = 0; round < ROUNDS; round++) {
    for (const flags of [['S'], 'udp'] as const) {
      await crew.send({ family: round % 2 ? 6 : 4, flags, flows: FLOWS, seed: null, repeat: FLOWS });
      expectConsistent(`round ${round} ${flags}`);
    }
    expect(plane.table.words.filter((word) => word !== 0n).length).toBeGreaterThan(FLOWS);
    expireAll();
  }
});

test('both open, acknowledge, close and open again: entries change under the hands of the other CPU', async () => {
  start('rr');
  for (let round = 0; round < ROUNDS; round++) {
    const flags = round % 2 ? ['S', '.', 'F.', 'R'] : ['S', 'R'];
    await crew.send({ family: 4, flags, flows: 256, seed: BigInt(round + 1), repeat: 4 * FLOWS });
    expectConsistent(`round ${round}`);
    expireAll();
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
      await disturbedBy(crew.send({ family, flags, flows: 1024, seed, repeat: 2 * FLOWS }), scheduler, round);
      expectConsistent(`round ${round}`);
    }
    expectEachPacketCountedOnce(crew.sent - before);
  },
);

test('the CPUs really met', () => {
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});

async function disturbedBy(burst: Promise<void>, scheduler: Scheduler, round: number): Promise<void> {
  let running = true;
  const watched = burst.finally(() => {
    running = false;
  });
  // However fast the burst is: long enough for what is half open to expire.
  for (let step = 0; running || step < 8; step++) {
    plane.advance([1, 3, 11, 61][step % 4] ?? 1);
    plane.sweep();
    if (step % 8 === 0) plane.configure(stressWorld(scheduler, round));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await watched;
}

function expireAll(): void {
  plane.advance(901);
  plane.sweep();
  expect(plane.table.words.every((word) => word === 0n)).toBe(true);
}

/** Nobody is writing now. */
function expectConsistent(when: string): void {
  plane.sweep(); // dead entries are still counted, but not counted again
  plane.sweep(true);
  for (let id = 1; id <= SERVERS; id++) expect(plane.live(id), `${when}: server ${id}`).toEqual(plane.recounted(id));
  const places = new Map<string, number>();
  plane.table.words.forEach((word, number) => {
    if (word === 0n) return;
    if (unpackEntry(word).state === 'BUSY') expect.fail(`${when}: entry ${number} was never published`);
    const identity = plane.table.identity(number);
    if (places.has(identity)) expect.fail(`${when}: ${keyText(number)} stands in ${places.get(identity)} as well`);
    places.set(identity, number);
  });
}

function keyText(number: number): string {
  return JSON.stringify(plane.entries().find((entry) => entry.number === number)?.key);
}

function expectEachPacketCountedOnce(sent: number): void {
  const counted = plane.counted();
  const outcomes = Object.entries(counted).filter(([name]) => /^(forwarded$|pass_|drop_)/.test(name));
  expect(outcomes.reduce((sum, [, count]) => sum + count, 0)).toBe(sent);
  const packets = [1, 2, 3, 4].reduce((sum, id) => sum + (plane.traffic('service_traffic', id)['packets'] ?? 0), 0);
  expect(packets).toBe(counted['forwarded']);
  for (const name of ['connections_created', 'connections_expired']) expect(counted[name], name).toBeGreaterThan(0);
}
