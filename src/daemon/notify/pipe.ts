/**
 * A named pipe that gets lines. Open for reading, too, so that it can be written to before anybody
 * reads it, and lines wait for a reader that is started again; never blocks: what does not fit
 * (64 KiB) is lost, and the log says so.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fchownSync, fstatSync, lstatSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { Log } from '../log.ts';
import type { Identity } from '../programs/accounts.ts';

export interface PipeOptions {
  readonly path: string;
  /** Of a pipe that is made; null: this process. One that is there stays as it is. */
  readonly owner: Pick<Identity, 'uid' | 'gid'> | null;
  readonly log: Pick<Log, 'warn'>;
}

export class Pipe implements Disposable {
  readonly #path: string;
  readonly #log: Pick<Log, 'warn'>;
  readonly #isOurs: boolean;
  #fd: number;
  #lost = 0;

  /** Throws where the path is something else, or cannot be made or opened. */
  constructor({ path, owner, log }: PipeOptions) {
    this.#path = path;
    this.#log = log;
    this.#isOurs = lstatSync(path, { throwIfNoEntry: false }) === undefined;
    // Node has no mkfifo(3).
    if (this.#isOurs) execFileSync('mkfifo', ['-m', '0600', '--', path], { stdio: ['ignore', 'ignore', 'pipe'] });
    const { O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;
    this.#fd = openSync(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    try {
      if (!fstatSync(this.#fd).isFIFO()) throw new Error(`found something else at ${path}, expected a named pipe`);
      if (this.#isOurs && owner !== null) fchownSync(this.#fd, owner.uid, owner.gid);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The line with its end. Shorter than 4096 bytes, so that it is written whole or not at all: pipe(7). */
  write(line: string): void {
    try {
      writeSync(this.#fd, line);
    } catch (error) {
      if (this.#lost++ === 0) this.#log.warn({ err: error }, `${this.#path} is full, nobody reads it; lines are lost`);
      return;
    }
    if (this.#lost > 0) this.#log.warn({}, `${this.#path} has room again; ${this.#lost} lines were lost`);
    this.#lost = 0;
  }

  /** Gone where it was made here. Twice is safe. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    if (this.#isOurs) removeFile(this.#path);
    closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** Somebody else may have been quicker. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
