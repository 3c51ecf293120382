/** A service, its real servers and their numbers, as listings show them. */

import type { NextHopReport, Rates, ServerReport, ServiceReport, Totals } from '../../api/protocol/services.ts';
import { keyReport } from '../../api/protocol/wire.ts';
import type { RealServer, ServerKey, ServiceLimits, TunnelSettings, VirtualService } from '../../core/model/model.ts';
import { effectiveWeight } from '../../core/model/server.ts';
import { formatServiceKey, serverKeyText } from '../../core/model/service-key.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import type { LimitTotals } from '../../dataplane/limit-states.ts';
import type { ConnectionCounts } from '../../dataplane/live-counts.ts';
import { NO_TRAFFIC, type TrafficTotals } from '../../dataplane/traffic.ts';
import type { Resolution } from '../../net/resolution.ts';
import type { TrafficRates } from '../estimator.ts';
import { serverSubjects } from '../observer.ts';
import type { Origin, Origins } from './origins.ts';
import { effectiveState, serviceState, unreachable } from './server-state.ts';

/** Where the numbers come from. Ids are the data plane's. */
export interface ServiceSources {
  readonly tunnel: TunnelSettings;
  readonly origins: Origins;
  resolution(address: ServerKey['address']): Resolution;
  counts(serverId: number): ConnectionCounts;
  serviceTotals(id: number): TrafficTotals;
  serviceRates(id: number): TrafficRates;
  serverTotals(id: number): TrafficTotals;
  serverRates(id: number): TrafficRates;
  /** When the effective state of a server began, in milliseconds since 1970; by `serverSubjects`. */
  since(subject: string): number | undefined;
  /** Until when packets without an entry follow the fallback ring, in milliseconds since 1970. */
  unrecordedUntil(serviceId: number): number | undefined;
  /** `id` undefined: the service has no packets. */
  limitState(id: number | undefined): LimitTotals;
}

/** `entry`: undefined where the service has no packets in the data plane. */
export function serviceReport(
  service: VirtualService,
  entry: Entry | undefined,
  sources: ServiceSources,
): ServiceReport {
  const ids = entry === undefined ? new Map<string, number>() : serverIds(entry);
  const subjects = serverSubjects(service);
  const origins = sources.origins(service.key);
  const servers = service.servers.map((server, i) => {
    const name = serverKeyText(server.key);
    const own = { subject: subjects[i] ?? '', id: ids.get(name) ?? null, origin: origins.server(name) };
    return serverReport(server, own, sources);
  });
  const sum = (field: 'active' | 'inactive') => servers.reduce((total, server) => total + server.connections[field], 0);
  const { port, fallback, ringSize } = service.options;
  const { persistence } = service;
  return {
    name: formatServiceKey(service.key),
    ...keyReport(service.key),
    id: entry?.id ?? null,
    scheduler: service.scheduler,
    options: { port, fallback, ring_size: ringSize },
    persistence: persistence && { timeout_s: persistence.timeout, netmask: persistence.netmask },
    one_packet: service.onePacket,
    engine: service.engine,
    limits: service.limits === undefined ? null : limitsReport(service.limits, sources.limitState(entry?.id)),
    toa: service.toa ?? false,
    state: serviceState(servers.map(({ state }) => state.effective)),
    servers_up: servers.filter(({ state }) => state.effective === 'up').length,
    servers_total: servers.length,
    connections: { active: sum('active'), inactive: sum('inactive') },
    totals: totalsReport(entry === undefined ? NO_TRAFFIC : sources.serviceTotals(entry.id)),
    rates: ratesReport(entry === undefined ? NO_TRAFFIC : sources.serviceRates(entry.id)),
    unrecorded_until: entry === undefined ? null : timeOrNull(sources.unrecordedUntil(entry.id)),
    origin: origins.service,
    servers,
  };
}

