/**
 * Two CPUs open, close and push out the same connections of persistent clients with
 * limits: templates and the service count those that stand in the table, no more.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataPlane } from './fixture.ts';
import { expectConsistent, expireAll } from './stress-consistent.ts';
import { Crew } from './stress-crew.ts';
import { type Burst, OPENINGS } from './stress-openings.ts';
import { NO_LIMITS, server, service, world } from './world.ts';

const FLOWS = 128;
const ROUNDS = Number(process.env['STRESS_ROUNDS'] ?? 20);
const SERVERS = 4;

let plane: DataPlane;
let crew: Crew<Burst>;
beforeAll(() => {
  plane = DataPlane.load({ buckets: 32 });
  crew = new Crew(plane, OPENINGS);
});
afterAll(async () => {
  await crew.close();
  plane.close();
});

/** Each flow is a client of its own. What is closed no longer counts for limits, so only the first does. */
const BURSTS = [['S'], ['S', 'R'], ['S', '.', 'F.', 'R'], ['S', 'S', 'R', 'S']];

test.each([32, 4])('%i buckets', async (buckets) => {
  const limits = { ...NO_LIMITS, connections: 100_000, sourceConnections: 1000 };
  const servers = Array.from({ length: SERVERS }, (_, n) => server(n + 1));
  plane.reset(world([service(servers, { persistence: 300, limits })]));
  plane.set({ bucket_mask: buckets - 1 });
  for (let round = 0; round < ROUNDS; round++) {
    for (const [turn, flags] of BURSTS.entries()) {
      const seed = turn % 2 ? BigInt(round + 1) : null;
      await crew.send({ family: 4, flags, flows: FLOWS, seed, repeat: 8 * FLOWS });
      const when = `round ${round} ${flags}`;
      expectConsistent(plane, SERVERS, when);
      expectTemplatesExact(when);
      if (turn === 0) expect(limited(), when).toBe(plane.entries().length);
    }
    expireAll(plane);
    plane.sweepTemplates();
    expectTemplatesExact(`round ${round}, over`);
    expect(limited()).toBe(0);
  }
  expect(plane.counted()['connections_evicted']).toBeGreaterThan(0);
  expect(crew.met / crew.sent).toBeGreaterThan(0.01);
});

function expectTemplatesExact(when: string): void {
  const standing = new Map<string, number>();
  for (const { key } of plane.entries()) standing.set(key.source, (standing.get(key.source) ?? 0) + 1);
  for (const { key, value } of plane.templates()) {
    const [word = 0] = key.client.word;
    const client = [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
    expect(value.connections, `${when}: ${client}`).toBe(standing.get(client) ?? 0);
  }
}

/** Connections that count for the limits of the service. */
function limited(): number | undefined {
  return plane.object.map<number, { connections: number }>('limit_states').get(1)?.connections;
}
