import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../../scripts/lab/wait.ts';
import { Cluster, serviceName } from './support/cluster.ts';
import { load } from './support/load.ts';

describe.each([false, true])('a daemon killed under load (a connection for each request: %s)', (each) => {
  test('SIGKILL, SIGTERM and starting again lose no request', async () => {
    await using cluster = await Cluster.build({ realServers: 2 });
    const url = await cluster.addService(4, 'dr');

    const running = load(cluster.client, url, 9, each);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await sleep(500);
      await cluster.director.stopDaemon(signal);
      await sleep(500);
      await cluster.director.startDaemon();
    }
    const { requests, complaints } = await running;

    expect(complaints).toEqual([]);
    expect(requests).toBeGreaterThan(500);
  });
});

describe('restart', () => {
  test('adopts services, connections and counters as they are', async () => {
    await using cluster = await Cluster.build();
    const url = await cluster.addService(4, 'dr');
    await cluster.expectEvenAnswers(url, 30);
    const save = await cluster.director.xlb(['ipvsadm', '-S', '-n']);
    const before = JSON.parse(await cluster.director.xlb(['connections', '--json'])) as { connections: unknown[] };
    expect(before.connections.length).toBeGreaterThan(0);

    await cluster.director.stopDaemon('SIGKILL');
    await cluster.director.startDaemon();

    expect(await cluster.director.xlb(['ipvsadm', '-S', '-n'])).toBe(save);
    const after = JSON.parse(await cluster.director.xlb(['connections', '--json'])) as { connections: unknown[] };
    expect(after.connections).toHaveLength(before.connections.length);
    const [service] = await cluster.services();
    expect(service?.totals.connections_total).toBe(30);
    await cluster.expectEvenAnswers(url, 30);
  });

  test('a download goes on through crash and restart', async () => {
    await using cluster = await Cluster.build({ realServers: 2 });
    const url = await cluster.addService(4, 'dr');

    const args = [
      '-s',
      '-m',
      '30',
      '--limit-rate',
      '2M',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{size_download}',
      `${url}large`,
    ];
    const download = cluster.client.run('curl', args);
    await sleep(500);
    await cluster.director.stopDaemon('SIGKILL');
    await sleep(500);
    await cluster.director.startDaemon();

    expect(await download).toBe(`200 ${8 << 20}`);
  });

  test('what was unpinned is restored from the state directory', async () => {
    await using cluster = await Cluster.build({ realServers: 2 });
    const url = await cluster.addService(4, 'dr');
    await cluster.director.stopDaemon('SIGTERM');
    // As after a reboot: bpffs comes back empty; what nothing pins any more is gone.
    await cluster.director.host.run('bash', ['-c', `umount ${cluster.director.bpffs}`]);

    await cluster.director.startDaemon();
    await waitFor('service', async () => (await cluster.services()).some(({ name }) => name === serviceName(4)));
    await cluster.resolved();
    await cluster.expectEvenAnswers(url, 20);
  });
});
