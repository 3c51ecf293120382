/** xlbd with a VRRP instance, whole: what an operator sees, and what disturbs it not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import type { VrrpInstance, VrrpReport } from '../../src/api/protocol/vrrp.ts';
import { Program } from '../interop/support/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'xlb-vrrp-'));
afterAll(() => rmSync(directory, { recursive: true }));
const FILE = join(directory, 'xlb.conf');
const VIP = '192.0.2.100';
const OWN =
  'xlb {\n  interface eth0\n  connections 4096\n  services 16384\n  real_servers 16384\n  schedule_lines 1048576\n}\n';
/** Milliseconds between two advertisements, and what none may be late. */
const INTERVAL = 100;
const LATENESS = 25;

let lab: Lab;
let director: Director;

function instance(lines = ''): string {
  const words = `interface eth0\nvirtual_router_id 51\nversion 3\nadvert_int ${INTERVAL / 1000}\npriority 100`;
  return `vrrp_instance VI_1 {\n${words}\nvirtual_ipaddress {\n${VIP}\n}\n${lines}\n}\n`;
}

function virtualServers(count: number): string {
  const address = (i: number) => `198.18.${i >> 8}.${i & 255}`;
  const one = (i: number) =>
    `virtual_server ${address(i)} 80 {\nprotocol TCP\nlb_kind DR\nreal_server 192.0.2.31 80 {\n}\n}\n`;
  return Array.from({ length: count }, (_, i) => one(i)).join('');
}

async function vrrp(): Promise<VrrpInstance> {
  const { stdout } = await director.tryXlb(['vrrp', '--json']);
  return (JSON.parse(stdout) as VrrpReport).instances[0]!;
}

const state = async () => (await vrrp()).state;
const addresses = () => director.host.run('ip', ['-br', 'addr', 'show', 'eth0']);

beforeEach(async () => {
  lab = await Lab.build(standardSpec({ clients: 0, realServers: 1, directorVips: [] }));
  writeFileSync(FILE, OWN + instance());
  director = await Director.start(lab.host('director1'), { interfaces: [], args: ['-f', FILE] });
  await expect.poll(state, { timeout: 5000 }).toBe('MASTER');
});

afterEach(() => lab.remove());

test('a VIP that someone takes away comes back, a reload keeps it, and a killed xlbd leaves none', async () => {
  await director.host.run('ip', ['addr', 'del', `${VIP}/32`, 'dev', 'eth0']);
  await expect.poll(addresses, { interval: 10 }).toContain(VIP);
  await expect.poll(() => director.log()).toContain(`someone took ${VIP} away; it is put back`);

  const { transitions } = await vrrp();
  writeFileSync(FILE, OWN + instance('track_interface {\nlo weight 7\n}'));
  await director.xlb(['reload']);
  await expect.poll(async () => (await vrrp()).priority).toEqual({ base: 100, effective: 107 });
  expect((await vrrp()).transitions).toEqual(transitions);
  writeFileSync(FILE, OWN + instance().replace('virtual_router_id 51', 'virtual_router_id 999'));
  expect((await director.tryXlb(['reload'])).code).toBe(1);
  expect(await vrrp()).toMatchObject({ state: 'MASTER', vrid: 51 });

  writeFileSync(FILE, OWN + instance().replace('virtual_router_id 51', 'virtual_router_id 52'));
  await director.xlb(['reload']);
  await expect.poll(vrrp).toMatchObject({ state: 'MASTER', vrid: 52 });
  await expect.poll(addresses).toContain(VIP);

  await director.stopDaemon('SIGKILL');
  expect(await addresses()).toContain(VIP);
  // It would stay BACKUP: another one is there by now, and this one has not found out yet.
  writeFileSync(FILE, OWN + instance('preempt_delay 60').replace('advert_int 0.1', 'advert_int 40'));
  await director.startDaemon();
  expect(await addresses()).not.toContain(VIP);
  expect(director.log()).toContain(`an earlier process left ${VIP} on eth0; it is taken away`);
  expect(await state()).toBe('BACKUP');
});

test('a director whose virtual service has lost its quorum gives way', async () => {
  const service = `virtual_server ${VIP} 80 {\nprotocol TCP\nlb_kind DR\nreal_server 192.0.2.31 80 {\n}\n}\n`;
  const track = `track_virtual_server {\n"${VIP} 80 TCP"\n}`;
  writeFileSync(FILE, OWN + service + instance(track));
  await director.xlb(['reload']);
  expect(await state()).toBe('MASTER');
  await director.xlb(['ipvsadm', '-e', '-t', `${VIP}:80`, '-r', '192.0.2.31:80', '-g', '-w', '0']);
  await expect.poll(vrrp).toMatchObject({ state: 'FAULT', faults: [`virtual-server ${VIP} 80 TCP`] });
  expect(await addresses()).not.toContain(VIP);
  await director.xlb(['ipvsadm', '-e', '-t', `${VIP}:80`, '-r', '192.0.2.31:80', '-g', '-w', '1']);
  await expect.poll(state, { timeout: 5000 }).toBe('MASTER');
});

test('a reload of 10,000 virtual servers delays no advertisement by a quarter of its interval', async () => {
  const within = ['nsenter', `--net=/run/netns/${director.host.namespace}`];
  const tcpdump = new Program(within, 'tcpdump', '-i', 'eth0', '-nn', '-l', '-tt', '--immediate-mode', 'proto 112');
  await tcpdump.says(/listening on/);
  await sleep(5 * INTERVAL);
  writeFileSync(FILE, OWN + instance() + virtualServers(10_000));
  await director.xlb(['reload'], { timeout: 60_000 });
  await sleep(5 * INTERVAL);
  await tcpdump.end('SIGTERM');
  const times = [...tcpdump.output.matchAll(/^([0-9.]+) IP /gm)].map(([, seconds]) => Number(seconds) * 1000);
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  expect(gaps.length).toBeGreaterThan(10);
  expect(Math.max(...gaps)).toBeLessThan(INTERVAL + LATENESS);
});
