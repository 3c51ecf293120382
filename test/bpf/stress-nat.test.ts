/**
 * NAT and fullnat from two CPUs at once: requests open, use and close the same
 * connections, or different ones, while real servers answer. Nothing that is
 * forwarded has a wrong checksum or the wrong ends, each connection has one real
 * server and one way back, no two have one local port, and every count is exact.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataPlane } from './fixture.ts';
import { Random } from './model/random.ts';
import { disturb, expectForwardedCounted, expireAll } from './stress-consistent.ts';
import { Crew } from './stress-crew.ts';
import { insideOf, LOCALS, NAT, type NatBurst } from './stress-nat.ts';
import { expectAnswered, expectPaired, expectRight, forgetWhereRequestsWent } from './stress-nat-right.ts';
import { type Scheduler, type ServerConfig, server, service, VIP6, type World, world } from './world.ts';

const BUCKETS = 1024;
const FLOWS = 1024;
const ROUNDS = Number(process.env['STRESS_ROUNDS'] ?? 20);
const NAT_ROUNDS = Math.ceil(ROUNDS / 3);
const FULLNAT_ROUNDS = Math.ceil(ROUNDS / 7);
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

type Method = NatBurst['method'];

interface Setting {
  readonly method: Method;
  readonly scheduler: Scheduler;
  /** Real servers are of the other family. */
  readonly isCross?: boolean;
  /** Of a local address of each family. */
  readonly ports?: number;
}

function start(setting: Setting, buckets = BUCKETS): void {
  plane.reset(natWorld(setting, 0));
  plane.set({ bucket_mask: buckets - 1 }); // the first buckets only
}

/** Four services, each with four real servers of its own; every other one has another port than the service. */
function natWorld({ method, scheduler, isCross = false, ports = 60_000 }: Setting, round: number): World {
  const servers = (first: number, family: 4 | 6): ServerConfig[] =>
    [0, 1, 2, 3].map((n) =>
      server(first + n, {
        ...{ family: insideOf(family, isCross), method, nextHop: n, port: n % 2 ? 8080 : 80 },
        ...{ weight: n === round % 4 ? 0 : n + 1, available: round % 7 !== n + 1 },
      }),
    );
  const fields = { scheduler, generation: round & 0xffff };
  const locals = Object.values(LOCALS).map((address) => ({ address, first: 1024, last: 1023 + ports }));
  const services = [
    service(servers(1, 4), fields),
    service(servers(5, 6), { ...fields, id: 2, address: VIP6 }),
    service(servers(9, 4), { ...fields, id: 3, protocol: 'udp' }),
    service(servers(13, 6), { ...fields, id: 4, protocol: 'udp', address: VIP6 }),
  ];
  return world(services, { locals });
}

/** Afterwards answers come from where the next requests go. */
async function send(burst: NatBurst): Promise<void> {
  forgetWhereRequestsWent(crew);
  await crew.send(burst);
}

const EACH = [
  { method: 'nat', scheduler: 'rr', rounds: NAT_ROUNDS },
  { method: 'nat', scheduler: 'mh', rounds: NAT_ROUNDS },
  { method: 'fullnat', scheduler: 'rr', rounds: FULLNAT_ROUNDS },
  { method: 'fullnat', scheduler: 'rr', rounds: 2, isCross: true },
] as const;

