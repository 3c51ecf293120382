/**
 * What a change means to a person: the difference of two models, line by line.
 * Serves answers to `POST /v1/commands`, `--dry-run` and events alike.
 */
import { changedServices } from '../core/model/changed-services.ts';
import { limitsText } from '../core/model/limits.ts';
import { localAddressText } from '../core/model/local-addresses.ts';
import type { Marks } from '../core/model/marks.ts';
import type { LocalAddress, Model, RealServer, Timeouts, TunnelSettings, VirtualService } from '../core/model/model.ts';
import { schedulerText } from '../core/model/scheduler-text.ts';
import { formatServiceKey, serverKeyText } from '../core/model/service-key.ts';
import { sameSyncDaemon } from '../core/model/sync-daemons.ts';
import { SYSCTL_NAMES } from '../core/model/sysctls.ts';
import type { Change } from './protocol/changes.ts';

type Line = Omit<Change, 'text'> & { text?: string };

/**
 * In the order of the services: those of `after` first, then those that are gone.
 * Empty where an edit has left everything as it was.
 */
export function describeChanges(before: Model, after: Model): Change[] {
  const changes: Change[] = [];
  const add = (line: Line) => changes.push({ text: '', ...line });
  for (const { before: old, after: service } of changedServices(before.services, after.services)) {
    if (service !== undefined) describeService(old, service, add);
    else if (old !== undefined)
      add({ action: 'delete', kind: 'service', service: formatServiceKey(old.key), server: null });
  }
  describeMarks(before.marks, after.marks, add);
  const tunnel = describeTunnel(before.tunnel, after.tunnel);
  if (tunnel !== '') add({ action: 'change', kind: 'tunnel', service: null, server: null, text: tunnel });
  const timeouts = describeTimeouts(before.timeouts, after.timeouts);
  if (timeouts !== '') add({ action: 'change', kind: 'timeouts', service: null, server: null, text: timeouts });
  for (const text of describeSync(before.syncDaemons, after.syncDaemons)) {
    add({ action: 'change', kind: 'sync', service: null, server: null, text });
  }
  for (const name of SYSCTL_NAMES) {
    const text = `${name} ${before.sysctls[name]} -> ${after.sysctls[name]}`;
    if (before.sysctls[name] !== after.sysctls[name])
      add({ action: 'change', kind: 'sysctl', service: null, server: null, text });
  }
  describeLocalAddresses(before.localAddresses, after.localAddresses, add);
  return changes;
}

function describeLocalAddresses(
  was: readonly LocalAddress[],
  is: readonly LocalAddress[],
  add: (line: Line) => void,
): void {
  const before = new Map(was.map((local) => [localAddressText(local), local]));
  const after = new Map(is.map((local) => [localAddressText(local), local]));
  const line = { kind: 'local address', server: null } as const;
  const subject = ({ service }: LocalAddress) => ({ ...line, service: service && formatServiceKey(service) });
  const ports = ({ firstPort, lastPort }: LocalAddress) => `ports ${firstPort}-${lastPort}`;
  for (const [name, local] of after) {
    const old = before.get(name);
    const text = `${local.address}, ${ports(local)}`;
    if (old === undefined) add({ action: 'add', ...subject(local), text });
    else if (ports(old) !== ports(local))
      add({ action: 'change', ...subject(local), text: `${local.address}, ${ports(old)} -> ${ports(local)}` });
  }
  for (const [name, local] of before) {
    if (!after.has(name)) add({ action: 'delete', ...subject(local), text: local.address });
  }
}

function describeService(old: VirtualService | undefined, service: VirtualService, add: (line: Line) => void): void {
  const subject = { kind: 'service', service: formatServiceKey(service.key), server: null } as const;
  if (old === undefined) {
    add({ action: 'add', ...subject, text: serviceText(service) });
  } else if (serviceText(old) !== serviceText(service)) {
    add({ action: 'change', ...subject, text: `${serviceText(old)} -> ${serviceText(service)}` });
  }
  describeServers(old?.servers ?? [], service, add);
}

function describeMarks(before: Marks, after: Marks, add: (line: Line) => void): void {
  const subject = { kind: 'mark', service: null, server: null } as const;
  for (const [name, { mark }] of after) {
    const old = before.get(name)?.mark;
    if (old === undefined) add({ action: 'add', ...subject, text: `${name}: ${mark}` });
    else if (old !== mark) add({ action: 'change', ...subject, text: `${name}: ${old} -> ${mark}` });
  }
  for (const [name, { mark }] of before) {
    if (!after.has(name)) add({ action: 'delete', ...subject, text: `${name}: ${mark}` });
  }
}

