/**
 * The configuration file in use. It is read and checked as a whole before
 * anything is touched; what it says is told to whoever follows it when the
 * services of the file run.
 */
import { resolve } from 'node:path';
import { formatReport } from '../../core/config/format-fault.ts';
import type { File } from '../../core/config/keywords/root.ts';
import { buildModel, type ConfigModel } from '../../core/config/model/build-model.ts';
import type { Fault } from '../../core/config/report.ts';
import { type FileShare, shareOf } from '../../core/model/file-share.ts';
import { readConfig } from './read-config.ts';

/** A file without errors. */
export interface ConfigInUse {
  /** Absolute. */
  readonly path: string;
  readonly file: File;
  readonly model: ConfigModel;
  /** What it names of the data plane's model. */
  readonly share: FileShare;
  /** When it was read, in milliseconds since 1970. */
  readonly loadedAt: number;
}

export interface LoadResult {
  /** null: there are errors. */
  readonly config: ConfigInUse | null;
  readonly faults: readonly Fault[];
  /** All faults as `xlbd -t` prints them. */
  readonly report: string;
}

export function isError({ severity }: Fault): boolean {
  return severity === 'error';
}

/** The file in use, when it could not be taken again: a restart would fail. */
export interface FailedReload {
  readonly path: string;
  /** What was found. */
  readonly text: string;
}

type Listener = (model: ConfigModel) => void;

export class Configuration {
  readonly #configId: string | undefined;
  readonly #listeners = new Set<Listener>();
  #current: ConfigInUse | null = null;
  #failed: FailedReload | null = null;

  /** `configId`: what `@id` is compared with; undefined: the first label of the host's name. */
  constructor(configId: string | undefined) {
    this.#configId = configId;
  }

  /** null: xlbd runs without a file. */
  get current(): ConfigInUse | null {
    return this.#current;
  }

  /** The last reload of the file in use, if it failed. */
  get failed(): FailedReload | null {
    return this.#failed;
  }

  /** Reads and checks a file; nothing else happens. */
  load(path: string): LoadResult {
    const loaded = readConfig(path, this.#configId);
    const result = { faults: loaded.faults, report: formatReport(path, loaded) };
    if (loaded.faults.some(isError)) return { ...result, config: null };
    const model = buildModel(loaded.file);
    const { marks, localAddresses, timeouts, sync } = model;
    const services = model.services.flatMap((service) => service.services);
    const made = shareOf({ services, marks, localAddresses, timeouts, syncs: sync !== null });
    // Checks of the file come to the same, so a refusal is a fault of ours.
    if ('error' in made) throw new Error(`${path}: ${made.error.path}: ${made.error.message}`);
    const config = { path: resolve(path), file: loaded.file, model, share: made.share, loadedAt: Date.now() };
    return { ...result, config };
  }

  /** From now on this one is in use: its services run already. */
  use(config: ConfigInUse): void {
    this.#current = config;
    this.#failed = null;
    for (const listener of this.#listeners) listener(config.model);
  }

  /** What was read before stays in use. Whoever tries another file has the answer, so nothing is kept of that. */
  fail(failed: FailedReload): void {
    if (failed.path === this.#current?.path) this.#failed = failed;
  }

  /**
   * Calls back with the file in use, now if there is one, and with each that
   * follows, until the function that it returns is called.
   */
  onConfig(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#current !== null) listener(this.#current.model);
    return () => void this.#listeners.delete(listener);
  }
}
