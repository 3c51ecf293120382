/**
 * A flood of SYNs from random addresses, ten times the rate that the service may
 * open: who was connected loses nothing, who comes meanwhile connects at the first
 * try, and the table and the daemon stay as large as the limit lets them.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from './support/cluster.ts';
import { openSession, script } from './support/session.ts';

const RATE = 500;
const SECONDS = 4;
const FLOOD = 10 * RATE;
const SERVICE = '192.0.2.100:80/tcp';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.build({ clients: 2, director: { args: ['--connections', '65536'] } });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

interface Kept {
  readonly requests: number;
  readonly failed: number;
}

interface Fresh {
  readonly connected: number;
  readonly failed: readonly string[];
  readonly slowest: number;
}

/** Of the daemon, in kB. */
function residentSize(): number {
  const status = readFileSync(`/proc/${cluster.director.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

async function report() {
  const [service] = await cluster.services();
  const status = JSON.parse((await cluster.director.tryXlb(['status', '--json'])).stdout);
  return { limits: service?.limits, table: status.table, problems: status.problems };
}

test('dr: established connections lose nothing, clients connect at the first try', async () => {
  await cluster.addService(4, 'dr', { scheduler: 'wlc' });
  await cluster.director.xlb(['service', 'edit', SERVICE, '--rate', String(RATE), '--burst', String(RATE)]);
  const [flooder, client] = [cluster.lab.host('client2'), cluster.client];
  const before = { ...(await report()), size: residentSize() };
  const kept = await openSession(client, [script('kept.py'), '192.0.2.100', '20']);
  const [, , mac = ''] = (await cluster.lab.host('director1').run('ip', ['-br', 'link', 'show', 'eth0'])).split(/\s+/);
  const flood = flooder.run('python3', [script('flood.py'), mac, '192.0.2.100', '80', `${FLOOD}`, `${SECONDS}`]);
  const fresh = JSON.parse(
    await client.run('python3', [script('fresh.py'), '192.0.2.100', String(SECONDS - 1)]),
  ) as Fresh;
  const during = await report();
  const sent = JSON.parse(await flood) as { packets: number; seconds: number };
  const old = (await kept.end()) as Kept;
  const after = { ...(await report()), size: residentSize() };

  // The generator kept its pace: ten times the limit.
  expect(sent.packets / sent.seconds).toBeGreaterThan(8 * RATE);
  expect(old).toMatchObject({ failed: 0 });
  expect(old.requests).toBeGreaterThan(100);
  // A SYN that is lost comes again after a second.
  expect(fresh.failed).toEqual([]);
  expect(fresh.connected).toBeGreaterThan(10);
  expect(fresh.slowest).toBeLessThan(0.9);
  const most = RATE * (sent.seconds + 1) + RATE + 200;
  expect(after.table.entries - before.table.entries).toBeLessThan(most);
  expect(after.limits?.met.over_rate_total).toBeGreaterThan(sent.packets - most);
  expect(after.size - before.size).toBeLessThan(50_000);
  expect(during.problems).toContainEqual(expect.objectContaining({ id: 'over-rate', subject: SERVICE }));
});
