import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDaemon, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { type Outcome, runXlb, words } from '../../test/cli/run-xlb.ts';

let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await startFakeDaemon();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

function importing(text: string, options = ''): Promise<Outcome> {
  return runXlb(daemon.runDir, words(`import ipvsadm rules ${options}`), { files: { rules: text } });
}

const RULES = `-A -t 192.0.2.10:80 -s wlc
-a -t 192.0.2.10:80 -r 10.0.0.11:80 -g -w 4
-a -t 192.0.2.10:80 -r 10.0.0.12:80 -i -w 3 --tun-type gue --tun-port 6080 --tun-csum
-A -u [2001:db8::10]:53 -s rr
-a -u [2001:db8::10]:53 -r [2001:db8::11]:53 -g -w 1
-A -f 7 -6 -s lc
-a -f 7 -6 -r [2001:db8::11]:0 -g -w 1
`;

const ADDED = `+ service 192.0.2.10:80/tcp  (wlc)
+ real server 10.0.0.12:80 of 192.0.2.10:80/tcp  (tun by gue to port 6080, checksum full, weight 3)
+ real server 10.0.0.11:80 of 192.0.2.10:80/tcp  (dr, weight 4)
+ service [2001:db8::10]:53/udp  (rr)
+ real server [2001:db8::11]:53 of [2001:db8::10]:53/udp  (dr, weight 1)
+ service 7/fwmark6  (lc)
+ real server [2001:db8::11]:0 of 7/fwmark6  (dr, weight 1)
`;

describe('xlb import ipvsadm', () => {
  it('says with --dry-run what would change', async () => {
    const { code, stdout, stderr } = await importing(RULES, '--dry-run');
    expect([code, stdout]).toEqual([0, ADDED]);
    expect(stderr).toContain('7 to add, 0 to change, 0 to delete; nothing was changed');
    expect(daemon.controller.model.services.size).toBe(0);
  });

  it.each(['', '\n\n'])('refuses a file without a service: %j', async (text) => {
    await runXlb(daemon.runDir, words('service add 192.0.2.99:80/tcp'));
    const { code, stderr } = await importing(text);
    expect([code, stderr]).toEqual([
      ...[1, 'xlb: rules: found no service, expected what ipvsadm -S -n prints\nxlb: nothing was changed\n'],
    ]);
    expect(daemon.controller.model.services.size).toBe(1);
  });

  it('makes the services those of the file, and no others', async () => {
    await runXlb(daemon.runDir, words('service add 192.0.2.99:80/tcp'));
    expect((await importing(RULES)).stdout).toBe(`${ADDED}- service 192.0.2.99:80/tcp\n`);
    expect([...daemon.controller.model.services.keys()]).toEqual([
      ...['tcp 192.0.2.10:80', 'udp [2001:db8::10]:53', 'fwmark6 7'],
    ]);
    expect(await importing(RULES)).toMatchObject({ code: 0, stdout: '', stderr: 'xlb: nothing to change\n' });
  });

  it('makes what the verbs then leave as it is', async () => {
    await importing(`${RULES}-A -u 192.0.2.20:5060 -s rr --pe sip\n`);
    const xlb = (line: string) => runXlb(daemon.runDir, words(line));
    expect((await xlb('server edit 192.0.2.10:80/tcp 10.0.0.12 -w 9')).stdout).toBe(
      '~ real server 10.0.0.12:80 of 192.0.2.10:80/tcp  (weight 3 -> 9)\n',
    );
    expect((await xlb('server edit 192.0.2.10:80/tcp 10.0.0.12 -m dr')).stdout).toContain('checksum full -> dr)');
    expect((await xlb('service edit 192.0.2.20:5060/udp -s wrr')).stdout).toBe(
      '~ service 192.0.2.20:5060/udp  (rr, engine sip -> wrr, engine sip)\n',
    );
    expect((await xlb('server edit 7/fwmark6 [2001:db8::11]:0 -w 2')).code).toBe(0);
  });

  it('reads standard input, and passes over comments, empty lines and the word ipvsadm', async () => {
    const stdin = '# of lvs1\n\nipvsadm -A -t 192.0.2.10:80 -s rr\n';
    const outcome = await runXlb(daemon.runDir, words('import ipvsadm -'), { stdin });
    expect(outcome).toMatchObject({ code: 0, stdout: '+ service 192.0.2.10:80/tcp  (rr)\n' });
  });

  it.each([
    ['-A -t 192.0.2.10:80 -s nosuch', 'not supported yet: scheduler nosuch (-s)'],
    ['-A -t 192.0.2.10:80 -s rr -w 5', "Illegal 'weight' option with the 'add-service' command"],
    ['-A -t 192.0.2.10:80 --foo', '--foo: unknown option'],
    ['-D -t 192.0.2.10:80', "found the command 'delete-service', expected -A or -a, as ipvsadm -S prints them"],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11', 'no line above adds the service of this real server'],
    ['192.0.2.10:80', "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ['-A -t 192.0.2.1:80 -s wlc', 'this service stands in line 1 already'],
    ['-a -t 192.0.2.1:80 -r 10.0.0.11:80 -w 9', 'this real server stands in line 2 already'],
    ['-a -t 192.0.2.1:80 -r 10.0.0.12:80 -y 9', 'found lower threshold 9, expected at most the upper threshold, 0'],
  ])('%s is told with its line, and nothing is changed', async (line, message) => {
    const text = `-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.11:80\n# third\n${line}\n`;
    const outcome = await importing(text);
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: `xlb: rules:4: ${message}\nxlb: nothing was changed\n` });
    expect(daemon.controller.model.services.size).toBe(0);
  });

  it('tells every line that it cannot take, up to twenty', async () => {
    const { stderr } = await importing('-D -t 192.0.2.10:80\n'.repeat(22));
    const lines = stderr.trim().split('\n');
    expect(lines.length).toBe(22);
    expect(lines[19]).toMatch(/^xlb: rules:20: found the command/);
    expect(lines.slice(20)).toEqual(['xlb: rules: 2 more lines that cannot be taken', 'xlb: nothing was changed']);
  });

  it('names a file that is not there', async () => {
    const outcome = await runXlb(daemon.runDir, words('import ipvsadm rules'));
    expect(outcome).toEqual({ code: 1, stdout: '', stderr: 'xlb: rules: no such file\n' });
  });
});
