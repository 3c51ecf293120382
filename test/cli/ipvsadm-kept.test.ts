/** What is kept and listed: marks, tunnels other than IP in IP, fullnat, synchronization daemons. */
import { describe, expect, it } from 'vitest';
import { FakeBackend, type Outcome, run } from './ipvsadm-fake.ts';

async function runAll(backend: FakeBackend, ...lines: readonly string[]): Promise<Outcome> {
  let outcome: Outcome = { rc: 0, stdout: '', stderr: '' };
  for (const line of lines) outcome = await run(['ipvsadm', ...line.split(' ')], backend);
  return outcome;
}

async function saved(backend: FakeBackend): Promise<string> {
  return (await runAll(backend, '-S -n')).stdout;
}

describe('services by firewall mark', () => {
  it('are told apart by family, and hold servers of any port', async () => {
    const backend = new FakeBackend();
    const rules = [
      '-A -f 7 -s rr',
      '-a -f 7 -r 10.0.0.11:0 -g -w 1',
      '-a -f 7 -r 10.0.0.11:80 -g -w 1',
      '-A -f 7 -6 -s rr',
      '-a -f 7 -6 -r [fd00::11]:0 -g -w 1',
    ];
    await runAll(backend, ...rules);
    expect(await saved(backend)).toBe(rules.map((line) => `${line}\n`).join(''));
    await runAll(backend, '-d -f 7 -r 10.0.0.11', '-D -f 7 -6');
    expect(await saved(backend)).toBe(`${rules[0]}\n${rules[2]}\n`);
  });

  it('are listed with names of hosts and without names of ports', async () => {
    const backend = new FakeBackend();
    const { stdout } = await runAll(backend, '-A -f 7 -s rr', '-a -f 7 -r 10.0.0.11:80', '-L');
    expect(stdout).toContain('FWM  7 rr\n  -> rs1.example.com:80 ');
  });

  it('beyond 2^31 are shown as ipvsadm shows them, and saved so that they can be restored', async () => {
    const backend = new FakeBackend();
    const { stdout } = await runAll(backend, '-A -f 4294967295 -s rr', '-L -n');
    expect(stdout).toContain('FWM  -1 rr\n');
    expect(await saved(backend)).toBe('-A -f 4294967295 -s rr\n');
  });

  it('are zeroed alone', async () => {
    const backend = new FakeBackend();
    expect(await runAll(backend, '-Z -f 7')).toMatchObject({ rc: 255, stderr: 'No such service\n' });
    expect(await runAll(backend, '-A -f 7 -s rr', '-Z -f 7')).toMatchObject({ rc: 0, stderr: '' });
  });

  it.each([
    ['-a -f 7 -r 10.0.0.11:0', 255, 'Destination already exists'],
    ['-a -f 7 -r fd00::11', 2, 'Different address family is allowed only for tunneling servers'],
    ['-a -f 8 -r 10.0.0.11', 255, 'Service not defined'],
    ['-d -f 7 -r 10.0.0.11:80', 255, 'No such destination'],
    ['-L -n -f 8', 1, 'No such service'],
    ['-L -n -f 7 -6', 1, 'No such service'],
    ['-E -f 7 -6 -s wrr', 255, 'No such service'],
  ])('%s', async (line, rc, message) => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -f 7 -s rr', '-a -f 7 -r 10.0.0.11');
    expect(await runAll(backend, line)).toEqual({ rc, stdout: '', stderr: `${message}\n` });
  });
});

describe('tunnels', () => {
  it.each([
    ['--tun-type gue --tun-port 6080 --tun-nocsum', 'gue:6080:-c  '],
    ['--tun-type gue --tun-port 65535 --tun-csum', 'gue:65535:+c '],
    ['--tun-type gue --tun-port 1 --tun-remcsum', 'gue:1:r+c    '],
    ['--tun-type gre --tun-nocsum', 'gre:-c       '],
    ['--tun-type gre --tun-csum', 'gre:+c       '],
    ['--tun-type ipip', 'ipip         '],
  ])('%s', async (words, shown) => {
    const backend = new FakeBackend();
    const rule = `-a -t 10.0.0.1:80 -r 10.0.0.11:80 -i -w 1 ${words}`;
    const { stdout } = await runAll(backend, '-A -t 10.0.0.1:80 -s rr', rule, '-L -n --tun-info');
    expect(stdout).toContain(`  -> 10.0.0.11:80                 Tunnel  ${shown} 1      0          0         \n`);
    expect(await saved(backend)).toBe(`-A -t 10.0.0.1:80 -s rr\n${rule}\n`);
  });

  it('take no checksum where none is named, and IP in IP again with -e', async () => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.0.11 -i --tun-type gre');
    expect(await saved(backend)).toContain(' -i -w 1 --tun-type gre --tun-nocsum\n');
    await runAll(backend, '-e -t 10.0.0.1:80 -r 10.0.0.11 -i');
    expect(await saved(backend)).toContain(' -i -w 1 --tun-type ipip\n');
  });
});

it('real servers of fullnat may be of the other family', async () => {
  const backend = new FakeBackend();
  const rules = ['-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r [fd00::11]:8080 --fullnat -w 1'];
  await runAll(backend, ...rules);
  expect(await saved(backend)).toBe(rules.map((line) => `${line}\n`).join(''));
});

describe('synchronization daemons', () => {
  it('take the defaults of ipvsadm and of the kernel', async () => {
    const { stdout } = await runAll(new FakeBackend(), '--start-daemon backup', '-L --daemon');
    expect(stdout).toBe('backup sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n');
  });

  it.each([
    ['master --mcast-group ff02::51', 'master', 'maxlen=1452, group=ff02::51, port=8848, ttl=1'],
    ['master --sync-maxlen 65507', 'master', 'maxlen=65507, group=224.0.0.81, port=8848, ttl=1'],
    ['master --mcast-group ff02::51 --sync-maxlen 65507', 'master', 'maxlen=65487, group=ff02::51, port=8848, ttl=1'],
    ['master --sync-maxlen 1', 'master', 'maxlen=1, group=224.0.0.81, port=8848, ttl=1'],
    ['backup --sync-maxlen 1', 'backup', 'maxlen=1024, group=224.0.0.81, port=8848, ttl=1'],
  ])('--start-daemon %s', async (words, state, shown) => {
    const { stdout } = await runAll(new FakeBackend(), `--start-daemon ${words}`, '-L --daemon');
    expect(stdout).toBe(`${state} sync daemon (mcast=eth0, syncid=0, ${shown})\n`);
  });

  it.each([
    ['--start-daemon master --mcast-interface eth7', 'No such device'],
    ['--start-daemon backup', 'Daemon has already run'],
    ['--stop-daemon master', 'No daemon is running'],
  ])('%s', async (line, message) => {
    const backend = new FakeBackend();
    await runAll(backend, '--start-daemon backup');
    expect(await runAll(backend, line)).toEqual({ rc: 255, stdout: '', stderr: `${message}\n` });
  });

  it('outlive -C', async () => {
    const backend = new FakeBackend();
    await runAll(backend, '--start-daemon backup', '-C');
    expect((await runAll(backend, '-L --daemon')).stdout).toContain('backup sync daemon');
  });
});