function describeServers(old: readonly RealServer[], service: VirtualService, add: (line: Line) => void): void {
  const before = new Map(old.map((server) => [serverKeyText(server.key), server]));
  for (const server of service.servers) {
    const name = serverKeyText(server.key);
    const subject = { kind: 'server', service: formatServiceKey(service.key), server: name } as const;
    const was = before.get(name);
    before.delete(name);
    if (was === undefined) {
      add({ action: 'add', ...subject, text: serverText(server) });
    } else {
      const text = serverDifference(was, server);
      if (text !== '') add({ action: 'change', ...subject, text });
    }
  }
  for (const name of before.keys()) {
    add({ action: 'delete', kind: 'server', service: formatServiceKey(service.key), server: name });
  }
  if (isReordered(old, service.servers)) {
    const subject = { kind: 'service', service: formatServiceKey(service.key), server: null } as const;
    add({ action: 'change', ...subject, text: 'another order of its real servers' });
  }
}

/** Whether those that stay have changed places: rr and wrr take them in turn. */
function isReordered(old: readonly RealServer[], servers: readonly RealServer[]): boolean {
  const is = new Set(servers.map(({ key }) => serverKeyText(key)));
  const stayed = old.map(({ key }) => serverKeyText(key)).filter((name) => is.has(name));
  const was = new Set(stayed);
  const places = [...is].filter((name) => was.has(name));
  return places.some((name, at) => name !== stayed[at]);
}

function serviceText(service: VirtualService): string {
  const { persistence, onePacket, engine, toa } = service;
  const words = [schedulerText(service)];
  if (persistence !== null) words.push(`persistent ${persistence.timeout} s by ${persistence.netmask}`);
  if (onePacket) words.push('one-packet');
  if (engine !== null) words.push(`engine ${engine}`);
  if (service.limits !== undefined) words.push(limitsText(service.limits));
  if (toa) words.push('toa');
  return words.join(', ');
}

function serverText(server: RealServer): string {
  const words = [methodText(server), `weight ${server.weight}`];
  if (server.upperThreshold !== 0) words.push(`upper threshold ${server.upperThreshold}`);
  if (server.lowerThreshold !== 0) words.push(`lower threshold ${server.lowerThreshold}`);
  if (server.admin !== null) words.push('drained');
  return words.join(', ');
}

function methodText({ method, encapsulation: tunnel }: RealServer): string {
  if (tunnel === undefined) return method;
  return `${method} by ${tunnel.type}${tunnel.type === 'gue' ? ` to port ${tunnel.port}` : ''}, checksum ${tunnel.checksum}`;
}

function serverDifference(was: RealServer, is: RealServer): string {
  const words: string[] = [];
  if (methodText(was) !== methodText(is)) words.push(`${methodText(was)} -> ${methodText(is)}`);
  if (was.weight !== is.weight) words.push(`weight ${was.weight} -> ${is.weight}`);
  if (was.upperThreshold !== is.upperThreshold) {
    words.push(`upper threshold ${was.upperThreshold} -> ${is.upperThreshold}`);
  }
  if (was.lowerThreshold !== is.lowerThreshold) {
    words.push(`lower threshold ${was.lowerThreshold} -> ${is.lowerThreshold}`);
  }
  if (is.admin !== null && (was.admin === null || drainText(was.admin) !== drainText(is.admin))) {
    words.push(drainText(is.admin));
  }
  if (was.admin !== null && is.admin === null) words.push('drain ended');
  return words.join(', ');
}

function drainText(admin: { readonly by: string; readonly reason: string }): string {
  return admin.reason === '' ? `drained by ${admin.by}` : `drained by ${admin.by}: ${admin.reason}`;
}

function describeTunnel(was: TunnelSettings, is: TunnelSettings): string {
  const words: string[] = [];
  const spread = (value: TunnelSettings['spread4']) => (value === null ? 'off' : `${value.address}/${value.prefix}`);
  if (was.outerDf !== is.outerDf) words.push(`outer DF ${was.outerDf} -> ${is.outerDf}`);
  for (const family of ['spread4', 'spread6'] as const) {
    const [from, to] = [spread(was[family]), spread(is[family])];
    if (from !== to) words.push(`spread of IPv${family.at(-1)} sources ${from} -> ${to}`);
  }
  return words.join(', ');
}

const TIMEOUT_NAMES = { tcp: 'TCP', tcpFin: 'TCP FIN_WAIT', udp: 'UDP' } as const;

function describeTimeouts(was: Timeouts, is: Timeouts): string {
  return (['tcp', 'tcpFin', 'udp'] as const)
    .filter((name) => was[name] !== is[name])
    .map((name) => `${TIMEOUT_NAMES[name]} ${was[name]} s -> ${is[name]} s`)
    .join(', ');
}

function describeSync(was: Model['syncDaemons'], is: Model['syncDaemons']): string[] {
  return (['master', 'backup'] as const).flatMap((state) => {
    const [before, after] = [was[state], is[state]];
    if (after === null) return before === null ? [] : [`${state} stopped`];
    const text = `${state} started on ${after.interface}`;
    return before !== null && sameSyncDaemon(before, after) ? [] : [text];
  });
}
