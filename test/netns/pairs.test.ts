/**
 * The pairs of examples/failover, as written, and one with virtual MAC addresses: both directors run,
 * one stops, and real HTTP goes on. Those on one network are looked at by the doctor while advertisements
 * do not come through.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { request } from '../../scripts/lab/requests.ts';
import { type StandardOptions, standardSpec, VIP4 } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import type { DoctorReport } from '../../src/api/protocol/doctor.ts';

const COMMON = { directors: 2, directorVips: [], vips: [VIP4] } satisfies StandardOptions;
const EVERYONE = new Map([
  ['rs1', 4],
  ['rs2', 4],
  ['rs3', 4],
]);

async function start(lab: Lab, kind: string, n: 1 | 2): Promise<Director> {
  const [method, more] = kind.split(' with ');
  const lines = more?.split(' and ').map((line) => `${line}\n  `) ?? [];
  const example = readFileSync(resolve('examples/failover', `${method}-director${n}.conf`), 'utf8');
  const file = join(lab.host(`director${n}`).directory, `director${n}.conf`);
  writeFileSync(file, example.replace('virtual_router_id', `${lines.join('')}virtual_router_id`));
  return await Director.start(lab.host(`director${n}`), {
    interfaces: [],
    args: ['-f', file, '--connections', '4096'],
  });
}

async function isMaster(director: Director): Promise<boolean> {
  const { instances } = await director.client.vrrp();
  return instances.length > 0 && instances.every(({ state }) => state === 'MASTER');
}

/** Multicast comes to neither director: ARP goes on, advertisements do not. */
async function flood(lab: Lab, multicast: 'on' | 'off'): Promise<void> {
  const ports = ['director1-0', 'director2-0'].map(
    (port) => `link set ${port} type bridge_slave mcast_flood ${multicast}`,
  );
  await lab.switch.run('ip', ['-batch', '-'], { input: `${ports.join('\n')}\n` });
}

async function findings(director: Director): Promise<{ code: number; failed: string[] }> {
  const { stdout, code } = await director.tryXlb(['doctor', '--json']);
  const failed = (JSON.parse(stdout) as DoctorReport).checks.filter(({ state }) => state === 'fail');
  return { code, failed: failed.map(({ subject, text }) => `${subject}: ${text}`) };
}

const WELL = { code: 0, failed: [] };

async function examine(lab: Lab, [first, second]: readonly [Director, Director], device: string): Promise<void> {
  for (const each of [first, second]) expect(await findings(each)).toEqual(WELL);
  const server = lab.host('rs1');
  await server.run('sysctl', ['-qw', 'net.ipv4.conf.all.arp_ignore=0']);
  const loud = `${VIP4}: the real server ${server.address4} (MAC ${server.spec.ports[0]?.mac}) answers for it: clients go past this director`;
  expect(await findings(first)).toEqual({ code: 1, failed: [loud] });
  await server.run('sysctl', ['-qw', 'net.ipv4.conf.all.arp_ignore=1']);

  await flood(lab, 'off');
  await waitFor('director2 is MASTER, too', () => isMaster(second));
  for (const each of [first, second]) {
    expect(await findings(each)).toEqual({
      code: 1,
      failed: [expect.stringMatching(`^${VIP4}: 2 hold it: this director \\(${device}\\) and .*is cut$`)],
    });
  }
  await flood(lab, 'on');
  // For a while each remembers what it heard of the other.
  for (const each of [first, second])
    await waitFor('the doctor is content', async () => (await findings(each)).code === 0);
}

test.concurrent.each<[string, StandardOptions]>([
  ['dr', COMMON],
  ['dr with use_vmac and no_accept', COMMON],
  ['tun', COMMON],
  ['nat', { ...COMMON, nat: true, arms: 2, gateway: 101 }],
])('%s', async (kind, options) => {
  await using lab = await Lab.build(standardSpec(options));
  const servers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
  await Promise.all(servers.map((host) => startNginx(host)));
  if (kind === 'tun') for (const host of servers) await host.run(Director.XLB, ['decap', 'eth0', '--vip', VIP4]);
  if (kind === 'nat') await lab.host('director2').run('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  const [first, second] = [await start(lab, kind, 1), await start(lab, kind, 2)];
  const asked = async () => (await request(lab.host('client1'), `http://${VIP4}/`, 12)).by;

  await waitFor('director1 is MASTER', () => isMaster(first));
  await waitFor('its real servers answer', async () => (await asked()).size === servers.length);
  expect(await asked()).toEqual(EVERYONE);
  expect(await isMaster(second)).toBe(false);
  if (kind.startsWith('dr')) await examine(lab, [first, second], kind === 'dr' ? 'eth0' : 'vrrp.51');

  await first.stopDaemon('SIGTERM');
  await waitFor('director2 is MASTER', () => isMaster(second));
  await waitFor('its real servers answer', async () => (await asked()).size === servers.length);
  expect(await asked()).toEqual(EVERYONE);
});
