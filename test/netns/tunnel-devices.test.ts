/**
 * Tunnels of type gue and gre, taken apart by the kernel of the real servers: fou, ipip,
 * sit, ip6tnl, gre and ip6gre. `make test-tunnels` has a kernel with them in a virtual machine.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Host } from '../../scripts/lab/host.ts';
import { VIP4, VIP6 } from '../../scripts/lab/spec.ts';
import { Cluster, type Family, serverAddress } from './support/cluster.ts';

const GUE_PORT = '6080';
/** Milliseconds: in an emulated machine all takes long. */
const PATIENCE = 600_000;
const REQUESTS = 6;

/** For what a real server of one address gets: any sender, as directors are many. */
const DEVICES: readonly (readonly [name: string, outside: Family, type: readonly string[]])[] = [
  ['in4', 4, ['ipip']],
  ['six-in4', 4, ['sit']],
  ['in6', 6, ['ip6tnl', 'mode', 'any']],
  ['by-gre4', 4, ['gre']],
  ['by-gre6', 6, ['ip6gre']],
];

const GUE = ['--tun-type', 'gue', '--tun-port', GUE_PORT];
const SUMMED = [...GUE, '--tun-csum'];
const GRE = ['--tun-type', 'gre'];
/** Each has a port of its own, which real servers keep. */
const WAYS = [
  { title: 'gue', port: 80, words: GUE, inside: 4, outside: 4 },
  { title: 'gue', port: 80, words: GUE, inside: 6, outside: 4 },
  { title: 'gue', port: 81, words: GUE, inside: 4, outside: 6 },
  { title: 'gue', port: 81, words: GUE, inside: 6, outside: 6 },
  { title: 'gue with sums', port: 82, words: SUMMED, inside: 4, outside: 4 },
  { title: 'gue with sums', port: 82, words: SUMMED, inside: 6, outside: 6 },
  { title: 'gre', port: 83, words: GRE, inside: 4, outside: 4 },
  { title: 'gre', port: 83, words: GRE, inside: 6, outside: 4 },
  { title: 'gre', port: 84, words: GRE, inside: 4, outside: 6 },
  { title: 'gre', port: 84, words: GRE, inside: 6, outside: 6 },
] as const;
type Way = (typeof WAYS)[number];

const probe = `ip fou add port ${GUE_PORT} gue && ip link add name probe type gre local 192.0.2.1`;
const hasDevices = spawnSync('unshare', ['--net', 'sh', '-c', probe]).status === 0;

describe.skipIf(!hasDevices)('the kernel of the real servers takes apart', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    const ports = [...new Set(WAYS.map(({ port }) => port))];
    cluster = await Cluster.build({ web: { ports }, director: { args: ['--connections', '65536'] } });
    await Promise.all(cluster.realServers.map(addDevices));
    await cluster.director.xlb(['ipvsadm', '-R'], { input: WAYS.map(rules).join('') });
    await cluster.resolved();
  }, PATIENCE);
  afterAll(() => cluster?.[Symbol.asyncDispose](), PATIENCE);

  function rules({ port, words, inside, outside }: Way): string {
    const name = endpoint(inside, port);
    const servers = cluster.realServers.map((host) => {
      return `-a -t ${name} -r ${serverAddress(outside, host)}:${port} -i ${words.join(' ')}\n`;
    });
    return `-A -t ${name} -s rr\n${servers.join('')}`;
  }

  test.each(WAYS)(
    '$title, IPv$inside inside, IPv$outside outside: each answers its turn',
    { timeout: PATIENCE },
    async ({ inside, port }) => {
      await cluster.expectEvenAnswers(`http://${endpoint(inside, port)}/`, REQUESTS);
    },
  );
});

function endpoint(family: Family, port: number): string {
  return family === 4 ? `${VIP4}:${port}` : `[${VIP6}]:${port}`;
}

async function addDevices(host: Host): Promise<void> {
  await host.run('ip', ['fou', 'add', 'port', GUE_PORT, 'gue']);
  await host.run('ip', ['-6', 'fou', 'add', 'port', GUE_PORT, 'gue']);
  for (const [name, outside, type] of DEVICES) {
    const local = outside === 4 ? host.address4 : host.address6;
    await host.run('ip', ['link', 'add', 'name', name, 'type', ...type, 'local', local]);
    await host.run('ip', ['link', 'set', name, 'up']);
    // Answers leave by eth0, not the way that requests came.
    await host.run('sysctl', ['-qw', `net.ipv4.conf.${name}.rp_filter=0`]);
  }
  await host.run('sysctl', ['-qw', 'net.ipv4.conf.all.rp_filter=0']);
}
