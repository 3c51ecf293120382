/** How many jiffies a second has: user space is not told, so the kernel's clocks are compared. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DataplaneError } from './error.ts';
import type { ClockArguments } from './types.gen.ts';

const RATES = [100, 250, 300, 1000] as const;
/** Milliseconds between two samples; 250 and 300 Hz are six ticks apart then. */
const INTERVAL = 120;
const ATTEMPTS = 20;
/** A jiffy more or less at each end, and what a delayed tick adds. */
const TOLERANCE = 0.08;
/** How far jiffies may be behind since the boot: ticks get lost where the kernel has no high-resolution timers. */
const LAG = 0.005;

type Moment = Pick<ClockArguments, 'jiffies' | 'nanoseconds'>;

/** CONFIG_HZ of this kernel, from two moments; undefined: they fit no known rate. */
export function hertzBetween(start: Moment, end: Moment): number | undefined {
  const seconds = Number(end.nanoseconds - start.nanoseconds) / 1e9;
  const rate = Number(end.jiffies - start.jiffies) / seconds;
  return RATES.find((candidate) => Math.abs(rate / candidate - 1) < TOLERANCE);
}

/**
 * CONFIG_HZ from one moment: the kernel starts its jiffies 300 s before they pass 2^32 (INITIAL_JIFFIES
 * in include/linux/jiffies.h). undefined: none fits, or more than one, as 300 s after the boot.
 */
export function hertzSinceBoot({ jiffies, nanoseconds }: Moment): number | undefined {
  const seconds = Number(nanoseconds) / 1e9;
  const fitting = RATES.filter((rate) => {
    const counted = Number(jiffies - 0x1_0000_0000n) / rate + 300;
    return Math.abs(counted - seconds) < 1 + seconds * LAG;
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** At once where one moment tells; else from samples, the longer the less a late tick weighs. */
export async function detectHertz(readClock: () => Moment, wait: (ms: number) => Promise<unknown> = sleep) {
  const start = readClock();
  const known = hertzSinceBoot(start);
  if (known !== undefined) return known;
  for (let i = 0; i < ATTEMPTS; i++) {
    await wait(INTERVAL);
    const hertz = hertzBetween(start, readClock());
    if (hertz !== undefined) return hertz;
  }
  throw new DataplaneError('kernel', `the kernel's tick is none of ${RATES.join(', ')} Hz`);
}
