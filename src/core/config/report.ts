/** Faults of a configuration file: where, how bad, what was found and what was expected. */

export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units of the line as it stands in the file. */
  readonly column: number;
  /** Units that the caret underlines; 1 where left out. */
  readonly length?: number;
  /** How the text got there where it does not stand in the file itself, like `$PRIORITY, defined at a.conf:3`. */
  readonly via?: string;
}

/** An error is what the file cannot mean; a warning what it can, but perhaps does not, or what this machine lacks. */
export type Severity = 'error' | 'warning';

export interface Fault {
  readonly severity: Severity;
  readonly at: Position;
  readonly text: string;
  /** A second line for whoever has to repair it. */
  readonly hint?: string;
}

/** Collects faults, each once: files that are included twice have theirs once. */
export class Report {
  readonly #faults = new Map<string, Fault>();

  error(at: Position, text: string, hint?: string): void {
    this.#add('error', at, text, hint);
  }

  warning(at: Position, text: string, hint?: string): void {
    this.#add('warning', at, text, hint);
  }

  get hasErrors(): boolean {
    return [...this.#faults.values()].some(({ severity }) => severity === 'error');
  }

  /** In the order of files and lines; files in the order in which they were met. */
  get faults(): readonly Fault[] {
    const files = [...new Set([...this.#faults.values()].map(({ at }) => at.file))];
    return [...this.#faults.values()].sort(
      (a, b) =>
        files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column,
    );
  }

  #add(severity: Severity, at: Position, text: string, hint: string | undefined): void {
    const key = `${at.file}:${at.line}:${at.column}:${text}`;
    if (!this.#faults.has(key)) this.#faults.set(key, { severity, at, text, ...(hint === undefined ? {} : { hint }) });
  }
}

/** `FILE:LINE`, for a text that points elsewhere. */
export function place({ file, line }: Position): string {
  return `${file}:${line}`;
}
