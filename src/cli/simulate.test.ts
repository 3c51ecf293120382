import { describe, expect, it } from 'vitest';
import { type Outcome, runXlb, type World, words } from '../../test/cli/run-xlb.ts';
import { simulationReportSchema } from '../api/protocol/simulation.ts';
import { SCHEDULER_NAMES } from '../core/model/schedulers.ts';

/** No daemon is there. */
function simulating(line: string, world: World = {}): Promise<Outcome> {
  return runXlb('/run/nowhere', ['simulate', ...words(line)], world);
}

const TRACE = `# client      port   opens   stays open
198.51.100.7  40112  at=0    for=60
198.51.100.8  40113  at=1.5  for=2
198.51.100.7  40114  at=9
`;

describe('xlb simulate', () => {
  it.each(SCHEDULER_NAMES)('%s: JSON keeps to its schema', async (scheduler) => {
    const { code, stdout, stderr } = await simulating(`-s ${scheduler} --weights 3,2,1 --flows 500 --remove 2 --json`);
    expect([code, stderr]).toEqual([0, '']);
    const report = simulationReportSchema.parse(JSON.parse(stdout));
    expect(report).toMatchObject({ scheduler, traffic: { connections_total: 500, seed: 1, trace: null } });
    expect(report.change!.removed).toEqual({ address: '10.0.0.2', port: 80 });
  });

  it('prints the same again, and something else with another seed', async () => {
    const line = '--weights 3,2,1 --flows 500';
    const { stdout } = await simulating(line);
    expect((await simulating(line)).stdout).toBe(stdout);
    expect((await simulating(`${line} --seed 2`)).stdout).not.toBe(stdout);
  });

  it('takes the options of service add', async () => {
    const line = '--weights 1,1 --flows 10 -s mh --mh-size 65537 --mh-port --mh-fallback';
    expect((await simulating(line)).stdout).toMatch(
      /^mh, ring of 65537, port, fallback\n10 connections of 10 clients;/,
    );
    expect((await simulating('--weights 1 --flows 10 -s sh --sh-port')).stdout).toMatch(/^sh, port\n/);
  });

  it('knows a real server by its number and by its name', async () => {
    const line = '--weights 3,2,1 --flows 500 --servers 10.0.0.11:443,10.0.0.12,[::ffff:10.0.0.13]:443';
    expect((await simulating(line)).stderr).toContain('expected an IPv4 server');
    const named = line.replace('[::ffff:10.0.0.13]:443', '10.0.0.13');
    const { stdout } = await simulating(`${named} --remove 2`);
    expect(stdout).toContain('\nWithout 10.0.0.12:443, deleted\n');
    expect((await simulating(`${named} --remove 10.0.0.12`)).stdout).toBe(stdout);
    expect((await simulating(`${named} --remove 10.0.0.12:443 --remove-by drain`)).stdout).toContain(':443, drained\n');
  });

  it('says who is refused, and who does not look at weights', async () => {
    const quiesced = await simulating('--weights 1,1,1 --flows 500 --remove 1 --remove-by weight');
    expect(quiesced.stdout).toMatch(/\nrefused 3\d(\.\d)? %: no real server takes them\nmoved/);
    expect((await simulating('-s rr --weights 2,1 --flows 500')).stdout).toContain('\nrr does not look at weights\n');
    expect((await simulating('--weights 0 --flows 500')).stdout).toContain(
      '\nskew -: no connection was placed\nrefused 100 %',
    );
  });

  it('reads flows from a file and from standard input', async () => {
    const line = '-s fo --weights 2,1 --duration forever --trace';
    const { stdout } = await simulating(`${line} flows`, { files: { flows: TRACE } });
    expect(stdout).toContain('3 connections from flows of 2 clients; staying open; seed 1\n');
    expect(stdout).toMatch(/10\.0\.0\.1:80 +2 +66\.7 % +100 % +1\.500 +3 +2\n/);
    const untimed = '198.51.100.7 40112 for=1\n';
    const { stdout: said } = await simulating(`${line} flows`, { files: { flows: untimed } });
    expect(said).toContain('1 connection from flows of 1 client; 100 a second; seed 1\n');
    const piped = await simulating(`${line} -`, { stdin: '2001:db8::7 1\n' });
    expect(piped.stdout).toContain('[2001:db8::1:1]:80');
    expect(piped.stdout).toContain('1 connection from standard input of 1 client;');
  });

  it('tells every line of a trace that it cannot read, up to twenty', async () => {
    const files = { flows: `${TRACE}198.51.100.9\n${'x 1\n'.repeat(21)}` };
    const { code, stdout, stderr } = await simulating('--weights 1 --trace flows', { files });
    expect([code, stdout]).toEqual([1, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe("xlb: flows:5:13: found the end of the line, expected the client's port, 0 to 65535");
    expect(lines[1]).toBe('xlb: flows:6:1: found "x", expected the client\'s IPv4 or IPv6 address');
    expect(lines.slice(20)).toEqual(['xlb: flows: 2 more lines with faults']);
  });

  it.each([
    ['', "required option '--weights <list>' not specified"],
    ['--weights 3,,1', "Found '' as weight 2, expected a number from 0 to 2147483647."],
    ['--weights 3,2 --mh-size 4094', '--mh-size: found 4094, expected a prime, like 4099'],
    ['--weights 3,2 --servers 10.0.0.1', '--servers: found 1, expected 2, one for each of --weights.'],
    ['--weights 3,2 --servers 10.0.0.1,x', "--servers: found 'x', expected one like 10.0.0.11"],
    ['--weights 3,2 --servers 10.0.0.1,10.0.0.1', '--servers: 10.0.0.1:80 is a real server of'],
    ['--weights 3,2 --servers 10.0.0.1:80,10.0.0.2:81', '--servers: found 81, expected 80'],
    ['--weights 3,2 --remove 3', "--remove: found '3', expected a number from 1 to 2, or one of 10.0.0.1:80 ..."],
    ['--weights 3,2 --remove-by drain', '--remove-by needs --remove.'],
    ['--weights 3,2 --trace f --flows 3', '--trace and --flows: the trace says itself which connections there are.'],
    ['--weights 3,2 --duration long', "Expected seconds, like 10 or 0.5, or 'forever'."],
    ['--weights 3,2 -s best', 'Allowed choices are rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos.'],
  ])('%j is no usage', async (line, message) => {
    const { code, stdout, stderr } = await simulating(line);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('has exact numbers for scripts', async () => {
    const { stdout } = await simulating('-s wrr --weights 3,1 --flows 400 --duration 0 --remove 2 -o tsv');
    expect(stdout).toBe(`when	server	weight	fair_share	share	ratio	connections_total	active_peak
before	10.0.0.1:80	3	0.75	0.75	1	300	1
before	10.0.0.2:80	1	0.25	0.25	1	100	1
after	10.0.0.1:80	3	1	1	1	400	1
`);
  });
});

describe('its plot', () => {
  const drawn = async (line: string, world: World = {}) => {
    const written = new Map<string, string>();
    const outcome = await simulating(`${line} --plot p.svg`, { written, ...world });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    return written.get('p.svg')!;
  };

  it('has a bar for each real server, two where one goes, and a mark for each fair share', async () => {
    const count = (svg: string, part: string) => svg.split(part).length - 1;
    const alone = await drawn('--weights 3,2,1 --flows 500');
    expect(['class="before"', 'class="after"', 'class="fair"'].map((part) => count(alone, part))).toEqual([4, 0, 4]);
    const both = await drawn('--weights 3,2,1 --flows 500 --remove 2');
    expect(['class="before"', 'class="after"', 'class="fair"'].map((part) => count(both, part))).toEqual([4, 3, 6]);
    expect(both).toContain('>gone</text>');
    expect(both).toMatch(/>Moved 3\d(\.\d)? % of the connections: /);
  });

  it('lies within its paper, whatever is drawn', async () => {
    for (const line of ['--weights 0,0', '--weights 1000000,1 -s fo', `--weights ${Array(60).fill(1).join(',')}`]) {
      const svg = await drawn(`${line} --flows 500 --remove 1`);
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
      for (const [, name, value] of svg.matchAll(/ (x|y|x1|x2|y1|y2|width|height)="([^"]+)"/g)) {
        expect(Number(value)).toBeGreaterThanOrEqual(0);
        expect(Number(value)).toBeLessThanOrEqual(Number(/x|width/.test(name!) ? width : height));
      }
    }
  });

  it('takes any name of a trace', async () => {
    const svg = await drawn("--weights 1 --trace '<&>'", { files: { '<&>': '198.51.100.7 1\n' } });
    expect(svg).toContain('1 connection from &#60;&#38;&#62; of 1 client');
  });

  it('says why it cannot be written', async () => {
    const outcome = await simulating('--weights 1 --flows 5 --plot p.svg');
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: 'xlb: p.svg: no p.svg\n' });
  });
});
