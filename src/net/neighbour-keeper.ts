/**
 * Keeps the neighbours that real servers depend on known and fresh.
 *
 * Where the kernel has managed entries it confirms them by itself; elsewhere an
 * entry that went stale is probed every few seconds. One that does not answer is
 * probed again and again, ever more slowly. Static entries are left alone.
 */
import {
  type Kernel,
  KernelError,
  NEIGHBOUR_PROTOCOL,
  type Neighbour,
  type NeighbourKey,
  neighbourKeyText,
} from './facts.ts';
import type { Log } from './log.ts';
import type { NeighbourTable } from './neighbour-table.ts';
import { isHealthy } from './resolve.ts';

/** Milliseconds between probes of a neighbour that does not answer: doubles from the first to the second. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 15_000;
/** Milliseconds between probes of a stale neighbour where the kernel has no managed entries. */
const REFRESH = 10_000;

interface Kept {
  readonly key: NeighbourKey;
  /** Probes since it was last well. */
  attempts: number;
  error: string | null;
  silent: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface NeighbourKeeperOptions {
  readonly kernel: Kernel;
  readonly table: NeighbourTable;
  readonly log: Log;
  /** What is known beside the table has changed: `error`. */
  readonly onChange: (key: NeighbourKey) => void;
}

export class NeighbourKeeper {
  readonly #options: NeighbourKeeperOptions;
  readonly #kept = new Map<string, Kept>();
  /** Whether the kernel has managed entries; learned from the first probe. */
  #managed = true;

  constructor(options: NeighbourKeeperOptions) {
    this.#options = options;
  }

  get kept(): ReadonlyMap<string, unknown> {
    return this.#kept;
  }

  /** Keep it from now on. */
  keep(key: NeighbourKey): void {
    const text = neighbourKeyText(key);
    if (this.#kept.has(text)) return;
    this.#kept.set(text, { key, attempts: 0, error: null, silent: false, timer: undefined });
    this.observe(key);
  }

  /** Nobody depends on it any more. */
  drop(key: NeighbourKey): void {
    const text = neighbourKeyText(key);
    clearTimeout(this.#kept.get(text)?.timer);
    if (!this.#kept.delete(text)) return;
    const entry = this.#options.table.get(key);
    if (entry !== undefined && isOurs(entry)) void this.#release(key);
  }

  /** The kernel's entry has changed. */
  observe(key: NeighbourKey): void {
    const kept = this.#kept.get(neighbourKeyText(key));
    if (kept === undefined) return;
    const entry = this.#options.table.get(key);
    if (entry?.state === 'failed') kept.silent = true;
    else if (entry !== undefined && isHealthy(entry.state)) {
      kept.silent = false;
      kept.error = null;
    }
    this.#schedule(kept, entry);
  }

  /** Why it cannot be probed, and whether it has failed to answer since it last did. */
  outlook(key: NeighbourKey): { readonly error: string | null; readonly silent: boolean } {
    return this.#kept.get(neighbourKeyText(key)) ?? { error: null, silent: false };
  }

  /** Stops probing; takes the mark off every entry that has ours, those of a crashed predecessor included. */
  async stop(): Promise<void> {
    for (const kept of this.#kept.values()) clearTimeout(kept.timer);
    this.#kept.clear();
    await Promise.all(
      this.#options.table
        .all()
        .filter(isOurs)
        .map((entry) => this.#release(entry)),
    );
  }

  #schedule(kept: Kept, entry: Neighbour | undefined): void {
    clearTimeout(kept.timer);
    kept.timer = undefined;
    const delay = this.#delay(kept, entry);
    if (delay === null || delay === REFRESH) kept.attempts = 0;
    if (delay === null) return;
    if (delay === 0) void this.#probe(kept);
    else kept.timer = setTimeout(() => void this.#probe(kept), delay);
  }

  /** Milliseconds until the next probe; null: none is needed. */
  #delay(kept: Kept, entry: Neighbour | undefined): number | null {
    const state = entry?.state ?? 'none';
    if (state === 'permanent' || state === 'noarp') return null;
    const retry = kept.attempts === 0 ? 0 : Math.min(FIRST_RETRY * 2 ** (kept.attempts - 1), LAST_RETRY);
    if (!isHealthy(state)) return retry;
    if (this.#managed) return entry?.managed ? null : retry;
    return state === 'stale' ? REFRESH : null;
  }

  async #probe(kept: Kept): Promise<void> {
    kept.attempts++;
    kept.timer = setTimeout(() => void this.#probe(kept), LAST_RETRY); // whatever happens to the answer
    try {
      const { managed } = await this.#options.kernel.probe(kept.key);
      if (!managed && this.#managed) {
        this.#managed = false;
        this.#options.log.info({}, 'this kernel has no managed neighbour entries: stale ones are probed instead');
      }
      this.#setError(kept, null);
    } catch (error) {
      this.#setError(kept, probeError(error));
    }
    if (this.#isKept(kept)) this.#schedule(kept, this.#options.table.get(kept.key));
  }

  /** It may have been let go while the kernel was asked. */
  #isKept(kept: Kept): boolean {
    return this.#kept.get(neighbourKeyText(kept.key)) === kept;
  }

  #setError(kept: Kept, error: string | null): void {
    if (kept.error === error || !this.#isKept(kept)) return;
    kept.error = error;
    if (error !== null) this.#options.log.warn({ neighbour: kept.key.address }, `cannot probe a neighbour: ${error}`);
    this.#options.onChange(kept.key);
  }

  async #release(key: NeighbourKey): Promise<void> {
    try {
      await this.#options.kernel.release(key);
    } catch (error) {
      this.#options.log.debug({ neighbour: key.address }, `the kernel goes on keeping a neighbour: ${String(error)}`);
    }
  }
}

function isOurs(entry: Neighbour): boolean {
  return entry.managed && entry.protocol === NEIGHBOUR_PROTOCOL;
}

function probeError(error: unknown): string {
  if (!(error instanceof KernelError)) throw error;
  if (error.code === 'EPERM') return 'the capability CAP_NET_ADMIN is missing (EPERM)';
  return error.message;
}
