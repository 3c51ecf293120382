import { expect, it, vi } from 'vitest';
import type { Exit, Run } from '../programs/run-program.ts';
import { Lane } from './lane.ts';

/** Runs that end when they are told to, or by a signal that they heed. */
function stage({ patience = 60_000, heeds = ['SIGTERM'] }: { patience?: number; heeds?: readonly string[] } = {}) {
  const started: string[] = [];
  const signals: string[] = [];
  const warnings: string[] = [];
  const ends: ((exit: Exit) => void)[] = [];
  const run = ({ argv }: { argv: readonly string[] }): Run => {
    started.push(argv.join(' '));
    let end!: (exit: Exit) => void;
    const exit = new Promise<Exit>((resolve) => {
      end = resolve;
    });
    ends.push(end);
    return {
      exit,
      kill: (signal) => {
        signals.push(signal);
        if (heeds.includes(signal)) end({ code: null, signal });
        return true;
      },
    };
  };
  const log = { warn: (_: object, text: string) => warnings.push(text), debug: () => {} } as never;
  return { lane: new Lane({ title: 'INSTANCE A', run, log, patience }), started, signals, warnings, ends };
}

const OK: Exit = { code: 0, signal: null };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const call = (name: string) => ({ argv: [name], as: null });

it('runs one after the other, in order', async () => {
  const { lane, started, ends, warnings } = stage();
  for (const name of ['a', 'b', 'c']) lane.add(call(name));
  expect(started).toEqual(['a']);
  ends[0]!(OK);
  await turn();
  expect(started).toEqual(['a', 'b']);
  ends[1]!({ code: 3, signal: null });
  await turn();
  ends[2]!({ error: 'no' });
  await lane.idle;
  expect(started).toEqual(['a', 'b', 'c']);
  expect(warnings).toEqual(["INSTANCE A: 'b' ended with exit status 3", "INSTANCE A: 'c' did not run: no"]);
  lane.add(call('d'));
  expect(started).toHaveLength(4);
});

it('leaves out the oldest that wait, and says so once and at the end', async () => {
  const { lane, started, ends, warnings } = stage();
  for (let i = 0; i < 68; i++) lane.add(call(String(i)));
  expect(warnings).toEqual(["INSTANCE A: more than 64 programs wait; the oldest are left out, first '1'"]);
  for (let i = 0; i < 65; i++) {
    ends[i]!(OK);
    await turn();
  }
  await lane.idle;
  expect([started[0], started[1], started[64]]).toEqual(['0', '4', '67']);
  expect(warnings[1]).toBe('INSTANCE A: 3 programs were left out in all');
});

it('has patience with a program only while none waits', async () => {
  const { lane, started, signals, warnings } = stage({ patience: 20 });
  lane.add(call('a'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(signals).toEqual([]);
  lane.add(call('b'));
  await expect.poll(() => started).toEqual(['a', 'b']);
  expect(signals).toEqual(['SIGTERM']);
  expect(warnings).toEqual([
    'INSTANCE A: a program runs while others have waited for 20 ms; it is ended',
    "INSTANCE A: 'a' was ended by SIGTERM",
  ]);
});

it('kills what does not heed, and runs nothing more at the end', async () => {
  const { lane, started, signals, warnings } = stage({ heeds: ['SIGKILL'] });
  lane.add(call('a'));
  lane.add(call('b'));
  vi.useFakeTimers();
  lane.end();
  await vi.advanceTimersByTimeAsync(1999);
  expect(signals).toEqual(['SIGTERM']);
  await vi.advanceTimersByTimeAsync(1);
  vi.useRealTimers();
  await lane.idle;
  expect(started).toEqual(['a']);
  expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
  expect(warnings[0]).toBe('INSTANCE A: no time is left for what waits: 1');
});
