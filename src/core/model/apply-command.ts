/**
 * Commands applied to a model, with ipvsadm's meaning. A new server stands at
 * the head of its service's list; what an edit leaves out takes the default.
 * DR and TUN servers have their service's port, and a command that names another is refused.
 *
 * Whatever a command does not change keeps its object identity, all the way up
 * to the service: later stages compile only what is new.
 */
import { parseAddress } from './address.ts';
import { below, checkServerKey, checkServiceKey, checkTunnel, checkUnicast, fault } from './check.ts';
import { checkOnePacketServers, checkTimeouts } from './check-affinity.ts';
import type { Command, CommandError, ServerSpec, ServiceSpec } from './command.ts';
import { addLocalAddress, deleteLocalAddress, keepLocalAddresses, setLocalAddresses } from './local-addresses.ts';
import { canonicalKey, canonicalSpread, makeServer, makeService } from './make.ts';
import { addMark, deleteMark, type Marks, NO_MARKS, setMarks } from './marks.ts';
import type { Model, RealServer, ServerKey, ServiceKey, Timeouts, TunnelSettings, VirtualService } from './model.ts';
import { sameService } from './same.ts';
import { formatServiceKey, serverKeyText, serviceKeyText } from './service-key.ts';
import { NO_SYNC_DAEMONS, setSyncDaemons, startSyncDaemon, stopSyncDaemon } from './sync-daemons.ts';
import { checkSysctls, DEFAULT_SYSCTLS, SYSCTL_NAMES, type Sysctls } from './sysctls.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

export type Applied = { readonly model: Model } | { readonly error: CommandError };
/** `index`: the command at fault. */
export type AllApplied = { readonly model: Model } | { readonly error: CommandError; readonly index: number };

export const emptyModel: Model = {
  services: new Map(),
  marks: NO_MARKS,
  tunnel: { outerDf: 'copy', spread4: null, spread6: null },
  timeouts: DEFAULT_TIMEOUTS,
  syncDaemons: NO_SYNC_DAEMONS,
  sysctls: DEFAULT_SYSCTLS,
  localAddresses: [],
};

export function applyCommand(model: Model, command: Command): Applied {
  return applyCommands(model, [command]);
}

/** All of them, or none. */
export function applyCommands(model: Model, commands: readonly Command[]): AllApplied {
  const draft: Draft = { ...model, services: new Map(model.services) };
  for (const [index, command] of commands.entries()) {
    const count = draft.services.size;
    const error = applyTo(draft, command);
    if (error !== null) return { error, index };
    if (draft.services.size < count || command.type === 'replace')
      draft.localAddresses = keepLocalAddresses(draft.localAddresses, draft.services);
  }
  return { model: draft };
}

type Draft = { -readonly [Key in keyof Model]: Model[Key] } & { services: Map<string, VirtualService> };

type ServiceWithServers = ServiceSpec & { readonly servers: readonly ServerSpec[] };

function applyTo(draft: Draft, command: Command): CommandError | null {
  switch (command.type) {
    case 'service.add':
      return addService(draft, command.service);
    case 'service.edit':
      return editService(draft, command.service);
    case 'service.delete':
      return editing(draft, command.service, ({ key }) => remove(draft, key));
    case 'server.add':
      return editing(draft, command.service, (service) => addServer(draft, service, command.server));
    case 'server.edit':
      return changing(draft, command, (before, service) => makeServer(service.key, command.server, before), set);
    case 'server.delete':
      return changing(draft, command, () => null, set);
    case 'server.drain':
      return changing(draft, command, (server) => ({ ...server, admin: command.admin }), put);
    case 'tunnel.set':
      return setTunnel(draft, command.tunnel);
    case 'timeouts.set':
      return setTimeouts(draft, command.timeouts);
    case 'sync.start':
      return setSync(draft, startSyncDaemon(draft.syncDaemons, command.state, command.daemon));
    case 'sync.set':
      return setSync(draft, setSyncDaemons(command.daemons));
    case 'sync.stop':
      return setSync(draft, stopSyncDaemon(draft.syncDaemons, command.state));
    case 'sysctl.set':
      return setSysctls(draft, command.values);
    case 'local.add':
      return setLocal(draft, 'local', addLocalAddress(draft.localAddresses, command.local, draft.services));
    case 'local.delete':
      return setLocal(draft, 'local', deleteLocalAddress(draft.localAddresses, command.local));
    case 'local.set':
      return setLocal(draft, '', setLocalAddresses(draft.localAddresses, command.addresses, draft.services));
    case 'mark.add':
      return putMarks(draft, addMark(draft.marks, command.rule));
    case 'mark.delete':
      return putMarks(draft, deleteMark(draft.marks, command.rule));
    case 'mark.set':
      return putMarks(draft, setMarks(draft.marks, command.rules));
    case 'clear':
      draft.services.clear();
      return null;
    case 'replace':
      return replaceAll(draft, command.services);
  }
}

