import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portName } from '../../scripts/lab/network.ts';
import { Cluster } from './support/cluster.ts';

const OBJECT = resolve('build/test/netns/bpf/vlan.bpf.o');

/**
 * Tags what the client sends over TCP, and lets pass of what the director sends
 * over TCP only frames with the same tags. There are no VLAN devices, so ARP and
 * neighbour discovery go untagged.
 */
async function tag({ lab }: Cluster, tags: 'one' | 'two'): Promise<void> {
  const ports = [
    [portName('client1', 0), `push_${tags}`],
    [portName('director1', 0), `pop_${tags}`],
  ] as const;
  for (const [port, program] of ports) {
    await lab.switch.run('ip', ['-force', 'link', 'set', port, 'xdpdrv', 'obj', OBJECT, 'program', program]);
  }
  // The tag has to be in the frame, where an XDP program sees it, not beside it.
  await lab.switch.run('ethtool', ['-K', portName('director1', 0), 'txvlan', 'off', 'tx-vlan-stag-hw-insert', 'off']);
}

describe('VLAN tags', () => {
  let cluster: Cluster;
  const urls: string[] = [];
  beforeAll(async () => {
    cluster = await Cluster.build({ realServers: 2 });
    for (const family of [4, 6] as const) urls.push(await cluster.addService(family, 'dr'));
    urls.push(await cluster.addService(4, 'tun', { port: 8080 }));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each(['one', 'two'] as const)('a frame with %s tag(s) leaves with the same', async (tags) => {
    await tag(cluster, tags);
    for (const url of urls) await cluster.expectEvenAnswers(url, 20);
  });

  test('the test sees missing tags', async () => {
    await tag(cluster, 'one');
    await cluster.lab.switch.run('ip', [
      '-force',
      'link',
      'set',
      portName('client1', 0),
      'xdpdrv',
      'obj',
      resolve('build/scripts/lab/bpf/pass.bpf.o'),
      'sec',
      'xdp',
    ]);

    const { code } = await cluster.client.tryRun('curl', ['-s', '-m', '2', urls[0]!]);
    expect(code).toBe(28);
  });
});
