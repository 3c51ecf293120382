/** Synchronization put together: the daemons over this data plane, and what a file says of them. */
import type { Outcome } from '../../api/controller.ts';
import type { Command } from '../../core/model/command.ts';
import { openConnectionTable } from '../../dataplane/connections.ts';
import type { Dataplane } from '../../dataplane/open.ts';
import { openSyncEvents } from '../../dataplane/sync-events.ts';
import { findTemplate, listTemplates } from '../../dataplane/templates.ts';
import { openToldBook, untold } from '../../dataplane/told-book.ts';
import { readCounters } from '../../dataplane/traffic.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Director } from '../director.ts';
import type { Log } from '../log.ts';
import { syncReport } from '../reports/sync.ts';
import { SyncRole } from './role.ts';
import { Synchronizer } from './synchronizer.ts';
import type { Table } from './teller.ts';

export interface SynchronizationParts {
  readonly log: Log;
  readonly director: Director;
  readonly dataplane: Pick<Dataplane, 'maps' | 'programs'>;
  readonly execute: (commands: readonly Command[]) => Promise<Outcome<unknown>>;
}

export class Synchronization {
  readonly #parts: SynchronizationParts;
  readonly #synchronizer: Synchronizer;
  readonly #role: SyncRole;

  constructor(parts: SynchronizationParts) {
    const { log, director, dataplane, execute } = parts;
    this.#parts = parts;
    this.#synchronizer = new Synchronizer({
      ...{ log, programs: dataplane.programs, openTable: () => this.#openTable() },
      model: () => director.model,
      entries: () => director.entries,
    });
    this.#role = new SyncRole({
      execute: async (command) => {
        const outcome = await execute([command]);
        return outcome.ok ? null : outcome.message;
      },
      onError: (text) => log.error({}, `lvs_sync_daemon: ${text}`),
    });
  }

  /** From now on the daemons of the model run, and those that a file names. */
  start(configuration: Configuration): void {
    this.#synchronizer.modelChanged();
    configuration.onConfig((model) => {
      this.#synchronizer.configure(model.director.sync);
      this.#role.configure(model.sync);
    });
  }

  modelChanged(): void {
    this.#synchronizer.modelChanged();
  }

  /** What VRRP says. */
  hear(notice: Parameters<SyncRole['hear']>[0]): void {
    this.#role.hear(notice);
  }

  get problems(): readonly string[] {
    return this.#synchronizer.problems;
  }

  report() {
    const { maps } = this.#parts.dataplane;
    return syncReport(this.#synchronizer, () => untold(maps, this.#clock()));
  }

  [Symbol.dispose](): void {
    this.#synchronizer[Symbol.dispose]();
  }

  #clock(): number {
    return this.#parts.dataplane.programs.readClock().now;
  }

  #openTable(): Table {
    const { maps } = this.#parts.dataplane;
    return {
      connections: openConnectionTable(maps),
      events: openSyncEvents(maps),
      book: openToldBook(maps),
      template: (key, now) => findTemplate(maps.templates, key, now),
      templates: (now) => listTemplates(maps.templates, now),
      clock: () => this.#clock(),
      timeouts: () => maps.settings.get(0)?.timeout ?? [],
      overflows: () => readCounters(maps.counters).sync_overflows,
    };
  }
}
