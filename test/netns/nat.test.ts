/** Masquerading with real hosts: both ways through the director, its ports mapped. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIP4, VIP6 } from '../../scripts/lab/spec.ts';
import { Cluster, type Family, serverAddress, serviceName } from './support/cluster.ts';
import { sendDatagram } from './support/datagram.ts';

describe.each([1, 2] as const)('HTTP by nat through a director with %i arm(s)', (arms) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.build({ arms, nat: true });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const cases: [Family, number, number][] = [
    [4, 80, 80],
    [6, 80, 80],
    [4, 81, 8080],
    [6, 81, 8080],
  ];

  test.each(cases)('IPv%i, port %i to %i: each answers its turn, both ways are counted', async (family, port, real) => {
    const url = await cluster.addService(family, 'nat', { port, realPort: real });
    await cluster.expectEvenAnswers(url, 60);

    const [service] = (await cluster.services()).filter(({ name }) => name === serviceName(family, port));
    expect(service?.totals.connections_total).toBe(60);
    // At least SYN, ACK, request and FIN; SYN-ACK, answer, FIN.
    expect(service?.totals.packets_in_total).toBeGreaterThanOrEqual(4 * 60);
    expect(service?.totals.packets_out_total).toBeGreaterThanOrEqual(3 * 60);
    // The least that three packets of TCP can be, and what nginx answers.
    expect(service?.totals.bytes_out_total).toBeGreaterThan(60 * (3 * 40 + 100));
  });

  /** The real server's kernel tells the client, whose own believes it only from where the datagram went. */
  test.each([4, 6] as const)('IPv%i: port unreachable comes back from the virtual address', async (family) => {
    const vip = family === 4 ? VIP4 : VIP6;
    const endpoint = family === 4 ? `${vip}:9` : `[${vip}]:9`;
    const [host] = cluster.realServers;
    if (host === undefined) throw new Error('no real server');
    const input = `-A -u ${endpoint} -s rr\n-a -u ${endpoint} -r ${serverAddress(family, host)}:7777 -m\n`;
    await cluster.director.xlb(['ipvsadm', '-R'], { input });
    await cluster.resolved();
    expect(await cluster.client.run('node', sendDatagram(family, vip, 9))).toBe('ECONNREFUSED\n');
  });

  if (arms === 1) return; // there the real servers have a route by the director to the client alone

  /** To where nobody is: what else could come back says that the network cannot be reached, which the socket does not hear. */
  test('nat_icmp_send tells a real server that it has no connection', async () => {
    const [host] = cluster.realServers;
    await cluster.director.xlb(['sysctl', 'nat_icmp_send=1']);
    for (const [family, nowhere] of [
      [4, '203.0.113.9'],
      [6, '2001:db8:ffff::9'],
    ] as const) {
      const said = await host?.run('node', sendDatagram(family, nowhere, 9, 7777));
      expect(said, `IPv${family}`).toBe('ECONNREFUSED\n');
    }
  });
});
