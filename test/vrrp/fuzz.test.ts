import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { answerOf } from '../support/typescript.ts';
import type { FuzzResult } from './fuzz.ts';

const PROCESS = fileURLToPath(new URL('fuzz-process.ts', import.meta.url));
const EACH = 500_000;

/** Half of them in each of two processes: there is more than one CPU. */
test('a million mutated datagrams never throw, and are accepted exactly where a second verdict accepts them', {
  timeout: 600_000,
}, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const seeds = [seed, seed + 1];
  type Answer = Pick<FuzzResult, 'accepted' | 'disagreements'>;
  const runs = await Promise.all(seeds.map((one) => answerOf<Answer>(PROCESS, EACH, one)));
  for (const [i, { accepted, disagreements }] of runs.entries()) {
    expect({ seed: seeds[i], disagreements }).toEqual({ seed: seeds[i], disagreements: [] });
    expect(accepted).toBeGreaterThan(EACH / 10);
  }
});
