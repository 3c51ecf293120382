/** What is wrong, each with its cause and the command to go on with. */

import type { ServiceReport } from '../../api/protocol/services.ts';
import type { Health, Problem } from '../../api/protocol/status.ts';
import { addressFamily } from '../../core/model/address.ts';
import { localAddressText, whyWithoutLocal } from '../../core/model/local-addresses.ts';
import type { Address, MarkKey, Model, RealServer, VirtualService } from '../../core/model/model.ts';
import { formatServiceKey, serverKeyText } from '../../core/model/service-key.ts';
import type { Resolution } from '../../net/resolution.ts';
import type { FailedReload } from '../config/configuration.ts';
import type { InterfaceState } from '../interface-manager.ts';
import { effectiveState, serviceState, unreachable } from './server-state.ts';

/** A problem before it is known since when it stands. */
export type Finding = Omit<Problem, 'since'>;

export interface ProblemSources {
  readonly model: Model;
  resolution(address: RealServer['key']['address']): Resolution;
  /** Whether an interface of this machine has the address. */
  isOwn(address: Address): boolean;
  readonly interfaces: readonly InterfaceState[];
  /** Names of interfaces that frames only leave by. */
  readonly egressOnly: readonly string[];
  /** Services whose packets without an entry follow the fallback ring now. */
  isUnrecorded(service: VirtualService): boolean;
  /** Whether new connections were over the rate of the service, or of all of them (undefined), a moment ago. */
  overRate(service: VirtualService | undefined): boolean;
  /** Slots in use, and slots there are. */
  readonly table: { readonly entries: number; readonly capacity: number };
  /** The last reload, if it failed. */
  readonly failedReload: FailedReload | null;
  /** What could not be done lately and is tried again; null: nothing. */
  readonly applyFault: string | null;
  /** Why connections are not synchronized, though a daemon for it was started. */
  readonly sync: readonly string[];
}

/** From this share of slots in use on, new connections find no room now and then. */
const TABLE_FULL = 0.85;

export function findProblems(sources: ProblemSources): Finding[] {
  return [
    ...applyProblems(sources),
    ...configProblems(sources),
    ...interfaceProblems(sources),
    ...[...sources.model.services.values()].flatMap((service) => serviceProblems(service, sources)),
    ...(sources.model.sysctls.conn_rate > 0 && sources.overRate(undefined)
      ? [overRate('all services', sources.model.sysctls.conn_rate)]
      : []),
    ...syncProblems(sources),
    ...localAddressProblems(sources),
    ...tableProblems(sources),
  ];
}

/** Any error: down. Any warning: degraded. */
export function healthOf(problems: readonly Pick<Finding, 'severity'>[]): Health {
  if (problems.length === 0) return 'ok';
  return problems.some(({ severity }) => severity === 'error') ? 'down' : 'degraded';
}

function applyProblems({ applyFault }: ProblemSources): Finding[] {
  if (applyFault === null) return [];
  return [{ id: 'maps-not-written', severity: 'error', subject: 'data plane', text: applyFault, next: null }];
}

function configProblems({ failedReload }: ProblemSources): Finding[] {
  if (failedReload === null) return [];
  const { path, text } = failedReload;
  const next = `xlbd -t -f ${path}`;
  const failed = `it cannot be used any more, and what it said before runs on: ${text}`;
  return [{ id: 'reload-failed', severity: 'warning', subject: path, text: failed, next }];
}

function interfaceProblems({ interfaces, egressOnly, model }: ProblemSources): Finding[] {
  const found: Finding[] = [];
  if (interfaces.length === 0) {
    const text = 'the data plane is on no interface: nothing is forwarded';
    const severity = model.services.size > 0 ? 'error' : 'warning';
    found.push({ id: 'no-interface', severity, subject: 'data plane', text, next: 'xlb attach IFACE' });
  }
  for (const { name, device, attachment, problem } of interfaces) {
    const next = `xlb attach ${name}`;
    if (problem !== null) found.push({ id: 'not-attached', severity: 'error', subject: name, text: problem, next });
    if (device?.up === false) {
      const down = { text: 'down, or without carrier', next: `ip link set dev ${name} up` };
      found.push({ id: 'interface-down', severity: 'error', subject: name, ...down });
    }
    if (attachment?.mode === 'generic') {
      const text = 'generic mode: several times the cost of native mode';
      found.push({ id: 'generic-mode', severity: 'warning', subject: name, text, next: `xlb interfaces` });
    }
  }
  for (const name of egressOnly) {
    const text = 'frames leave here, but the data plane is not on it: many drivers then send nothing';
    found.push({ id: 'egress-not-attached', severity: 'warning', subject: name, text, next: `xlb attach ${name}` });
  }
  return found;
}

