import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeDaemon, startFakeDaemon } from '../../test/api/fake-controller.ts';
import { runXlb, words } from '../../test/cli/run-xlb.ts';
import { SCHEDULER_NAMES } from '../core/model/schedulers.ts';
import { SCRIPTS } from './completion-scripts.ts';

const DEVICES = { '/proc/net/dev': 'Inter-|\n face |\n    lo: 0\n  eth0: 1 2\n  eth1: 3\n' };

let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await startFakeDaemon();
  for (const line of [
    'service add 192.0.2.10:80/tcp -s rr',
    'service add [2001:db8::10]:53/udp',
    'server add 192.0.2.10:80/tcp 10.0.0.11',
    'server add 192.0.2.10:80/tcp 10.0.0.12 --method tun',
  ]) {
    await runXlb(daemon.runDir, words(line));
  }
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

/** Candidates for a line whose last word, maybe empty, is being typed. */
async function complete(line: string, runDir = daemon.runDir): Promise<string[]> {
  const args = ['__complete', '--', ...line.split(' ')];
  const { code, stdout, stderr } = await runXlb(runDir, args, { files: DEVICES });
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => text.split('\t')[0] ?? '');
}

describe('candidates', () => {
  it.each<[string, string[]]>([
    ['st', ['status', 'stats']],
    ['serv', ['services', 'servers', 'service', 'server']],
    ['server ', ['add', 'edit', 'delete', 'drain']],
    ['service edit ', ['192.0.2.10:80/tcp', '[2001:db8::10]:53/udp']],
    ['service edit [', ['[2001:db8::10]:53/udp']],
    ['service add ', []],
    ['services 1', ['192.0.2.10:80/tcp']],
    ['server drain 192.0.2.10:80/tcp ', ['10.0.0.12:80', '10.0.0.11:80']],
    ['server drain --reason x 192.0.2.10:80/tcp 10.0.0.12', ['10.0.0.12:80']],
    ['server add 192.0.2.10:80/tcp ', []],
    ['server delete 192.0.2.10:80/tcp 10.0.0.11 ', []],
    ['server edit nothing ', []],
    ['attach ', ['eth0', 'eth1']],
    ['attach eth1 --mode ', ['native', 'generic', 'auto']],
    ['detach ', ['eth0']],
    ['service add x --sch', ['--scheduler']],
    ['service add x -s ', [...SCHEDULER_NAMES]],
    ['service edit x --no-m', ['--no-mh-port', '--no-mh-fallback']],
    ['connections rea', ['real=']],
    ['connections state=SYN', ['state=SYN_SENT', 'state=SYN_RECV', 'state=SYNACK']],
    ['connections real=10.0.0.11 cl', ['client=']],
    ['status -o ', ['text', 'json', 'tsv']],
    ['status --run', ['--run-dir']],
    ['--run-dir ', [':files']],
    ['apply ', [':files']],
    ['simulate --trace ', [':files']],
    ['simulate --weights 3,2,1 --remove-by ', ['delete', 'drain', 'weight']],
    ['simulate --weights 3,2,1 -s l', ['lc', 'lblc', 'lblcr']],
    ['schema ser', ['servers', 'service', 'services']],
    ['schema si', ['simulation']],
    ['completion ', ['bash', 'zsh']],
    ['nothing at all ', expect.anything() as never],
  ])('of %j', async (line, expected) => {
    expect(await complete(line)).toEqual(expected);
  });

  it('do without a daemon', async () => {
    expect(await complete('service edit ', '/run/nowhere')).toEqual([]);
    expect(await complete('sta', '/run/nowhere')).toEqual(['status', 'stats']);
  });

  it('look where --run-dir says', async () => {
    expect(await complete(`--run-dir ${daemon.runDir} service edit 1`, '/run/nowhere')).toEqual(['192.0.2.10:80/tcp']);
    expect(await complete(`service edit --run-dir=${daemon.runDir} 1`, '/run/nowhere')).toEqual(['192.0.2.10:80/tcp']);
  });

  it('do not show themselves', async () => {
    expect(await complete('_')).toEqual([]);
    expect((await runXlb(daemon.runDir, ['--help'])).stdout).not.toContain('__complete');
  });
});

