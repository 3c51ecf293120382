// A crash of the process is a failure here, so everything runs in children. To find the cause of a
// crash: run children/hostile.ts with the seed that the failed test names and a count of 1.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChild } from './child.ts';
import { compile } from './compile.ts';

interface Summary {
  opened: number;
  refused: number;
  typeErrors: number;
  strange: string[];
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'libbpf-ts-'));
  for (const name of ['types', 'maps', 'xdp', 'layout_a']) compile(name);
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));

// Freed memory is overwritten, so that a use of it shows.
const env = { MALLOC_PERTURB_: '165' };

it('gives an error for each of 10,000 damaged objects, or opens it', { timeout: 60_000 }, async () => {
  const progress = join(directory, 'seed');
  const { code, signal, stdout, stderr } = await runChild('hostile', [0, 10_000, progress], { env });
  expect({ code, signal, seed: readFileSync(progress, 'utf8').trim(), stderr }).toMatchObject({
    code: 0,
    signal: null,
  });
  const summary = JSON.parse(stdout) as Summary;
  expect(summary.strange).toEqual([]);
  expect(summary.refused + summary.opened).toBeGreaterThanOrEqual(10_000);
  // Damage that is always found at the door would prove nothing.
  expect(summary.opened).toBeGreaterThan(1000);
});

it('gives an error for arguments that make no sense', { timeout: 60_000 }, async () => {
  const { code, signal, stdout, stderr } = await runChild('garbage', [10_000], { env });
  expect({ code, signal, stderr }).toMatchObject({ code: 0, signal: null });
  const summary = JSON.parse(stdout) as Summary;
  expect(summary.strange).toEqual([]);
  expect(summary.refused).toBeGreaterThan(1000);
});
