/**
 * Two CPUs open connections of one tag at the same moment: the same connection, or
 * two that only their keys tell apart. Each has one entry and one real server, and
 * no packet is taken for another connection's.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addressBytes } from '../support/packet-bytes.ts';
import { DataPlane } from './fixture.ts';
import { HASH_KEY } from './settings.ts';
import { expireAll } from './stress-consistent.ts';
import { Crew } from './stress-crew.ts';
import { LOCALS, NAT, type NatBurst } from './stress-nat.ts';
import { expectPaired, expectRight, forgetWhereRequestsWent } from './stress-nat-right.ts';
import { server, service, VIP4, world } from './world.ts';

const BUCKETS = 32;
const FLOWS = 32;
const ROUNDS = 8 * Number(process.env['STRESS_ROUNDS'] ?? 20);
const SERVERS = 4;
const SERVICE = 1;
const WORD = (1n << 64n) - 1n;

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

/**
 * A key under which all connections to VIP4 by the service have one tag: of each product of
 * the hash, it takes one factor to 0. Buckets are others in every round.
 */
function oneTagKey(round: number): bigint[] {
  const key = HASH_KEY.map((word, index) => (index < 12 ? (word * BigInt(2 * round + 1)) & WORD : word));
  key[12 + 2] = -BigInt(addressBytes(VIP4).readUInt32LE()) & WORD;
  key[12 + 4] = -BigInt(SERVICE) & WORD;
  return key;
}

/** Every request of these may open its connection: what opens none goes by the tag alone where only one rival stands. */
const OPENING = [
  ['S', 'S', 'S', '>S.'],
  ['S', '>S.', 'S', 'S'],
];
const REOPENING = [
  ['S', '.', 'F.', 'R'],
  ['S', 'R', 'S', '.'],
];

test.each(['nat', 'fullnat'] as const)('%s', async (method) => {
  const servers = [1, 2, 3, 4].map((n) => server(n, { method, nextHop: n, port: n % 2 ? 8080 : 80 }));
  const locals = Object.values(LOCALS).map((address) => ({ address, first: 1024, last: 61_000 }));
  plane.reset(world([service(servers, { id: SERVICE })], { locals }));
  const total = { judged: 0, collisions: 0, contended: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const reopens = round % 2 === 1;
    const kinds = (reopens ? REOPENING : OPENING)[(round >> 1) % 2] ?? [];
    const burst = {
      method,
      family: 4,
      isCross: false,
      kinds,
      protocol: 'tcp',
      skew: 0,
      shift: (round >> 2) % 4,
    } as const;
    plane.set({ hash_key: oneTagKey(round) });
    forgetWhereRequestsWent(crew);
    await crew.send({ ...burst, flows: FLOWS, seed: reopens ? BigInt(round) : null, repeat: 4 * FLOWS });
    const when = `round ${round}`;
    const { drop_table_full = 0, tag_collisions = 0, drop_contended = 0 } = plane.counted();
    expectRight(plane, crew, SERVERS, when);
    expectMarked(when);
    if (!reopens && drop_table_full === 0) {
      // who was refused may get another server the next time
      expect({ two: crew.tally('two_servers'), crossed: crew.tally('crossed') }, when).toEqual({ two: 0, crossed: 0 });
      expectPaired(plane, { method }, when);
      total.judged++;
    }
    total.collisions += tag_collisions;
    total.contended += drop_contended;
    expireAll(plane);
  }
  expect(total.judged).toBeGreaterThan(ROUNDS / 8);
  expect(total.collisions).toBeGreaterThan(ROUNDS);
  expect(total.contended).toBeLessThan(ROUNDS / 2); // where the host takes a CPU away; of a few thousand meetings
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});

/** Connections whose packets meet each other's entries compare their keys. */
function expectMarked(when: string): void {
  const opened = plane.entries().filter(({ state }) => state !== 'REPLY');
  expect(new Set(opened.map(({ tag }) => tag)).size, when).toBeLessThan(2);
  const standing = new Map<number, number>();
  for (const entry of opened) standing.set(pairOf(entry), (standing.get(pairOf(entry)) ?? 0) + 1);
  const unmarked = opened.filter((entry) => !entry.confirm && (standing.get(pairOf(entry)) ?? 0) > 1);
  expect(unmarked, when).toEqual([]);
}

/** The lower of a connection's two buckets: other_bucket. */
function pairOf({ number, tag }: { number: number; tag: number }): number {
  const bucket = number >> 3;
  return Math.min(bucket, bucket ^ (((Math.imul(tag, 0x9e3779b1) >>> 5) & (BUCKETS - 1)) | 1));
}
