/** Reads the director's state for listings: nothing here changes anything. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InterfacesBody, MarksBody, StatsBody } from '../api/controller.ts';
import type { ServiceReport } from '../api/protocol/services.ts';
import type { FileShare } from '../core/model/file-share.ts';
import type { ServiceKey, VirtualService } from '../core/model/model.ts';
import { serviceKeyText } from '../core/model/service-key.ts';
import { readLimitTotals } from '../dataplane/limit-states.ts';
import type { LiveCounts } from '../dataplane/live-counts.ts';
import type { Maps } from '../dataplane/maps.ts';
import type { Sizes } from '../dataplane/sizes.ts';
import type { Sweeper } from '../dataplane/sweeper.ts';
import { LimitId } from '../dataplane/types.gen.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Configuration } from './config/configuration.ts';
import type { Director } from './director.ts';
import type { InterfaceManager } from './interface-manager.ts';
import { egressIndexes } from './network.ts';
import { type Observer, type ServerState, serverSubjects } from './observer.ts';
import { interfaceReport } from './reports/interface.ts';
import { marksReport } from './reports/marks.ts';
import { originsOf } from './reports/origins.ts';
import { type Finding, findProblems } from './reports/problems.ts';
import { effectiveState, unreachable } from './reports/server-state.ts';
import { type ServiceSources, serviceReport } from './reports/service.ts';
import { type DirectorStatus, type Identity, statsReport, statusReport, type Table } from './reports/status.ts';
import type { Statistics } from './statistics.ts';

/** So long after the last connection over a rate that is a problem. */
const OVER_RATE_SECONDS = 10;

export interface ReporterParts {
  readonly identity: Identity;
  readonly director: Director;
  readonly resolver: Pick<Resolver, 'resolution' | 'interface' | 'localAddresses'>;
  readonly manager: InterfaceManager;
  readonly statistics: Statistics;
  readonly observer: Observer;
  readonly counts: LiveCounts;
  readonly sweeper: Pick<Sweeper, 'entries' | 'duration'>;
  readonly maps: Pick<Maps, 'unrecorded' | 'limit_states' | 'limit_counts'>;
  readonly sizes: Pick<Sizes, 'connections'>;
  /** Seconds of the data plane's clock. */
  readonly clock: () => number;
  /** What could not be written to the maps; null: nothing. */
  readonly applyFault: () => string | null;
  readonly changedAt: () => number | null;
  readonly configuration: Pick<Configuration, 'current' | 'failed'>;
  /** What the file names; null: everything is commands'. */
  readonly share: () => FileShare | null;
  readonly syncProblems: () => readonly string[];
}

/** Services that are reported in one turn. */
const CHUNK = 50;

export class Reporter {
  readonly #parts: ReporterParts;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** With a key only that one, or none. Other work runs in between. */
  async services(key?: ServiceKey): Promise<ServiceReport[]> {
    const { model } = this.#parts.director;
    const one = key && model.services.get(serviceKeyText(key));
    const wanted = key === undefined ? [...model.services.values()] : one === undefined ? [] : [one];
    const sources = this.#serviceSources();
    const reports: ServiceReport[] = [];
    for (const [i, service] of wanted.entries()) {
      if (i % CHUNK === CHUNK - 1) await nextTurn();
      const entry = this.#parts.director.entries.get(serviceKeyText(service.key));
      if (entry !== undefined) reports.push(serviceReport(service, entry, sources));
    }
    return reports;
  }

