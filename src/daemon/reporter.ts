/** Reads the director's state for listings: nothing here changes anything. */
import type { InterfacesBody, StatsBody, StatusBody } from '../api/controller.ts';
import type { ServiceReport } from '../api/protocol/services.ts';
import type { ServiceKey, VirtualService } from '../core/model/model.ts';
import { formatServiceKey, serverKeyText, serviceKeyText } from '../core/model/service-key.ts';
import type { LiveCounts } from '../dataplane/live-counts.ts';
import type { Maps } from '../dataplane/maps.ts';
import type { Sizes } from '../dataplane/sizes.ts';
import type { Sweeper } from '../dataplane/sweeper.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Director } from './director.ts';
import type { InterfaceManager } from './interface-manager.ts';
import { egressIndexes } from './network.ts';
import type { Observer, ServerState } from './observer.ts';
import { interfaceReport } from './reports/interface.ts';
import { type Finding, findProblems } from './reports/problems.ts';
import { effectiveState, unreachable } from './reports/server-state.ts';
import { type ServiceSources, serviceReport } from './reports/service.ts';
import { type Identity, statsReport, statusReport, type Table } from './reports/status.ts';
import type { Statistics } from './statistics.ts';

export interface ReporterParts {
  readonly identity: Identity;
  readonly director: Director;
  readonly resolver: Pick<Resolver, 'resolution' | 'interface'>;
  readonly manager: InterfaceManager;
  readonly statistics: Statistics;
  readonly observer: Observer;
  readonly counts: LiveCounts;
  readonly sweeper: Pick<Sweeper, 'entries' | 'duration'>;
  readonly maps: Pick<Maps, 'settings' | 'unrecorded'>;
  readonly sizes: Pick<Sizes, 'connections'>;
  /** Seconds of the data plane's clock. */
  readonly clock: () => number;
  /** What could not be written to the maps; null: nothing. */
  readonly applyFault: () => string | null;
  readonly changedAt: () => number | null;
}

export class Reporter {
  readonly #parts: ReporterParts;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  services(key?: ServiceKey): ServiceReport[] {
    const { model } = this.#parts.director;
    const one = key && model.services.get(serviceKeyText(key));
    const wanted = key === undefined ? [...model.services.values()] : one === undefined ? [] : [one];
    const sources = this.#serviceSources();
    return wanted.flatMap((service) => {
      const entry = this.#parts.director.entries.get(serviceKeyText(service.key));
      return entry === undefined ? [] : [serviceReport(service, entry, sources)];
    });
  }

  stats(): StatsBody {
    return statsReport(this.services(), this.#parts.statistics.counters(), this.#table());
  }

  status(): StatusBody {
    const { identity, statistics, manager, maps, observer } = this.#parts;
    return statusReport({
      identity,
      changedAt: this.#parts.changedAt(),
      services: this.services(),
      counters: statistics.counters(),
      table: this.#table(),
      timeouts: maps.settings.get(0)?.timeout ?? [],
      interfaces: manager.states,
      problems: observer.dated(this.findings()),
    });
  }

  interfaces(): InterfacesBody {
    return { interfaces: this.#parts.manager.states.map(interfaceReport) };
  }

  findings(): Finding[] {
    const { director, resolver, manager, applyFault } = this.#parts;
    const egress = [...egressIndexes(resolver, director.model)].filter((index) => !manager.indexes.has(index));
    return findProblems({
      model: director.model,
      resolution: (address) => resolver.resolution(address),
      interfaces: manager.states,
      egressOnly: egress.map((index) => resolver.interface(index)?.name ?? `interface ${index}`),
      isUnrecorded: (service) => this.#isUnrecorded(service),
      table: this.#table(),
      applyFault: applyFault(),
    });
  }

  serverStates(): ServerState[] {
    const { director, resolver } = this.#parts;
    return [...director.model.services.values()].flatMap(({ key, servers }) =>
      servers.map((server) => {
        const found = resolver.resolution(server.key.address);
        const names = { service: formatServiceKey(key), server: serverKeyText(server.key) };
        return { ...names, state: effectiveState(server, found), reason: unreachable(server, found) };
      }),
    );
  }

  #serviceSources(): ServiceSources {
    const { resolver, counts, statistics, observer } = this.#parts;
    return {
      resolution: (address) => resolver.resolution(address),
      counts: (id) => counts.of(id),
      serviceTotals: (id) => statistics.service(id),
      serviceRates: (id) => statistics.serviceRates(id),
      serverTotals: (id) => statistics.server(id),
      serverRates: (id) => statistics.serverRates(id),
      since: (service, server) => observer.since(service, server),
      unrecordedUntil: (id) => this.#unrecordedUntil(id),
    };
  }

  #isUnrecorded({ key }: VirtualService): boolean {
    const entry = this.#parts.director.entries.get(serviceKeyText(key));
    return entry !== undefined && this.#unrecordedUntil(entry.id) !== undefined;
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
