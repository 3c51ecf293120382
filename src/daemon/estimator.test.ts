import { describe, expect, it } from 'vitest';
import { Estimators, estimate, NO_RATES } from './estimator.ts';

const totals = (packets: number) => ({
  ...{ connections: 0, packets, bytes: packets * 100 },
  ...{ outPackets: packets / 2, outBytes: packets * 50 },
});

describe('estimate', () => {
  it.each([
    ['a quarter of the way up', 0, 0, 2000, 250],
    ['a quarter of the way down', 1000, 5000, 5000, 750],
    ['nothing from a total that shrank', 100, 5000, 10, 75],
    ['zero at the end of a tail', 0.06, 5, 5, 0],
  ])('goes %s', (_name, average, before, after, expected) => {
    expect(estimate(average, before, after, 2)).toBe(expected);
  });
});

describe('Estimators', () => {
  it('start at the first tick, average later ones and forget what is gone', () => {
    const estimators = new Estimators<string>();
    estimators.tick([['a', totals(1000)]], 2);
    expect(estimators.of('a')).toEqual(NO_RATES);
    estimators.tick([['a', totals(3000)]], 2);
    expect(estimators.of('a')).toEqual({
      ...{ connections: 0, packets: 250, bytes: 25_000 },
      ...{ outPackets: 125, outBytes: 12_500 },
    });
    estimators.tick([], 2);
    expect(estimators.of('a')).toEqual(NO_RATES);
    estimators.tick([['a', totals(9000)]], 2);
    expect(estimators.of('a')).toEqual(NO_RATES);
  });
});
