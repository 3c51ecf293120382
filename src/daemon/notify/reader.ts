/** The program that reads a pipe: started with it, and again when it ends. */
import type { Log } from '../log.ts';
import { exitFault } from '../programs/programs.ts';
import type { Run } from '../programs/run-program.ts';

export interface ReaderOptions {
  /** For the log. */
  readonly title: string;
  readonly run: () => Run;
  readonly log: Pick<Log, 'warn'>;
}

/** Milliseconds before the next start: each time twice as long, and back to the first after a long life. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** Milliseconds that a reader has to find the end of the pipe, and then to heed SIGTERM. */
const GRACE = 1000;

export class Reader {
  readonly #options: ReaderOptions;
  #run: Run | null = null;
  #timer: NodeJS.Timeout | undefined;
  #pause = FIRST_PAUSE;
  #ends = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    void this.#start();
  }

  /** Once the pipe is closed. Resolves when the reader has ended. */
  async end(): Promise<void> {
    this.#ends = true;
    clearTimeout(this.#timer);
    const run = this.#run;
    if (run === null) return;
    const timers = [setTimeout(() => run.kill('SIGTERM'), GRACE), setTimeout(() => run.kill('SIGKILL'), 2 * GRACE)];
    await run.exit;
    for (const timer of timers) clearTimeout(timer);
  }

  async #start(): Promise<void> {
    const startedAt = performance.now();
    this.#run = this.#options.run();
    const exit = await this.#run.exit;
    this.#run = null;
    if (this.#ends) return;
    if (performance.now() - startedAt > LONGEST_PAUSE) this.#pause = FIRST_PAUSE;
    const { title, log } = this.#options;
    log.warn({}, `${title} ${exitFault(exit) ?? 'ended'}; it is started again in ${this.#pause / 1000} s`);
    this.#timer = setTimeout(() => void this.#start(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }
}