/** What a shell's script prints that runs where `xlb` answers `candidates`, line by line. */
function inShell(
  command: readonly [string, ...string[]],
  candidates: readonly string[],
  script: (directory: string) => string,
): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'xlb-shell-'));
  try {
    const fake = join(directory, 'xlb');
    writeFileSync(fake, `#!/bin/sh\nprintf '%s\\n' ${candidates.map((text) => `'${text}'`).join(' ')}\n`);
    chmodSync(fake, 0o755);
    const [shell, ...args] = command;
    const { stdout, stderr, status } = spawnSync(shell, [...args, '-c', script(directory)], {
      encoding: 'utf8',
      // Bash takes a socket for a remote shell, and reads more than it is told.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${directory}:${process.env['PATH']}` },
    });
    expect([status, stderr]).toEqual([0, '']);
    return stdout.split('\n').filter((text) => text !== '');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What bash would offer at the end of `line`. */
function inBash(line: string, candidates: readonly string[]): string[] {
  return inShell(
    ['bash', '--norc'],
    candidates,
    () => `
      compopt() { echo "compopt $*"; }
      ${SCRIPTS.bash}
      COMP_LINE='xlb ${line}' COMP_POINT=${`xlb ${line}`.length}
      _xlb
      printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
}

/** What the completion tells zsh when TAB is typed after `line`; `load` makes _xlb known. */
function inZsh(line: string, candidates: readonly string[], load: string): string[] {
  return inShell(['zsh', '-f'], candidates, (directory) => {
    writeFileSync(join(directory, '_xlb'), SCRIPTS.zsh);
    return `
      compdef() { print "compdef $*" }
      compadd() { print -l -- "\${values[@]}" }
      _files() { print files }
      fpath=(${directory})
      ${load}
      words=(xlb ${line}) CURRENT=\${#words} PREFIX=\${words[-1]}
      _xlb`;
  });
}

// Feature probe: only where there is a zsh.
describe.runIf(spawnSync('zsh', ['--version']).status === 0)('zsh', () => {
  const installed = 'autoload -Uz _xlb';

  it.each<[string, string[], string[]]>([
    ['st', ['status\tstate of it', 'stats'], ['status', 'stats']],
    [
      "service edit ''",
      ['192.0.2.10:80/tcp\trr', '[2001:db8::10]:53/udp'],
      ['192.0.2.10:80/tcp', '[2001:db8::10]:53/udp'],
    ],
    ['apply w', [':files'], ['files']],
  ])('completes %j from the first time on', (line, candidates, offered) => {
    expect(inZsh(line, candidates, installed)).toEqual(offered);
  });

  it.each([
    ['s', ['s']],
    ["''", ['']],
    ["server drain '\\[2001:db8::10\\]:53/udp' '\\[20'", ['server', 'drain', '[2001:db8::10]:53/udp', '[20']],
  ])('asks after %j without the quotes that the shell takes away', (line, asked) => {
    const echo = `${installed}; xlb() { print -l -- "\${(@qq)@}" }`;
    expect(inZsh(line, [], echo)).toEqual(['__complete', '--', ...asked].map((word) => `'${word}'`));
  });

  it('takes the script from standard input too', () => {
    expect(inZsh('st', ['status'], 'source $fpath[1]/_xlb')).toEqual(['compdef _xlb xlb', 'status']);
  });
});

describe('bash', () => {
  it.each<[string, string[], string[]]>([
    ['st', ['status\tstate of it', 'stats'], ['status', 'stats']],
    ['service edit 192.0.2.10:', ['192.0.2.10:80/tcp\trr'], ['80/tcp']],
    ['service edit [2001:db8::', ['[2001:db8::10]:53/udp'], ['10]:53/udp']],
    ['service edit ', ['192.0.2.10:80/tcp', '192.0.2.11:80/tcp'], ['192.0.2.10:80/tcp', '192.0.2.11:80/tcp']],
    ['connections state=', ['state=NONE', 'state=UDP'], ['NONE', 'UDP']],
    ['connections rea', ['real=\treal server'], ['compopt -o nospace', 'real=']],
    ['apply ', [':files'], ['compopt -o default']],
    ['x', ['status'], []],
  ])('completes %j', (line, candidates, offered) => {
    expect(inBash(line, candidates)).toEqual(offered);
  });

  it('gets its script from the program', async () => {
    expect((await runXlb('/run/nowhere', ['completion', 'bash'])).stdout).toBe(SCRIPTS.bash);
    expect((await runXlb('/run/nowhere', ['completion', 'zsh'])).stdout).toMatch(/^#compdef xlb\n/);
  });
});
