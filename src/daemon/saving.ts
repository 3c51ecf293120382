/** What goes into the state file, and when. */
import type { Model } from '../core/model/model.ts';
import { type Remembered, remember } from '../core/reconcile/memory.ts';
import type { Entry, State } from '../core/reconcile/reconciler.ts';
import type { InterfaceManager } from './interface-manager.ts';
import type { SavedConfig, SavedState, StateFile } from './state-file.ts';
import type { Statistics } from './statistics.ts';

export interface SavingOptions {
  readonly file: Pick<StateFile, 'save'>;
  readonly manager: Pick<InterfaceManager, 'wanted'>;
  readonly statistics: Pick<Statistics, 'zeroed'>;
  /** Which connection table ids and totals are of. */
  readonly table: string;
  readonly changedAt: number | null;
  /** The configuration file that the model was made with. */
  readonly config: SavedConfig | null;
  /** The current model and ids. */
  readonly current: () => { readonly model: Model; readonly state: State };
  readonly onError: (error: unknown) => void;
}

/** Milliseconds in which small changes gather before they are written. */
const DELAY = 1000;

export class Saving implements Disposable {
  readonly #options: SavingOptions;
  #changedAt: number | null;
  #config: SavedConfig | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SavingOptions) {
    this.#options = options;
    this.#changedAt = options.changedAt;
    this.#config = options.config;
  }

  /** What the file said when it was last read; null: there is none, everything is commands'. */
  get config(): SavedConfig | null {
    return this.#config;
  }

  /** When a command or a reload last changed something, in milliseconds since 1970. */
  get changedAt(): number | null {
    return this.#changedAt;
  }

  /** Writes a model, and the file that it was made with, before it takes effect. Rejects with the system's error. */
  async saveModel(model: Model, state: State, now: number, config = this.#config): Promise<void> {
    await this.#options.file.save(this.#content(model, state, now, config));
    this.#changedAt = now;
    this.#config = config;
  }

  /** Writes what is the case now. Rejects with the system's error. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { model, state } = this.#options.current();
    await this.#options.file.save(this.#content(model, state, this.#changedAt, this.#config));
  }

  /** For what a crash may lose without harm. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.save().catch(this.#options.onError), DELAY);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #content(model: Model, state: State, changedAt: number | null, config: SavedConfig | null): SavedState {
    const { manager, statistics, table } = this.#options;
    const commanded = manager.wanted.filter(({ origin }) => origin === 'command');
    return {
      model,
      config,
      changedAt,
      interfaces: commanded.map(({ name, mode }) => ({ name, mode })),
      table,
      remembered: [...state.entries.values()].map(rememberedEntry),
      zeroed: statistics.zeroed,
    };
  }
}

const rememberedEntries = new WeakMap<Entry, Remembered>();

/** An entry that did not change gives the same object, whose text the state file keeps. */
function rememberedEntry(entry: Entry): Remembered {
  const known = rememberedEntries.get(entry) ?? remember({ entries: new Map([['', entry]]) } as unknown as State)[0];
  if (known === undefined) throw new Error('an entry is not remembered');
  rememberedEntries.set(entry, known);
  return known;
}
