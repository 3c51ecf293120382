import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address } from '../model/model.ts';
import { type Candidate, HEAD, NO_SERVER, type Position } from './candidate.ts';
import { gcdOfWeights, largestWeight } from './weights.ts';
import { chooseWrr, WRR_START, type WrrState, wrrAfterEdit } from './wrr.ts';

/** ip_vs_wrr_schedule as it is written: level by level. */
function chooseStepping(servers: readonly Candidate[], state: WrrState): [Position, WrrState] {
  const weights = servers.map(({ weight }) => weight);
  const step = gcdOfWeights(weights) || 1;
  const top = Math.max(0, largestWeight(weights) - (step - 1));
  if (top === 0) return [NO_SERVER, state];
  let { cursor: at, weight } = state;
  let [isLastPass, hasRestarted, stop] = [false, false, -2];
  for (;;) {
    while (++at < servers.length) {
      if (!servers[at]!.overloaded && servers[at]!.weight >= weight) return [at, { cursor: at, weight }];
      if (at === stop) return [NO_SERVER, { cursor: at, weight }];
    }
    at = HEAD;
    weight -= step;
    if (weight <= 0) {
      weight = top;
      if (isLastPass || state.cursor === HEAD) return [NO_SERVER, { cursor: HEAD, weight }];
      hasRestarted = true;
    }
    isLastPass = weight <= step;
    if (isLastPass && hasRestarted) stop = state.cursor;
  }
}

const candidates = (weights: readonly number[], overloaded: readonly boolean[]): Candidate[] =>
  weights.map((weight, i) => ({
    key: { address: `10.0.0.${i}` as Address, port: 80 },
    weight,
    overloaded: overloaded[i] ?? false,
    active: 0,
    inactive: 0,
  }));

const weights = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 6, 8, 12, 15), { minLength: 1, maxLength: 5 });
const overloads = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });

test('passing over levels ends where going down level by level does', () => {
  fc.assert(
    fc.property(weights, fc.array(overloads, { maxLength: 30 }), (list, moments) => {
      let state = wrrAfterEdit(candidates(list, []), WRR_START);
      for (const overloaded of moments) {
        const servers = candidates(list, overloaded);
        const [expected, actual] = [chooseStepping(servers, state), chooseWrr(servers, state)];
        expect(actual).toEqual(expected);
        state = actual[1];
      }
    }),
    { numRuns: 2000 },
  );
});

test('two billion levels take no time', () => {
  const servers = candidates([2147483647, 1], [true, false]);
  const [first, state] = chooseWrr(servers, wrrAfterEdit(servers, WRR_START));
  expect(first).toBe(1);
  expect(chooseWrr(servers, state)[0]).toBe(1);
});
