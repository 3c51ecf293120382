/** Two of ours with ten milliseconds between advertisements: how soon a killed master is replaced. */
import { expect, test } from 'vitest';
import { isWhole } from './pairs.ts';
import { masterDown, PRIORITY, VARIANTS } from './support/config.ts';
import { advertsOf, restartMaster, startPair, takeOver } from './support/scenario.ts';

/** Milliseconds within which 95 of 100 takeovers are to be over; the formula has 36.9. */
const LIMIT = 60;
const RUNS = isWhole ? 30 : 4;
const FAST = { ...VARIANTS.v3, interval: 0.01, lines: () => 'version 3\nadvert_int 0.01' };

test(`of ${RUNS} takeovers, 95 in 100 are over within ${LIMIT} ms`, async () => {
  await using pair = await startPair(FAST, 'xlb', 'xlb');
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    if (run > 0) await restartMaster(pair);
    times.push((await takeOver(pair, 'kill -9')).measured);
  }
  times.sort((a, b) => a - b);
  const at95 = times[Math.ceil(times.length * 0.95) - 1]!;
  if (isWhole)
    console.log(
      `takeovers with 10 ms: ${times.map((time) => time.toFixed(1)).join(' ')}; formula ${masterDown(FAST, PRIORITY.backup).toFixed(1)}`,
    );
  expect(at95).toBeLessThan(LIMIT);
  expect(times[0]).toBeGreaterThan(masterDown(FAST, PRIORITY.backup) - 5);
  expect(advertsOf(pair, 'b').at(-1)?.priority).toBe(PRIORITY.backup);
});
