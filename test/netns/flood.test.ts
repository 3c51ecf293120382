/**
 * A flood of SYNs from random addresses, ten times the rate that the service may
 * open: who was connected loses nothing, who comes meanwhile connects at the first
 * try, and the table and the daemon stay as large as the limit lets them. What the
 * flood takes of the CPUs is printed.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from './support/cluster.ts';
import { CpuMeter, type CpuUse } from './support/cpu-meter.ts';
import { openSession, script } from './support/session.ts';

const RATE = 500;
const SECONDS = 3;
const FLOOD = 10 * RATE;
const VIP = '192.0.2.100';
const WAYS = [
  { method: 'dr', port: 80 },
  { method: 'tun', port: 8080 },
] as const;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.build({ clients: 2, director: { args: ['--connections', '65536'] } });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

interface Kept {
  readonly requests: number;
  readonly failed: number;
}

interface Fresh {
  readonly connected: number;
  readonly failed: readonly string[];
  readonly slowest: number;
}

/** Of the daemon, in kB. */
function residentSize(): number {
  const status = readFileSync(`/proc/${cluster.director.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

async function report(service: string) {
  const found = (await cluster.services()).find(({ name }) => name === service);
  const status = JSON.parse((await cluster.director.tryXlb(['status', '--json'])).stdout);
  return { limits: found?.limits, table: status.table, problems: status.problems };
}

async function connectAnew(port: number): Promise<Fresh> {
  const words = [script('fresh.py'), VIP, String(port), String(SECONDS - 1)];
  return JSON.parse(await cluster.client.run('python3', words)) as Fresh;
}

async function flood(port: number): Promise<{ packets: number; seconds: number }> {
  const link = await cluster.lab.host('director1').run('ip', ['-br', 'link', 'show', 'eth0']);
  const [, , mac = ''] = link.split(/\s+/);
  const words = [script('flood.py'), mac, VIP, String(port), `${FLOOD}`, `${SECONDS}`];
  return JSON.parse(await cluster.lab.host('client2').run('python3', words));
}

function tell(method: string, rate: number, quiet: CpuUse, loud: CpuUse): void {
  const percent = (use: number) => `${(100 * use).toFixed(1)} %`;
  const row = (name: keyof CpuUse) => `${name} ${percent(quiet[name])} -> ${percent(loud[name])}`;
  console.log(`${method}, ${rate.toFixed(0)} SYNs/s, of one CPU: ${row('softirq')}, ${row('all')}, ${row('daemon')}`);
}

test.each(WAYS)(
  '$method: established connections lose nothing, clients connect at the first try',
  async ({ method, port }) => {
    const service = `${VIP}:${port}/tcp`;
    await cluster.addService(4, method, { port, scheduler: 'wlc' });
    await cluster.director.xlb(['service', 'edit', service, '--rate', String(RATE), '--burst', String(RATE)]);
    const before = { ...(await report(service)), size: residentSize() };
    const kept = await openSession(cluster.client, [script('kept.py'), VIP, String(port), '20']);
    const meter = new CpuMeter(cluster.director.pid);
    await connectAnew(port);
    const quiet = meter.read();
    const flooding = flood(port);
    const fresh = await connectAnew(port);
    const loud = meter.read();
    const during = await report(service);
    const sent = await flooding;
    const old = (await kept.end()) as Kept;
    const after = { ...(await report(service)), size: residentSize() };
    tell(method, sent.packets / sent.seconds, quiet, loud);

    // The generator kept its pace: ten times the limit.
    expect(sent.packets / sent.seconds).toBeGreaterThan(8 * RATE);
    expect(old).toMatchObject({ failed: 0 });
    expect(old.requests).toBeGreaterThan(100);
    // A SYN that is lost comes again after a second.
    expect(fresh.failed).toEqual([]);
    expect(fresh.connected).toBeGreaterThan(10);
    expect(fresh.slowest).toBeLessThan(0.9);
    const most = RATE * (sent.seconds + 1) + RATE + 200;
    expect(after.table.entries - before.table.entries).toBeLessThan(most);
    expect(after.limits?.met.over_rate_total).toBeGreaterThan(sent.packets - most);
    expect(after.size - before.size).toBeLessThan(50_000);
    expect(during.problems).toContainEqual(expect.objectContaining({ id: 'over-rate', subject: service }));
  },
);
