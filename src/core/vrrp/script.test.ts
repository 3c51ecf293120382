import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScript, type ScriptConfig, scriptDeadline, stepScript } from './script.ts';

const CONFIG: ScriptConfig = { name: 's', interval: 1000, timeout: 0, rise: 1, fall: 1, startsFailed: false };

/** Status after each result; `+` is a success. */
function statuses(config: Partial<ScriptConfig>, results: string): string {
  let state = createScript({ ...CONFIG, ...config }, 0);
  let letters = '';
  for (const result of results) {
    [state] = stepScript(state, { type: 'tick' }, state.runAt);
    [state] = stepScript(state, { type: 'exit', ok: result === '+' }, state.runAt - 1);
    letters += state.status[0];
  }
  return letters;
}

test.each([
  [{}, '+-+-', 'udud'],
  [{ fall: 3 }, '+--+---+', 'uuuuuudu'],
  [{ rise: 3, fall: 2 }, '+-+--++-+++', 'uuuuddddddu'],
  // At the start one result is enough, whatever rise and fall are.
  [{ rise: 3, fall: 3 }, '+', 'u'],
  [{ rise: 3, fall: 3 }, '-++', 'ddd'],
  [{ rise: 2, startsFailed: true }, '+-++', 'dddu'],
] as const)('%o: %s', (config, results, expected) => {
  expect(statuses(config, results)).toBe(expected);
});

test('goes down exactly after `fall` failures in a row, up after `rise` successes in a row', () => {
  const results = fc.array(fc.constantFrom('+', '-'), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), results, (rise, fall, list) => {
      let up = list[0] === '+';
      let run = 0;
      const expected = list.map((result, i) => {
        run = i > 0 && (result === '+') !== up ? run + 1 : 0;
        if (run === (up ? fall : rise)) [up, run] = [!up, 0];
        return up ? 'u' : 'd';
      });
      expect(statuses({ rise, fall }, list.join(''))).toBe(expected.join(''));
    }),
  );
});

test('the next thing to do: a run, or the signal of the run that goes on', () => {
  const start = createScript({ ...CONFIG, timeout: 300 }, 50);
  expect(scriptDeadline(start)).toBe(50);
  const [running, effects] = stepScript(start, { type: 'tick' }, 50);
  expect(effects).toEqual([{ type: 'run' }]);
  expect(scriptDeadline(running)).toBe(350);
  const [ended] = stepScript(running, { type: 'exit', ok: true }, 100);
  expect(scriptDeadline(ended)).toBe(1050);
});
