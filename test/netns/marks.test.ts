/** One service by firewall mark over two addresses and two ports: real clients, nginx on the real servers. */
import { expect, test } from 'vitest';
import { VIP4 } from '../../scripts/lab/spec.ts';
import { Cluster, serverAddress } from './support/cluster.ts';

const OTHER_VIP = '192.0.2.101';
const VIPS = [VIP4, OTHER_VIP];
const URLS = VIPS.flatMap((vip) => [`http://${vip}/`, `http://${vip}:8080/`]);
/** Both addresses. */
const PREFIX = '192.0.2.100/31';

test('dr: a client has one server over all of them, and each has its turn without persistence', async () => {
  await using cluster = await Cluster.build({ realServers: 2, vips: VIPS });
  await addService(cluster, '-p 300', '-g', 0);
  expect(await cluster.director.xlb(['ipvsadm', '-L', '-n'])).toContain('FWM  5 rr persistent 300');
  const status = await cluster.director.xlb(['status', '-o', 'tsv']).catch(String);
  expect(status).toContain('no mark rule gives IPv4 packets the mark 5');

  await cluster.director.xlb(['mark', 'add', '--dst', PREFIX, '--proto', 'tcp', '--ports', '80,8080', '--mark', '5']);
  const first = await answers(cluster);
  const [chosen = ''] = Object.keys(first);
  expect(first).toEqual({ [chosen]: 12 });
  const listed = await cluster.director.xlb(['ipvsadm', '-L', '-n', '-c']);
  expect(listed).toMatch(/IP {2}\d\d:\d\d +ASSURED +[\d.]+:0 +0\.0\.0\.5:0 +[\d.]+:0/);
  expect(listed).toMatch(new RegExp(`TCP .* ${OTHER_VIP}:8080 +[\\d.]+:8080`));

  await cluster.director.xlb(['ipvsadm', '-E', '-f', '5', '-s', 'rr']);
  expect(await answers(cluster)).toEqual({ rs1: 6, rs2: 6 });

  await cluster.director.xlb(['mark', 'delete', '--dst', PREFIX, '--proto', 'tcp', '--ports', '80,8080']);
  expect((await cluster.request(URLS[0]!, 1)).failed).toBe(1);
});

test('nat: a real server without a port of its own keeps the client’s, one with a port has that', async () => {
  await using cluster = await Cluster.build({ realServers: 2, vips: VIPS, nat: true });
  await addService(cluster, '', '-m', 0);
  await cluster.director.xlb(['mark', 'add', '--dst', PREFIX, '--mark', '5']);
  expect(await answers(cluster)).toEqual({ rs1: 6, rs2: 6 });
  await cluster.director.xlb(['ipvsadm', '-D', '-f', '5']);
  await addService(cluster, '', '-m', 8080);
  // Nobody listens at 81: nginx does at 8080.
  const mapped = await cluster.request(`http://${OTHER_VIP}:81/`, 4);
  expect({ by: Object.fromEntries(mapped.by), failed: mapped.failed }).toEqual({ by: { rs1: 2, rs2: 2 }, failed: 0 });
  const [service] = await cluster.services();
  expect(service?.totals.packets_out_total).toBeGreaterThanOrEqual(3 * 4);
});

async function addService(cluster: Cluster, persistence: string, method: string, port: number): Promise<void> {
  const servers = cluster.realServers.map((host) => `-a -f 5 -r ${serverAddress(4, host)}:${port} ${method}\n`);
  const input = `-A -f 5 -s rr ${persistence}\n${servers.join('')}`;
  await cluster.director.xlb(['ipvsadm', '-R'], { input });
  await cluster.resolved();
}

/** Three requests to each address and port; who answered how many. */
async function answers(cluster: Cluster): Promise<Record<string, number>> {
  const by: Record<string, number> = {};
  for (const url of URLS) {
    const found = await cluster.request(url, 3);
    expect(found.failed, url).toBe(0);
    for (const [name, count] of found.by) by[name] = (by[name] ?? 0) + count;
  }
  return by;
}
