/**
 * Which labs exist on this machine, and their removal. A lab is a directory
 * /run/xlb-lab/ID with the pid of its owner, and namespaces named xlb-ID-HOST.
 * Everything here blocks, so that it also works in an exit handler.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNow } from './run.ts';

const ROOT = '/run/xlb-lab';
const PREFIX = 'xlb-';

/** What the owner wrote down; absent where it died before it could. */
interface Record {
  readonly pid: number;
  /** Clock ticks after boot: a pid alone may come again. */
  readonly started: string;
  readonly kept: boolean;
}

export interface LabEntry {
  readonly id: string;
  /** `orphan`: its owner is gone and did not mean to leave it. */
  readonly state: 'running' | 'kept' | 'orphan';
}

export function labDirectory(id: string): string {
  return join(ROOT, id);
}

export function namespaceName(id: string, host: string): string {
  return `${PREFIX}${id}-${host}`;
}

/** Makes the directory, in this process's name. `kept`: it is meant to outlive the process. */
export function register(id: string, kept: boolean): void {
  const record: Record = { pid: process.pid, started: startTime(process.pid) ?? '', kept };
  // In place with its record at once: a directory without one is taken for an orphan's.
  const draft = join(ROOT, `.${id}`);
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'owner.json'), JSON.stringify(record));
  renameSync(draft, labDirectory(id));
}

export function listLabs(): LabEntry[] {
  const ids = new Set(names(ROOT).filter((name) => /^[0-9a-f]{6}$/.test(name)));
  for (const name of names('/run/netns')) {
    const id = /^xlb-([0-9a-f]{6})-/.exec(name)?.[1];
    if (id !== undefined) ids.add(id);
  }
  return [...ids].map((id) => ({ id, state: stateOf(id) }));
}

/** Kills what runs in the lab's namespaces, then removes namespaces, mounts and files. Twice is safe. */
export function removeLab(id: string): void {
  const namespaces = names('/run/netns').filter((name) => name.startsWith(`${PREFIX}${id}-`));
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) killAll(namespaces, signal);
  if (namespaces.length > 0)
    runNow('ip', ['-force', '-batch', '-'], namespaces.map((name) => `netns delete ${name}\n`).join(''));
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts) if (mount.startsWith(`${labDirectory(id)}/`)) runNow('umount', ['-l', mount]);
  rmSync(labDirectory(id), { recursive: true, force: true });
}

/** Removes labs whose owners died; returns their ids. */
export function removeOrphans(): string[] {
  const orphans = listLabs().filter(({ state }) => state === 'orphan');
  for (const { id } of orphans) removeLab(id);
  return orphans.map(({ id }) => id);
}

function stateOf(id: string): LabEntry['state'] {
  let record: Record;
  try {
    record = JSON.parse(readFileSync(join(labDirectory(id), 'owner.json'), 'utf8')) as Record;
  } catch {
    return 'orphan';
  }
  if (record.kept) return 'kept';
  return startTime(record.pid) === record.started ? 'running' : 'orphan';
}

function killAll(namespaces: readonly string[], signal: NodeJS.Signals): void {
  const inodes = new Set(namespaces.map((name) => inode(join('/run/netns', name))));
  inodes.delete(undefined);
  const alive = (): number[] =>
    names('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && inodes.has(inode(`/proc/${pid}/ns/net`)));
  for (const pid of alive()) kill(pid, signal);
  const patience = Date.now() + 2000;
  while (alive().length > 0 && Date.now() < patience) runNow('sleep', ['0.02']);
}

/** Undefined where there is nothing, or a process without namespaces: a zombie. */
function inode(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined for one that is gone, if only a zombie. */
function startTime(pid: number): string | undefined {
  try {
    // The name, in brackets, may hold spaces.
    const [state = '', ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return 'ZX'.includes(state) ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
