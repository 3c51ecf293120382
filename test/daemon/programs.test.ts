/** Programs as other users, and what is left of them when they are ended. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { User } from '../../src/core/config/forms/scripts.ts';
import type { ProgramRules } from '../../src/core/config/model/programs.ts';
import { exitFault, runConfigured, runToEnd } from '../../src/daemon/programs/programs.ts';
import { runProgram } from '../../src/daemon/programs/run-program.ts';
import { typescript } from '../support/typescript.ts';

const directory = mkdtempSync(join(tmpdir(), 'xlb-programs-'));
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true }));

const ROOT = { uid: 0, gid: 0, groups: null };
const DAEMON = { user: 'daemon', group: null };
const OPEN: ProgramRules = { user: null, security: false, supplementaryGroups: false };

function script(name: string, text: string, mode = 0o755): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

/** How it ended, and each line that it printed. */
async function run(argv: readonly string[], as: User | null = null, rules = OPEN) {
  const lines: string[] = [];
  const exit = await runConfigured({ argv, as, rules, onLine: (line) => lines.push(line) }).exit;
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { exit, lines };
}

it('runs without a shell, with nothing but a PATH, in a group of its own', async () => {
  const path = script(
    'look',
    'echo "$# $1"; env | sort; read -r line || echo nothing; ps -o pgid= -p $$; echo $$; pwd',
  );
  const { exit, lines } = await run([path, '$HOME *'], null);
  expect(exit).toEqual({ code: 0, signal: null });
  const [words, ...rest] = lines;
  expect(words).toBe('1 $HOME *');
  // What sh itself adds is PWD.
  expect(rest.slice(0, 3)).toEqual([
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'PWD=/',
    'nothing',
  ]);
  expect(rest[3]?.trim()).toBe(rest[4]);
  expect(rest[5]).toBe('/');
});

it.each([
  ['a user', DAEMON, OPEN, ['1', '1', '1']],
  ['a user and a group', { user: 'daemon', group: 'tty' }, OPEN, ['1', '5', '5']],
  ['all groups', { user: 'daemon', group: ':5' }, OPEN, ['1', '5', '5']],
  ['the user for all', null, { ...OPEN, user: DAEMON }, ['1', '1', '1']],
  ['root', null, OPEN, ['0', '0', '0']],
])('runs as %s', async (_title, as, rules, expected) => {
  const path = script('whoami', 'id -u; id -g; id -G');
  const { lines } = await run([path], as, rules);
  expect(lines).toEqual(expected);
});

it('runs with supplementary groups', async () => {
  const lines: string[] = [];
  const identity = { uid: 1, gid: 1, groups: [1, 50, 60] };
  await runProgram({ argv: ['/usr/bin/id', '-G'], identity, onLine: (line) => lines.push(line) }).exit;
  await expect.poll(() => lines).toEqual(['1 50 60']);
});

it('gives no capabilities of its own to another user, root or not', async () => {
  const rows = 'CapInh|CapPrm|CapEff|CapAmb|^Uid';
  const { lines } = await run(['grep', '-E', rows, '/proc/self/status'], DAEMON);
  const none = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => `${name}:\t0000000000000000`);
  expect(lines).toEqual(['Uid:\t1\t1\t1\t1', ...none]);
  const words = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=+setuid,+setgid'];
  const self = typescript(
    'test/support/run-program-process.ts',
    1,
    1,
    '/usr/bin/grep',
    '-E',
    rows,
    '/proc/self/status',
  );
  const { stdout } = await promisify(execFile)('setpriv', [...words, '--ambient-caps=+setuid,+setgid', '--', ...self]);
  expect(JSON.parse(stdout)).toEqual({ exit: { code: 0, signal: null }, lines });
});

it.each([
  ['ends badly', () => [script('three', 'exit 3')], 'ended with exit status 3'],
  ['kills itself', () => [script('self', 'kill -TERM $$')], 'was ended by SIGTERM'],
  ['is not there', () => ['/no/such'], "did not run: there is no program '/no/such'"],
  ['is in no directory of programs', () => ['no-such'], "did not run: there is no program 'no-such'"],
  ['is no program', () => [script('plain', '', 0o644)], `did not run: '${directory}/plain' is not executable`],
  ['has a word with a NUL', () => ['/bin/true', 'a\0b'], /^did not run: .*null bytes/],
])('says so of a program that %s', async (_title, argv, expected) => {
  const { exit } = await run(argv(), null);
  expect(exitFault(exit)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
});

it('says so of a user that is not there', async () => {
  const { exit } = await run(['/bin/true'], { user: 'no-such', group: null });
  expect(exit).toEqual({ error: "there is no user 'no-such' in /etc/passwd" });
});

it('runs nothing as root that another user could have written, where that is wanted', async () => {
  const path = script('given', 'id -u');
  chownSync(path, 1, 1);
  const secure = { ...OPEN, security: true };
  const refused = await run([path], null, secure);
  const error = `'${path}' belongs to user 1, expected root; enable_script_security does not let it run`;
  expect(refused).toEqual({ exit: { error }, lines: [] });
  expect((await run([path], DAEMON, secure)).lines).toEqual(['1']);
  expect((await run([path], null)).lines).toEqual(['0']);
});

it('ends the whole group', async () => {
  const pids = join(directory, 'pids');
  const path = script('hang', `trap '' TERM\nsleep 60 & echo $! > ${pids}.new\nmv ${pids}.new ${pids}\nwait\nsleep 60`);
  const run = runProgram({ argv: [path], identity: ROOT, onLine: null });
  await expect.poll(() => existsSync(pids)).toBe(true);
  const child = Number(readFileSync(pids, 'utf8'));
  expect(run.kill('SIGTERM')).toBe(true);
  expect(await Promise.race([run.exit, new Promise((resolve) => setTimeout(resolve, 100, 'goes on'))])).toBe('goes on');
  expect(run.kill('SIGKILL')).toBe(true);
  expect(await run.exit).toEqual({ code: null, signal: 'SIGKILL' });
  await expect.poll(() => stateOf(child)).toMatch(/gone|Z/);
  expect(run.kill('SIGKILL')).toBe(false);
});

it('does not outlive xlbd, however that ends', async () => {
  const [node, ...words] = typescript('test/support/run-program-process.ts', 0, 0, '/bin/sleep', 60);
  const parent = spawn(node, words, { stdio: 'ignore' });
  const children = () => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim().split(' ');
  const name = (pid: string) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  await expect
    .poll(
      () =>
        children()
          .filter((pid) => pid !== '')
          .map(name),
      { timeout: 10_000 },
    )
    .toContain('sleep');
  const sleep = Number(children().find((pid) => name(pid) === 'sleep'));
  parent.kill('SIGKILL');
  await expect.poll(() => stateOf(sleep)).toMatch(/gone|Z/);
});

it('waits for no descendant that holds its output', async () => {
  const { exit, lines } = await run([script('leave', 'sleep 2 & echo here')], null);
  expect({ exit, lines }).toEqual({ exit: { code: 0, signal: null }, lines: ['here'] });
});

it('gives a program its time, and no more', async () => {
  const program = { as: null, rules: OPEN, onLine: null };
  expect(await runToEnd({ ...program, argv: ['/bin/true'] }, 5000)).toEqual({ code: 0, signal: null });
  expect(await runToEnd({ ...program, argv: ['sleep', '60'] }, 50)).toEqual({ code: null, signal: 'SIGTERM' });
});

function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]!;
  } catch {
    return 'gone';
  }
}
