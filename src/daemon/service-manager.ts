/**
 * Tells the service manager how the daemon is. Its socket takes datagrams, which
 * Node cannot send, so the manager's own tool does; the unit therefore needs
 * NotifyAccess=all.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log } from './log.ts';
import { Mutex } from './mutex.ts';

export interface ServiceManager extends Disposable {
  /** At the start, and after each `reloading`. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
}

type Send = (words: readonly string[]) => void;

/** Does nothing where no service manager asks for it. */
export function serviceManager(environment: NodeJS.ProcessEnv, log: Log, send = sender(log)): ServiceManager {
  if (environment['NOTIFY_SOCKET'] === undefined)
    return { ready() {}, reloading() {}, stopping() {}, [Symbol.dispose]() {} };
  let watchdog: NodeJS.Timeout | undefined;
  return {
    ready: (status) => {
      send(['--ready', `--status=${status}`]);
      const interval = watchdogInterval(environment);
      if (interval !== undefined) watchdog ??= setInterval(() => send(['WATCHDOG=1']), interval).unref();
    },
    reloading: () => send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`]),
    stopping: () => send(['STOPPING=1']),
    [Symbol.dispose]: () => clearInterval(watchdog),
  };
}

/** Half of what the manager allows, in milliseconds; undefined: it does not watch. */
export function watchdogInterval(environment: NodeJS.ProcessEnv): number | undefined {
  const microseconds = Number(environment['WATCHDOG_USEC']);
  const ours = environment['WATCHDOG_PID'] === undefined || Number(environment['WATCHDOG_PID']) === process.pid;
  return microseconds > 0 && ours ? microseconds / 2000 : undefined;
}

/** One word after the other: what the manager hears last is what counts. */
function sender(log: Log): Send {
  const queue = new Mutex();
  const tell = promisify(execFile);
  return (words) => {
    queue
      .run(() => tell('systemd-notify', [...words]))
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the service manager could not be told: systemd-notify failed');
      });
  };
}
