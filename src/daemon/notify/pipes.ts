/** The pipes of a configuration, with their readers. */
import { isDeepStrictEqual } from 'node:util';
import type { User } from '../../core/config/forms/scripts.ts';
import type { Fifo, Fifos } from '../../core/config/model/fifos.ts';
import type { Log } from '../log.ts';
import type { Identity } from '../programs/accounts.ts';
import type { Run } from '../programs/run-program.ts';
import { Pipe } from './pipe.ts';
import { Reader } from './reader.ts';
import type { Call } from './words.ts';

export interface PipesOptions {
  readonly run: (call: Call) => Run;
  readonly identityOf: (user: User) => Identity | { readonly error: string };
  readonly log: Pick<Log, 'warn'>;
}

const KINDS = ['all', 'vrrp', 'lvs'] as const;
type Kind = (typeof KINDS)[number];

interface Open {
  readonly fifo: Fifo;
  readonly pipe: Pipe;
  readonly reader: Reader | null;
}

export class Pipes {
  readonly #options: PipesOptions;
  readonly #open = new Map<Kind, Open>();

  constructor(options: PipesOptions) {
    this.#options = options;
  }

  /** What did not change stays open, and its reader goes on. One that cannot be opened is left out, and the log says why. */
  configure(fifos: Pick<Fifos, Kind>): void {
    for (const kind of KINDS) {
      if (isDeepStrictEqual(this.#open.get(kind)?.fifo ?? null, fifos[kind])) continue;
      void this.#close(kind);
    }
    for (const kind of KINDS) {
      const fifo = fifos[kind];
      if (fifo !== null && !this.#open.has(kind)) this.#start(kind, fifo);
    }
  }

  write(kind: Exclude<Kind, 'all'>, line: string): void {
    this.#open.get('all')?.pipe.write(line);
    this.#open.get(kind)?.pipe.write(line);
  }

  /** Resolves when the readers have ended. */
  async close(): Promise<void> {
    await Promise.all(KINDS.map((kind) => this.#close(kind)));
  }

  #start(kind: Kind, fifo: Fifo): void {
    const { identityOf, log } = this.#options;
    const owner = fifo.owner === null ? null : identityOf(fifo.owner);
    try {
      if (owner !== null && 'error' in owner) throw new Error(owner.error);
      const pipe = new Pipe({ path: fifo.path, owner, log });
      this.#open.set(kind, { fifo, pipe, reader: this.#startReader(fifo) });
    } catch (error) {
      log.warn({}, `${fifo.path} is not used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #startReader({ path, reader }: Fifo): Reader | null {
    if (reader === null) return null;
    const { log } = this.#options;
    const run = () => this.#options.run({ argv: [...reader.argv, path], as: reader.as });
    return new Reader({ title: `'${reader.text}', which reads ${path},`, run, log });
  }

  async #close(kind: Kind): Promise<void> {
    const open = this.#open.get(kind);
    if (open === undefined) return;
    this.#open.delete(kind);
    open.pipe[Symbol.dispose]();
    await open.reader?.end();
  }
}
