/** What ipvsadm's recordings cannot have: xlb's own words, the scripts, restores in batches, what is not supported. */
import { describe, expect, it } from 'vitest';
import { FakeBackend, type Outcome, run } from './ipvsadm-fake.ts';

/** Runs lines of words one after the other; the outcome is the last one's. */
async function runAll(backend: FakeBackend, ...lines: readonly string[]): Promise<Outcome> {
  let outcome: Outcome = { rc: 0, stdout: '', stderr: '' };
  for (const line of lines) outcome = await run(['ipvsadm', ...line.split(' ')], backend);
  return outcome;
}

async function saved(backend: FakeBackend): Promise<string> {
  return (await runAll(backend, '-S -n')).stdout;
}

describe('--mh-size', () => {
  it("is kept, saved where it is not the kernel's, and restored", async () => {
    const backend = new FakeBackend();
    await runAll(
      backend,
      '-A -t 10.0.0.1:80 -s mh --mh-size 65537 -b mh-port',
      '-A -t 10.0.0.2:80 -s mh --mh-size=4093',
    );
    const text = '-A -t 10.0.0.1:80 -s mh -b mh-port --mh-size 65537\n-A -t 10.0.0.2:80 -s mh\n';
    expect(await saved(backend)).toBe(text);
    const copy = new FakeBackend();
    expect(await run(['ipvsadm', '-R'], copy, { stdin: text })).toEqual({ rc: 0, stdout: '', stderr: '' });
    expect(await saved(copy)).toBe(text);
  });

  it('does not show in listings', async () => {
    const backend = new FakeBackend();
    const { stdout } = await runAll(backend, '-A -t 10.0.0.1:80 -s mh --mh-size 65537', '-L -n');
    expect(stdout).toContain('TCP  10.0.0.1:80 mh\n');
  });

  it('takes its default again with -E', async () => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s mh --mh-size 65537', '-E -t 10.0.0.1:80 -s mh');
    expect(await saved(backend)).toBe('-A -t 10.0.0.1:80 -s mh\n');
  });

  it.each([
    ['-A -t 10.0.0.1:80 -s rr --mh-size 65537', 2, "Illegal 'mh-size' option with the 'rr' scheduler"],
    ['-A -t 10.0.0.1:80 -s mh --mh-size 0', 2, 'illegal mh-size specified'],
    ['-A -t 10.0.0.1:80 -s mh --mh-size x', 2, 'illegal mh-size specified'],
    ['-A -t 10.0.0.1:80 -s mh --mh-size 65536', 255, 'expected a prime, like 65537'],
    ['-D -t 10.0.0.1:80 --mh-size 65537', 2, "Illegal 'mh-size' option with the 'delete-service' command"],
  ])('%s', async (line, rc, message) => {
    const outcome = await runAll(new FakeBackend(), line);
    expect(outcome).toMatchObject({ rc, stdout: '' });
    expect(outcome.stderr).toContain(message);
  });
});

describe("the kernel's flags for mh", () => {
  it.each([
    ['flag-1', 'mh-fallback'],
    ['flag-2', 'mh-port'],
    ['mh-port,flag-1', 'mh-fallback,mh-port'],
  ])('-b %s is %s', async (flags, expected) => {
    const backend = new FakeBackend();
    const { stdout } = await runAll(backend, `-A -t 10.0.0.1:80 -s mh -b ${flags}`, '-L -n');
    expect(stdout).toContain(`TCP  10.0.0.1:80 mh (${expected})\n`);
  });
});

