/** fullnat with real hosts: real servers without any route to the client answer to a local address. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standardSpec, VIP4, VIP6 } from '../../scripts/lab/spec.ts';
import type { ConnectionsReport } from '../../src/api/protocol/connections.ts';
import type { LocalAddressesReport } from '../../src/api/protocol/local-addresses.ts';
import { Cluster, type Family, serverAddress, serviceName } from './support/cluster.ts';
import { sendDatagram } from './support/datagram.ts';
import { load } from './support/load.ts';

const LOCAL4 = '192.0.2.200';
const LOCAL6 = '2001:db8:1::200';
/** Of one service alone. */
const OWN6 = '2001:db8:1::201';

/** Two LANs, and no way between them but the director. */
function spec() {
  const { hosts } = standardSpec({ arms: 2, nat: true });
  return { hosts: hosts.map((host) => (host.name.startsWith('rs') ? { ...host, routes: [] } : host)) };
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.build({ arms: 2, spec: spec() });
  const { host } = cluster.director;
  await host.run('ip', ['address', 'add', `${LOCAL4}/32`, 'dev', 'eth1']);
  await host.run('ip', ['address', 'add', `${LOCAL6}/128`, 'dev', 'eth1', 'nodad']);
  await cluster.director.xlb(['local-address', 'add', LOCAL4]);
  await cluster.director.xlb(['local-address', 'add', LOCAL6, '--ports', '2000-2999']);
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('HTTP by fullnat', () => {
  const cases: [Family, number, number][] = [
    [4, 80, 80],
    [6, 80, 80],
    [4, 81, 8080],
  ];

  test.each(cases)('IPv%i, port %i to %i: each answers its turn, both ways are counted', async (family, port, real) => {
    const url = await cluster.addService(family, 'fullnat', { port, realPort: real });
    await cluster.expectEvenAnswers(url, 60);

    const [service] = (await cluster.services()).filter(({ name }) => name === serviceName(family, port));
    expect(service?.totals.connections_total).toBe(60);
    expect(service?.totals.packets_out_total).toBeGreaterThanOrEqual(3 * 60);
  });

  test('what is large comes through whole', async () => {
    const sum = await cluster.client.run('sh', ['-c', `curl -s ${'http://192.0.2.100/large'} | wc -c`]);
    expect(sum.trim()).toBe(String(8 << 20));
  });

  test('a connection is listed with its local address, and the address with its connections', async () => {
    const report = JSON.parse(await cluster.director.xlb(['connections', '--json'])) as ConnectionsReport;
    const four = report.connections.filter(({ local }) => local?.address === LOCAL4);
    const six = report.connections.filter(({ local }) => local?.address === LOCAL6);
    expect([four.length, six.length].every((count) => count > 50)).toBe(true);
    expect(six.every(({ local }) => local !== undefined && local.port >= 2000 && local.port <= 2999)).toBe(true);

    const text = await cluster.director.xlb(['local-address', 'list', '--json']);
    const { local_addresses } = JSON.parse(text) as LocalAddressesReport;
    expect(local_addresses).toMatchObject([
      { address: LOCAL4, ports: 64512, interface: 'eth1', connections: four.length },
      { address: LOCAL6, ports: 1000, interface: 'eth1', connections: six.length },
    ]);
  });
});

describe('real servers of the other family', () => {
  const ways = [
    { name: 'NAT64', family: 6, inside: 4, vip: VIP6 },
    { name: 'NAT46', family: 4, inside: 6, vip: VIP4 },
  ] as const;
  const urls: Record<string, string> = {};

  beforeAll(async () => {
    for (const { name, family, inside } of ways) {
      urls[name] = await cluster.addService(family, 'fullnat', { port: 82, realPort: 80, inside });
    }
    await cluster.director.host.run('ip', ['address', 'add', `${OWN6}/128`, 'dev', 'eth1', 'nodad']);
    await cluster.director.xlb(['local-address', 'add', OWN6, '--service', serviceName(4, 82)]);
  });

  test.each(ways)('$name: each answers its turn, and both ends are listed', async ({ name, family, inside, vip }) => {
    await cluster.expectEvenAnswers(urls[name] ?? '', 30);
    const report = JSON.parse(await cluster.director.xlb(['connections', '--json'])) as ConnectionsReport;
    const mine = report.connections.filter(({ service }) => service === serviceName(family, 82));
    expect(mine).toHaveLength(30);
    const { address4, address6 } = cluster.client;
    const servers = cluster.realServers.map((host) => (inside === 4 ? host.address4 : host.address6));
    for (const { client, virtual, server, local } of mine) {
      expect([client.address, virtual.address]).toEqual([family === 4 ? address4 : address6, vip]);
      expect(servers).toContain(server.address);
      expect(local?.address).toBe(inside === 4 ? LOCAL4 : OWN6);
    }
  });

  test('under load no request fails', async () => {
    const loads = ways.map(({ name }) => load(cluster.client, urls[name] ?? '', 2, true));
    for (const { requests, complaints } of await Promise.all(loads)) {
      expect(complaints).toEqual([]);
      expect(requests).toBeGreaterThan(100);
    }
  });

  test('what is large comes whole, also where real servers must learn that their packets are too big', async () => {
    const { host } = cluster.director;
    for (const mtu of ['1500', '1400']) {
      await host.run('ip', ['link', 'set', 'eth0', 'mtu', mtu]);
      for (const { name } of ways) {
        const size = await cluster.client.run('sh', ['-c', `curl -s -m 20 '${urls[name]}large' | wc -c`]);
        expect(size.trim(), `${name}, MTU ${mtu}`).toBe(String(8 << 20));
      }
    }
    await host.run('ip', ['link', 'set', 'eth0', 'mtu', '1500']);
  });

  test("a real server's port unreachable reaches the client's socket", async () => {
    const [host] = cluster.realServers;
    if (host === undefined) throw new Error('no real server');
    const rules = ways.map(({ family, inside, vip }) => {
      const endpoint = family === 4 ? `${vip}:9` : `[${vip}]:9`;
      return `-A -u ${endpoint} -s rr\n-a -u ${endpoint} -r ${serverAddress(inside, host)}:7777 --fullnat\n`;
    });
    await cluster.director.xlb(['ipvsadm', '-R'], { input: rules.join('') });
    await cluster.resolved();
    const said = ways.map(({ family, vip }) => cluster.client.run('node', sendDatagram(family, vip, 9)));
    expect(await Promise.all(said)).toEqual(['ECONNREFUSED\n', 'ECONNREFUSED\n']);
  });
});

test('under load: xlbd is killed and started again, and neither kept connections nor new ones fail', async () => {
  const url = await cluster.addService(4, 'fullnat', { port: 83, realPort: 80 });
  const running = Promise.all([false, true].map((each) => load(cluster.client, url, 3, each)));
  await sleep(500);
  await cluster.director.stopDaemon('SIGKILL');
  await sleep(300);
  await cluster.director.startDaemon();
  for (const { requests, complaints } of await running) {
    expect(complaints).toEqual([]);
    expect(requests).toBeGreaterThan(200);
  }
  const [service] = (await cluster.services()).filter(({ name }) => name === serviceName(4, 83));
  expect(service?.totals.connections_total).toBeGreaterThan(200);
});
