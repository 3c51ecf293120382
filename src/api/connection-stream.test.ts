import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type FakeDaemon, fakeConnections, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { get } from '../../test/api/http.ts';
import type { ConnectionsReport } from './protocol/connections.ts';

async function daemonWith(count: number): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon();
  daemon.controller.entries = fakeConnections(count);
  return daemon;
}

async function list(daemon: FakeDaemon, query = ''): Promise<ConnectionsReport> {
  return (await get(daemon.socket, `/v1/connections${query}`)) as ConnectionsReport;
}

it.each([0, 1, 499, 500, 501, 1700])('lists %i connections', async (count) => {
  await using daemon = await daemonWith(count);
  const { connections, truncated } = await list(daemon);
  expect(connections).toEqual(daemon.controller.entries);
  expect(truncated).toBe(false);
});

it.each([
  ['?state=TIME_WAIT', 100],
  ['?state=time_wait&real=10.0.0.11', 34],
  ['?real=10.0.0.12:80', 333],
  ['?real=10.0.0.12:81', 0],
  ['?service=192.0.2.10:80/tcp&min_age=990', 10],
  ['?client=198.51.0.7', 1],
  ['?protocol=udp', 0],
])('filters by %s', async (query, count) => {
  await using daemon = await daemonWith(1000);
  const { connections, truncated } = await list(daemon, query);
  expect(connections).toHaveLength(count);
  expect(truncated).toBe(false);
});

it.each([
  [0, true],
  [10, true],
  [500, true],
  [1000, false],
  [1001, false],
])('stops at a limit of %i', async (limit, truncated) => {
  await using daemon = await daemonWith(1000);
  const report = await list(daemon, `?limit=${limit}`);
  expect(report.connections).toEqual(daemon.controller.entries.slice(0, limit));
  expect(report.truncated).toBe(truncated);
});

/** What a count has come to when it has begun, and stands still for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = 0; ; ) {
    await sleep(200);
    const now = count();
    if (now > 0 && now === before) return now;
    before = now;
  }
}

it('reads the table no faster than the client takes it, and stops when the client is gone', async () => {
  await using daemon = await daemonWith(200_000);
  const all = 200_000 / 500;
  const socket = connect({ path: daemon.socket });
  socket.pause();
  socket.write('GET /v1/connections HTTP/1.1\r\nhost: x\r\n\r\n');
  const stalled = await settled(() => daemon.controller.batches);
  expect(stalled).toBeLessThan(all / 4);
  socket.destroy();
  await sleep(200);
  expect(daemon.controller.batches).toBeLessThanOrEqual(stalled + 1);
  expect(daemon.faults).toEqual([]);
});

it('cuts the answer where the table cannot be read to its end', async () => {
  await using daemon = await daemonWith(2000);
  const read = daemon.controller.connections.bind(daemon.controller);
  daemon.controller.connections = async function* (query) {
    for await (const batch of read(query)) {
      yield batch;
      throw new Error('map is gone');
    }
  };
  await expect(list(daemon)).rejects.toThrow();
  expect(daemon.faults).toEqual([expect.objectContaining({ message: 'map is gone' })]);
});