describe('what is not supported yet', () => {
  const REFUSED = [
    ['-A -t 10.0.0.9:80 -s none', 'scheduler none (-s)'],
    ['-A -t 10.0.0.9:80 -s mh -b flag-3', 'flag flag-3 of scheduler mh (-b)'],
  ] as const;

  it.each(REFUSED)('%s', async (line, what) => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.0.11');
    const before = await saved(backend);
    expect(await runAll(backend, line)).toEqual({ rc: 2, stdout: '', stderr: `not supported yet: ${what}\n` });
    expect(await saved(backend)).toBe(before);
  });

  it.each([
    ['-A -t 10.0.0.1:80 -s wlc', 'Service already exists'],
    ['-A -t 10.0.0.1:80 -s nosuch -p', 'Service already exists'],
    ['-A -t 10.0.0.9:80 -s nosuch -p', 'Scheduler or persistence engine not found'],
    ['-A -f 5 -s nosuch', 'Scheduler or persistence engine not found'],
    ['-E -t 10.0.0.9:80 -s nosuch', 'No such service'],
    ['-E -t 10.0.0.9:80', 'No such service'],
    ['-E --sctp-service 10.0.0.1:80', 'No such service'],
    ['-Z --sctp-service 10.0.0.1:80', 'No such service'],
    ['-a --sctp-service 10.0.0.1:80 -r 10.0.0.12', 'Service not defined'],
    ['-a -t 10.0.0.9:80 -r 10.0.0.12 -m', 'Service not defined'],
    ['-a -t 10.0.0.1:80 -r 10.0.0.11 -m', 'Destination already exists'],
    ['-a -t 10.0.0.1:80 -r 10.0.0.12 -m -y 5', 'Numerical result out of range'],
    ['-e -t 10.0.0.1:80 -r 10.0.0.12 -m', 'No such destination'],
    ['-d -t 10.0.0.1:80 -r 10.0.0.11:8080', 'No such destination'],
    ['-d -r 10.0.0.11 -t 10.0.0.1:80', 'No such destination'],
    ['-d -t 10.0.0.9:80 -r 10.0.0.11:8080', 'Service not defined'],
  ])('%s is refused as the kernel refuses it', async (line, message) => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.0.11:80');
    expect(await runAll(backend, line)).toEqual({ rc: 255, stdout: '', stderr: `${message}\n` });
  });

  it('-d takes a masquerading server out by its own port, without a word of the method', async () => {
    const backend = new FakeBackend();
    const server = '-t 10.0.0.1:80 -r 10.0.0.11:8080';
    const outcome = await runAll(backend, '-A -t 10.0.0.1:80 -s rr', `-a ${server} -m`, `-d ${server}`);
    expect(outcome).toEqual({ rc: 0, stdout: '', stderr: '' });
    expect(await saved(backend)).toBe('-A -t 10.0.0.1:80 -s rr\n');
  });

  it.each([
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '[::]:80',
    '[ff02::1]:80',
    '[fe80::1]:80',
    '[::ffff:10.0.0.1]:80',
  ])('a real server at %s has no unicast address', async (address) => {
    const backend = new FakeBackend();
    const outcome = await runAll(backend, '-A -t 10.0.0.1:80 -s rr', `-a -t 10.0.0.1:80 -r ${address} -i`);
    expect(outcome).toMatchObject({ rc: 255, stderr: expect.stringContaining('address not unicast') });
  });
});

describe('-R', () => {
  it('gives a thousand lines in one request', async () => {
    const backend = new FakeBackend();
    const lines = Array.from({ length: 1000 }, (_, index) => `-A -t 10.0.0.1:${index + 1} -s rr\n`);
    expect((await run(['ipvsadm', '-R'], backend, { stdin: lines.join('') })).rc).toBe(0);
    expect(backend.requests).toEqual([1000]);
    expect((await backend.services()).length).toBe(1000);
  });

  it('goes on after what the kernel refuses, and has the status of the last line', async () => {
    const backend = new FakeBackend();
    const stdin =
      '-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr\n-d -t 10.0.0.9:80 -r 10.0.0.1\n';
    const outcome = await run(['ipvsadm', '-R'], backend, { stdin });
    expect(outcome).toEqual({ rc: 255, stdout: '', stderr: 'Service already exists\nService not defined\n' });
    expect(await saved(backend)).toBe('-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr\n');
  });

  it('goes on after words that cannot be read, and ends at a mistake, both in the order of the lines', async () => {
    const backend = new FakeBackend();
    const stdin = [
      ...['-A -t 10.0.0.1:80 -s rr', '-A -t 10.0.0.1:80 -s rr', '-A -w', '-A -t 10.0.0.2:80 -s rr'],
      ...['-L -n', '-D -t 10.0.0.7:80', '-a -t 10.0.0.1:80', '-A -t 10.0.0.3:80 -s rr'],
    ].join('\n');
    const outcome = await run(['ipvsadm', '-R'], backend, { stdin });
    expect(outcome.rc).toBe(2);
    expect(outcome.stderr.split('\n')).toEqual([
      'Service already exists',
      '-w: missing argument',
      'No such service',
      "You need to supply the 'real-server' option for the 'add-server' command",
      '',
    ]);
    expect(outcome.stdout).toContain('TCP  10.0.0.2:80 rr\n');
    expect(await saved(backend)).toBe('-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr\n');
  });

  it.each([
    ['-R', 255],
    ['-h', 0],
    ['-L -t 10.0.0.9:80', 1],
    ['-A -t 10.0.0.9:80 -s none', 2],
  ])('ends at %s with status %i', async (line, rc) => {
    const backend = new FakeBackend();
    const stdin = `-A -t 10.0.0.1:80 -s rr\n${line}\n-A -t 10.0.0.2:80 -s rr\n`;
    expect((await run(['ipvsadm', '-R'], backend, { stdin })).rc).toBe(rc);
    expect(await saved(backend)).toBe('-A -t 10.0.0.1:80 -s rr\n');
  });

  it('takes what -S gives, thresholds excepted', async () => {
    const backend = new FakeBackend();
    await runAll(
      backend,
      ...[
        '-A -t 10.0.0.1:80 -s wrr',
        '-a -t 10.0.0.1:80 -r 10.0.0.11 -w 0 -x 9 -y 3',
        '-A -u [2001:db8::1]:53 -s mh -b mh-fallback',
      ],
      ...['-a -u [2001:db8::1]:53 -r 10.0.0.11 -i -w 2147483647', '-a -u [2001:db8::1]:53 -r 2001:db8::11'],
    );
    const text = await saved(backend);
    const copy = new FakeBackend();
    await run(['ipvsadm', '-R'], copy, { stdin: text });
    expect(await saved(copy)).toBe(text);
    expect((await runAll(copy, '-L -n --thresholds')).stdout).toContain(
      '  -> 10.0.0.11:80                 0          0  ',
    );
  });
});