  marks(): MarksBody {
    return marksReport(this.#parts.director.model, this.#parts.share());
  }

  async stats(): Promise<StatsBody> {
    return statsReport(await this.services(), this.#parts.statistics.counters(), this.#table());
  }

  /** All but VRRP, which runs elsewhere. */
  async status(): Promise<DirectorStatus> {
    const { identity, director, statistics, manager, observer } = this.#parts;
    return statusReport({
      identity,
      changedAt: this.#parts.changedAt(),
      config: this.#parts.configuration.current,
      services: await this.services(),
      counters: statistics.counters(),
      table: this.#table(),
      syncDaemons: director.model.syncDaemons,
      timeouts: director.model.timeouts,
      interfaces: manager.states,
      problems: observer.dated(this.findings()),
    });
  }

  interfaces(): InterfacesBody {
    return { interfaces: this.#parts.manager.states.map(interfaceReport) };
  }

  findings(): Finding[] {
    const { director, resolver, manager, statistics, applyFault, configuration } = this.#parts;
    const egress = [...egressIndexes(resolver, director.model)].filter((index) => !manager.indexes.has(index));
    return findProblems({
      model: director.model,
      resolution: (address) => resolver.resolution(address),
      isOwn: (address) => resolver.localAddresses().some((local) => local.address === address),
      interfaces: manager.states,
      egressOnly: egress.map((index) => resolver.interface(index)?.name ?? `interface ${index}`),
      sync: this.#parts.syncProblems(),
      // As long as no connection was ever placed without an entry there is nothing to look up.
      isUnrecorded:
        statistics.counters().totals.connections_unrecorded === 0
          ? () => false
          : (service) => this.#isUnrecorded(service),
      overRate: (service) => this.#overRate(service),
      table: this.#table(),
      applyFault: applyFault(),
      failedReload: configuration.failed,
    });
  }

  serverStates(): ServerState[] {
    const { director, resolver } = this.#parts;
    const { services, tunnel } = director.model;
    const states: ServerState[] = [];
    for (const service of services.values()) {
      const subjects = serverSubjects(service);
      for (const [i, server] of service.servers.entries()) {
        const found = resolver.resolution(server.key.address);
        const reason = unreachable(server, found, tunnel);
        states.push({ subject: subjects[i] ?? '', state: effectiveState(server, found, tunnel), reason });
      }
    }
    return states;
  }

  #serviceSources(): ServiceSources {
    const { director, resolver, counts, statistics, observer, share } = this.#parts;
    return {
      origins: originsOf(share()),
      tunnel: director.model.tunnel,
      resolution: (address) => resolver.resolution(address),
      counts: (id) => counts.of(id),
      serviceTotals: (id) => statistics.service(id),
      serviceRates: (id) => statistics.serviceRates(id),
      serverTotals: (id) => statistics.server(id),
      serverRates: (id) => statistics.serverRates(id),
      since: (subject) => observer.since(subject),
      unrecordedUntil: (id) => this.#unrecordedUntil(id),
      limitState: (id) => readLimitTotals(this.#parts.maps, id),
    };
  }

  #isUnrecorded({ key }: VirtualService): boolean {
    const entry = this.#parts.director.entries.get(serviceKeyText(key));
    return entry !== undefined && this.#unrecordedUntil(entry.id) !== undefined;
  }

  /** Of all services: undefined. */
  #overRate(service: VirtualService | undefined): boolean {
    const entry = service && this.#parts.director.entries.get(serviceKeyText(service.key));
    if (service !== undefined && entry === undefined) return false;
    const at = this.#parts.maps.limit_states.get(entry?.id ?? LimitId.LIMIT_OF_ALL)?.over_at ?? 0;
    return at !== 0 && this.#parts.clock() - at < OVER_RATE_SECONDS;
  }

  #unrecordedUntil(serviceId: number): number | undefined {
    const until = this.#parts.maps.unrecorded.get(serviceId)?.followed_until ?? 0;
    const seconds = until === 0 ? 0 : until - this.#parts.clock();
    return seconds > 0 ? Date.now() + seconds * 1000 : undefined;
  }

  #table(): Table {
    const { sweeper, sizes } = this.#parts;
    return { entries: sweeper.entries, capacity: sizes.connections, sweepMs: sweeper.duration };
  }
}
