/** xlbd with a VRRP instance, whole: what an operator sees, and what disturbs it not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import type { VrrpInstance } from '../../src/api/protocol/vrrp.ts';
import { Program } from '../interop/support/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'xlb-vrrp-'));
afterAll(() => rmSync(directory, { recursive: true }));
const FILE = join(directory, 'xlb.conf');
const VIP = '192.0.2.100';
/** Of curl. */
const CONNECTION_REFUSED = 7;
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
  return (await director.client.vrrp()).instances[0]!;
}

const state = async () => (await vrrp()).state;
const addresses = () => director.host.run('ip', ['-br', 'addr', 'show', 'eth0']);

beforeAll(async () => {
  lab = await Lab.build(standardSpec({ clients: 0, realServers: 1, directorVips: [] }));
  writeFileSync(FILE, OWN + instance());
  director = await Director.start(lab.host('director1'), { interfaces: [], args: ['-f', FILE] });
});
afterAll(() => lab.remove());

/** From what the test before has left: xlbd runs, or has ended. */
beforeEach(async () => {
  writeFileSync(FILE, OWN + instance());
  if (director.isRunning) await director.xlb(['reload', '--reset']);
  else await director.startDaemon();
  await expect.poll(state, { timeout: 5000 }).toBe('MASTER');
});

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
  // It would wait for two minutes, whatever the file says next.
  await director.stopDaemon('SIGKILL');
});

test('without accept nobody is answered on a VIP but neighbour discovery', async () => {
  const client = lab.host('rs1');
  // Nobody listens there: who gets the packet refuses the connection.
  const refuses = async (host: string) =>
    (await client.tryRun('curl', ['-s', '-m', '1', `http://${host}:9/`])).code === CONNECTION_REFUSED;
  // The real server has the VIP itself.
  const [four, six, local] = ['192.0.2.99', '[2001:db8::99]', '[fe80::5e:99%25eth0]'];
  const more = `virtual_ipaddress_excluded {\n192.0.2.99\n2001:db8::99\nfe80::5e:99\n}`;
  writeFileSync(FILE, OWN + instance(more));
  await director.xlb(['reload']);
  for (const address of [four, six, local]) await expect.poll(() => refuses(address)).toBe(true);

  writeFileSync(FILE, OWN + instance(`${more}\nno_accept`));
  await director.xlb(['reload']);
  await expect.poll(() => refuses(four)).toBe(false);
  await client.run('ip', ['neigh', 'flush', 'dev', 'eth0']);
  expect(await Promise.all([six, local, director.host.address4].map(refuses))).toEqual([false, false, true]);
  expect(await client.run('ip', ['neigh', 'show', '2001:db8::99'])).toContain(director.host.spec.ports[0]!.mac);

  const links = () => director.host.run('ip', ['-br', 'addr']);
  await director.host.run('ip', ['link', 'add', 'eth9', 'type', 'veth', 'peer', 'name', 'eth9-peer']);
  await director.host.run('ip', ['link', 'set', 'eth9', 'up']);
  const beside = 'use_vmac\nuse_vmac_addr\nvirtual_ipaddress_excluded {\n198.51.100.9 dev eth9\n}';
  writeFileSync(FILE, OWN + instance(beside));
  await director.xlb(['reload']);
  await expect.poll(links).toMatch(new RegExp(`vrrp\\.51@eth0 .* ${VIP}/32`));
  await expect.poll(links).toMatch(/vrrp\.51\.\d+@eth9 .* 198\.51\.100\.9\/32/);
  expect(await director.host.run('ip', ['-br', 'link', 'show', 'type', 'macvlan'])).toMatch(
    /(00:00:5e:00:01:33[\s\S]*){2}/,
  );
  writeFileSync(FILE, OWN + instance());
  await director.xlb(['reload']);
  await expect.poll(links).not.toContain('vrrp.51');
  await expect.poll(addresses).toContain(VIP);

  // The rules go with the instance's word, and with the process.
  writeFileSync(FILE, OWN + instance(more));
  await director.xlb(['reload']);
  await expect.poll(() => refuses(four)).toBe(true);
  writeFileSync(FILE, OWN + instance(`${more}\nno_accept`));
  await director.xlb(['reload']);
  await expect.poll(() => refuses(six)).toBe(false);
  await director.stopDaemon('SIGKILL');
  await expect.poll(() => refuses(six)).toBe(true);
  await director.host.run('ip', ['link', 'del', 'eth9']);
});

