/**
 * Everything that the outside world gives a command. `main` makes one of the
 * process; tests make their own and run commands in-process.
 */

/** Somewhere to write text to; a `process.stdout` is one. */
export interface Output {
  /** False: the buffer is full, wait for 'drain' before writing much more. */
  write(text: string): boolean;
}

export interface Env {
  /** Words after the program's name. */
  readonly args: readonly string[];
  /** Base name that the program was called by: xlb, ipvsadm, ipvsadm-save, ipvsadm-restore. */
  readonly program: string;
  /** Data, and nothing else. */
  readonly stdout: Output;
  /** Talk: warnings, errors, what was done. */
  readonly stderr: Output;
  /** Environment variables. */
  readonly vars: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTty: boolean;
  /** Width of the terminal, 100 where there is none. */
  readonly columns: number;
  /** The whole of standard input, as text; called only by commands that read it. */
  readonly readStdin: () => Promise<string>;
  /** Text of a file; throws as fs does. */
  readonly readFile: (path: string) => Promise<string>;
  /** Makes a file of a text, whole or not at all; throws as fs does. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** Name of the user who asks. */
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted by Ctrl-C or by a closed standard output: --watch and long listings end. */
  readonly signal: AbortSignal;
}

/** Exit codes of `xlb`; `xlb ipvsadm` keeps ipvsadm's. */
export const EXIT = { ok: 0, problem: 1, usage: 2, unreachable: 3 } as const;
