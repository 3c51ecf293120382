import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDaemon, fakeConnections, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { type Outcome, runXlb, type World, words } from '../../test/cli/run-xlb.ts';

let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await startFakeDaemon();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

function xlb(line: string, world: World = {}): Promise<Outcome> {
  return runXlb(daemon.runDir, words(line), world);
}

async function setUp(): Promise<void> {
  for (const line of [
    'service add 192.0.2.10:80/tcp --mh-size 65537 --mh-fallback',
    'server add 192.0.2.10:80/tcp 10.0.0.11 --method tun --weight 3 --upper-threshold 9',
    'server add 192.0.2.10:80/tcp 10.0.0.12',
  ]) {
    expect((await xlb(line)).code).toBe(0);
  }
}

describe('exit codes', () => {
  it.each<[string, number, RegExp]>([
    ['status', 0, /^$/],
    ['--help', 0, /^$/],
    ['--version', 0, /^$/],
    ['service add --help', 0, /^$/],
    ['', 2, /^Usage: xlb/],
    ['service', 2, /^Usage: xlb service/],
    ['sevices', 2, /unknown command 'sevices'\n\(Did you mean services\?\)/],
    ['status --yaml', 2, /unknown option '--yaml'/],
    ['status more', 2, /too many arguments/],
    ['status -o yaml', 2, /Allowed choices are text, json, tsv/],
    ['status --watch=0', 2, /Expected seconds/],
    ['services 192.0.2.10', 2, /Expected one like 192\.0\.2\.10:80\/tcp/],
    ['service add 192.0.2.10:80/dccp', 2, /Expected one like/],
    ['service add', 2, /missing required argument 'service'/],
    ['service add 192.0.2.10:80/tcp -s wlr', 2, /Allowed choices are rr, wrr, lc, wlc, /],
    ['sysctl sloppy_tcp=2', 2, /^xlb: found sloppy_tcp=2, expected a number from 0 to 1 behind sloppy_tcp=\n/],
    ['sysctl am_droprate=0', 2, /expected a number from 1 to 2147483647 behind am_droprate=\n/],
    ['service add 192.0.2.10:80/tcp --mh-size x', 2, /Expected a number from 1/],
    ['service add 192.0.2.10:80/tcp -s rr --mh-size 251', 2, /^xlb: found --mh-size with the scheduler rr, expected/],
    ['service add 192.0.2.10:80/tcp -s sh --mh-size 251', 2, /^xlb: found --mh-size with the scheduler sh, expected/],
    ['service add 192.0.2.10:80/tcp -s wlc --sh-port', 2, /^xlb: found --sh-port with the scheduler wlc, expected/],
    ['service add 192.0.2.10:80/tcp -s lc --mh-fallback', 2, /^xlb: found --mh-fallback with the scheduler lc/],
    ['server add 192.0.2.10:80/tcp nobody', 2, /'nobody' is no real server/],
    ['server add 192.0.2.10:80/tcp 10.0.0.1 -w -1', 2, /Expected a number from 0/],
    ['server drain 192.0.2.10:80/tcp 10.0.0.1 --undo --reason x', 2, /--undo takes no --reason/],
    ['connections real=nobody', 2, /'real=nobody': expected real server/],
    ['connections age>1year', 2, /'age>1year' is no word of a filter/],
    ['schema nothing', 2, /no schema 'nothing'\. There are: /],
    ['completion fish', 2, /Allowed choices are bash, zsh/],
    ['service delete 192.0.2.10:80/tcp', 1, /192\.0\.2\.10:80\/tcp/],
    ['service edit 192.0.2.10:80/tcp', 1, /no virtual service 192\.0\.2\.10:80\/tcp/],
    ['service add 192.0.2.10:80/tcp --mh-size 4094', 1, /^xlb: service\.options\.ring_size: .*prime/],
    ['detach eth9', 1, /eth9 is not attached/],
    ['attach wlan0', 1, /there is no interface wlan0/],
    ['apply nothing.json', 1, /nothing\.json: no such file/],
    ['--run-dir /run/nowhere status', 3, /^xlb: xlbd does not answer at \/run\/nowhere\/xlb\.sock: there is no such/],
    ['server delete 192.0.2.10:80/tcp 10.0.0.1 --run-dir=/run/nowhere', 3, /--run-dir DIR/],
    ['version --run-dir /run/nowhere', 0, /does not answer/],
  ])('xlb %s: %i', async (line, code, talk) => {
    const outcome = await xlb(line);
    expect(outcome.code, outcome.stderr).toBe(code);
    expect(outcome.stderr).toMatch(talk);
    if (code > 0) expect(outcome.stdout).toBe('');
  });

  it('status finds problems', async () => {
    const problem = { id: 'x', severity: 'error', subject: 'eth0', since: null, text: 'is down', next: null } as const;
    daemon.controller.overrides = { health: 'down', problems: [problem] };
    for (const format of ['text', 'json', 'tsv']) expect((await xlb(`status -o ${format}`)).code).toBe(1);
    expect((await xlb('status')).stdout).toContain('  ! eth0: is down\n');
    daemon.controller.overrides = { health: 'down', problems: Array.from({ length: 1000 }, () => problem) };
    const lines = (await xlb('status')).stdout.split('\n');
    expect(lines.slice(-4)).toEqual(['  ! eth0: is down', '  and 980 more', '      -> xlb status -o tsv', '']);
  });
});

