// Compiles test/bpf/NAME.bpf.c into build/test-bpf/ if it is out of date.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const sources = join(here, 'bpf');
const output = join(here, '../build/test-bpf');

/** The path of the compiled object. `btf: false` leaves the types out. */
export function compile(name: string, { btf = true }: { btf?: boolean } = {}): string {
  const object = join(output, `${name}${btf ? '' : '.no-btf'}.bpf.o`);
  if (upToDate(object)) return object;
  mkdirSync(output, { recursive: true });
  // Test files run in parallel: each writes its own, the last rename wins.
  const temporary = `${object}.${process.pid}`;
  const multiarch = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim();
  const flags = ['-O2', ...(btf ? ['-g'] : []), '-target', 'bpf', '-mcpu=v3', '-Wall', `-I/usr/include/${multiarch}`];
  execFileSync('clang', [...flags, '-c', join(sources, `${name}.bpf.c`), '-o', temporary], { stdio: 'inherit' });
  renameSync(temporary, object);
  return object;
}

function upToDate(object: string): boolean {
  const built = statSync(object, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return readdirSync(sources).every((file) => statSync(join(sources, file)).mtimeMs < built);
}
