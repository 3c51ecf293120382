import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { testConfig } from './test-config.ts';

const root = mkdtempSync(join(tmpdir(), 'xlb-config-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'conf.d'));
writeFileSync(join(root, 'runs.sh'), '#!/bin/sh\n');
chmodSync(join(root, 'runs.sh'), 0o755);
writeFileSync(join(root, 'plain.sh'), '#!/bin/sh\n');

function test(text: string, options: { strict?: boolean; configId?: string } = {}) {
  const file = join(root, 'x.conf');
  writeFileSync(file, text);
  const { exit, output } = testConfig({ file, strict: options.strict ?? false, configId: options.configId });
  return { exit, output: output.replaceAll(root, '') };
}

const SECURE = 'global_defs { enable_script_security }\n';

it.each([
  ['nothing to say', SECURE, {}, 0, '/x.conf: no faults; the file can be used\n'],
  ['an unknown keyword', 'vrrp_skip\n', {}, 1, 'found unknown keyword'],
  ['a warning', 'global_defs { vrrp_garp_interval 0 }', {}, 0, '1 warning; the file can be used\n'],
  [
    'a warning that counts',
    'global_defs { vrrp_garp_interval 0 }',
    { strict: true },
    1,
    '1 warning, which --strict forbids; the file cannot be used\n',
  ],
  ['an error', 'global_defs { vrrp_version 4 }', {}, 1, '1 error; the file cannot be used\n'],
  [
    'an interface that is not there',
    'xlb { interface nosuch0 }',
    {},
    0,
    "warning: this machine has no interface 'nosuch0'",
  ],
  ['one that is', 'xlb { interface lo }', { strict: true }, 0, 'no faults'],
  ['a user that is not there', `global_defs {\nscript_user no-such-user\n}`, {}, 0, "no user 'no-such-user'"],
  ['one that is', `global_defs {\nscript_user root\n}`, { strict: true }, 0, 'no faults'],
  ['a command that the path has', `${SECURE}vrrp_script s { script "sh -c true" }`, { strict: true }, 0, 'no faults'],
  ['a command that it has not', `${SECURE}vrrp_script s { script "no-such-command" }`, {}, 0, "no 'no-such-command'"],
  ['a script', `${SECURE}vrrp_script s { script "${root}/runs.sh x" }`, { strict: true }, 0, 'no faults'],
  [
    'a script that cannot be run',
    `${SECURE}vrrp_script s { script "${root}/plain.sh" }`,
    {},
    0,
    "'/plain.sh' is not executable",
  ],
  ['a config-id', '@me global_defs { vrrp_version 4 }', { configId: 'me' }, 1, '1 error'],
  ['another one', '@me global_defs { vrrp_version 4 }', { configId: 'you' }, 0, 'no faults'],
])('tells of %s: %j', (_title, text, options, exit, said) => {
  const result = test(text, options);
  expect(result.output).toContain(said);
  expect(result.exit).toBe(exit);
});

it('reads included files, and names them', () => {
  writeFileSync(join(root, 'conf.d/1.conf'), 'global_defs { vrrp_version 4 }\n');
  writeFileSync(join(root, 'conf.d/2.conf'), 'include 1.conf\n');
  expect(test('include conf.d/2.conf')).toEqual({
    exit: 1,
    output: [
      "/conf.d/1.conf:1:28: error: found '4' after 'vrrp_version', expected a number from 2 to 3",
      '    1 | global_defs { vrrp_version 4 }',
      '      |                            ^',
      '/x.conf: 1 error; the file cannot be used\n',
    ].join('\n'),
  });
});

it('tells why it cannot read a file', () => {
  const result = testConfig({ file: join(root, 'nosuch.conf'), strict: false, configId: undefined });
  expect(result).toMatchObject({ exit: 1, output: expect.stringContaining('there is no such file') });
  expect(testConfig({ file: root, strict: false, configId: undefined }).output).toContain('it is a directory');
});
