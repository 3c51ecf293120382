/**
 * Between core's commands and the wire's: the same shapes, with the wire's
 * field names. A value that is left out stays left out.
 */
import type * as z from 'zod';
import type {
  Command,
  LocalAddressSpec,
  ServerSpec,
  ServiceSpec,
  SyncDaemonSpec,
  SyncDaemonSpecs,
} from '../../core/model/command.ts';
import type { LimitsSpec } from '../../core/model/limits.ts';
import { type MarkRuleSpec, type MarkSelectorSpec, parsePorts, portsText } from '../../core/model/mark-rule.ts';
import type {
  Address,
  Model,
  Persistence,
  SchedulerOptions,
  ServiceKey,
  SyncDaemon,
  Timeouts,
  TunnelSettings,
} from '../../core/model/model.ts';
import { parsePrefix, prefixText } from '../../core/model/prefix.ts';
import { servicePort } from '../../core/model/service-key.ts';
import type {
  limitsSchema,
  localAddressSchema,
  markSelectorSchema,
  ParsedCommand,
  persistenceSchema,
  schedulerOptionsSchema,
  serverSpecSchema,
  serviceSpecSchema,
  syncDaemonSchema,
  syncDaemonsSchema,
  timeoutsSchema,
  tunnelSchema,
  WireCommand,
} from './command.ts';

/** A service's key as reports have it: of a mark the address is the family's unspecified one, as in IPVS. */
export function keyReport(key: ServiceKey) {
  if (key.protocol !== 'fwmark') return { ...key, mark: null };
  const address = (key.family === 4 ? '0.0.0.0' : '::') as Address;
  return { protocol: key.protocol, address, port: 0, mark: key.mark };
}

