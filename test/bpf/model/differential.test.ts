/**
 * A million random packets and table states against the model. Fewer or more:
 * FUZZ_PACKETS=50000. Another history: FUZZ_SEED=n (printed where it fails).
 */

import { BpfObject } from 'libbpf-ts';
import { expect, test } from 'vitest';
import { OBJECT } from '../fixture.ts';
import { WEAK_TAG_KEY } from '../settings.ts';
import { type History, runDifferential } from './differential.ts';

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 1_000_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

/** Name, share of the packets, and what is special. */
const HISTORIES: [string, number, Omit<History, 'seed' | 'packets'>][] = [
  ['room for every connection', 0.25, { buckets: 1024, flows: 200 }],
  ['buckets often full', 0.35, { buckets: 4, flows: 250 }],
  ['shared tags', 0.25, { buckets: 16, flows: 120, hashKey: WEAK_TAG_KEY }],
  ['the program for fragments', 0.15, { buckets: 8, flows: 60, program: 'xlb_frags' }],
];

const moved = new Set<string>();

test.each(HISTORIES)('%s', { timeout: 3_600_000 }, (name, share, options) => {
  const seed = SEED + HISTORIES.findIndex((history) => history[0] === name);
  const { totals, answered } = runDifferential({ ...options, seed, packets: Math.ceil(PACKETS * share) });
  expect(answered).toBeGreaterThan((PACKETS * share) / 1000);
  for (const counter of Object.keys(totals)) moved.add(counter);
});

test('the histories led everywhere: every counter moved', () => {
  // Rates follow the kernel's own clock, a test run always has head room, drop_entry goes by chance.
  const elsewhere = [...['icmp_rate_limited', 'drop_encapsulation', 'connections_shed', 'drop_template_full']];
  const names = counterNames().filter((name) => !elsewhere.includes(name));
  expect(names.filter((name) => !moved.has(name))).toEqual([]);
});

function counterNames(): string[] {
  using object = BpfObject.open(OBJECT);
  const layout = object.mapSpec('counters').value;
  return 'members' in layout ? layout.members.map(({ name }) => name) : [];
}
