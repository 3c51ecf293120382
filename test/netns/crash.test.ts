/** What an end or a crash of xlbd does to traffic, and what the next one finds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../scripts/lab/wait.ts';
import type { Connection } from '../../src/api/protocol/connections.ts';
import { Cluster, serviceName } from './support/cluster.ts';
import { load } from './support/load.ts';

let cluster: Cluster;
let url: string;

beforeAll(async () => {
  cluster = await Cluster.build({ realServers: 2 });
  url = await cluster.addService(4, 'dr');
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function connections(): Promise<Connection[]> {
  const found: Connection[] = [];
  for await (const batch of cluster.director.client.connections()) found.push(...batch);
  return found;
}

async function created(): Promise<number | undefined> {
  const [service] = await cluster.services();
  return service?.totals.connections_total;
}

test('a new xlbd adopts services, connections and counters as they are', async () => {
  await cluster.expectEvenAnswers(url, 30);
  const save = await cluster.director.xlb(['ipvsadm', '-S', '-n']);
  const before = await connections();
  expect(before.length).toBeGreaterThan(0);

  await cluster.director.stopDaemon('SIGKILL');
  await cluster.director.startDaemon();

  expect(await cluster.director.xlb(['ipvsadm', '-S', '-n'])).toBe(save);
  expect(await connections()).toHaveLength(before.length);
  expect(await created()).toBe(30);
  await cluster.expectEvenAnswers(url, 30);
});

test('under load, SIGKILL, SIGTERM and starting again lose no request, and a download goes on', async () => {
  const slow = ['-s', '-m', '30', '--limit-rate', '1M', '-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
  const download = cluster.client.run('curl', [...slow, `${url}large`]);
  const running = [false, true].map((each) => load(cluster.client, url, 9, each));
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await sleep(500);
    await cluster.director.stopDaemon(signal);
    await sleep(500);
    await cluster.director.startDaemon();
  }
  for (const { requests, complaints } of await Promise.all(running)) {
    expect(complaints).toEqual([]);
    expect(requests).toBeGreaterThan(500);
  }
  expect(await download).toBe(`200 ${8 << 20}`);
});

test('what was unpinned is restored from the state directory', async () => {
  await cluster.director.stopDaemon('SIGTERM');
  // As after a reboot: bpffs comes back empty; what nothing pins any more is gone.
  await cluster.director.host.run('bash', ['-c', `umount ${cluster.director.bpffs}`]);

  await cluster.director.startDaemon();
  await waitFor('service', async () => (await cluster.services()).some(({ name }) => name === serviceName(4)));
  await cluster.resolved();
  await cluster.expectEvenAnswers(url, 20);
});
