/** ipvsadm's words over the real socket, client and server, with a controller in memory behind them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Controller, Outcome, StatsBody, StatusBody } from '../../src/api/controller.ts';
import { type Listening, listenUnix } from '../../src/api/listen.ts';
import { createMetrics } from '../../src/api/metrics.ts';
import { createApiServer } from '../../src/api/server.ts';
import type { Env } from '../../src/cli/env.ts';
import type { Refusal } from '../../src/cli/ipvsadm/backend.ts';
import { runIpvsadm } from '../../src/cli/ipvsadm/index.ts';
import { FakeBackend, NOTHING } from './ipvsadm-fake.ts';
import { connectionsOf } from './ipvsadm-numbers.ts';

let director = new FakeBackend();
let users: string[] = [];

function outcome<T>(refusal: Refusal | undefined, value: T): Outcome<T> {
  if (refusal === undefined) return { ok: true, value };
  const { index, ...rest } = refusal;
  const code = refusal.code as 'service-exists';
  return index === undefined ? { ok: false, ...rest, code } : { ok: false, ...rest, code, index };
}

function unexpected(): never {
  throw new Error('ipvsadm has no use for this');
}

const { totals, rates } = NOTHING;
const STATS: StatsBody = { totals, rates, counters: [], table: { entries: 0, capacity: 1048576, sweep_ms: null } };
const STATUS: StatusBody = {
  health: 'ok',
  version: '0',
  pid: 1,
  started_at: '2026-01-01T00:00:00.000Z',
  run_dir: '/run/xlb',
  state: { file: null, changed_at: null },
  config: null,
  services: { up: 0, degraded: 0, down: 0 },
  servers: { up: 0, draining: 0, quiesced: 0, unresolved: 0, unsupported: 0 },
  traffic: {
    packets_per_s: 0,
    bits_per_s: 0,
    connections_new_per_s: 0,
    connections_active: 0,
    connections_inactive: 0,
  },
  table: { entries: 0, capacity: 1048576, placed_without_entry_total: 0, evicted_total: 0 },
  timeouts: { tcp_s: 900, tcp_fin_s: 120, udp_s: 300 },
  sync_daemons: { master: null, backup: null },
  vrrp: [],
  drops: [],
  interfaces: [],
  supported: { schedulers: ['rr', 'wrr', 'mh'], methods: ['dr', 'tun'] },
  problems: [],
};

const controller: Controller = {
  epoch: 1,
  services: (key) => director.services(key),
  connections: () => director.connections(),
  execute: async (commands, { user }) => {
    users.push(user);
    return outcome(await director.execute(commands), { dry_run: false, changes: [], warnings: [] });
  },
  zero: async (key) => outcome(await director.zero(key), { services: 1 }),
  stats: async () => STATS,
  status: async () => STATUS,
  interfaces: unexpected,
  localAddresses: unexpected,
  marks: unexpected,
  vrrp: unexpected,
  doctor: unexpected,
  sync: unexpected,
  document: unexpected,
  config: unexpected,
  reload: unexpected,
  attach: unexpected,
  detach: unexpected,
  subscribe: () => () => {},
};

describe('over the socket', () => {
  const runDir = mkdtempSync(join(tmpdir(), 'xlb-ipvsadm-'));
  let listening: Listening;

  beforeAll(async () => {
    const onFault = (fault: unknown) => {
      throw fault;
    };
    const server = createApiServer({
      controller,
      host: 'lb1',
      version: '0',
      metrics: createMetrics(controller),
      onFault,
    });
    listening = await listenUnix(server, { path: join(runDir, 'xlb.sock') });
  });
  afterAll(async () => {
    await listening.close();
    rmSync(runDir, { recursive: true });
  });
  beforeEach(() => {
    director = new FakeBackend();
    users = [];
  });

  async function run(line: string, options: { stdin?: string; vars?: Env['vars']; aborted?: boolean } = {}) {
    const [program = '', ...args] = line.split(' ');
    const text = { stdout: '', stderr: '' };
    const output = (name: 'stdout' | 'stderr') => ({
      write: (more: string) => {
        text[name] += more;
        return true;
      },
    });
    const env: Env = {
      args,
      program,
      stdout: output('stdout'),
      stderr: output('stderr'),
      vars: options.vars ?? { XLB_RUN_DIR: runDir },
      stdoutIsTty: false,
      columns: 100,
      readStdin: async () => options.stdin ?? '',
      readFile: async () => 'http 80/tcp\n',
      writeFile: async () => {},
      user: 'alice',
      now: () => 0,
      signal: options.aborted === true ? AbortSignal.abort() : new AbortController().signal,
    };
    return { rc: await runIpvsadm(args, env), ...text };
  }

  it('changes the table in the name of who asks, and shows it', async () => {
    expect(await run('ipvsadm -A -t 192.0.2.1:http -s wrr')).toEqual({ rc: 0, stdout: '', stderr: '' });
    await run('ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.11 -i -w 5 -x 20 -y 10');
    expect(users).toEqual(['alice', 'alice']);
    expect((await run('ipvsadm -L -n')).stdout).toBe(`IP Virtual Server version 1.2.1 (size=1048576)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.0.2.1:80 wrr
  -> 10.0.0.11:80                 Tunnel  5      0          0         
`);
    expect((await run('ipvsadm -S -n')).stdout).toBe(
      '-A -t 192.0.2.1:80 -s wrr\n-a -t 192.0.2.1:80 -r 10.0.0.11:80 -i -w 5 --tun-type ipip\n',
    );
  });

  it('tells what the daemon refuses', async () => {
    await run('ipvsadm -A -t 192.0.2.1:80 -s wrr');
    expect(await run('ipvsadm -A -t 192.0.2.1:80 -s rr')).toMatchObject({
      rc: 255,
      stderr: 'Service already exists\n',
    });
    expect(await run('ipvsadm -L -t 192.0.2.2:80')).toMatchObject({ rc: 1, stderr: 'No such service\n' });
    expect(await run('ipvsadm -Z -t 192.0.2.2:80')).toMatchObject({ rc: 255, stderr: 'No such service\n' });
    expect(await run('ipvsadm -Z')).toMatchObject({ rc: 0, stderr: '' });
    expect(await run('ipvsadm -A -t 192.0.2.3:80 -s mh --mh-size 4094')).toEqual({
      rc: 255,
      stdout: '',
      stderr: 'service.options.ring_size: found 4094, expected a prime, like 4099\n',
    });
  });

  it('finds the line of a batch that is refused', async () => {
    const stdin = '-A -t 192.0.2.1:80 -s rr\n-D -t 192.0.2.9:80\n-A -t 192.0.2.2:80 -s rr\n';
    expect(await run('ipvsadm -R', { stdin })).toEqual({ rc: 0, stdout: '', stderr: 'No such service\n' });
    expect((await run('ipvsadm-save -n')).stdout).toBe('-A -t 192.0.2.1:80 -s rr\n-A -t 192.0.2.2:80 -s rr\n');
  });

  it('lists connections', async () => {
    const row = 'TCP 14:59  ESTABLISHED 198.51.100.7:40000 192.0.2.1:80       10.0.0.11:80\n';
    director.connectionList = connectionsOf(row);
    expect((await run('ipvsadm -L -n -c')).stdout).toBe(
      `IPVS connection entries\npro expire state       source             virtual            destination\n${row}`,
    );
  });

  it('lists timeouts', async () => {
    expect((await run('ipvsadm -L --timeout')).stdout).toBe('Timeout (tcp tcpfin udp): 900 120 300\n');
  });

  it.each(['-L -n', '-L -c', '-S', '-C', '-Z', '-L --timeout', '-A -t 192.0.2.1:80 -s rr', '-A -t 192.0.2.1:80', '-R'])(
    '%s says where it looked for a daemon',
    async (line) => {
      const vars = { XLB_RUN_DIR: join(runDir, 'elsewhere') };
      const outcome = await run(`ipvsadm ${line}`, { vars, stdin: '-C\n-C\n' });
      expect(outcome).toMatchObject({
        rc: 2,
        stderr: expect.stringMatching(/^Can't initialize ipvs: .*elsewhere\/xlb\.sock/),
      });
    },
  );

  it('needs no daemon for mistakes and help', async () => {
    const vars = { XLB_RUN_DIR: join(runDir, 'elsewhere') };
    expect((await run('ipvsadm -h', { vars })).rc).toBe(0);
    expect((await run('ipvsadm -A', { vars })).stderr).toMatch(/^You need to supply/);
    expect((await run('ipvsadm -A -t 192.0.2.1:80 -s rr -w 5', { vars })).stderr).toMatch(/^Illegal 'weight'/);
  });

  it('ends silently when it is interrupted', async () => {
    expect(await run('ipvsadm -L -n', { aborted: true })).toEqual({ rc: 130, stdout: '', stderr: '' });
  });
});
