/**
 * One instance against the real keepalived, on a bridge between two namespaces. Takeovers are timed by
 * tcpdump, from what ends one master to the other's first advertisement, and held against the formula.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { typescript } from '../support/typescript.ts';

const VIP = '192.168.10.188';
/** Milliseconds; two CPUs are shared with whatever else runs. */
const TOLERANCE = 50;

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
let names: string[] = [];
let directory = '';
let running: Process[] = [];

class Process {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor(namespace: number, command: string, ...args: string[]) {
    this.child = spawn('nsenter', [`--net=/run/netns/${names[namespace]}`, command, ...args]);
    this.ended = new Promise((done) => this.child.once('exit', done));
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', (text) => (this.output += text));
    running.push(this);
  }

  async says(text: RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: 20_000, interval: 5 }).toMatch(text);
  }
}

/** `eth0` of both: 192.168.10.11 (ours) and .12 (keepalived's). */
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-interop-'));
  names = ['ours', 'theirs'].map((name) => `xlb-${name}-${randomBytes(3).toString('hex')}`);
  for (const name of names) ip('netns', 'add', name);
  ip('-n', names[0]!, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', names[1]!);
  for (const [i, name] of names.entries()) {
    ip('-n', name, 'addr', 'add', `192.168.10.${11 + i}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
  }
});

afterEach(async () => {
  for (const { child } of running) child.kill();
  await Promise.all(running.map(({ ended }) => ended));
  for (const name of names) ip('netns', 'del', name);
  rmSync(directory, { recursive: true });
  running = [];
});

function ours(...options: string[]): Process {
  const path = fileURLToPath(new URL('../vrrp/director-process.ts', import.meta.url));
  return new Process(0, ...typescript(path, ...options));
}

function theirs(priority: number, lines = ''): Process {
  const file = join(directory, 'keepalived.conf');
  const instance = `interface eth0\nvirtual_router_id 51\npriority ${priority}\n${lines}\nvirtual_ipaddress {\n${VIP}\n}`;
  writeFileSync(file, `vrrp_instance vi {\n${instance}\n}\n`);
  const pids = ['-p', join(directory, 'main.pid'), '-r', join(directory, 'vrrp.pid')];
  return new Process(1, 'keepalived', '-n', '-l', '-D', '-G', '-P', '-f', file, ...pids);
}

const holds = (namespace: number) => ip('-n', names[namespace]!, '-o', 'addr', 'show', 'eth0').includes(`${VIP}/32`);

async function capture(): Promise<Process> {
  const tcpdump = new Process(0, 'tcpdump', '-i', 'eth0', '-nn', '-l', '-tt', '--immediate-mode', 'proto 112 or arp');
  await tcpdump.says(/listening on/);
  return tcpdump;
}

/** Milliseconds of each advertisement of that sender and priority. */
function adverts({ output }: Process, sender: string, priority: number): number[] {
  const line = new RegExp(`^([0-9.]+) IP ${sender} > .* prio ${priority},`, 'gm');
  return [...output.matchAll(line)].map(([, seconds]) => Number(seconds) * 1000);
}

async function firstAdvert(tcpdump: Process, sender: string, priority: number): Promise<number> {
  await expect.poll(() => adverts(tcpdump, sender, priority), { timeout: 20_000, interval: 10 }).not.toEqual([]);
  return adverts(tcpdump, sender, priority)[0]!;
}

/** How many gratuitous ARP requests came after `since`. */
function announcements({ output }: Process, since: number): number {
  const lines = output.matchAll(/^([0-9.]+) ARP, Request who-has (\S+) \(ff:ff:ff:ff:ff:ff\) tell (\S+),/gm);
  return [...lines].filter(
    ([, seconds, whose, sender]) => Number(seconds) * 1000 > since && whose === VIP && sender === VIP,
  ).length;
}

function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected), `${actual} ms, ${expected} expected`).toBeLessThan(TOLERANCE);
}

test.each([
  ['version 2', [], '', 687.5],
  ['a password', ['password=1111'], 'authentication {\nauth_type PASS\nauth_pass 1111\n}', 687.5],
  ['version 3, half a second', ['version=3', 'interval=0.5'], 'version 3\nadvert_int 0.5', 343.75],
])('%s: we obey a higher priority, and take over a skew after it gave up', async (_, options, lines, skew) => {
  const tcpdump = await capture();
  const keepalived = theirs(100, lines);
  await firstAdvert(tcpdump, '192.168.10.12', 100);
  const xlb = ours('priority=80', ...options);
  await xlb.says(/INIT -> BACKUP/);
  await new Promise((done) => setTimeout(done, 2500));
  expect([holds(0), holds(1)]).toEqual([false, true]);
  keepalived.child.kill('SIGTERM');
  const end = await firstAdvert(tcpdump, '192.168.10.12', 0);
  const takeover = await firstAdvert(tcpdump, '192.168.10.11', 80);
  expectNear(takeover - end, skew);
  await expect.poll(() => announcements(tcpdump, takeover), { timeout: 4000, interval: 10 }).toBe(5);
  expect([holds(0), holds(1)]).toEqual([true, false]);
});

test('keepalived obeys our higher priority, takes over a skew after we gave up, and gives way when we are back', async () => {
  const tcpdump = await capture();
  const xlb = ours('priority=100');
  await xlb.says(/BACKUP -> MASTER/);
  const keepalived = theirs(80);
  await keepalived.says(/Entering BACKUP STATE/);
  await new Promise((done) => setTimeout(done, 4500));
  expect([holds(0), holds(1)]).toEqual([true, false]);
  xlb.child.kill('SIGTERM');
  const end = await firstAdvert(tcpdump, '192.168.10.11', 0);
  expectNear((await firstAdvert(tcpdump, '192.168.10.12', 80)) - end, 687.5);
  expect(holds(0)).toBe(false);
  const again = ours('priority=100');
  await again.says(/BACKUP -> MASTER/);
  await keepalived.says(/higher priority 100, ours 80/);
  expect([holds(0), holds(1)]).toEqual([true, false]);
});

test('keepalived is killed with all its processes: we take over when Master_Down is over', async () => {
  const tcpdump = await capture();
  const keepalived = theirs(100);
  await firstAdvert(tcpdump, '192.168.10.12', 100);
  const xlb = ours('priority=80');
  await xlb.says(/INIT -> BACKUP/);
  await new Promise((done) => setTimeout(done, 1500));
  // Stopped first: it would start its child anew, and its death alone would end that one in order.
  keepalived.child.kill('SIGSTOP');
  process.kill(Number(readFileSync(join(directory, 'vrrp.pid'), 'utf8')), 'SIGKILL');
  keepalived.child.kill('SIGKILL');
  const takeover = await firstAdvert(tcpdump, '192.168.10.11', 80);
  expectNear(takeover - adverts(tcpdump, '192.168.10.12', 100).at(-1)!, 3687.5);
});
