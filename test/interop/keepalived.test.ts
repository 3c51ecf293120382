/**
 * One director of a pair is ours, the other the real keepalived. Takeovers are timed by what the switch
 * sees and held against the formula. All of `ALL` with XLB_INTEROP=all (`make interop`), else `CHOICE`.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/model/model.ts';
import { ALL, CHOICE, isWhole, type Scenario } from './pairs.ts';
import { masterDown, PRIORITY, SECOND_VIP, VARIANTS, VIP } from './support/config.ts';
import { firstAdvert, holders, type Pair, restartMaster, startPair, takeOver } from './support/scenario.ts';
import { until } from './support/until.ts';

/** Milliseconds; two CPUs are shared with whatever else runs. */
const TOLERANCE = 50;
const rows: string[] = [];

describe.concurrent('a pair', () => {
  test.each(isWhole ? ALL : CHOICE)('$variant: $action of $master, $backup takes over', async (scenario) => {
    await using pair = await startPair(VARIANTS[scenario.variant], scenario.master, scenario.backup);
    await check(pair, scenario);
  });
});

afterAll(() => {
  if (isWhole) console.log(rows.sort().join('\n'));
});

async function check(pair: Pair, { variant, action, master, backup }: Scenario): Promise<void> {
  const vip = VIP[VARIANTS[variant].family] as Address;
  expect(holders(pair)).toEqual([true, false]);
  if (master === 'xlb') await checkElection(pair);
  if (variant === 'v3-old' && backup === 'keepalived') await learn(pair);
  const { measured, expected, at } = await takeOver(pair, action);
  rows.push(
    `| ${VARIANTS[variant].name} | ${action} | ${master} | ${backup} | ${expected.toFixed(0)} | ${measured.toFixed(0)} |`,
  );
  expect(Math.abs(measured - expected), `${measured} ms, ${expected} expected`).toBeLessThan(TOLERANCE);
  await until(
    () => 'side b holds the VIP',
    () => holders(pair)[1],
  );
  if (pair.variant.group) {
    await until(
      () => 'side b holds the VIP of the other member',
      () => pair.lan.holds('b', SECOND_VIP),
    );
  }
  await until(
    () => 'the VIP is announced',
    () => pair.capture.announcements(vip, at) >= 5,
  );
  if (action === 'preemption') await comeBack(pair);
  else if (action === 'silent cut') await heal(pair, vip);
  // Whoever cannot be MASTER holds nothing; keepalived that was killed cannot take its address away.
  else if (action !== 'kill -9')
    await until(
      () => 'side a lets the VIP go',
      () => !holders(pair)[0],
    );
}

/** keepalived on side b refuses the adverts of side a until its own have told that they must have old checksums. */
async function learn(pair: Pair): Promise<void> {
  await firstAdvert(pair, 'b');
  await until(
    () => 'side b yields',
    () => isDeepStrictEqual(holders(pair), [true, false]),
  );
}

/** The higher priority takes over again, by itself. */
async function comeBack(pair: Pair): Promise<void> {
  await restartMaster(pair);
  await until(
    () => 'side a holds the VIP again, and it alone',
    () => isDeepStrictEqual(holders(pair), [true, false]),
  );
}

/** The first master-down timer began when the group was joined, and ran its time. */
async function checkElection(pair: Pair): Promise<void> {
  const measured = (await firstAdvert(pair, 'a')).at - pair.master.beganAt;
  const expected = masterDown(pair.variant, PRIORITY.master);
  expect(Math.abs(measured - expected), `election after ${measured} ms, ${expected} expected`).toBeLessThan(TOLERANCE);
}

/** Both were MASTER: the higher priority stays, and says so to the clients. */
async function heal(pair: Pair, vip: Address): Promise<void> {
  expect(holders(pair)).toEqual([true, true]);
  const since = Date.now();
  pair.lan.heal('a');
  await until(
    () => 'only side a holds the VIP',
    () => isDeepStrictEqual(holders(pair), [true, false]),
  );
  // keepalived yields without a word: then nobody tells the winner that there was another.
  if (pair.backup.kind === 'xlb') {
    await until(
      () => 'the VIP is announced',
      () => pair.capture.announcements(vip, since) >= 5,
    );
  }
}
