// Runs every example of the README and compares what it prints with the comments beside it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bpffs, makeNamespace, mountBpffs, type NetworkNamespace } from './host.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
const directory = join(import.meta.dirname, '../build/readme');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map((match) => match[1] as string);

let namespace: NetworkNamespace;
let bpffs: Bpffs;
beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'example.bpf.c'), blocks('c')[0] as string);
  const command = blocks('sh').find((block) => block.startsWith('clang ')) as string;
  rmSync(join(directory, 'example.bpf.o'), { force: true });
  execFileSync('sh', ['-c', command], { cwd: directory });
  bpffs = mountBpffs();
  namespace = makeNamespace();
});
afterAll(() => {
  namespace?.[Symbol.dispose]();
  bpffs?.[Symbol.dispose]();
});

const examples = blocks('ts').map((code) => [/console\.log\((.*)\)/.exec(code)?.[1] ?? '', code] as const);

it.each(examples)('example: %s', (name, code) => {
  const mount = bpffs.path('.').replace(/\/\.?$/, '');
  const here = (text: string) => text.replaceAll('/sys/fs/bpf', mount).replaceAll('eth0', 'veth0');
  const file = join(directory, `${examples.findIndex(([other]) => other === name)}.ts`);
  // A module with a name of its own, although it has no exports.
  writeFileSync(file, `${here(code)}\nexport {};\n`);
  const expected = [...here(code).matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  // ip netns exec mounts a /sys that shows the namespace's interfaces.
  const node = [process.execPath, '--conditions=source', '--import', 'tsx', file];
  const printed = execFileSync('ip', ['netns', 'exec', namespace.name, ...node], { cwd: directory, encoding: 'utf8' });
  expect(printed.trim().split('\n')).toEqual(expected);
});