test('static addresses, routes and rules are there while xlbd runs, and what was there before stays', async () => {
  const show = async (...words: string[]) => (await director.host.run('ip', words)).replace(/\s+/g, ' ');
  const has = async () => ({
    address: (await addresses()).includes('198.51.100.1/24'),
    route: (await show('route', 'show', 'table', 'all')).includes('203.0.113.0/24 via 192.0.2.31 dev eth0'),
    rule: (await show('rule')).includes('from 198.51.100.0/24 lookup 100'),
    own: (await show('route')).includes('203.0.113.128/25 via 192.0.2.31'),
  });
  const all = { address: true, route: true, rule: true, own: true };
  await director.host.run('ip', ['route', 'add', '203.0.113.128/25', 'via', '192.0.2.31']);
  const routes = (mtu: number) =>
    `static_routes {\n203.0.113.0/24 via 192.0.2.31 dev eth0 table 100 mtu ${mtu}\n203.0.113.128/25 via 192.0.2.31\n}\n`;
  const address = 'static_ipaddress {\n198.51.100.1/24 dev eth0\n}\n';
  const statics = `${address}${routes(1400)}static_rules {\nfrom 198.51.100.0/24 lookup 100\n}\n`;
  writeFileSync(FILE, OWN + instance() + statics);
  await director.xlb(['reload']);
  await expect.poll(has).toEqual(all);

  for (const gone of [
    ['addr', 'del', '198.51.100.1/24', 'dev', 'eth0'],
    ['route', 'flush', 'table', '100'],
  ])
    await director.host.run('ip', gone);
  await expect.poll(has).toEqual(all);
  for (const state of ['down', 'up']) await director.host.run('ip', ['link', 'set', 'eth0', state]);
  await director.host.run('ip', ['route', 'replace', '203.0.113.128/25', 'via', '192.0.2.31']);
  await expect.poll(has).toEqual(all);

  // A crash leaves them; who starts next knows which were xlbd's, and what the file says of them now.
  await director.stopDaemon('SIGKILL');
  expect(await has()).toEqual(all);
  writeFileSync(FILE, OWN + instance() + address + routes(1300));
  await director.startDaemon();
  await expect.poll(has).toEqual({ ...all, rule: false });
  expect(await show('route', 'show', 'table', '100')).toContain('mtu 1300');
  await director.stopDaemon('SIGTERM');
  expect(await has()).toEqual({ address: false, route: false, rule: false, own: true });
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

  // So does one whose static address has no link any more, unless it is back at once.
  const link = (words: string) => director.host.run('sh', ['-c', words]);
  await link('ip link add eth9 type veth peer name eth9-peer && ip link set eth9-peer up && ip link set eth9 up');
  const followed = 'track_group G {\ngroup { VI_1 }\n}\nstatic_ipaddress {\n198.51.100.9 dev eth9 track_group G\n}\n';
  writeFileSync(FILE, `${OWN}${instance()}${followed}interface_up_down_delays {\neth9 0.19\n}\n`);
  await director.xlb(['reload']);
  await expect.poll(() => director.host.run('ip', ['-br', 'addr', 'show', 'eth9'])).toContain('198.51.100.9');
  await expect.poll(state, { timeout: 5000 }).toBe('MASTER'); // a new address to track begins with FAULT
  const { transitions } = await vrrp();
  await link('ip link set eth9 down && ip link set eth9 up && sleep 0.3');
  expect((await vrrp()).transitions).toEqual(transitions);
  await link('ip link set eth9 down');
  await expect.poll(vrrp).toMatchObject({ state: 'FAULT', faults: ['interface eth9'] });
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
