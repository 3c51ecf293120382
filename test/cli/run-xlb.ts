/** Runs xlb in this process with an outside world of its own. */
import type { Env } from '../../src/cli/env.ts';
import { run } from '../../src/cli/run.ts';
import { NOW } from '../api/now.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Gets what the command writes, by path. */
  readonly written?: Map<string, string>;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly vars?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly program?: string;
}

/** `runDir` is what XLB_RUN_DIR says. */
export async function runXlb(runDir: string, args: readonly string[], world: World = {}): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
      return true;
    },
  });
  const env: Env = {
    args,
    program: world.program ?? 'xlb',
    stdout: output('stdout'),
    stderr: output('stderr'),
    vars: { XLB_RUN_DIR: runDir, ...world.vars },
    stdoutIsTty: world.tty ?? false,
    columns: world.columns ?? 100,
    readStdin: async () => world.stdin ?? '',
    readFile: async (path) => {
      const text = world.files?.[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return text;
    },
    writeFile: async (path, text) => {
      if (world.written === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'EROFS' });
      world.written.set(path, text);
    },
    user: 'alice',
    now: () => NOW,
    signal: world.signal ?? new AbortController().signal,
  };
  const code = await run(env);
  return { code, ...written };
}

/** Words of a command line; single quotes keep spaces. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
