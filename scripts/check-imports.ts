/**
 * Proves that the import table of biome.json bites: writes one small file per
 * row into a tree of the same shape, lints it with the real biome.json, and
 * compares what was refused with what should be. Then looks for what the linter
 * cannot see: sources that no row covers, and randomness in the core.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Folder, what its files may import, what they may not. */
const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['src/core/model', ['./b.ts'], ['node:fs', 'zod', '../config/b.ts', '../../net/b.ts', 'libbpf-ts']],
  ['src/core/scheduler', ['../model/b.ts'], ['node:fs', '../vrrp/b.ts', '../simulation/b.ts', '../../dataplane/b.ts']],
  [
    'src/core/simulation',
    ['../model/b.ts', '../scheduler/b.ts'],
    ['node:fs', '../vrrp/b.ts', '../reconcile/b.ts', '../../cli/b.ts'],
  ],
  ['src/core/vrrp', ['../model/b.ts'], ['node:dgram', '../scheduler/b.ts', '../checker/b.ts', '../../net/b.ts']],
  ['src/core/checker', ['../model/b.ts'], ['node:net', '../config/b.ts', '../../daemon/b.ts']],
  ['src/core/config', ['../model/b.ts'], ['node:fs/promises', '../checker/b.ts', '../../api/b.ts']],
  [
    'src/core/reconcile',
    ['../model/b.ts', '../scheduler/b.ts', '../../dataplane/types.gen.ts'],
    ['libbpf-ts', '../vrrp/b.ts', '../../dataplane/b.ts'],
  ],
  [
    'src/core/sync',
    ['../model/b.ts', '../../dataplane/types.gen.ts'],
    ['node:crypto', 'node:dgram', '../reconcile/b.ts', '../../dataplane/b.ts'],
  ],
  ['src/dataplane', ['libbpf-ts', 'node:fs', '../core/model/b.ts'], ['netio', 'zod', '../net/b.ts', '../daemon/b.ts']],
  ['src/net', ['netio', 'node:net', '../core/model/b.ts'], ['libbpf-ts', 'pino', '../dataplane/b.ts']],
  [
    'src/api',
    ['zod', 'node:http', '../core/model/b.ts'],
    ['pino', 'libbpf-ts', '../core/reconcile/b.ts', '../daemon/b.ts'],
  ],
  [
    'src/daemon',
    ['pino', 'nodemailer', 'node:fs', '../core/reconcile/b.ts', '../dataplane/b.ts', '../net/b.ts', '../api/b.ts'],
    ['libbpf-ts', 'netio', '../cli/b.ts', '../realserver/b.ts'],
  ],
  [
    'src/realserver',
    ['libbpf-ts', 'node:fs', '../core/model/b.ts', '../net/b.ts'],
    ['../dataplane/b.ts', '../core/reconcile/b.ts', 'zod'],
  ],
  [
    'src/cli',
    [
      ...['commander', 'node:fs', '../api/client/b.ts', '../api/protocol/b.ts', '../core/config/b.ts'],
      ...['../core/simulation/b.ts', '../realserver/b.ts'],
    ],
    ['libbpf-ts', '../api/server/b.ts', '../daemon/b.ts', '../dataplane/b.ts', '../core/reconcile/b.ts', 'netio'],
  ],
  ['packages/libbpf-ts/src', ['node:fs', './b.ts'], ['../../../src/core/model/b.ts', '../../../src/dataplane/b.ts']],
];
const CORE = ['model', 'scheduler', 'simulation', 'vrrp', 'checker', 'config', 'reconcile', 'sync'];
const GLOBALS = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'process', 'console', 'fetch'];

/** Path -> [source, refused]. */
function cases(): Map<string, [string, boolean]> {
  const files = new Map<string, [string, boolean]>();
  for (const [folder, allowed, denied] of TABLE) {
    const add = (specifier: string, index: number, refused: boolean): void => {
      files.set(`${folder}/${refused ? 'denied' : 'allowed'}${index}.ts`, [`export * from '${specifier}';\n`, refused]);
    };
    allowed.forEach((specifier, index) => {
      add(specifier, index, false);
    });
    denied.forEach((specifier, index) => {
      add(specifier, index, true);
    });
  }
  for (const folder of CORE) {
    for (const name of GLOBALS)
      files.set(`src/core/${folder}/global-${name}.ts`, [`export const x = ${name};\n`, true]);
    files.set(`src/core/${folder}/no-global.ts`, ['export const x = Math.max(1, 2);\n', false]);
    files.set(`src/core/${folder}/some.test.ts`, ["export * from 'node:fs';\nexport const x = Date;\n", false]);
  }
  files.set('src/net/cycle-a.ts', ["import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;\n", true]);
  files.set('src/net/cycle-b.ts', ["import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;\n", true]);
  return files;
}

const RULES = ['noRestrictedImports', 'noRestrictedGlobals', 'noImportCycles'];

function lint(directory: string): Promise<string> {
  const args = [
    'lint',
    '--reporter=json',
    '--max-diagnostics=none',
    ...RULES.map((rule) => `--only=${group(rule)}/${rule}`),
  ];
  return new Promise((done) => {
    execFile(resolve('node_modules/.bin/biome'), args, { cwd: directory, maxBuffer: 1 << 26 }, (_error, stdout) =>
      done(stdout),
    );
  });
}

function group(rule: string): string {
  return rule === 'noImportCycles' ? 'suspicious' : 'style';
}

function refusedFiles(report: string): Set<string> {
  const { diagnostics } = JSON.parse(report) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  const ours = diagnostics.filter(({ category }) => RULES.some((rule) => category.endsWith(`/${rule}`)));
  return new Set(ours.map(({ location: { path } }) => (typeof path === 'string' ? path : path.file)));
}

/** What is wrong with the real sources, a line each. */
function faultsOfSources(root: string): string[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `src/${path}`);
  const uncovered = sources.filter((path) => !TABLE.some(([folder]) => path.startsWith(`${folder}/`)));
  const core = sources.filter((path) => path.startsWith('src/core/') && !path.endsWith('.test.ts'));
  const random = core.filter((path) => /\bMath\.random\b/.test(readFileSync(join(root, path), 'utf8')));
  return [
    ...uncovered.map((path) => `${path}: its folder has no row in the import table`),
    ...random.map((path) => `${path}: Math.random: core has no randomness, a seed is an argument`),
  ];
}

async function main(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'xlb-imports-'));
  try {
    copyFileSync('biome.json', join(directory, 'biome.json'));
    copyFileSync('.gitignore', join(directory, '.gitignore'));
    const files = cases();
    for (const [path, [source]] of files) {
      mkdirSync(join(directory, dirname(path)), { recursive: true });
      writeFileSync(join(directory, path), source);
    }
    const refused = refusedFiles(await lint(directory));
    const wrong = [...files].filter(([path, [, expected]]) => refused.has(path) !== expected);
    for (const [path, [source, expected]] of wrong) {
      console.error(`${path}: should be ${expected ? 'refused' : 'allowed'}: ${source.trim()}`);
    }
    const faults = faultsOfSources('.');
    for (const fault of faults) console.error(fault);
    return wrong.length + faults.length > 0 ? 1 : 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

process.exitCode = await main();
