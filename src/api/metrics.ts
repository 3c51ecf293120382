/**
 * `/metrics`: everything that listings show, for Prometheus. Values are read
 * when they are asked for; scrapes that come while one runs share its answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { serverKeyText } from '../core/model/service-key.ts';
import type { Controller, StatsBody, StatusBody } from './controller.ts';
import { HttpError } from './http-error.ts';
import type { ServerReport, ServiceReport } from './protocol/services.ts';

export interface Metrics {
  /** The text that Prometheus reads. */
  text(): Promise<string>;
  /** Answers a request; throws HttpError 405 where it is no GET. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function createMetrics(controller: Controller): Metrics {
  const registry = new Registry();
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const instruments = createInstruments(registry);
  let running: Promise<string> | undefined;
  const scrape = async (): Promise<string> => {
    const [services, stats, status] = await Promise.all([
      controller.services(),
      controller.stats(),
      controller.status(),
    ]);
    registry.resetMetrics();
    instruments.info.set({ version: status.version }, 1);
    setServices(instruments, services);
    setDirector(instruments, controller.epoch, stats, status);
    return (await registry.metrics()) + (await ofProcess.metrics());
  };
  const text = () => {
    running ??= scrape().finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    text,
    answer: async (request, response) => {
      if (request.method !== 'GET')
        throw new HttpError(405, 'wrong-method', `/metrics takes GET, found ${request.method}`);
      const body = await text();
      response.writeHead(200, { 'content-type': registry.contentType, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    },
  };
}

type Instruments = ReturnType<typeof createInstruments>;

function createInstruments(registry: Registry) {
  const registers = [registry];
  const service = ['service'] as const;
  const server = ['service', 'server', 'method'] as const;
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  return {
    info: gauge('xlb_info', 'Version of xlbd; always 1.', ['version']),
    serviceTraffic: trafficInstruments('service', 'virtual service', service, counter),
    serviceConnections: gauge('xlb_service_connections', 'Connections by state.', [...service, 'state']),
    serviceServers: gauge('xlb_service_real_servers', 'Real servers by effective state.', [...service, 'state']),
    serverTraffic: trafficInstruments('server', 'real server', server, counter),
    serverConnections: gauge('xlb_server_connections', 'Connections by state.', [...server, 'state']),
    serverWeight: gauge('xlb_server_weight', 'Effective weight.', server),
    serverUp: gauge('xlb_server_up', '1: takes new connections.', server),
    packets: counter('xlb_packets_total', 'Packets of virtual services by what became of them.', ['kind', 'reason']),
    events: counter('xlb_events_total', 'Events beside the outcome of a packet.', ['reason']),
    entries: gauge('xlb_connection_table_entries', 'Entries in use.', []),
    capacity: gauge('xlb_connection_table_capacity', 'Entries that the table has.', []),
    epoch: gauge('xlb_epoch', 'Changes applied.', []),
    problems: gauge('xlb_problems', 'Problems that xlb status shows, by severity.', ['severity']),
    interfaces: gauge('xlb_interface_attached', '1: the data plane is attached.', ['interface', 'mode']),
  };
}

function trafficInstruments<Label extends string>(
  subject: string,
  words: string,
  labels: readonly Label[],
  counter: (name: string, help: string, labels: readonly Label[]) => Counter<Label>,
) {
  return {
    connections: counter(`xlb_${subject}_connections_total`, `Connections to the ${words}.`, labels),
    packets: counter(`xlb_${subject}_packets_in_total`, `Packets to the ${words}.`, labels),
    bytes: counter(`xlb_${subject}_bytes_in_total`, `IP bytes to the ${words}.`, labels),
    outPackets: counter(`xlb_${subject}_packets_out_total`, `Replies of the ${words} (nat).`, labels),
    outBytes: counter(`xlb_${subject}_bytes_out_total`, `IP bytes of replies of the ${words} (nat).`, labels),
  };
}

const STATES = ['up', 'draining', 'quiesced', 'unresolved', 'unsupported'] as const;

function setServices(instruments: Instruments, services: readonly ServiceReport[]): void {
  for (const service of services) {
    const labels = { service: service.name };
    setTraffic(instruments.serviceTraffic, labels, service);
    setConnections(instruments.serviceConnections, labels, service);
    for (const state of STATES) {
      const count = service.servers.filter((server) => server.state.effective === state).length;
      instruments.serviceServers.set({ ...labels, state }, count);
    }
    for (const server of service.servers) setServer(instruments, service, server);
  }
}

function setServer(instruments: Instruments, service: ServiceReport, server: ServerReport): void {
  const labels = { service: service.name, server: serverKeyText(server), method: server.method };
  setTraffic(instruments.serverTraffic, labels, server);
  setConnections(instruments.serverConnections, labels, server);
  instruments.serverWeight.set(labels, server.weight.effective);
  instruments.serverUp.set(labels, server.state.effective === 'up' ? 1 : 0);
}

function setTraffic<Label extends string>(
  { connections, packets, bytes, outPackets, outBytes }: ReturnType<typeof trafficInstruments<Label>>,
  labels: Record<Label, string>,
  { totals }: Pick<ServiceReport, 'totals'>,
): void {
  connections.inc(labels, totals.connections_total);
  packets.inc(labels, totals.packets_in_total);
  bytes.inc(labels, totals.bytes_in_total);
  outPackets.inc(labels, totals.packets_out_total);
  outBytes.inc(labels, totals.bytes_out_total);
}

function setConnections<Label extends string>(
  gauge: Gauge<Label | 'state'>,
  labels: Record<Label, string>,
  { connections }: Pick<ServiceReport, 'connections'>,
): void {
  for (const state of ['active', 'inactive'] as const) {
    gauge.set({ ...labels, state } as Record<Label | 'state', string>, connections[state]);
  }
}

function setDirector(instruments: Instruments, epoch: number, stats: StatsBody, status: StatusBody): void {
  for (const { reason, kind, total } of stats.counters) {
    if (kind === 'event') instruments.events.inc({ reason }, total);
    else instruments.packets.inc({ kind, reason }, total);
  }
  instruments.entries.set(stats.table.entries);
  instruments.capacity.set(stats.table.capacity);
  instruments.epoch.set(epoch);
  for (const severity of ['warning', 'error'] as const) {
    instruments.problems.set({ severity }, status.problems.filter((problem) => problem.severity === severity).length);
  }
  for (const { name, mode } of status.interfaces) {
    instruments.interfaces.set({ interface: name, mode: mode ?? 'none' }, mode === null ? 0 : 1);
  }
}
