/**
 * Gives commands to the daemon and tells what it refused. A restore hands them
 * over in batches, since a batch is one change of the data plane; the outcome
 * is as if each had been given alone.
 */
import type { Command } from '../../core/model/command.ts';
import type { IpvsBackend, Refusal } from './backend.ts';
import { refusalText } from './errors.ts';
import type { CommandName } from './options.ts';

interface Pending {
  readonly name: CommandName;
  readonly command: Command;
}

export class Submitter {
  readonly #backend: IpvsBackend;
  readonly #tell: (line: string) => void;
  readonly #limit: number;
  /** Grows while all goes well, so that a restore full of refusals stays linear. */
  #size: number;
  #pending: Pending[] = [];
  /** Status of the last command that was given. */
  #status = 0;

  constructor(backend: IpvsBackend, tell: (line: string) => void, limit: number) {
    this.#backend = backend;
    this.#tell = tell;
    this.#limit = limit;
    this.#size = limit;
  }

  /** Takes a command; it is done when there are enough of them, or at `settle`. */
  async submit(name: CommandName, command: Command): Promise<void> {
    this.#pending.push({ name, command });
    if (this.#pending.length >= this.#size) await this.settle();
  }

  /** Does all that was taken; 0 or 255, the status of the last command. */
  async settle(): Promise<number> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, this.#size);
      const refusal = await this.#give(batch);
      if (refusal === undefined) this.#succeeded();
      else await this.#refused(batch, refusal);
    }
    return this.#status;
  }

  #give(batch: readonly Pending[]): Promise<Refusal | undefined> {
    return this.#backend.execute(batch.map(({ command }) => command));
  }

  #succeeded(): void {
    this.#status = 0;
    this.#size = Math.min(this.#size * 2, this.#limit);
  }

  /** Nothing of the batch was done: what stands before the culprit is, what stands behind it comes next. */
  async #refused(batch: readonly Pending[], refusal: Refusal): Promise<void> {
    this.#size = 1;
    const [only, second] = batch;
    if (only === undefined) return;
    if (second !== undefined && refusal.index === undefined) {
      this.#pending.unshift(...batch);
      return;
    }
    const index = refusal.index ?? 0;
    const before = batch.slice(0, index);
    // It was all right a moment ago; if it no longer is, each is tried alone.
    if (before.length > 0 && (await this.#give(before)) !== undefined) {
      this.#pending.unshift(...batch);
      return;
    }
    this.#tell(refusalText((batch[index] ?? only).name, refusal));
    this.#status = 255;
    this.#pending.unshift(...batch.slice(index + 1));
  }
}
