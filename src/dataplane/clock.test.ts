import { describe, expect, it } from 'vitest';
import { detectHertz, hertzBetween, hertzSinceBoot } from './clock.ts';

const moment = (milliseconds: number, jiffies: number) => ({
  jiffies: BigInt(4_294_900_000 + jiffies),
  nanoseconds: BigInt(milliseconds) * 1_000_000n,
});

describe('hertzBetween', () => {
  it.each([
    [120, 12, 100],
    [120, 30, 250],
    [120, 29, 250],
    [120, 36, 300],
    [120, 121, 1000],
    [120, 50, undefined],
    [120, 0, undefined],
  ])('in %d ms %d jiffies are %s Hz', (milliseconds, jiffies, expected) => {
    expect(hertzBetween(moment(0, 0), moment(milliseconds, jiffies))).toBe(expected);
  });
});

describe('hertzSinceBoot', () => {
  /** After so many seconds a kernel of this rate has counted this share of its ticks. */
  const since = (seconds: number, rate: number, counted = 1) => ({
    jiffies: 0x1_0000_0000n + BigInt(Math.round((seconds * counted - 300) * rate)),
    nanoseconds: BigInt(seconds) * 1_000_000_000n,
  });

  it.each([
    [5, 250, 1, 250],
    [200, 1000, 1, 1000],
    [400, 100, 1, 100],
    [61_500, 300, 1, 300],
    [100_000_000, 250, 0.999, 250],
    [100_000_000, 250, 0.98, undefined],
    [300, 250, 1, undefined],
    [301, 250, 1, undefined],
  ])('%s s after the boot %s Hz, of which %s were counted, are %s', (seconds, rate, counted, expected) => {
    expect(hertzSinceBoot(since(seconds, rate, counted))).toBe(expected);
  });

  it('asks once', async () => {
    expect(
      await detectHertz(
        () => since(61_500, 250),
        () => Promise.reject(new Error('waited')),
      ),
    ).toBe(250);
  });
});

describe('detectHertz', () => {
  it('goes on until the clocks agree', async () => {
    // The tick was late at first.
    const samples = [moment(0, 0), moment(120, 0), moment(240, 40), moment(360, 90)];
    expect(
      await detectHertz(
        () => samples.shift()!,
        async () => {},
      ),
    ).toBe(250);
    expect(samples).toEqual([]);
  });

  it('gives up on a clock that is none', async () => {
    let time = 0;
    const read = () => {
      time += 120;
      return moment(time, time * 3);
    };
    await expect(detectHertz(read, async () => {})).rejects.toThrow(/tick is none of 100, 250, 300, 1000 Hz/);
  });
});
