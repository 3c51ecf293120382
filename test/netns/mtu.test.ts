import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VIP4, VIP6 } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import { Cluster, type Family } from './support/cluster.ts';

/** What an IPIP header takes, for each family: the tunnel's ends are of the same family as the service. */
const OUTER: Record<Family, number> = { 4: 20, 6: 40 };
const UPLOAD = 4 << 20;

describe('path MTU through a tunnel', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.build({ realServers: 2 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each([4, 6] as const)('IPv%i: the client is told what fits, and a large upload comes whole', async (family) => {
    const url = await cluster.addService(family, 'tun');
    writeFileSync(cluster.lab.path('upload'), Buffer.alloc(UPLOAD, 'x'));
    const log = `capture-${family}`;
    const capture = cluster.lab.path(log);
    cluster.client.start('tcpdump', ['-c', '1', '-lnvi', 'eth0', tooBigFilter(family)], { log });
    await waitFor('tcpdump', () => readFileSync(capture, 'utf8').includes('listening on'));

    const args = [
      '-s',
      '-m',
      '20',
      '-H',
      'Expect:',
      '-T',
      cluster.lab.path('upload'),
      '-w',
      '%{http_code} %{size_upload}',
      `${url}upload`,
    ];
    const answer = await cluster.client.run('curl', args);

    expect(answer).toMatch(new RegExp(`^rs[12]\\n200 ${UPLOAD}$`));
    const vip = family === 4 ? VIP4 : VIP6;
    const route = await cluster.client.run('ip', ['route', 'get', vip]);
    expect(route).toContain(`mtu ${1500 - OUTER[family]}`);
    // It comes from the virtual address, which the client knows.
    const fromVip = new RegExp(`${vip.replaceAll('.', '\\.')} > `);
    await waitFor('tcpdump to write the error', () => fromVip.test(readFileSync(capture, 'utf8')));
  });
});

function tooBigFilter(family: Family): string {
  return family === 4 ? 'icmp[icmptype] == icmp-unreach' : 'icmp6 and ip6[40] == 2';
}
