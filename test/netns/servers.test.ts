import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Cluster, serverAddress, serviceName } from './support/cluster.ts';

describe('real servers that leave', () => {
  test('a deleted one gets nothing more, and no request fails', async () => {
    await using cluster = await Cluster.build();
    const url = await cluster.addService(4, 'dr');
    await cluster.expectEvenAnswers(url, 30);

    const gone = cluster.lab.host('rs2');
    await cluster.director.xlb(['server', 'delete', serviceName(4), serverAddress(4, gone)]);
    const answers = await cluster.request(url, 40);

    expect(answers.failed).toBe(0);
    expect(Object.fromEntries(answers.by)).toEqual({ rs1: 20, rs3: 20 });
  });

  test('a drained one keeps the connections that it has, and gets no new ones', async () => {
    await using cluster = await Cluster.build({ realServers: 2 });
    const url = await cluster.addService(4, 'dr');
    const slow = ['-s', '-m', '30', '--limit-rate', '4M', '-o', '/dev/null', '-w', '%{size_download}', `${url}large`];
    // One lands on each.
    const downloads = [cluster.client.run('curl', slow), cluster.client.run('curl', slow)];
    await sleep(400);

    const drained = cluster.lab.host('rs1');
    await cluster.director.xlb(['server', 'drain', serviceName(4), serverAddress(4, drained)]);
    const answers = await cluster.request(url, 20);

    expect(answers).toEqual({ by: new Map([['rs2', 20]]), failed: 0 });
    expect((await cluster.server(serviceName(4), drained)).state.effective).toBe('draining');
    expect(await Promise.all(downloads)).toEqual([String(8 << 20), String(8 << 20)]);

    await cluster.director.xlb(['server', 'drain', '--undo', serviceName(4), serverAddress(4, drained)]);
    await cluster.expectEvenAnswers(url, 20);
  });

  test('a new MAC address of a real server is followed, and what runs goes on', async () => {
    await using cluster = await Cluster.build({ realServers: 2 });
    for (const family of [4, 6] as const) {
      const url = await cluster.addService(family, 'dr');
      const slow = ['-s', '-m', '30', '--limit-rate', '4M', '-o', '/dev/null', '-w', '%{size_download}', `${url}large`];
      const downloads = [cluster.client.run('curl', slow), cluster.client.run('curl', slow)];
      await sleep(300);

      const moved = cluster.lab.host('rs1');
      // A kernel that is told to announces its new address.
      await moved.run('sysctl', ['-qw', 'net.ipv4.conf.eth0.arp_notify=1', 'net.ipv6.conf.eth0.ndisc_notify=1']);
      const mac = `02:00:00:00:99:0${family}`;
      await moved.run('ip', ['link', 'set', 'eth0', 'address', mac]);
      await expect
        .poll(async () => (await cluster.server(serviceName(family), moved)).next_hop.mac, { timeout: 8000 })
        .toBe(mac);

      await cluster.expectEvenAnswers(url, 20);
      expect(await Promise.all(downloads)).toEqual([String(8 << 20), String(8 << 20)]);
    }
  });
});
