/** A program of the configuration, checked before each run. */
import { accessSync, constants } from 'node:fs';
import { accountOf, type ConfiguredUser } from './accounts.ts';
import { type Ended, type RunningProgram, runProgram } from './run-program.ts';
import { realProgram, scriptFault } from './script-security.ts';

export interface OperatorProgram {
  readonly argv: readonly string[];
  /** Null: keepalived_script, where there is such a user, else whoever runs xlbd. */
  readonly user: ConfiguredUser | null;
  /** `enable_script_security`. */
  readonly secure: boolean;
  readonly onOutput?: (line: string) => void;
}

const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What cannot be run has ended at once, with the reason. */
export function runOperatorProgram({ argv, user, secure, onOutput }: OperatorProgram): RunningProgram {
  try {
    const account = accountOf(user);
    const isRoot = (account?.uid ?? process.getuid?.()) === 0;
    const path = realProgram(findProgram(argv[0] ?? ''));
    const fault = secure && isRoot ? scriptFault(path) : null;
    if (fault !== null) return refused(fault);
    const own = account?.uid === process.getuid?.() && account?.gid === process.getgid?.() && !account?.allGroups;
    return runProgram({ argv: [path, ...argv.slice(1)], account: own ? null : account, ...(onOutput && { onOutput }) });
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function findProgram(name: string): string {
  const candidates = name.includes('/') ? [name] : PATHS.map((directory) => `${directory}/${name}`);
  const found = candidates.find((path) => isExecutable(path));
  if (found === undefined) throw new Error(`found '${name}', expected a program that can be run`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function refused(reason: string): RunningProgram {
  const ended: Ended = { code: null, reason };
  return { ended: Promise.resolve(ended), kill: () => {} };
}
