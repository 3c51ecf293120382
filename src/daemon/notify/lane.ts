/**
 * The programs of one instance or group: one at a time, in the order of what happened. A program
 * may take its time while none waits behind it; then its patience runs.
 */
import type { Log } from '../log.ts';
import { exitFault } from '../programs/programs.ts';
import type { Run } from '../programs/run-program.ts';
import type { Call } from './words.ts';

export interface LaneOptions {
  /** For the log: `INSTANCE VI_1`. */
  readonly title: string;
  readonly run: (call: Call) => Run;
  readonly log: Pick<Log, 'warn' | 'debug'>;
  /** Milliseconds that a program has left once another waits. */
  readonly patience: number;
}

/** Programs that may wait. */
const ROOM = 64;
/** Milliseconds from SIGTERM to SIGKILL. */
const TERM_TO_KILL = 2000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #waiting: Call[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #running: Run | null = null;
  #left = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  add(call: Call): void {
    this.#waiting.push(call);
    if (this.#waiting.length > ROOM) this.#dropOldest();
    if (this.#running === null) this.#work = this.#runAll();
    else if (this.#timers.size === 0) this.#after(this.#options.patience, () => this.#hurry(this.#running));
  }

  /** Resolves when nothing runs or waits. */
  get idle(): Promise<void> {
    return this.#work;
  }

  /** Nothing that waits runs any more, and what runs is ended. */
  end(): void {
    if (this.#waiting.length > 0) this.#warn(`no time is left for what waits: ${this.#waiting.length}`);
    this.#waiting.length = 0;
    if (this.#running !== null) this.#terminate(this.#running);
  }

  async #runAll(): Promise<void> {
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      const run = this.#options.run(call);
      this.#running = run;
      if (this.#waiting.length > 0) this.#after(this.#options.patience, () => this.#hurry(run));
      const fault = exitFault(await run.exit);
      this.#clear();
      if (fault !== null) this.#warn(`'${call.argv.join(' ')}' ${fault}`);
      else this.#options.log.debug({}, `${this.#options.title}: '${call.argv.join(' ')}' ended`);
    }
    this.#running = null;
    if (this.#left > 0) this.#warn(`${this.#left} programs were left out in all`);
    this.#left = 0;
  }

  #dropOldest(): void {
    const [oldest] = this.#waiting.splice(0, 1);
    if (this.#left++ === 0)
      this.#warn(`more than ${ROOM} programs wait; the oldest are left out, first '${oldest!.argv.join(' ')}'`);
  }

  #hurry(run: Run | null): void {
    if (run === null) return;
    this.#warn(`a program runs while others have waited for ${this.#options.patience} ms; it is ended`);
    this.#terminate(run);
  }

  #terminate(run: Run): void {
    this.#clear();
    run.kill('SIGTERM');
    this.#after(TERM_TO_KILL, () => {
      if (!run.kill('SIGKILL')) this.#warn('a program could not be ended: xlbd needs CAP_KILL for that');
    });
  }

  #after(delay: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delay);
    this.#timers.add(timer);
  }

  #clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #warn(message: string): void {
    this.#options.log.warn({}, `${this.#options.title}: ${message}`);
  }
}