describe('nouns', () => {
  it.each(['status', 'services', 'servers', 'connections', 'stats', 'interfaces', 'vrrp', 'sync', 'doctor'])(
    '%s prints JSON',
    async (noun) => {
      await setUp();
      daemon.controller.entries = fakeConnections(3);
      const { stdout } = await xlb(`${noun} --json`);
      expect(JSON.parse(stdout)).toMatchObject({ schema: `xlb/1/${noun}`, host: 'lb1', epoch: 3 });
      expect((await xlb(`${noun} -o json`)).stdout.length).toBe(stdout.length);
    },
  );

  it.each(['status', 'services', 'servers', 'connections', 'stats', 'interfaces', 'sync'])(
    '%s prints TSV',
    async (noun) => {
      await setUp();
      daemon.controller.entries = fakeConnections(3);
      const lines = (await xlb(`${noun} -o tsv`)).stdout.slice(0, -1).split('\n');
      expect(lines.length).toBeGreaterThan(1);
      expect(new Set(lines.map((line) => line.split('\t').length)).size).toBe(1);
    },
  );

  it.each(['services', 'servers', 'connections', 'interfaces', 'vrrp'])(
    '%s says so where there is nothing, and stays a table for scripts',
    async (noun) => {
      daemon.controller.attached.clear();
      expect((await xlb(noun)).stdout).toMatch(/^(no|not) .*\n$/);
      expect((await xlb(`${noun} -o tsv`)).stdout).toMatch(/^[a-z0-9_\t]+\n$/);
    },
  );

  it.each(['status', 'services', 'services --stats', 'servers', 'connections', 'stats', 'interfaces', 'sync'])(
    '%s keeps within 100 columns',
    async (noun) => {
      await setUp();
      await xlb('service add [2001:db8:1111:2222:3333:4444:5555:6666]:65535/tcp');
      await xlb('server add [2001:db8:1111:2222:3333:4444:5555:6666]:65535/tcp 2001:db8:7777:2222:3333:4444:5555:6666');
      daemon.controller.unresolved.add('10.0.0.12');
      daemon.controller.entries = fakeConnections(3);
      const { stdout } = await xlb(noun);
      // A service's name beside a real server's is the one thing that has no shorter form.
      const lines = stdout.split('\n').filter((line) => noun !== 'servers' || !line.includes('[2001'));
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    },
  );

  it('colours states, and nothing without a terminal', async () => {
    await setUp();
    await xlb("server drain 192.0.2.10:80/tcp 10.0.0.12 --reason 'kernel update'");
    const { stdout } = await xlb('services', { tty: true });
    expect(stdout).toContain('\u001b[34mdraining');
    expect(stdout).toContain('\u001b[32mup 12 d');
    expect((await xlb('services')).stdout).not.toContain('\u001b');
    expect((await xlb('services', { tty: true, vars: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  });

  it('lists many connections in one table', async () => {
    daemon.controller.entries = fakeConnections(2345);
    const { stdout } = await xlb('connections');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2346);
    expect(lines.filter((line) => line.startsWith('CLIENT'))).toHaveLength(1);
  });

  it('takes a filter as one word or many', async () => {
    daemon.controller.entries = fakeConnections(1000);
    const one = await xlb("connections 'real=10.0.0.11 state=TIME_WAIT' -o tsv");
    const many = await xlb('connections real=10.0.0.11 state=TIME_WAIT -o tsv');
    expect(one.stdout).toBe(many.stdout);
    expect(one.stdout.split('\n')).toHaveLength(36);
    expect((await xlb('connections age>10min -o tsv')).stdout.split('\n')).toHaveLength(402);
  });
});

describe('--watch', () => {
  async function watched(line: string, world: World, during: () => Promise<void> = async () => {}): Promise<Outcome> {
    const stop = new AbortController();
    const running = xlb(line, { ...world, signal: stop.signal });
    await sleep(400);
    await during();
    await sleep(400);
    stop.abort();
    return await running;
  }

  it('prints one line of JSON a look', async () => {
    const { code, stdout, stderr } = await watched('status --json --watch 0.1', {});
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ schema: 'xlb/1/status' });
    expect([code, stderr]).toEqual([0, '']);
  });

  it('clears the screen of a person', async () => {
    const { stdout } = await watched('services --watch 0.1', { tty: true });
    expect(stdout.split('\u001b[H\u001b[2J').length).toBeGreaterThan(3);
  });

  it('waits for a daemon that restarts', async () => {
    const { controller, runDir } = daemon;
    const { code, stderr } = await watched('interfaces --watch 0.1', {}, async () => {
      await daemon[Symbol.asyncDispose]();
    });
    expect(stderr).toContain(`xlb: xlbd does not answer at ${runDir}/xlb.sock`);
    expect(stderr).toContain('trying again\n');
    expect(code).toBe(0);
    daemon = await startFakeDaemon(controller);
  });

  it('does not wait for one that was never there', async () => {
    expect((await xlb('status --watch --run-dir /run/nowhere')).code).toBe(3);
  });
});

describe('verbs', () => {
  it('edit keeps what is left out', async () => {
    await setUp();
    await xlb('server edit 192.0.2.10:80/tcp 10.0.0.11 --weight 5');
    await xlb('service edit 192.0.2.10:80/tcp --mh-port');
    const [service] = await daemon.controller.services();
    expect(service).toMatchObject({ scheduler: 'mh', options: { port: true, fallback: true, ring_size: 65537 } });
    expect(service?.servers.find(({ address }) => address === '10.0.0.11')).toMatchObject({
      method: 'tun',
      weight: { configured: 5 },
      upper_threshold: 9,
    });
    await xlb('service edit 192.0.2.10:80/tcp --no-mh-port --no-mh-fallback -s rr');
    expect((await daemon.controller.services())[0]).toMatchObject({
      scheduler: 'rr',
      options: { port: false, fallback: false },
    });
    const { code, stderr } = await xlb('server edit 192.0.2.10:80/tcp 10.0.0.99 -w 1');
    expect([code, stderr]).toEqual([1, 'xlb: service 192.0.2.10:80/tcp has no real server 10.0.0.99:80\n']);
  });

  it('add and edit persistence and one-packet scheduling', async () => {
    const service = async () => (await daemon.controller.services())[0];
    await xlb('service add 192.0.2.9:53/udp -s rr --persistent --netmask 24 --one-packet');
    expect(await service()).toMatchObject({
      persistence: { timeout_s: 360, netmask: '255.255.255.0' },
      one_packet: true,
    });
    await xlb('service edit 192.0.2.9:53/udp --persistent 50');
    expect(await service()).toMatchObject({
      persistence: { timeout_s: 50, netmask: '255.255.255.0' },
      one_packet: true,
    });
    await xlb('service edit 192.0.2.9:53/udp --no-persistent --no-one-packet');
    expect(await service()).toMatchObject({ persistence: null, one_packet: false });
    await xlb('service edit 192.0.2.9:53/udp -s wrr');
    expect(await service()).toMatchObject({ scheduler: 'wrr', persistence: null });
    const { code, stderr } = await xlb('service edit 192.0.2.9:53/udp --netmask 24');
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected it with --persistent')]);
    expect((await xlb('service add [2001:db8::9]:53/udp --persistent --netmask 129')).code).toBe(2);
    expect((await xlb('service add 192.0.2.9:80/tcp --one-packet')).code).not.toBe(0);
  });

  it('say ten warnings at most', async () => {
    daemon.controller.warnings = Array.from({ length: 12 }, (_, n) => `no route to 10.0.0.${n}`);
    const { code, stderr } = await xlb('service add 192.0.2.99:80/tcp');
    expect(code).toBe(0);
    expect(stderr.split('\n').slice(-3)).toEqual([
      'xlb: warning: no route to 10.0.0.9',
      'xlb: warning: 2 more (xlb status)',
      '',
    ]);
  });

  it('drain says who and why, and is undone', async () => {
    await setUp();
    await xlb("server drain 192.0.2.10:80/tcp 10.0.0.12 --reason 'kernel update'");
    const drained = async () =>
      (await daemon.controller.services())[0]?.servers.find(({ address }) => address === '10.0.0.12')?.state;
    expect(await drained()).toMatchObject({
      effective: 'draining',
      admin: { by: 'alice', reason: 'kernel update', at: '2026-11-23T19:50:02.114Z' },
    });
    await xlb('server drain 192.0.2.10:80/tcp 10.0.0.12 --undo');
    expect(await drained()).toMatchObject({ effective: 'up', admin: null });
  });

  it('saves, changes, applies and restores', async () => {
    await setUp();
    await xlb('server drain 192.0.2.10:80/tcp 10.0.0.12');
    const saved = (await xlb('save')).stdout;
    const line = (await xlb('save --json')).stdout;
    expect(line.split('\n')).toHaveLength(2);
    expect({ ...JSON.parse(line), time: '' }).toEqual({ ...JSON.parse(saved), time: '' });
    const model = daemon.controller.model;
    await xlb('server drain 192.0.2.10:80/tcp 10.0.0.11');
    await xlb('server delete 192.0.2.10:80/tcp 10.0.0.12');
    await xlb('service add [2001:db8::10]:53/udp');
    await xlb('apply saved.json', { files: { 'saved.json': saved } });
    const [service] = await daemon.controller.services();
    expect(service?.servers.map(({ state }) => state.effective)).toEqual(['draining', 'draining']);
    const { code, stdout } = await xlb('restore', { stdin: saved });
    expect([code, stdout]).toEqual([0, '~ real server 10.0.0.11:80 of 192.0.2.10:80/tcp  (drain ended)\n']);
    expect(daemon.controller.model).toEqual(model);
  });

  it('changes nothing with --dry-run, and prints JSON', async () => {
    const { stdout } = await xlb('service add 192.0.2.10:80/tcp --dry-run --json');
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'xlb/1/changes', dry_run: true, changes: [{ action: 'add' }] });
    expect(daemon.controller.epoch).toBe(0);
  });

  it.each([
    ['{"services":[}', 'file.json:1:14: broken JSON, found "}"'],
    ['{"services":\n', 'file.json:2:1: broken JSON, found end of text'],
    ['[]', 'file.json: expected object, found array'],
    ['{"services":[],"x":1}', 'file.json: x: no such field: x'],
    [
      '{"services":[{"protocol":"tcp","address":"192.0.2.10","port":80,"servers":[{"address":"10.0.0.256"}]}]}',
      'file.json: services[0].servers[0].address: expected an IPv4 or IPv6 address',
    ],
  ])('says where %j is broken', async (text, message) => {
    const { code, stderr } = await xlb('apply file.json', { files: { 'file.json': text } });
    expect([code, stderr]).toEqual([1, `xlb: ${message}\n`]);
    expect(daemon.controller.epoch).toBe(0);
  });
});

describe('ipvsadm', () => {
  it.each([
    ['xlb', 'ipvsadm -Ln'],
    ['ipvsadm', '-Ln'],
  ])('as %s', async (program, line) => {
    await setUp();
    const { code, stdout } = await xlb(line, { program });
    expect(code).toBe(0);
    expect(stdout).toContain('TCP  192.0.2.10:80 mh');
  });

  it('takes --run-dir before it, and leaves its own words alone', async () => {
    const { code, stdout } = await runXlb('/run/nowhere', ['--run-dir', daemon.runDir, 'ipvsadm', '-S', '-n']);
    expect([code, stdout]).toEqual([0, '']);
  });
});