function addService(draft: Draft, spec: ServiceSpec): CommandError | null {
  const service = makeService(spec, []);
  if ('code' in service) return below('service', service);
  const text = serviceKeyText(service.key);
  if (draft.services.has(text)) {
    return fault('service-exists', 'service', `the service ${formatServiceKey(service.key)} exists already`);
  }
  draft.services.set(text, service);
  return null;
}

function editService(draft: Draft, spec: ServiceSpec): CommandError | null {
  return editing(draft, spec, (before) => {
    const service = makeService(
      { ...spec, limits: spec.limits === undefined ? before.limits : spec.limits },
      before.servers,
    );
    return 'code' in service ? below('service', service) : put(draft, service);
  });
}

function addServer(draft: Draft, service: VirtualService, spec: ServerSpec): CommandError | null {
  const server = makeServer(service.key, spec, null);
  if ('code' in server) return below('server', server);
  if (place(service, server.key) >= 0) {
    const message = `${serverKeyText(server.key)} is a real server of ${formatServiceKey(service.key)} already`;
    return fault('server-exists', 'server', message);
  }
  const error = checkUnicast(server.key);
  if (error !== null) return below('server', error);
  const after = { ...service, servers: [server, ...service.servers] };
  return below('service', checkOnePacketServers(after)) ?? put(draft, after);
}

/**
 * Changes one server, or takes it out of the list (null). `set` after an edit:
 * wrr starts its pass anew even where nothing differs.
 */
function changing(
  draft: Draft,
  target: { readonly service: ServiceKey; readonly server: ServerKey },
  change: (server: RealServer, service: VirtualService) => RealServer | CommandError | null,
  keep: (draft: Draft, service: VirtualService) => null,
): CommandError | null {
  return editing(draft, target.service, (service) => {
    const keyError = checkServerKey(target.server);
    if (keyError !== null) return below('server', keyError);
    const at = place(service, target.server);
    if (at < 0) return noSuchServer(service, target.server);
    const server = change(service.servers[at]!, service);
    if (server !== null && 'code' in server) return below('server', server);
    const servers = server === null ? service.servers.toSpliced(at, 1) : service.servers.with(at, server);
    const after = { ...service, servers };
    return below('service', checkOnePacketServers(after)) ?? keep(draft, after);
  });
}

function setTunnel(draft: Draft, change: Partial<TunnelSettings>): CommandError | null {
  const { outerDf = draft.tunnel.outerDf, spread4 = draft.tunnel.spread4, spread6 = draft.tunnel.spread6 } = change;
  const error = checkTunnel({ outerDf, spread4, spread6 });
  if (error !== null) return below('tunnel', error);
  draft.tunnel = { outerDf, spread4: canonicalSpread(spread4), spread6: canonicalSpread(spread6) };
  return null;
}

function setTimeouts(draft: Draft, change: Partial<Timeouts>): CommandError | null {
  const { tcp = draft.timeouts.tcp, tcpFin = draft.timeouts.tcpFin, udp = draft.timeouts.udp } = change;
  const error = checkTimeouts({ tcp, tcpFin, udp });
  if (error !== null) return below('timeouts', error);
  const { timeouts } = draft;
  if (tcp === timeouts.tcp && tcpFin === timeouts.tcpFin && udp === timeouts.udp) return null;
  draft.timeouts = { tcp, tcpFin, udp };
  return null;
}