describe.each<Setting & { rounds: number }>(EACH)('$method, $scheduler, other family: $isCross', (setting) => {
  const { method, rounds, isCross = false } = setting;

  test('both CPUs open the same connections and answer them', async () => {
    start(setting);
    for (let round = 0; round < rounds; round++) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const [family, skew] = [round % 2 ? 6 : 4, round % 3] as const;
        const burst = { method, family, isCross, kinds: TALK, protocol, skew, shift: 0, flows: FLOWS, seed: null };
        await send({ ...burst, repeat: 4 * FLOWS });
        const when = `round ${round} ${protocol}`;
        expectSettled(when);
        expect(expectPaired(plane, setting, when)).toHaveLength(FLOWS);
        if (round >= rounds - 2) expectAnswered(plane, when); // both families
        expect(crew.tally('two_servers'), when).toBe(0);
        await send({ ...burst, kinds: ['.', '>.'], seed: BigInt(round + 1), repeat: 4 * FLOWS });
        expectSettled(when);
        expect({ lost: crew.tally('lost'), two: crew.tally('two_servers') }, when).toEqual({ lost: 0, two: 0 });
        expireAll(plane);
      }
    }
  });

  test('both open, answer, close and open again, in any order', async () => {
    start(setting);
    for (let round = 0; round < rounds; round++) {
      const kinds = [...TALK, 'F.', '>F.', 'S', round % 2 ? 'R' : '>R'];
      const burst = { method, family: 4, isCross, kinds, protocol: 'tcp', skew: round % 4, shift: round % 5 } as const;
      await send({ ...burst, flows: 256, seed: BigInt(round + 1), repeat: 8 * FLOWS });
      expectSettled(`round ${round}`);
      if (method === 'fullnat') expectPaired(plane, setting, `round ${round}`);
      expireAll(plane);
    }
  });

  test('full buckets, time, sweeps and edits beside the packets', async () => {
    start(setting, 32);
    const random = new Random(1);
    const forwarded = { requests: 0, replies: 0 };
    for (let round = 1; round <= rounds; round++) {
      const family = random.pick([4, 6] as const);
      const protocol = random.pick(['tcp', 'tcp', 'udp'] as const);
      const kinds = random.pick([TALK, [...TALK, 'F.', '>F.', '.', 'R']]);
      const [skew, seed] = [random.below(4), random.pick([null, BigInt(round)])];
      const burst = { method, family, isCross, kinds, protocol, skew, shift: random.below(3), flows: FLOWS, seed };
      const sent = send({ ...burst, repeat: 4 * FLOWS });
      await disturb(plane, sent, () => plane.configure(natWorld(setting, round)));
      expectRight(plane, crew, SERVERS, `round ${round}`);
      forwarded.requests += crew.tally('requests');
      forwarded.replies += crew.tally('replies');
      if (method === 'fullnat') expectPaired(plane, setting, `round ${round}`);
      expireAll(plane);
    }
    expect(forwarded.requests).toBeGreaterThan(0);
    expect(forwarded.replies).toBeGreaterThan(0);
    // Answers of connections that are gone are nobody's, and not counted.
    expectForwardedCounted(plane, plane.counted());
  });
});

describe('fullnat with few ports', () => {
  const setting = { method: 'fullnat', scheduler: 'rr' } as const;

  test.each([1, 5, 32])('%i: who gets none is refused, and nothing of it stays', async (ports) => {
    start({ ...setting, ports });
    for (let round = 0; round < FULLNAT_ROUNDS; round++) {
      const [family, protocol] = [round % 2 ? 6 : 4, round % 3 ? 'tcp' : 'udp'] as const;
      const burst = {
        method: 'fullnat',
        family,
        isCross: false,
        kinds: TALK,
        protocol,
        skew: round % 2,
        shift: round % 4,
      } as const;
      await send({ ...burst, flows: FLOWS, seed: null, repeat: 8 * FLOWS });
      const when = `round ${round}`;
      expectRight(plane, crew, SERVERS, when);
      // Three of four real servers take new connections, and each is reached by every port once.
      expect(expectPaired(plane, setting, when)).toHaveLength(3 * ports);
      expectAnswered(plane, when);
      expect(plane.counted()['drop_no_local_port'], when).toBeGreaterThan(FLOWS);
      expireAll(plane);
    }
  });
});

test('the CPUs really met', () => {
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});

/** Nobody is another's: no port was given on. */
function expectSettled(when: string): void {
  expect(crew.tally('crossed'), when).toBe(0);
  expect(crew.tally('requests'), when).toBeGreaterThan(0);
  expect(crew.tally('replies'), when).toBeGreaterThan(0);
  expectRight(plane, crew, SERVERS, when);
}
