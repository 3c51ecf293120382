/** Whether a program may run as root: `enable_script_security`. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface FileFacts {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Why somebody else than root could change what would run as root; null: nobody could. Each part of
 * the path counts, the program included.
 */
export function scriptFault(path: string, factsOf: (path: string) => FileFacts = factsFromDisk): string | null {
  for (let part = path; ; part = dirname(part)) {
    const { uid, gid, mode } = factsOf(part);
    const isSticky = part !== path && (mode & STICKY) !== 0;
    if (uid !== 0) return `${part} is not root's, so ${path} does not run as root`;
    if ((mode & OTHERS_WRITE) !== 0 && !isSticky)
      return `everybody may write to ${part}, so ${path} does not run as root`;
    if ((mode & GROUP_WRITES) !== 0 && gid !== 0 && !isSticky) {
      return `group ${gid} may write to ${part}, so ${path} does not run as root`;
    }
    if (part === '/') return null;
  }
}

/** Where links lead to; throws the system's error. */
export function realProgram(path: string): string {
  return realpathSync(path);
}

function factsFromDisk(path: string): FileFacts {
  return statSync(path);
}
