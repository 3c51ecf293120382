import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster, type Family, serverAddress, serviceName } from './support/cluster.ts';

const SLOW = ['-s', '-m', '30', '--limit-rate', '4M', '-o', '/dev/null', '-w', '%{size_download}'];
const WHOLE = String(8 << 20);

describe('real servers that leave', () => {
  let cluster: Cluster;
  const urls = new Map<Family, string>();
  beforeAll(async () => {
    cluster = await Cluster.build();
    for (const family of [4, 6] as const) urls.set(family, await cluster.addService(family, 'dr'));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  /** One lands on each real server. */
  const downloads = (url: string) =>
    cluster.realServers.map(() => cluster.client.run('curl', [...SLOW, `${url}large`]));

  test('a drained one keeps the connections that it has, and gets no new ones', async () => {
    const url = urls.get(4)!;
    const running = downloads(url);
    await sleep(400);

    const drained = cluster.lab.host('rs1');
    await cluster.director.xlb(['server', 'drain', serviceName(4), serverAddress(4, drained)]);
    const answers = await cluster.request(url, 20);

    expect(answers.failed).toBe(0);
    expect(Object.fromEntries(answers.by)).toEqual({ rs2: 10, rs3: 10 });
    expect((await cluster.server(serviceName(4), drained)).state.effective).toBe('draining');
    expect(await Promise.all(running)).toEqual(cluster.realServers.map(() => WHOLE));

    await cluster.director.xlb(['server', 'drain', '--undo', serviceName(4), serverAddress(4, drained)]);
    await cluster.expectEvenAnswers(url, 30);
  });

  test.each([4, 6] as const)(
    'IPv%i: a new MAC address of a real server is followed, and what runs goes on',
    async (family) => {
      const url = urls.get(family)!;
      const running = downloads(url);
      await sleep(300);

      const moved = cluster.lab.host('rs1');
      // A kernel that is told to announces its new address.
      await moved.run('sysctl', ['-qw', 'net.ipv4.conf.eth0.arp_notify=1', 'net.ipv6.conf.eth0.ndisc_notify=1']);
      const mac = `02:00:00:00:99:0${family}`;
      await moved.run('ip', ['link', 'set', 'eth0', 'address', mac]);
      await expect
        .poll(async () => (await cluster.server(serviceName(family), moved)).next_hop.mac, { timeout: 8000 })
        .toBe(mac);

      await cluster.expectEvenAnswers(url, 30);
      expect(await Promise.all(running)).toEqual(cluster.realServers.map(() => WHOLE));
    },
  );

  test('a deleted one gets nothing more, and no request fails', async () => {
    const url = urls.get(4)!;
    await cluster.expectEvenAnswers(url, 30);

    const gone = cluster.lab.host('rs2');
    await cluster.director.xlb(['server', 'delete', serviceName(4), serverAddress(4, gone)]);
    const answers = await cluster.request(url, 40);

    expect(answers.failed).toBe(0);
    expect(Object.fromEntries(answers.by)).toEqual({ rs1: 20, rs3: 20 });
  });
});
