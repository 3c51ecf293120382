/**
 * One daemon a directory: who works in it leaves a directory there whose name
 * says which process it is, and a process that is gone does not count. Works on
 * a BPF file system, which holds no files, and needs no cleaning after a crash.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const NAME = /^owner_(\d+)_(\d+)$/;

export interface Claim {
  /** Process id of another daemon that holds the directory; undefined: it is ours now. */
  readonly heldBy: number | undefined;
  /** Gives the directory up. Twice is safe. */
  [Symbol.dispose](): void;
}

/** Two that claim at the same moment may both find it held; never do both get it. */
export function claimDirectory(directory: string, pid = process.pid, startOf = startTime): Claim {
  const own = join(directory, `owner_${pid}_${startOf(pid)}`);
  makeOwn(own);
  const others = readdirSync(directory).flatMap((name) => {
    const [, other, start] = NAME.exec(name) ?? [];
    return other === undefined || Number(other) === pid ? [] : [{ name, pid: Number(other), start }];
  });
  const holder = others.find((other) => startOf(other.pid) === other.start);
  for (const other of others) if (other !== holder) remove(join(directory, other.name));
  if (holder !== undefined) remove(own);
  return { heldBy: holder?.pid, [Symbol.dispose]: () => remove(own) };
}

/**
 * When a process began, in ticks since boot: tells it from another that got its number. Undefined: it is gone,
 * if only a zombie: its parent may take long to ask how it ended.
 */
export function startTime(pid: number): string | undefined {
  try {
    // The second field, the name, may hold blanks and brackets itself.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state) ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

function makeOwn(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Another starter may have removed it first. */
function remove(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
