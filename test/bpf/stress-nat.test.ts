/**
 * Masquerading from two CPUs at once: requests open, use and close the same
 * connections while real servers answer. Nothing that is forwarded has a wrong
 * checksum or the wrong ends, each connection has one real server and one way
 * back, and every count is exact.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ends } from '../support/packet-print.ts';
import { expectChecksums } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import { Random } from './model/random.ts';
import { disturb, expectConsistent, expectForwardedCounted, expireAll } from './stress-consistent.ts';
import { Crew } from './stress-crew.ts';
import { NAT, type NatBurst } from './stress-nat.ts';
import { type Scheduler, type ServerConfig, server, service, VIP4, VIP6, type World, world } from './world.ts';

const BUCKETS = 1024;
const FLOWS = 1024;
const ROUNDS = Math.ceil(Number(process.env['STRESS_ROUNDS'] ?? 20) / 3);
const SERVERS = 16;
const TALK = ['S', '>S.', '.', '>.'];

let plane: DataPlane;
let crew: Crew<NatBurst>;
beforeAll(() => {
  plane = DataPlane.load({ buckets: BUCKETS });
  crew = new Crew(plane, NAT);
});
afterAll(async () => {
  await crew.close();
  plane.close();
});

function start(scheduler: Scheduler, buckets = BUCKETS): void {
  plane.reset(natWorld(scheduler, 0));
  plane.set({ bucket_mask: buckets - 1 }); // the first buckets only
}

/** Four services, each with four real servers of its own; every other one has another port than the service. */
function natWorld(scheduler: Scheduler, round: number): World {
  const servers = (first: number, family: 4 | 6): ServerConfig[] =>
    [0, 1, 2, 3].map((n) =>
      server(first + n, {
        ...{ family, method: 'nat', nextHop: n, port: n % 2 ? 8080 : 80 },
        ...{ weight: n === round % 4 ? 0 : n + 1, available: round % 7 !== n + 1 },
      }),
    );
  const fields = { scheduler, generation: round & 0xffff };
  return world([
    service(servers(1, 4), fields),
    service(servers(5, 6), { ...fields, id: 2, address: VIP6 }),
    service(servers(9, 4), { ...fields, id: 3, protocol: 'udp' }),
    service(servers(13, 6), { ...fields, id: 4, protocol: 'udp', address: VIP6 }),
  ]);
}

/** Afterwards answers come from where the next requests go. */
async function send(burst: NatBurst): Promise<void> {
  forgetWhereRequestsWent();
  await crew.send(burst);
}

test.each(['rr', 'mh'] as const)('%s: both CPUs open the same connections and answer them', async (scheduler) => {
  start(scheduler);
  for (let round = 0; round < ROUNDS; round++) {
    for (const protocol of ['tcp', 'udp'] as const) {
      const [family, skew] = [round % 2 ? 6 : 4, round % 3] as const;
      await send({ family, kinds: TALK, protocol, skew, flows: FLOWS, seed: null, repeat: 4 * FLOWS });
      const when = `round ${round} ${protocol}`;
      expectRight(when);
      expectPaired(when, FLOWS);
      if (round >= ROUNDS - 2) expectAnswered(when); // both families
      // Of two first packets at the same moment one may have gone to a server that the connection does not have. Never later.
      await send({
        family,
        kinds: ['.', '>.'],
        protocol,
        skew,
        flows: FLOWS,
        seed: BigInt(round + 1),
        repeat: 4 * FLOWS,
      });
      expectRight(when);
      expect({ lost: crew.tally('lost'), two: crew.tally('two_servers') }, when).toEqual({ lost: 0, two: 0 });
      expireAll(plane);
    }
  }
});

test('both open, answer, close and open again, in any order', async () => {
  start('rr');
  for (let round = 0; round < ROUNDS; round++) {
    const kinds = [...TALK, 'F.', '>F.', 'S', round % 2 ? 'R' : '>R'];
    const [skew, seed] = [round % 4, BigInt(round + 1)];
    await send({ family: 4, kinds, protocol: 'tcp', skew, flows: 256, seed, repeat: 8 * FLOWS });
    expectRight(`round ${round}`);
    expireAll(plane);
  }
});

test.each(['rr', 'mh'] as const)('%s: full buckets, time, sweeps and edits beside the packets', async (scheduler) => {
  start(scheduler, 32);
  const random = new Random(1);
  for (let round = 1; round <= ROUNDS; round++) {
    const family = random.pick([4, 6] as const);
    const protocol = random.pick(['tcp', 'tcp', 'udp'] as const);
    const kinds = random.pick([TALK, [...TALK, 'F.', '>F.', '.', 'R']]);
    const [skew, seed] = [random.below(4), random.pick([null, BigInt(round)])];
    const burst = send({ family, kinds, protocol, skew, flows: FLOWS, seed, repeat: 4 * FLOWS });
    await disturb(plane, burst, () => plane.configure(natWorld(scheduler, round)));
    expectRight(`round ${round}`);
    expireAll(plane);
  }
  // Answers of connections that are gone are nobody's, and not counted.
  expectForwardedCounted(plane, plane.counted());
});

test('the CPUs really met', () => {
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});

function forgetWhereRequestsWent(): void {
  const nowhere = { address: new Array<number>(16).fill(0), port: 0, pad: 0 };
  const all = Array.from({ length: 2048 }, (_, flow): [number, unknown] => [flow, nowhere]);
  crew.lockstep.map<number, unknown>('went').setBatch(all);
}

/** What the lockstep program saw leave, and what stands in the table now. */
function expectRight(when: string): void {
  expect({ bad: crew.tally('bad'), strayed: crew.tally('strayed') }, when).toEqual({ bad: 0, strayed: 0 });
  expect(crew.tally('requests'), when).toBeGreaterThan(0);
  expect(crew.tally('replies'), when).toBeGreaterThan(0);
  expectConsistent(plane, SERVERS, when);
}

/** Each connection has one entry for its replies, and each of those has its connection. */
function expectPaired(when: string, connections: number): void {
  const entries = plane.entries();
  const opened = entries.filter(({ state }) => state !== 'REPLY').map(({ number }) => number);
  // A reply's key has the number of its connection there.
  const answered = entries.filter(({ state }) => state === 'REPLY').map(({ key }) => key.realServer);
  expect(opened, when).toHaveLength(connections);
  expect(
    answered.toSorted((a, b) => a - b),
    when,
  ).toEqual(opened.toSorted((a, b) => a - b));
}

/** Every connection's real server is heard, and as the VIP. */
function expectAnswered(when: string): void {
  const entries = plane.entries();
  const connections = new Map(entries.map((entry) => [entry.number, entry.key]));
  for (const { state, key } of entries) {
    if (state !== 'REPLY') continue;
    const connection = connections.get(key.realServer);
    const { source: src, destination: dst, sport, dport } = key;
    const ip = src.includes(':') ? arriving().ipv6({ src, dst }) : arriving().ipv4({ src, dst });
    const isUdp = (connection?.service ?? 0) > 2;
    const { frame } = plane.run((isUdp ? ip.udp({ sport, dport }) : ip.tcp({ sport, dport, flags: '.' })).build());
    expect(ends(frame), when).toBe(
      `${src.includes(':') ? VIP6 : VIP4}:80 > ${connection?.source}:${connection?.sport}`,
    );
    expectChecksums(frame);
  }
}
