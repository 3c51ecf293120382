/**
 * Runs a program as some user: without a shell, in a process group of its own, with nothing to
 * read and a PATH for its whole environment. util-linux's setpriv, which then becomes the program,
 * does what Node cannot: it sets supplementary groups, drops capabilities that a change of user
 * leaves, and has the kernel end the program with xlbd, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Identity } from './accounts.ts';
import { findProgram, SEARCH_PATH } from './find-program.ts';
import { readLines } from './lines.ts';

/** `error`: it did not run at all. */
export type Exit =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly error: string };

export interface Run {
  /** Of the program itself; others of its group may go on. Never rejects. */
  readonly exit: Promise<Exit>;
  /** To the whole process group. False: the program has ended, or this process may not (CAP_KILL). */
  kill(signal: 'SIGTERM' | 'SIGKILL'): boolean;
}

export interface ProgramOptions {
  /** The first is an absolute path. */
  readonly argv: readonly string[];
  readonly identity: Identity;
  /** Gets what it prints; null: nobody reads that. */
  readonly onLine: ((line: string) => void) | null;
}

/** Milliseconds that output may still come after the end: a descendant may hold the pipe open for ever. */
const OUTPUT_GRACE = 200;

export function runProgram({ argv, identity, onLine }: ProgramOptions): Run {
  const setpriv = findProgram('setpriv');
  if (typeof setpriv === 'string') return notRun(`setpriv of util-linux, which changes the user, is ${setpriv}`);
  const output = onLine === null ? 'ignore' : 'pipe';
  try {
    const child = spawn(setpriv.path, [...privileges(identity), '--', ...argv], {
      cwd: '/',
      env: { PATH: SEARCH_PATH },
      detached: true,
      stdio: ['ignore', output, output],
    });
    const exit = exitOf(child);
    if (onLine !== null) pass(child, onLine);
    return { exit, kill: (signal) => killGroup(child, signal) };
  } catch (error) {
    // An argument with a NUL, for one.
    return notRun(messageOf(error));
  }
}

export function notRun(error: string): Run {
  return { exit: Promise.resolve({ error }), kill: () => false };
}

/** Who this process is. */
export function ownIdentity(): Identity {
  return { uid: process.geteuid!(), gid: process.getegid!(), groups: null };
}

function privileges({ uid, gid, groups }: Identity): string[] {
  const own = ownIdentity();
  const words = ['--pdeathsig=TERM'];
  // From root, the kernel takes capabilities away with the user; from anybody else they would stay.
  if (own.uid !== 0) words.push('--inh-caps=-all', '--ambient-caps=-all');
  if (uid === own.uid && gid === own.gid && groups === null) return words;
  const supplementary = groups === null ? '--clear-groups' : `--groups=${groups.join()}`;
  return [...words, `--reuid=${uid}`, `--regid=${gid}`, supplementary];
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ error: messageOf(error) }));
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
}

function pass(child: ChildProcess, onLine: (line: string) => void): void {
  // There are none where the process could not be made.
  const streams = [child.stdout, child.stderr].filter((stream) => stream != null);
  for (const stream of streams) readLines(stream, onLine);
  child.on('exit', () => {
    setTimeout(() => {
      for (const stream of streams) stream.destroy();
    }, OUTPUT_GRACE).unref();
  });
}

/** After the end its number may be somebody else's. */
function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