describe('ipvsadm-save and ipvsadm-restore', () => {
  it('saves in names, or in numbers with -n', async () => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.100:80 -s rr');
    expect((await run(['ipvsadm-save'], backend)).stdout).toBe('-A -t www.example.com:http -s rr\n');
    expect((await run(['ipvsadm-save', 'x', '-n'], backend)).stdout).toBe('-A -t 10.0.0.100:80 -s rr\n');
  });

  it('tells what it does where it does not know an option', async () => {
    expect(await run(['ipvsadm-save', '-n', '-x'], new FakeBackend())).toEqual({
      rc: 1,
      stdout: '',
      stderr: `ipvsadm-save: Script to save the IPVS table to stdout.
   With the -n option, prints out the table in numeric format.
`,
    });
  });

  it('restores into an empty table, and passes over comments', async () => {
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s rr');
    const stdin = '# saved by hand\n-A -t 10.0.0.2:80 -s rr\n\n#-A -t 10.0.0.3:80 -s rr\n-A -t 10.0.0.4:80 -s rr';
    expect(await run(['ipvsadm-restore'], backend, { stdin })).toEqual({ rc: 0, stdout: '', stderr: '' });
    expect(await saved(backend)).toBe('-A -t 10.0.0.2:80 -s rr\n-A -t 10.0.0.4:80 -s rr\n');
  });
});

describe('-Z', () => {
  it('takes a service of zeros for all of them', async () => {
    const backend = new FakeBackend();
    expect(await runAll(backend, '-Z -t 0.0.0.0:0')).toEqual({ rc: 0, stdout: '', stderr: '' });
    expect((await runAll(backend, '-Z -t 0.0.0.0:1')).stderr).toBe('No such service\n');
  });
});

describe('--nosort', () => {
  it('lists services as they were added, and real servers newest first', async () => {
    const backend = new FakeBackend();
    const { stdout } = await runAll(
      backend,
      ...[
        '-A -u 10.0.0.2:53 -s rr',
        '-A -t 10.0.0.1:80 -s rr',
        '-a -t 10.0.0.1:80 -r 10.0.0.11',
        '-a -t 10.0.0.1:80 -r 10.0.0.12',
      ],
      '-L -n --nosort',
    );
    expect(stdout.match(/10\.0\.0\.\d+(?=:)/g)).toEqual(['10.0.0.2', '10.0.0.1', '10.0.0.12', '10.0.0.11']);
  });
});

describe('columns', () => {
  it('are cut for IPv4 and left for IPv6', async () => {
    const names = {
      hostAddress: async () => undefined,
      hostName: async () => 'a-name-that-is-longer-than-any-column-is-wide.example.com',
      servicePort: async () => undefined,
      serviceName: async () => 'a-service',
    };
    const backend = new FakeBackend();
    await runAll(backend, '-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.0.11', '-A -t [2001:db8::1]:80 -s rr');
    const lines = (await run(['ipvsadm', '-L'], backend, { names })).stdout.split('\n').slice(3);
    expect(lines).toEqual([
      'TCP  a-name-that-is-longer-than-a rr',
      '  -> a-name-that-is-longer-than-a Route   1      0          0         ',
      'TCP  [a-name-that-is-longer-than-any-column-is-wide.example.com] rr',
      '',
    ]);
  });
});
