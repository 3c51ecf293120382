/** Runs the operator's programs: without a shell, as a user of their own, in a process group of their own. */
import { spawn } from 'node:child_process';
import type { Account } from './accounts.ts';

export interface ProgramOptions {
  readonly argv: readonly string[];
  /** Null: as this process itself. */
  readonly account: Account | null;
  /** What it writes, line by line. */
  readonly onOutput?: (line: string) => void;
}

export interface Ended {
  /** 0 is success; null: a signal ended it, or it did not start. */
  readonly code: number | null;
  /** For people, where `code` is not 0. */
  readonly reason: string;
}

export interface RunningProgram {
  /** Never rejects. */
  readonly ended: Promise<Ended>;
  /** To its whole process group; it may be gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** keepalived gives nothing else; PATH is what execvp takes without one. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

export function runProgram({ argv, account, onOutput }: ProgramOptions): RunningProgram {
  const [file = '', ...args] = account === null ? argv : [...asAccount(account), ...argv];
  const child = spawn(file, args, {
    env: ENVIRONMENT,
    cwd: '/',
    // A group of its own: what it has started ends with it.
    detached: true,
    stdio: ['ignore', onOutput ? 'pipe' : 'ignore', onOutput ? 'pipe' : 'ignore'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line !== '') onOutput?.(line);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, reason: `${argv[0]} cannot be run: ${error.message}` }));
    child.once('exit', (code, signal) => {
      resolve({ code, reason: code === null ? `${argv[0]} was ended by ${signal}` : `${argv[0]} ended with ${code}` });
    });
  });
  return {
    ended,
    kill(signal) {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The whole group has ended already.
      }
    },
  };
}

/** Supplementary groups cannot be set by Node: setpriv (util-linux) does all of it. */
function asAccount({ uid, gid, allGroups }: Account): string[] {
  const groups = allGroups ? '--init-groups' : '--clear-groups';
  return ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${gid}`, groups, '--pdeathsig=TERM', '--'];
}
