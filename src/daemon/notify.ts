/**
 * Tells the service manager how the daemon is. Its socket takes datagrams, which
 * Node cannot send, so the manager's own tool does; the unit therefore needs
 * NotifyAccess=all.
 */
import { execFile } from 'node:child_process';
import type { Log } from './log.ts';

export interface Notifier extends Disposable {
  ready(status: string): void;
  stopping(): void;
}

type Send = (words: readonly string[]) => void;

/** Does nothing where no service manager asks for it. */
export function createNotifier(environment: NodeJS.ProcessEnv, log: Log, send = sender(log)): Notifier {
  if (environment['NOTIFY_SOCKET'] === undefined) return { ready() {}, stopping() {}, [Symbol.dispose]() {} };
  let watchdog: NodeJS.Timeout | undefined;
  return {
    ready: (status) => {
      send(['--ready', `--status=${status}`]);
      const interval = watchdogInterval(environment);
      if (interval !== undefined) watchdog = setInterval(() => send(['WATCHDOG=1']), interval).unref();
    },
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

function sender(log: Log): Send {
  return (words) => {
    execFile('systemd-notify', [...words], (error) => {
      if (error !== null) log.warn({ err: error }, 'the service manager could not be told: systemd-notify failed');
    });
  };
}
