import { expect, it } from 'vitest';
import { type ConfiguredProcess, isOne, judge } from './process-watch.ts';

const PROCESS: ConfiguredProcess = {
  name: 'p',
  command: ['nginx'],
  match: null,
  fullCommand: false,
  weight: { weight: 0, reverse: false },
  least: 1,
  most: Number.MAX_SAFE_INTEGER,
  forkDelay: 0,
  terminateDelay: 0,
};

it.each([
  ['by its name', {}, ['/usr/sbin/nginx', '-g', 'daemon off;'], true],
  ['another one', {}, ['/usr/sbin/apache2'], false],
  [
    'by 15 characters, which is all that the kernel keeps',
    { command: ['a-very-long-program'] },
    ['a-very-long-prog'],
    true,
  ],
  ['with its arguments', { command: ['sleep', '5'] }, ['sleep', '5'], true],
  ['in one pair of quotes', { command: ['sleep 5'] }, ['sleep', '5'], true],
  ['with others', { command: ['sleep', '5'] }, ['sleep', '6'], false],
  ['with more', { command: ['sleep', '5'] }, ['sleep', '5', '6'], false],
  ['with more, where those are the first', { command: ['sleep', '5'], match: 'initial' }, ['sleep', '5', '6'], true],
  ['with the begin of one', { command: ['sleep', '5'], match: 'partial' }, ['sleep', '55'], true],
  ['by the whole command', { command: ['/bin/x'], fullCommand: true }, ['/bin/x'], true],
  ['by the whole command, elsewhere', { command: ['/bin/x'], fullCommand: true }, ['/sbin/x'], false],
])('%s: %j, %j', (_, process, words, expected) => {
  expect(isOne({ ...PROCESS, ...process } as ConfiguredProcess, words)).toBe(expected);
});

it('counts at once, and later when a change has lasted', () => {
  const process = { ...PROCESS, least: 2, most: 3, forkDelay: 1, terminateDelay: 5 };
  const counts = [
    [0, 2, 'up'],
    [100, 1, 'up'],
    [5000, 1, 'up'],
    [5100, 1, 'down'],
    [6000, 2, 'down'],
    [6500, 1, 'down'],
    [7000, 2, 'down'],
    [8000, 2, 'up'],
    [8100, 4, 'up'],
    [9100, 4, 'down'],
  ] as const;
  let verdict: ReturnType<typeof judge> | undefined;
  for (const [now, count, expected] of counts) {
    verdict = judge(process, count, verdict, now);
    expect([now, verdict.status]).toEqual([now, expected]);
  }
});
