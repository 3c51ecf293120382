import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { fuzz } from './fuzz.ts';

const PROCESS = fileURLToPath(new URL('fuzz-process.ts', import.meta.url));
const EACH = 500_000;

/** Half of them in each of two processes: there is more than one CPU. */
test('a million mutated datagrams never throw, and are accepted exactly where a second verdict accepts them', {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const runs = await Promise.all([run(seed), run(seed + 1)]);
  for (const [i, { accepted, disagreements }] of runs.entries()) {
    expect({ seed: seed + i, disagreements }).toEqual({ seed: seed + i, disagreements: [] });
    expect(accepted).toBeGreaterThan(EACH / 10);
  }
});

async function run(seed: number): Promise<ReturnType<typeof fuzz>> {
  const words = ['--conditions=source', '--import', 'tsx', PROCESS, String(EACH), String(seed)];
  const { stdout } = await promisify(execFile)(process.execPath, words);
  return JSON.parse(stdout) as ReturnType<typeof fuzz>;
}