function limitsReport(limits: ServiceLimits, state: LimitTotals): NonNullable<ServiceReport['limits']> {
  const { sourceRate, sourceBurst, sourceConnections, allow, deny, ...rest } = limits;
  return {
    ...rest,
    source_rate: sourceRate,
    source_burst: sourceBurst,
    source_connections: sourceConnections,
    allow: [...allow],
    deny: [...deny],
    counted_connections: state.connections,
    met: {
      over_rate_total: state.over_rate,
      over_connections_total: state.over_connections,
      over_source_rate_total: state.over_source_rate,
      over_source_connections_total: state.over_source_connections,
      denied_total: state.denied,
    },
  };
}

const NO_CONNECTIONS = { active: 0, inactive: 0, persistent: 0 };

function serverReport(
  server: RealServer,
  { subject, id, origin }: { readonly subject: string; readonly id: number | null; readonly origin: Origin },
  sources: ServiceSources,
): ServerReport {
  const resolution = sources.resolution(server.key.address);
  const { admin } = server;
  const { active, inactive, persistent } = id === null ? NO_CONNECTIONS : sources.counts(id);
  return {
    ...server.key,
    id,
    method: server.method,
    encapsulation: server.encapsulation ?? null,
    weight: { configured: server.weight, admin: admin === null ? null : 0, effective: effectiveWeight(server) },
    state: {
      effective: effectiveState(server, resolution, sources.tunnel),
      admin: admin && { ...admin, at: new Date(admin.at).toISOString() },
      since: timeOrNull(sources.since(subject)),
    },
    connections: { active, inactive },
    totals: totalsReport(id === null ? NO_TRAFFIC : sources.serverTotals(id)),
    rates: ratesReport(id === null ? NO_TRAFFIC : sources.serverRates(id)),
    persistent_connections: persistent,
    upper_threshold: server.upperThreshold,
    lower_threshold: server.lowerThreshold,
    next_hop: nextHopReport(server, resolution, sources.tunnel),
    origin,
  };
}

const nextHops = new WeakMap<Resolution, NextHopReport>();

/** Made once for a resolution, but for what only tunnels need. */
function nextHopReport(server: RealServer, resolution: Resolution, tunnel: TunnelSettings): NextHopReport {
  let report = nextHops.get(resolution);
  if (report === undefined) {
    report = resolutionReport(server, resolution);
    nextHops.set(resolution, report);
  }
  const reason = unreachable(server, resolution, tunnel);
  return reason === null || reason === report.reason ? report : { ...report, reason };
}

function resolutionReport({ key }: RealServer, resolution: Resolution): NextHopReport {
  if (resolution.state === 'unresolved') {
    return { interface: null, gateway: null, mac: null, mtu: null, neighbour: null, reason: resolution.reason };
  }
  const { interfaceName, gateway, mac, mtu, neighbour, problem } = resolution;
  return {
    interface: interfaceName,
    gateway: gateway === key.address ? null : gateway,
    mac: macText(mac),
    mtu,
    neighbour,
    reason: problem,
  };
}

/** Ids of the real servers of a service by `serverKeyText`, those included that were deleted lately. */
export function serverIds({ slots }: Entry): Map<string, number> {
  return new Map(slots.flatMap((slot) => (slot === undefined ? [] : [[serverKeyText(slot.key), slot.id] as const])));
}

export function totalsReport({ connections, packets, bytes, outPackets, outBytes }: TrafficTotals): Totals {
  return {
    connections_total: connections,
    packets_in_total: packets,
    packets_out_total: outPackets,
    bytes_in_total: bytes,
    bytes_out_total: outBytes,
  };
}

export function ratesReport({ connections, packets, bytes, outPackets, outBytes }: TrafficRates): Rates {
  return {
    connections_per_s: connections,
    packets_in_per_s: packets,
    packets_out_per_s: outPackets,
    bytes_in_per_s: bytes,
    bytes_out_per_s: outBytes,
  };
}

export function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function timeOrNull(milliseconds: number | null | undefined): string | null {
  return milliseconds == null ? null : new Date(milliseconds).toISOString();
}
