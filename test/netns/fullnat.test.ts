/** fullnat with real hosts: real servers without any route to the client answer to a local address. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standardSpec } from '../../scripts/lab/spec.ts';
import type { ConnectionsReport } from '../../src/api/protocol/connections.ts';
import type { LocalAddressesReport } from '../../src/api/protocol/local-addresses.ts';
import { Cluster, type Family, serviceName } from './support/cluster.ts';

const LOCAL4 = '192.0.2.200';
const LOCAL6 = '2001:db8:1::200';

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
