/**
 * What happens without anybody asking: averages move, the maps are compared with
 * what was written to them, states and problems are looked at and told.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Director } from './director.ts';
import { TICK } from './estimator.ts';
import type { Events } from './events.ts';
import type { Log } from './log.ts';
import type { Observer } from './observer.ts';
import type { Reporter } from './reporter.ts';
import { serverIds } from './reports/service.ts';
import type { Statistics } from './statistics.ts';

export interface HousekeepingParts {
  readonly log: Log;
  readonly director: Director;
  readonly reporter: Pick<Reporter, 'findings' | 'serverStates'>;
  readonly observer: Observer;
  readonly statistics: Statistics;
  readonly events: Events;
  readonly requestRecount: () => void;
  readonly epoch: () => number;
  readonly now: () => number;
}

/** Milliseconds between two comparisons of the maps. */
const REPAIR_INTERVAL = 5000;
/** Milliseconds until a change is looked at: one look for a burst of them. */
const LOOK_DELAY = 200;

export class Housekeeping implements Disposable {
  readonly #parts: HousekeepingParts;
  readonly #timers: NodeJS.Timeout[] = [];
  #look: NodeJS.Timeout | undefined;
  #ticking = false;
  #fault: string | null = null;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timers.push(
      setInterval(() => this.#tick(), TICK),
      setInterval(() => this.repair(), REPAIR_INTERVAL),
    );
    this.lookSoon();
  }

  /** What could not be written to the maps; null: nothing. */
  get applyFault(): string | null {
    return this.#fault;
  }

  /** Has the maps follow the network. */
  refresh(): void {
    this.#attempt(() => this.#parts.director.refresh());
    this.lookSoon();
  }

  /** Puts right what somebody else, or a failure, did to the maps. */
  repair(): void {
    this.#attempt(() => {
      const operations = this.#parts.director.repair();
      if (operations.length > 0) {
        const kinds = [...new Set(operations.map(({ op }) => op))];
        this.#parts.log.warn({ operations: operations.length, kinds }, 'the maps were not as written; put right');
      }
      if (this.#fault !== null) this.#parts.director.refresh();
    });
  }

  lookSoon(): void {
    this.#look ??= setTimeout(() => this.#lookAround(), LOOK_DELAY);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#look);
  }

  #attempt(action: () => void): void {
    const before = this.#fault;
    try {
      action();
      this.#fault = null;
    } catch (error) {
      this.#fault = (error as Error).message;
      if (this.#fault !== before) this.#parts.log.error({ err: error }, 'the maps could not be written');
    }
    if (this.#fault !== before) this.lookSoon();
  }

  #tick(): void {
    const { director, statistics, requestRecount, now, log } = this.#parts;
    if (director.isWaitingForRecount) requestRecount();
    this.lookSoon();
    if (this.#ticking) return;
    this.#ticking = true;
    const entries = [...director.entries.values()];
    const ids = {
      services: entries.map(({ id }) => id),
      servers: entries.flatMap((one) => [...serverIds(one).values()]),
    };
    statistics
      .tick(ids, now(), () => nextTurn())
      .catch((error: unknown) => log.error({ err: error }, 'statistics could not be read'))
      .finally(() => {
        this.#ticking = false;
      });
  }

  #lookAround(): void {
    this.#look = undefined;
    const { observer, reporter, events, epoch, log } = this.#parts;
    const news = observer.observe(reporter.serverStates(), reporter.findings(), Date.now());
    const time = new Date().toISOString();
    for (const { type, subject, text } of news) {
      log[type === 'problem' ? 'warn' : 'info']({ subject }, `${NEWS[type]}: ${text}`);
      events.publish({ type, time, epoch: epoch(), subject, text, user: null });
    }
  }
}

const NEWS = { state: 'state', problem: 'problem', 'problem-over': 'problem over' } as const;
