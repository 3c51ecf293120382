/** The whole director on one screen, and what became of every packet. */

import type { StatsBody, StatusBody } from '../../api/controller.ts';
import { REASON_NAMES, REASONS } from '../../api/protocol/reasons.ts';
import type { ServiceReport } from '../../api/protocol/services.ts';
import type { Problem } from '../../api/protocol/status.ts';
import { syncDaemonsReport } from '../../api/protocol/wire.ts';
import { METHODS } from '../../core/model/methods.ts';
import type { Model } from '../../core/model/model.ts';
import { SCHEDULER_NAMES } from '../../core/model/schedulers.ts';
import type { CounterTotals } from '../../dataplane/traffic.ts';
import type { ConfigInUse } from '../config/configuration.ts';
import type { InterfaceState } from '../interface-manager.ts';
import { countStates, healthOf } from './problems.ts';
import { ratesReport, timeOrNull, totalsReport } from './service.ts';

export interface Counters {
  readonly totals: CounterTotals;
  /** Per second. */
  readonly rates: Readonly<Record<string, number>>;
}

export interface Table {
  readonly entries: number;
  readonly capacity: number;
  /** Milliseconds of the last pass over it; null: none yet. */
  readonly sweepMs: number | null;
}

/** What does not change while the daemon runs. */
export interface Identity {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly runDir: string;
  readonly stateFile: string;
}

export interface StatusSources {
  readonly identity: Identity;
  readonly changedAt: number | null;
  readonly config: ConfigInUse | null;
  readonly services: readonly ServiceReport[];
  readonly counters: Counters;
  readonly table: Table;
  readonly syncDaemons: Model['syncDaemons'];
  readonly timeouts: Model['timeouts'];
  readonly interfaces: readonly InterfaceState[];
  readonly problems: readonly Problem[];
}

export type DirectorStatus = Omit<StatusBody, 'vrrp'>;

export function statusReport(sources: StatusSources): DirectorStatus {
  const { identity, services, counters, table, problems } = sources;
  const servers = services.flatMap((service) => service.servers);
  const inState = (state: string) => servers.filter((server) => server.state.effective === state).length;
  return {
    health: healthOf(problems),
    version: identity.version,
    pid: process.pid,
    started_at: new Date(identity.startedAt).toISOString(),
    run_dir: identity.runDir,
    state: { file: identity.stateFile, changed_at: timeOrNull(sources.changedAt) },
    config: configStatus(sources.config),
    services: countStates(services),
    servers: {
      up: inState('up'),
      draining: inState('draining'),
      quiesced: inState('quiesced'),
      unresolved: inState('unresolved'),
      unsupported: inState('unsupported'),
    },
    traffic: trafficReport(services),
    table: {
      entries: table.entries,
      capacity: table.capacity,
      placed_without_entry_total: counters.totals.connections_unrecorded,
      evicted_total: counters.totals.connections_evicted,
    },
    timeouts: timeoutsReport(sources.timeouts),
    sync_daemons: syncDaemonsReport(sources.syncDaemons),
    drops: counterReports(counters).filter(({ kind, total }) => kind === 'drop' && total > 0),
    interfaces: sources.interfaces.map(({ name, attachment }) => ({ name, mode: attachment?.mode ?? null })),
    supported: { schedulers: [...SCHEDULER_NAMES], methods: [...METHODS] },
    problems: [...problems],
  };
}

export function statsReport(services: readonly ServiceReport[], counters: Counters, table: Table): StatsBody {
  const sum = (pick: (service: ServiceReport) => number) => services.reduce((total, one) => total + pick(one), 0);
  return {
    totals: totalsReport({
      connections: sum(({ totals }) => totals.connections_total),
      packets: sum(({ totals }) => totals.packets_in_total),
      bytes: sum(({ totals }) => totals.bytes_in_total),
      outPackets: sum(({ totals }) => totals.packets_out_total),
      outBytes: sum(({ totals }) => totals.bytes_out_total),
    }),
    rates: ratesReport({
      connections: sum(({ rates }) => rates.connections_per_s),
      packets: sum(({ rates }) => rates.packets_in_per_s),
      bytes: sum(({ rates }) => rates.bytes_in_per_s),
      outPackets: sum(({ rates }) => rates.packets_out_per_s),
      outBytes: sum(({ rates }) => rates.bytes_out_per_s),
    }),
    counters: counterReports(counters),
    table: { entries: table.entries, capacity: table.capacity, sweep_ms: table.sweepMs },
  };
}

function counterReports({ totals, rates }: Counters): StatsBody['counters'] {
  return REASON_NAMES.map((reason) => ({
    reason,
    ...REASONS[reason],
    total: totals[reason],
    per_s: rates[reason] ?? 0,
  }));
}

function trafficReport(services: readonly ServiceReport[]): StatusBody['traffic'] {
  const sum = (pick: (service: ServiceReport) => number) => services.reduce((total, one) => total + pick(one), 0);
  return {
    packets_per_s: sum(({ rates }) => rates.packets_in_per_s),
    bits_per_s: 8 * sum(({ rates }) => rates.bytes_in_per_s),
    connections_new_per_s: sum(({ rates }) => rates.connections_per_s),
    connections_active: sum(({ connections }) => connections.active),
    connections_inactive: sum(({ connections }) => connections.inactive),
  };
}

function configStatus(config: ConfigInUse | null): StatusBody['config'] {
  if (config === null) return null;
  const loaded_at = new Date(config.loadedAt).toISOString();
  return { file: config.path, loaded_at };
}

function timeoutsReport({ tcp, tcpFin, udp }: Model['timeouts']): StatusBody['timeouts'] {
  return { tcp_s: tcp, tcp_fin_s: tcpFin, udp_s: udp };
}
