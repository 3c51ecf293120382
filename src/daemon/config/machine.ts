/** What this machine has, for the checks of a configuration. */
import { existsSync, readFileSync } from 'node:fs';
import type { Machine } from '../../core/config/check/machine.ts';
import { findProgram } from '../programs/find-program.ts';

export function thisMachine(): Machine {
  const users = usersOf('/etc/passwd');
  return {
    hasInterface: (name) => existsSync(`/sys/class/net/${name}`),
    hasUser: (name) => /^\d+$/.test(name) || users.has(name),
    program(path) {
      const found = findProgram(path);
      return typeof found === 'string' ? found : 'runs';
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
