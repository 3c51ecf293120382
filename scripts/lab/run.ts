/** Runs commands; a failure carries the command line and what it printed. */
import { execFile, spawnSync } from 'node:child_process';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which is closed afterwards. */
  readonly input?: string;
  /** Milliseconds after which the command is killed; 60 s. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command to its end, whatever its exit code (a signal counts as 128). */
export function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const settings = {
    timeout: options.timeout ?? 60_000,
    maxBuffer: 1 << 28,
    env: options.env === undefined ? process.env : { ...process.env, ...options.env },
  };
  return new Promise((done, fail) => {
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === 'string') fail(error);
      else done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 128, stdout, stderr });
    });
    child.stdin?.on('error', ignoreClosedPipe);
    child.stdin?.end(options.input ?? '');
  });
}

/** Like `tryRun`, but an exit code other than 0 throws; returns standard output. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, args, options);
  if (code !== 0)
    throw new Error(`${commandLine(command, args)}: exit code ${code}\n${stderr}${stdout}${options.input ?? ''}`);
  return stdout;
}

/** For removal, which must work in an exit handler: blocks, and returns the output whatever the exit code. */
export function runNow(command: string, args: readonly string[], input = ''): string {
  return spawnSync(command, args, { encoding: 'utf8', input }).stdout ?? '';
}

/** As a person would type it. */
export function commandLine(command: string, args: readonly string[]): string {
  return [command, ...args]
    .map((word) => (/^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}

// A command that fails before it has read its input is reported by its exit code.
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