/** Who asks and when: for overrides that do not say it themselves. */
export interface Asker {
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function commandFromWire(command: ParsedCommand, asker: Asker): Command {
  switch (command.type) {
    case 'service.add':
    case 'service.edit':
      return { type: command.type, service: serviceFromWire(command.service) };
    case 'server.add':
    case 'server.edit':
      return { type: command.type, service: command.service, server: serverFromWire(command.server, command.service) };
    case 'server.delete':
      return { ...command, server: withPort(command.server, command.service) };
    case 'server.drain':
      return {
        ...command,
        server: withPort(command.server, command.service),
        admin: command.admin && adminFromWire(command.admin, asker),
      };
    case 'tunnel.set':
      return { type: 'tunnel.set', tunnel: tunnelFromWire(command.tunnel) };
    case 'timeouts.set':
      return { type: 'timeouts.set', timeouts: timeoutsFromWire(command.timeouts) };
    case 'sync.start':
      return { ...command, daemon: syncDaemonFromWire(command.daemon) };
    case 'sync.set':
      return { type: 'sync.set', daemons: syncDaemonsFromWire(command.daemons) };
    case 'sysctl.set':
      return { type: 'sysctl.set', values: present(command.values) };
    case 'local.add':
    case 'local.delete':
      return { type: command.type, local: localFromWire(command.local) };
    case 'local.set':
      return { type: 'local.set', addresses: command.addresses.map(localFromWire) };
    case 'mark.add':
      return { type: 'mark.add', rule: { ...selectorFromWire(command.rule), mark: command.rule.mark } };
    case 'mark.delete':
      return { type: 'mark.delete', rule: selectorFromWire(command.rule) };
    case 'mark.set':
      return {
        type: 'mark.set',
        rules: command.rules.map((rule) => ({ ...selectorFromWire(rule), mark: rule.mark })),
      };
    case 'replace':
      return {
        type: 'replace',
        services: command.services.map(({ servers, ...service }) => ({
          ...serviceFromWire(service),
          servers: servers.map((server) => serverFromWire(server, service)),
        })),
      };
    default:
      return command;
  }
}

export function commandToWire(command: Command): WireCommand {
  switch (command.type) {
    case 'service.add':
    case 'service.edit':
      return { type: command.type, service: serviceToWire(command.service) };
    case 'server.add':
    case 'server.edit':
      return { type: command.type, service: command.service, server: serverToWire(command.server) };
    case 'server.drain':
      return { ...command, admin: command.admin && { ...command.admin, at: new Date(command.admin.at).toISOString() } };
    case 'tunnel.set':
      return { type: 'tunnel.set', tunnel: tunnelToWire(command.tunnel) };
    case 'timeouts.set':
      return { type: 'timeouts.set', timeouts: timeoutsToWire(command.timeouts) };
    case 'sync.start':
      return { ...command, daemon: syncDaemonToWire(command.daemon) };
    case 'sync.set':
      return { type: 'sync.set', daemons: syncDaemonsToWire(command.daemons) };
    case 'mark.add':
      return { type: 'mark.add', rule: markToWire(command.rule) };
    case 'mark.delete':
      return { type: 'mark.delete', rule: selectorToWire(command.rule) };
    case 'mark.set':
      return { type: 'mark.set', rules: command.rules.map(markToWire) };
    case 'sysctl.set':
      return command;
    case 'local.add':
    case 'local.delete':
      return { type: command.type, local: localToWire(command.local) };
    case 'local.set':
      return { type: 'local.set', addresses: command.addresses.map(localToWire) };
    case 'replace':
      return {
        type: 'replace',
        services: command.services.map(({ servers, ...service }) => ({
          ...serviceToWire(service),
          servers: servers.map(serverToWire),
        })),
      };
    default:
      return command;
  }
}

/** Core's path of a fault in the wire's words: `server.upperThreshold` -> `server.upper_threshold`. */
export function pathToWire(path: string): string {
  return path
    .replace(/\bspread([46])\b/g, 'spread_v$1')
    .replace(/\bpersistence\.timeout$|\btimeouts\.\w+$/, '$&_s')
    .replace(/[a-z][A-Z]/g, (pair) => `${pair[0]}_${pair[1]?.toLowerCase()}`);
}

export function markToWire(rule: MarkRuleSpec) {
  return { ...selectorToWire(rule), mark: rule.mark };
}

function selectorToWire({ destination, source = null, protocols = [], ports = [] }: MarkSelectorSpec) {
  return {
    destination: prefixText(destination),
    source: source && prefixText(source),
    protocols: [...protocols],
    ports: ports.map((range) => portsText([range])),
  };
}

/** The schema has seen to it that the texts can be read. */
function selectorFromWire(rule: z.output<typeof markSelectorSchema>): MarkSelectorSpec {
  const { destination, source = null, protocols = [], ports = [] } = rule;
  return {
    destination: parsePrefix(destination)!,
    source: source === null ? null : parsePrefix(source)!,
    protocols,
    ports: ports.flatMap((text) => parsePorts(text)!),
  };
}

/** A copy without the fields that are undefined. */
function present<T extends object>(object: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

function serviceFromWire(service: z.output<typeof serviceSpecSchema>): ServiceSpec {
  const { options, persistence, one_packet: onePacket, limits, ...rest } = service;
  return present({
    ...rest,
    options: options && optionsFromWire(options),
    persistence: persistence && persistenceFromWire(persistence),
    onePacket,
    limits: limits && limitsFromWire(limits),
  });
}

function limitsFromWire(limits: z.output<typeof limitsSchema>): LimitsSpec {
  const { source_rate: sourceRate, source_burst: sourceBurst, source_connections: sourceConnections, ...rest } = limits;
  return present({ ...rest, sourceRate, sourceBurst, sourceConnections });
}

function limitsToWire(limits: LimitsSpec): z.input<typeof limitsSchema> {
  const { sourceRate, sourceBurst, sourceConnections, allow, deny, ...rest } = limits;
  const sources = { source_rate: sourceRate, source_burst: sourceBurst, source_connections: sourceConnections };
  return present({ ...rest, ...sources, allow: allow && [...allow], deny: deny && [...deny] });
}

function persistenceFromWire({ timeout_s, netmask }: z.output<typeof persistenceSchema>): Partial<Persistence> {
  return present({ timeout: timeout_s, netmask });
}

function timeoutsFromWire(timeouts: z.output<typeof timeoutsSchema>): Partial<Timeouts> {
  return present({ tcp: timeouts.tcp_s, tcpFin: timeouts.tcp_fin_s, udp: timeouts.udp_s });
}

function optionsFromWire(options: z.output<typeof schedulerOptionsSchema>): Partial<SchedulerOptions> {
  return present({ port: options.port, fallback: options.fallback, ringSize: options.ring_size });
}

function withPort<T extends { port?: number | undefined }>(server: T, service: ServiceKey): T & { port: number } {
  return { ...server, port: server.port ?? servicePort(service) };
}

function serverFromWire(server: z.output<typeof serverSpecSchema>, service: ServiceKey): ServerSpec {
  const { upper_threshold: upperThreshold, lower_threshold: lowerThreshold, ...rest } = withPort(server, service);
  return present({ ...rest, upperThreshold, lowerThreshold });
}

function tunnelFromWire(tunnel: z.output<typeof tunnelSchema>): Partial<TunnelSettings> {
  return present({ outerDf: tunnel.outer_df, spread4: tunnel.spread_v4, spread6: tunnel.spread_v6 });
}

function localFromWire(local: z.output<typeof localAddressSchema>): LocalAddressSpec {
  const { first_port: firstPort, last_port: lastPort, ...rest } = local;
  return present({ ...rest, firstPort, lastPort });
}

export function localToWire(local: LocalAddressSpec): z.input<typeof localAddressSchema> {
  const { firstPort: first_port, lastPort: last_port, ...rest } = local;
  return present({ ...rest, first_port, last_port });
}

function syncDaemonFromWire(daemon: z.output<typeof syncDaemonSchema>): SyncDaemonSpec {
  const { sync_id: syncId, max_length: maxLength, ...rest } = daemon;
  return present({ ...rest, syncId, maxLength });
}

function syncDaemonsFromWire({ master, backup }: z.output<typeof syncDaemonsSchema>): SyncDaemonSpecs {
  return { master: master && syncDaemonFromWire(master), backup: backup && syncDaemonFromWire(backup) };
}

function syncDaemonsToWire({ master, backup }: SyncDaemonSpecs): z.input<typeof syncDaemonsSchema> {
  return { master: master && syncDaemonToWire(master), backup: backup && syncDaemonToWire(backup) };
}

export function syncDaemonsReport({ master, backup }: Model['syncDaemons']) {
  return { master: master && syncDaemonReport(master), backup: backup && syncDaemonReport(backup) };
}

function syncDaemonReport({ syncId: sync_id, maxLength: max_length, ...rest }: SyncDaemon) {
  return { ...rest, sync_id, max_length };
}

function syncDaemonToWire(daemon: SyncDaemonSpec): z.input<typeof syncDaemonSchema> {
  const { syncId: sync_id, maxLength: max_length, ...rest } = daemon;
  return present({ ...rest, sync_id, max_length });
}

function adminFromWire(admin: { reason: string; by?: string | undefined; at?: string | undefined }, asker: Asker) {
  const at = admin.at === undefined ? asker.now : Date.parse(admin.at);
  return { action: 'drain' as const, reason: admin.reason, by: admin.by ?? asker.user, at };
}

export function serviceToWire(service: ServiceSpec): z.input<typeof serviceSpecSchema> {
  const { options, persistence, onePacket: one_packet, limits, ...rest } = service;
  return present({
    ...rest,
    options: options && optionsToWire(options),
    persistence: persistence && persistenceToWire(persistence),
    one_packet,
    limits: limits && limitsToWire(limits),
  });
}

export function persistenceToWire({ timeout, netmask }: Partial<Persistence>): z.input<typeof persistenceSchema> {
  return present({ timeout_s: timeout, netmask });
}

export function timeoutsToWire(timeouts: Partial<Timeouts>): z.input<typeof timeoutsSchema> {
  return present({ tcp_s: timeouts.tcp, tcp_fin_s: timeouts.tcpFin, udp_s: timeouts.udp });
}

function optionsToWire(options: Partial<SchedulerOptions>): z.input<typeof schedulerOptionsSchema> {
  return present({ port: options.port, fallback: options.fallback, ring_size: options.ringSize });
}

export function serverToWire({
  upperThreshold,
  lowerThreshold,
  ...rest
}: ServerSpec): z.input<typeof serverSpecSchema> {
  return present({ ...rest, upper_threshold: upperThreshold, lower_threshold: lowerThreshold });
}

export function tunnelToWire(tunnel: Partial<TunnelSettings>): z.input<typeof tunnelSchema> {
  return present({ outer_df: tunnel.outerDf, spread_v4: tunnel.spread4, spread_v6: tunnel.spread6 });
}
