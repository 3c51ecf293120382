import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type OperatorProgram, runOperatorProgram } from '../../src/daemon/programs/operator-program.ts';

const NOBODY = { user: 'nobody', group: null };
const root = mkdtempSync(join(tmpdir(), 'xlb-programs-'));
chmodSync(root, 0o777);
afterAll(() => rmSync(root, { recursive: true }));

function script(name: string, body: string, mode = 0o755): string {
  const path = join(root, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

async function run(program: Partial<OperatorProgram>) {
  const lines: string[] = [];
  const running = runOperatorProgram({
    ...{ argv: [], user: { user: 'root', group: null }, secure: false },
    ...program,
    onOutput: (line) => lines.push(line),
  });
  return { ...(await running.ended), lines };
}

it('runs as its user, with that user alone', async () => {
  const { lines } = await run({ argv: ['id', '-un'], user: NOBODY });
  expect(lines).toEqual(['nobody']);
  const groups = await run({ argv: ['id', '-Gn'], user: { user: 'nobody', group: 'daemon' } });
  expect(groups.lines).toEqual(['daemon']);
});

it('has the supplementary groups of its user where the file says so', async () => {
  const plain = await run({ argv: ['id', '-G'], user: { user: 'www-data', group: null } });
  const all = await run({ argv: ['id', '-G'], user: { user: 'www-data', group: ':' } });
  expect(plain.lines).toEqual(['33']);
  expect(all.lines[0]).toMatch(/^33/);
});

it('has no environment of ours, and no shell between', async () => {
  const { lines } = await run({ argv: [script('env.sh', 'env | sort; echo "$1"'), '$(id); a  b'] });
  expect(lines).toContain('$(id); a  b');
  expect(lines.join()).not.toContain('NODE');
});

it.each([
  ['that fails', () => [script('fails.sh', 'exit 3')], { code: 3, reason: /fails\.sh ended with 3/ }],
  ['that is not there', () => ['/no/such/program'], { code: null, reason: /expected a program that can be run/ }],
  [
    'that cannot be run',
    () => [script('plain.sh', '', 0o644)],
    { code: null, reason: /expected a program that can be run/ },
  ],
])('tells of one %s', async (_, argv, expected) => {
  const { code, reason } = await run({ argv: argv() });
  expect(code).toBe(expected.code);
  expect(reason).toMatch(expected.reason);
});

it('names a user and a group that are not there', async () => {
  expect((await run({ argv: ['id'], user: { user: 'no-such', group: null } })).reason).toContain(
    "found user 'no-such'",
  );
  const group = await run({ argv: ['id'], user: { user: 'root', group: 'no-such' } });
  expect(group.reason).toContain("found group 'no-such'");
});

it('runs nothing as root that somebody else can write, where scripts are to be secure', async () => {
  const path = script('theirs.sh', `touch ${root}/ran`);
  chownSync(path, 65534, 65534);
  expect((await run({ argv: [path], secure: true })).reason).toContain("theirs.sh is not root's");
  expect((await run({ argv: [path], secure: true, user: NOBODY })).code).toBe(0);
  expect(() => readFileSync(join(root, 'ran'))).not.toThrow();
});

it('ends a whole process group', async () => {
  const running = runOperatorProgram({
    argv: [script('hangs.sh', `sleep 600 & echo $! > ${root}/pid; wait`)],
    user: { user: 'root', group: null },
    secure: false,
  });
  const pid = await new Promise<number>((found) => {
    const look = setInterval(() => {
      const text = String(readFileSync(join(root, 'pid'), { flag: 'a+' }));
      if (text === '') return;
      clearInterval(look);
      found(Number(text));
    }, 10);
  });
  running.kill('SIGKILL');
  expect((await running.ended).reason).toContain('was ended by SIGKILL');
  await expect.poll(() => isRunning(pid), { timeout: 2000 }).toBe(false);
});

/** A process that nobody has waited for yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
  } catch {
    return false;
  }
}
