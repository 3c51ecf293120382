/** Thrown where ipvsadm would call exit(): nothing after it is done, not even the rest of a restore. */
export class Exit extends Error {
  /** Exit status of the program. */
  readonly status: number;
  /** Whole lines for standard error and standard output. */
  readonly stderr: string;
  readonly stdout: string;

  constructor(status: number, output: { readonly stderr?: string; readonly stdout?: string }) {
    super(output.stderr ?? '');
    this.name = 'Exit';
    this.status = status;
    this.stderr = output.stderr ?? '';
    this.stdout = output.stdout ?? '';
  }
}

/** A mistake in the words: status 2. */
export function fail(message: string): never {
  throw new Exit(2, { stderr: `${message}\n` });
}

/** Words that make no command at all. */
export function tryHelp(): never {
  throw new Exit(255, { stderr: "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n" });
}
