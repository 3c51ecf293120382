/** What this machine has, for the checks of a configuration. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import type { Machine } from '../../core/config/check/machine.ts';

/** Where execvp looks when there is no PATH; scripts get none. */
const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

export function thisMachine(): Machine {
  const users = usersOf('/etc/passwd');
  return {
    hasInterface: (name) => existsSync(`/sys/class/net/${name}`),
    hasUser: (name) => /^\d+$/.test(name) || users.has(name),
    program(path) {
      const candidates = path.includes('/') ? [path] : PATHS.map((directory) => `${directory}/${path}`);
      const found = candidates.filter(isFile);
      if (found.length === 0) return 'missing';
      return found.some(isExecutable) ? 'runs' : 'not executable';
    },
  };
}

function usersOf(path: string): Set<string> {
  try {
    return new Set(
      readFileSync(path, 'utf8')
        .split('\n')
        .map((line) => line.split(':')[0]!),
    );
  } catch {
    return new Set();
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
