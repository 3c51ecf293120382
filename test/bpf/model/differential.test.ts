/**
 * A million random packets and table states against the model. Fewer or more:
 * FUZZ_PACKETS=50000. Another history: FUZZ_SEED=n (printed where it fails).
 */

import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import { describe, expect, test } from 'vitest';
import { answerOf } from '../../support/typescript.ts';
import { OBJECT } from '../fixture.ts';
import type { Run } from './differential.ts';
import { HISTORIES } from './histories.ts';

const PACKETS = Number(process.env['FUZZ_PACKETS'] ?? 1_000_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const PROCESS = fileURLToPath(new URL('differential-process.ts', import.meta.url));

const moved = new Set<string>();
const crossed = new Set<string>();

/** Each in a process of its own: there is more than one CPU. */
describe.concurrent('histories', () => {
  test.for(HISTORIES.map((history, index) => ({ ...history, index })))(
    '$name',
    { timeout: 3_600_000 },
    async ({ share, index }, context) => {
      const packets = Math.ceil(PACKETS * share);
      const { totals, answered, crossings } = await answerOf<Run>(PROCESS, index, SEED + index, packets);
      context.expect(answered).toBeGreaterThan(packets / 1000);
      for (const counter of Object.keys(totals)) moved.add(counter);
      for (const crossing of crossings) crossed.add(crossing);
    },
  );
});

test('the histories led everywhere: every counter moved', () => {
  // Sync has packet tables of its own, and contention takes two CPUs. ICMP's rate follows the kernel's own clock, a test run always has head room, drop_entry goes by chance.
  const elsewhere = [
    ...['icmp_rate_limited', 'drop_encapsulation', 'connections_shed', 'drop_template_full'],
    ...['connections_adopted', 'sync_overflows', 'drop_contended'],
  ];
  const names = counterNames().filter((name) => !elsewhere.includes(name));
  expect(names.filter((name) => !moved.has(name))).toEqual([]);
});

test('every protocol went both ways between the families, and so did errors', () => {
  const packets = ['request', 'reply'].flatMap((what) => [6, 17, 132].map((protocol) => `${what} ${protocol}`));
  const names = [...packets, 'error about request', 'error about reply'];
  const expected = names.flatMap((name) => [4, 6].map((family) => `${name} to IPv${family}`));
  expect([...crossed].toSorted()).toEqual(expected.toSorted());
});

function counterNames(): string[] {
  using object = BpfObject.open(OBJECT);
  const layout = object.mapSpec('counters').value;
  return 'members' in layout ? layout.members.map(({ name }) => name) : [];
}
