import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { serviceManager, watchdogInterval } from './service-manager.ts';

describe('the service manager', () => {
  const log = createLog('error', { write: () => {} });

  it('is told nothing where there is none', () => {
    const sent: unknown[] = [];
    const notifier = serviceManager({}, log, (words) => void sent.push(words));
    notifier.ready('x');
    notifier.stopping();
    expect(sent).toEqual([]);
  });

  it('is told of readiness and of the end', () => {
    const sent: unknown[] = [];
    const notifier = serviceManager({ NOTIFY_SOCKET: '/x' }, log, (words) => void sent.push(words));
    notifier.ready('2 services');
    notifier.reloading();
    notifier.ready('3 services');
    notifier.stopping();
    notifier[Symbol.dispose]();
    expect(sent).toEqual([
      ['--ready', '--status=2 services'],
      ['RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/)],
      ['--ready', '--status=3 services'],
      ['STOPPING=1'],
    ]);
  });

  it.each([
    [{ WATCHDOG_USEC: '10000000' }, 5000],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '1' }, undefined],
    [{}, undefined],
  ])('watches as it says: %j', (environment, expected) => {
    expect(watchdogInterval(environment)).toBe(expected);
  });
});