function setSysctls(draft: Draft, values: Partial<Sysctls>): CommandError | null {
  const error = checkSysctls(values);
  if (error !== null) return below('values', error);
  const sysctls = { ...draft.sysctls, ...values };
  if (sysctls.sync_period !== 0 && sysctls.sync_threshold >= sysctls.sync_period) {
    const found = `found the threshold ${sysctls.sync_threshold} and the period ${sysctls.sync_period}`;
    return fault('invalid', 'sync_threshold', `${found}, expected less than the period`);
  }
  if (SYSCTL_NAMES.some((name) => sysctls[name] !== draft.sysctls[name])) draft.sysctls = sysctls;
  return null;
}

function setSync(draft: Draft, daemons: Model['syncDaemons'] | CommandError): CommandError | null {
  if ('code' in daemons) return daemons.path === 'state' ? daemons : below('daemon', daemons);
  draft.syncDaemons = daemons;
  return null;
}

function setLocal(draft: Draft, path: string, addresses: Model['localAddresses'] | CommandError): CommandError | null {
  if ('code' in addresses) return below(path, addresses);
  draft.localAddresses = addresses;
  return null;
}

function putMarks(draft: Draft, marks: Marks | CommandError): CommandError | null {
  if ('code' in marks) return marks;
  draft.marks = marks;
  return null;
}

function replaceAll(draft: Draft, specs: readonly ServiceWithServers[]): CommandError | null {
  const before = draft.services;
  draft.services = new Map();
  for (const [i, spec] of specs.entries()) {
    const error = replaceService(draft, spec, before);
    if (error !== null) return { ...error, path: error.path.replace(/^service\b/, `services[${i}]`) };
  }
  return null;
}

function replaceService(
  draft: Draft,
  spec: ServiceWithServers,
  before: ReadonlyMap<string, VirtualService>,
): CommandError | null {
  const error = addService(draft, spec);
  if (error !== null) return error;
  const text = serviceKeyText(canonicalKey(spec));
  const empty = draft.services.get(text)!;
  const old = before.get(text);
  const oldServers = new Map(old?.servers.map((server) => [serverKeyText(server.key), server]));
  const servers = new Map<string, RealServer>();
  for (const [i, serverSpec] of spec.servers.entries()) {
    const path = `service.servers[${i}]`;
    const keyError = checkServerKey(serverSpec);
    if (keyError !== null) return below(path, keyError);
    const name = serverKeyText({ address: parseAddress(serverSpec.address)!, port: serverSpec.port });
    const old = oldServers.get(name) ?? null;
    const server = makeServer(empty.key, serverSpec, old);
    if ('code' in server) return below(path, server);
    const addressError = old === null ? checkUnicast(server.key) : null;
    if (addressError !== null) return below(path, addressError);
    if (servers.has(name)) return fault('server-exists', path, `${name} stands in the list twice`);
    servers.set(name, server);
  }
  const service = { ...empty, servers: [...servers.values()].reverse() };
  const mixed = checkOnePacketServers(service);
  if (mixed !== null) return below('service', mixed);
  draft.services.set(text, old !== undefined && sameService(old, service) ? old : service);
  return null;
}

/** Runs `edit` on an existing service. */
function editing(
  draft: Draft,
  key: ServiceKey,
  edit: (service: VirtualService) => CommandError | null,
): CommandError | null {
  const error = checkServiceKey(key);
  if (error !== null) return below('service', error);
  const service = draft.services.get(serviceKeyText(canonicalKey(key)));
  if (service === undefined) return fault('no-such-service', 'service', `there is no service ${formatServiceKey(key)}`);
  return edit(service);
}

/** Unless it is what is there. */
function put(draft: Draft, service: VirtualService): null {
  const old = draft.services.get(serviceKeyText(service.key));
  return old !== undefined && sameService(old, service) ? null : set(draft, service);
}

function set(draft: Draft, service: VirtualService): null {
  draft.services.set(serviceKeyText(service.key), service);
  return null;
}

function remove(draft: Draft, key: ServiceKey): null {
  draft.services.delete(serviceKeyText(key));
  return null;
}

function place(service: VirtualService, key: ServerKey): number {
  const address = parseAddress(key.address);
  return service.servers.findIndex((server) => server.key.address === address && server.key.port === key.port);
}

function noSuchServer(service: VirtualService, server: ServerKey): CommandError {
  const name = serverKeyText(server);
  return fault('no-such-server', 'server', `${name} is no real server of ${formatServiceKey(service.key)}`);
}
