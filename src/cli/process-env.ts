/** The Env of this process. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Env } from './env.ts';
import { replaceFile } from './replace-file.ts';

const NO_TERMINAL = 100;

export function processEnv(): Env {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // `xlb connections | head`: who reads has enough.
  process.stdout.on('error', () => stop.abort());
  return {
    args: process.argv.slice(2),
    program: basename(process.argv[1] ?? 'xlb'),
    stdout: process.stdout,
    stderr: process.stderr,
    vars: process.env,
    stdoutIsTty: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? NO_TERMINAL,
    readStdin: () => text(process.stdin),
    readFile: (path) => readFile(path, 'utf8'),
    writeFile: replaceFile,
    user: userName(),
    now: Date.now,
    signal: stop.signal,
  };
}

/** Who asks: the one behind sudo, else the user of this process; a number where it has no name. */
function userName(): string {
  const sudo = process.env['SUDO_USER'];
  if (sudo !== undefined && sudo !== '') return sudo;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
