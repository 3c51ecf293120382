/** Reports with made-up, fixed figures. */
import type { ServerReport, ServiceReport, Totals } from '../../src/api/protocol/services.ts';
import { keyReport } from '../../src/api/protocol/wire.ts';
import type { RealServer, VirtualService } from '../../src/core/model/model.ts';
import { effectiveWeight } from '../../src/core/model/server.ts';
import { formatServiceKey, serverKeyText } from '../../src/core/model/service-key.ts';
import type { Origins } from '../../src/daemon/reports/origins.ts';

export function fakeServiceReport(
  { key, scheduler, options, persistence, onePacket, engine, servers }: VirtualService,
  id: number,
  unresolved: ReadonlySet<string>,
  origins: Origins,
): ServiceReport {
  const origin = origins(key);
  const reports = servers.map((server, index) => ({
    ...fakeServerReport(server, index, unresolved),
    origin: origin.server(serverKeyText(server.key)),
  }));
  const up = reports.filter(({ state }) => state.effective === 'up').length;
  return {
    ...keyReport(key),
    name: formatServiceKey(key),
    id,
    scheduler,
    options: { port: options.port, fallback: options.fallback, ring_size: options.ringSize },
    persistence: persistence && { timeout_s: persistence.timeout, netmask: persistence.netmask },
    one_packet: onePacket,
    engine,
    limits: null,
    state: up === 0 ? 'down' : up < reports.length ? 'degraded' : 'up',
    servers_up: up,
    servers_total: reports.length,
    ...sumOf(reports),
    unrecorded_until: null,
    origin: origin.service,
    servers: reports,
  };
}

function fakeServerReport(
  server: RealServer,
  id: number,
  unresolved: ReadonlySet<string>,
): Omit<ServerReport, 'origin'> {
  const resolved = !unresolved.has(server.key.address);
  const weight = effectiveWeight(server);
  const admin = server.admin && { ...server.admin, at: new Date(server.admin.at).toISOString() };
  return {
    ...server.key,
    id,
    method: server.method,
    encapsulation: server.encapsulation ?? null,
    weight: { configured: server.weight, admin: admin && 0, effective: weight },
    state: {
      effective: !resolved ? 'unresolved' : admin ? 'draining' : weight === 0 ? 'quiesced' : 'up',
      admin,
      since: resolved ? '2026-11-11T19:50:02.114Z' : '2026-11-23T19:46:02.000Z',
    },
    connections: { active: 58_000 + id, inactive: 12_000 },
    totals: totals(1_700_000, 117_000_000, 112_500_000_000),
    rates: {
      connections_per_s: 1700,
      packets_in_per_s: 117_000,
      packets_out_per_s: 0,
      bytes_in_per_s: 112_500_000,
      bytes_out_per_s: 0,
    },
    persistent_connections: 0,
    upper_threshold: server.upperThreshold,
    lower_threshold: server.lowerThreshold,
    next_hop: {
      interface: 'eth1',
      gateway: null,
      mac: resolved ? `02:00:00:00:00:${(0x10 + id).toString(16)}` : null,
      mtu: 1500,
      neighbour: resolved ? 'reachable' : 'failed',
      reason: resolved ? null : `${server.key.address} does not answer ARP on eth1`,
    },
  };
}

function totals(connections: number, packets: number, bytes: number): Totals {
  return {
    connections_total: connections,
    packets_in_total: packets,
    packets_out_total: 0,
    bytes_in_total: bytes,
    bytes_out_total: 0,
  };
}

type Figures = Pick<ServerReport, 'connections' | 'totals' | 'rates'>;

/** The figures of all of them together. */
export function sumOf(reports: readonly Figures[]): Figures {
  const zero: Figures = {
    connections: { active: 0, inactive: 0 },
    totals: totals(0, 0, 0),
    rates: {
      connections_per_s: 0,
      packets_in_per_s: 0,
      packets_out_per_s: 0,
      bytes_in_per_s: 0,
      bytes_out_per_s: 0,
    },
  };
  return reports.reduce<Figures>(
    (sum, report) => ({
      connections: added(sum.connections, report.connections),
      totals: added(sum.totals, report.totals),
      rates: added(sum.rates, report.rates),
    }),
    zero,
  );
}

function added<T extends Record<string, number>>(a: T, b: T): T {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, value + (b[name] ?? 0)])) as T;
}
