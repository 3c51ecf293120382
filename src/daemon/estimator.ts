/** Rates as IPVS estimates them: every two seconds a quarter of the way to the rate since the last time. */
import { NO_TRAFFIC, type TrafficTotals } from '../dataplane/traffic.ts';

/** Milliseconds between two ticks. */
export const TICK = 2000;
const SHARE = 1 / 4;
/** IPVS shows whole numbers; below this a rate is nothing but the tail of the average. */
const NEGLIGIBLE = 0.05;

/** Per second. */
export type TrafficRates = { readonly [Name in keyof TrafficTotals]: number };

export const NO_RATES: TrafficRates = NO_TRAFFIC;

/** The average after `seconds` in which the total grew from `before` to `after`. */
export function estimate(average: number, before: number, after: number, seconds: number): number {
  // A total that shrank belongs to a new owner of the id.
  const rate = after < before ? 0 : (after - before) / seconds;
  const next = average + (rate - average) * SHARE;
  return next < NEGLIGIBLE && rate === 0 ? 0 : next;
}

/** One estimator for each key; a key that is not asked for in a tick is forgotten. */
export class Estimators<Key> {
  #known = new Map<Key, { totals: TrafficTotals; rates: TrafficRates }>();

  /** `seconds` since the last tick. A key seen for the first time starts at no rate. */
  tick(totals: Iterable<readonly [Key, TrafficTotals]>, seconds: number): void {
    const next = new Map<Key, { totals: TrafficTotals; rates: TrafficRates }>();
    for (const [key, now] of totals) {
      const before = this.#known.get(key);
      next.set(key, { totals: now, rates: before === undefined ? NO_RATES : nextRates(before, now, seconds) });
    }
    this.#known = next;
  }

  of(key: Key): TrafficRates {
    return this.#known.get(key)?.rates ?? NO_RATES;
  }
}

function nextRates(before: { totals: TrafficTotals; rates: TrafficRates }, now: TrafficTotals, seconds: number) {
  const field = (name: keyof TrafficTotals) => estimate(before.rates[name], before.totals[name], now[name], seconds);
  return {
    connections: field('connections'),
    packets: field('packets'),
    bytes: field('bytes'),
    outPackets: field('outPackets'),
    outBytes: field('outBytes'),
  };
}
