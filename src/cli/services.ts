/** `xlb services`: virtual services with their real servers. */
import { Command } from 'commander';
import type { ServerReport, ServiceReport, ServiceState, ServicesReport } from '../api/protocol/services.ts';
import type { ServiceKey } from '../core/model/model.ts';
import { serverKeyText } from '../core/model/service-key.ts';
import type { Env } from './env.ts';
import type { Tone } from './format/colour.ts';
import { type Cell, type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { bytes, si } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';
import { STATE_TONES, stateDetail, stateText } from './server-state.ts';
import { serviceArgument } from './usage.ts';

interface ServicesOptions extends NounOptions {
  readonly stats?: boolean;
}

export function servicesCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('services'))
    .description('virtual services, their real servers, connections and rates')
    .argument('[service]', 'only this one, like 192.0.2.10:80/tcp', serviceArgument)
    .option('--stats', 'totals since the start or the last zero, instead of rates')
    .action(async (key: ServiceKey | undefined, options: ServicesOptions) =>
      exit(await showNoun(env, options, servicesNoun(key, options.stats ?? false))),
    );
}

function servicesNoun(key: ServiceKey | undefined, totals: boolean): Noun<ServicesReport> {
  return {
    fetch: (client) => client.services(key),
    text: ({ services }, view) => servicesText(services, totals ? TOTALS : RATES, view),
    tsv: ({ services }) => tsv(TSV_TITLES, services.map(serviceRecord)),
  };
}

const TONES: Record<ServiceState, Tone> = { up: 'good', degraded: 'warn', down: 'bad' };

/** Columns after UP, and how they are filled. */
interface Figures {
  readonly columns: readonly Column[];
  cells(report: Pick<ServiceReport, 'connections' | 'totals' | 'rates'>): readonly string[];
}

const figure = (title: string): Column => ({ title, align: 'right', min: 7 });

const RATES: Figures = {
  columns: ['ACTIVE', 'INACT', 'NEW/s', 'IN pps', 'IN bit/s'].map(figure),
  cells: ({ connections, rates }) => [
    si(connections.active),
    si(connections.inactive),
    si(rates.connections_per_s),
    si(rates.packets_in_per_s),
    si(rates.bytes_in_per_s * 8),
  ],
};

const TOTALS: Figures = {
  columns: ['ACTIVE', 'INACT', 'CONNS', 'PACKETS', 'BYTES'].map(figure),
  cells: ({ connections, totals }) => [
    si(connections.active),
    si(connections.inactive),
    si(totals.connections_total),
    si(totals.packets_in_total),
    bytes(totals.bytes_in_total),
  ],
};

export const NO_SERVICES = 'no virtual services (xlb service add 192.0.2.10:80/tcp)\n';

function servicesText(services: readonly ServiceReport[], figures: Figures, view: View): string {
  if (services.length === 0) return NO_SERVICES;
  const mixed = areMixed(services);
  const columns: Column[] = [
    { title: 'SERVICE', min: 26 },
    { title: 'SCHED', min: 6 },
    { title: 'METHOD' },
    ...(mixed ? [{ title: 'FROM' }] : []),
    { title: 'UP', min: 7 },
    ...figures.columns,
  ];
  const rows = services.flatMap((service) => [
    serviceRow(service, figures, mixed),
    ...limitRows(service.limits),
    ...service.servers.map((server) => serverRow(server, figures, view.now, mixed)),
  ]);
  return table(columns, rows, view);
}

/** Where all are of one origin it says nothing. */
function areMixed(services: readonly ServiceReport[]): boolean {
  const origins = services.flatMap(({ origin, servers }) => [origin, ...servers.map((server) => server.origin)]);
  return new Set(origins).size > 1;
}

function serviceRow(service: ServiceReport, figures: Figures, mixed: boolean): Row {
  const up: Cell = { text: `${service.servers_up}/${service.servers_total}`, tone: TONES[service.state] };
  const start = [service.name, service.scheduler, methodText(service.servers), ...(mixed ? [service.origin] : [])];
  return [...start, up, ...figures.cells(service)];
}

/** Its limits, and how often each was met. */
function limitRows(limits: ServiceReport['limits']): Row[] {
  if (limits === null) return [];
  const { rate, burst, source_rate: sourceRate, source_burst: sourceBurst, met } = limits;
  const lines: [boolean, string, number][] = [
    [rate > 0, `rate ${rate}/s, burst ${burst}: ${si(met.over_rate_total)} over`, met.over_rate_total],
    [
      limits.connections > 0,
      `connections ${si(limits.counted_connections)} of ${limits.connections}: ${si(met.over_connections_total)} dropped`,
      met.over_connections_total,
    ],
    [
      sourceRate > 0,
      `of a source ${sourceRate}/s, burst ${sourceBurst}: ${si(met.over_source_rate_total)} dropped`,
      met.over_source_rate_total,
    ],
    [
      limits.source_connections > 0,
      `of a source ${limits.source_connections} connections: ${si(met.over_source_connections_total)} dropped`,
      met.over_source_connections_total,
    ],
    [
      limits.allow.length + limits.deny.length > 0,
      `${limits.allow.length} allowed, ${limits.deny.length} denied: ${si(met.denied_total)} dropped`,
      met.denied_total,
    ],
  ];
  return lines
    .filter(([isSet]) => isSet)
    .map(([, text, times]) => ['  limit', times > 0 ? { text, tone: 'warn' } : text]);
}

function serverRow(server: ServerReport, figures: Figures, now: number, mixed: boolean): Row {
  const origin = mixed ? [server.origin] : [];
  const start = [`  ${serverKeyText(server)}`, `w ${server.weight.configured}`, server.method, ...origin];
  const detail = stateDetail(server, now);
  if (detail !== undefined) return [...start, { text: detail, tone: STATE_TONES[server.state.effective] }];
  return [...start, { text: stateText(server, now), tone: 'good' }, ...figures.cells(server)];
}

function methodText(servers: readonly ServerReport[]): string {
  const methods = [...new Set(servers.map(({ method }) => method))];
  return methods.length === 0 ? '-' : methods.sort().join('+');
}

const TSV_TITLES = [
  'service',
  'scheduler',
  'state',
  'servers_up',
  'servers_total',
  'active',
  'inactive',
  'connections_total',
  'packets_in_total',
  'bytes_in_total',
  'connections_per_s',
  'packets_in_per_s',
  'bytes_in_per_s',
  'origin',
] as const;

function serviceRecord(service: ServiceReport) {
  return { service: service.name, ...service, ...service.connections, ...service.totals, ...service.rates };
}