function serviceProblems(service: VirtualService, sources: ProblemSources): Finding[] {
  const subject = formatServiceKey(service.key);
  const states = service.servers.map((server) =>
    effectiveState(server, sources.resolution(server.key.address), sources.model.tunnel),
  );
  const found: Finding[] = service.servers.flatMap((server) => serverProblem(service, server, sources));
  if (serviceState(states) === 'down') {
    const text = service.servers.length === 0 ? 'no real server' : 'no real server takes connections';
    const next = service.servers.length === 0 ? 'xlb server add' : 'xlb servers';
    found.unshift({ id: 'no-real-server', severity: 'error', subject, text, next });
  }
  const { key } = service;
  if (key.protocol === 'fwmark' && !isMarked(sources.model, key)) {
    const text = `no mark rule gives IPv${key.family} packets the mark ${key.mark}: no packet is of this service`;
    found.push({ id: 'no-mark-rule', severity: 'warning', subject, text, next: `xlb mark add --mark ${key.mark}` });
  }
  if (service.engine !== null) {
    const text = `persistence engine ${service.engine} is kept and listed only: clients are told by their addresses`;
    found.push(unsupportedFinding(subject, text));
  }
  if (service.limits !== undefined && service.limits.rate > 0 && sources.overRate(service)) {
    found.push(overRate(subject, service.limits.rate));
  } else if (sources.isUnrecorded(service)) {
    const text =
      'connections were placed by the fallback ring, without an entry: the table had no room, or they were over the rate';
    found.push({ id: 'unrecorded', severity: 'warning', subject, text, next: 'xlb stats' });
  }
  return found;
}

function overRate(subject: string, rate: number): Finding {
  const text = `more than ${rate} new connections a second: those above get no entry and go by the fallback ring; by nat they are dropped`;
  return { id: 'over-rate', severity: 'warning', subject, text, next: 'xlb services' };
}

function isMarked({ marks }: Model, { family, mark }: MarkKey): boolean {
  return [...marks.values()].some((rule) => rule.mark === mark && addressFamily(rule.destination.address) === family);
}

function unsupportedFinding(subject: string, text: string): Finding {
  return { id: 'unsupported', severity: 'warning', subject, text, next: null };
}

function syncProblems({ sync }: ProblemSources): Finding[] {
  const subject = 'synchronization';
  return sync.map((text) => ({ id: 'not-synchronized', severity: 'warning', subject, text, next: 'xlb sync' }));
}

function localAddressProblems({ model: { localAddresses }, isOwn }: ProblemSources): Finding[] {
  const missing = localAddresses.filter(({ address }) => !isOwn(address));
  return missing.map((local) => {
    const subject = `local address ${localAddressText(local)}`;
    const text = 'no interface of this machine has it: what real servers answer does not come here';
    return {
      id: 'no-such-address',
      severity: 'warning',
      subject,
      text,
      next: `ip address add ${local.address} dev IFACE`,
    };
  });
}

function serverProblem(service: VirtualService, server: RealServer, { resolution, model }: ProblemSources): Finding[] {
  const found = resolution(server.key.address);
  const subject = `${formatServiceKey(service.key)} > ${serverKeyText(server.key)}`;
  const next = `ping ${server.key.address}`;
  const reason = unreachable(server, found, model.tunnel);
  if (reason !== null) return [{ id: 'next-hop-unresolved', severity: 'warning', subject, text: reason, next }];
  const lonely = whyWithoutLocal(service, server, model);
  if (lonely !== null)
    return [{ id: 'no-local-address', severity: 'warning', subject, text: lonely, next: 'xlb local-address add' }];
  if (found.state === 'unresolved' || found.problem === null) return [];
  return [{ id: 'next-hop-doubtful', severity: 'warning', subject, text: found.problem, next }];
}

function tableProblems({ table: { entries, capacity } }: ProblemSources): Finding[] {
  if (entries < capacity * TABLE_FULL) return [];
  const text = `${entries} of ${capacity} connection slots are in use`;
  return [{ id: 'table-full', severity: 'warning', subject: 'connection table', text, next: 'xlb stats' }];
}

/** How many services are in each state. */
export function countStates(services: readonly Pick<ServiceReport, 'state'>[]) {
  const count = (state: ServiceReport['state']) => services.filter((service) => service.state === state).length;
  return { up: count('up'), degraded: count('degraded'), down: count('down') };
}
