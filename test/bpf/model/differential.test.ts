/**
 * At least 200,000 random packets and table states against the model. More:
 * FUZZ_PACKETS=1000000. Another history: FUZZ_SEED=n (printed where it fails).
 */
import { expect, test } from 'vitest';
import { WEAK_TAG_KEY } from '../settings.ts';
import { type History, runDifferential } from './differential.ts';

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 200_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

/** Name, share of the packets, and what is special. */
const HISTORIES: [string, number, Omit<History, 'seed' | 'packets'>][] = [
  ['room for every connection', 0.25, { buckets: 1024, flows: 200 }],
  ['buckets often full', 0.35, { buckets: 4, flows: 250 }],
  ['shared tags', 0.25, { buckets: 16, flows: 120, hashKey: WEAK_TAG_KEY }],
  ['the program for fragments', 0.15, { buckets: 8, flows: 60, program: 'xlb_frags' }],
];

test.each(HISTORIES)('%s', { timeout: 3_600_000 }, (name, share, options) => {
  const seed = SEED + HISTORIES.findIndex((history) => history[0] === name);
  const totals = runDifferential({ ...options, seed, packets: Math.ceil(PACKETS * share) });
  if (process.env['FUZZ_SHOW']) console.log(name, seed, totals);
  expect(totals['forwarded']).toBeGreaterThan(0);
});
