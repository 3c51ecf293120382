/** Follows tracked files: each holds a number. */
import { type FSWatcher, readFileSync, watch, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { VrrpSettings } from './settings.ts';

export type ConfiguredFile = VrrpSettings['files'][number];

export interface FileWatchOptions {
  readonly onValue: (name: string, value: number) => void;
  readonly onFault: (message: string) => void;
}

interface Watched {
  readonly configured: ConfiguredFile;
  readonly watcher: FSWatcher | null;
  value: number | undefined;
}

export class FileWatch implements Disposable {
  readonly #options: FileWatchOptions;
  readonly #files = new Map<string, Watched>();

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  configure(files: readonly ConfiguredFile[]): void {
    for (const [name, { configured, watcher }] of this.#files) {
      if (files.some((file) => file.name === name && file.path === configured.path)) continue;
      watcher?.close();
      this.#files.delete(name);
    }
    for (const file of files) if (!this.#files.has(file.name)) this.#follow(file);
  }

  [Symbol.dispose](): void {
    this.configure([]);
  }

  #follow(file: ConfiguredFile): void {
    this.#initialize(file);
    const watched: Watched = { configured: file, watcher: this.#watch(file), value: undefined };
    this.#files.set(file.name, watched);
    this.#read(watched);
  }

  #initialize({ path, initial }: ConfiguredFile): void {
    if (initial === null) return;
    try {
      writeFileSync(path, `${initial.value}\n`, { flag: initial.overwrite ? 'w' : 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') this.#options.onFault(`${path}: ${String(error)}`);
    }
  }

  /** The directory is watched: files are replaced by renaming, too. */
  #watch(file: ConfiguredFile): FSWatcher | null {
    try {
      return watch(dirname(file.path), { persistent: false }, (_, changed) => {
        const watched = this.#files.get(file.name);
        if (watched !== undefined && (changed === null || changed === basename(file.path))) this.#read(watched);
      });
    } catch (error) {
      this.#options.onFault(`${file.path} cannot be followed: ${String(error)}`);
      return null;
    }
  }

  #read(watched: Watched): void {
    const value = numberIn(watched.configured.path);
    if (value === watched.value) return;
    watched.value = value;
    this.#options.onValue(watched.configured.name, value);
  }
}

/** The number that the file begins with; 0 where there is no file or no number. */
function numberIn(path: string): number {
  try {
    return Number(/^\s*([+-]?\d{1,10})\b/.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
