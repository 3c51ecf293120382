/**
 * The model as a JSON document and back, exactly: order of services, order of
 * real servers (newest first), overrides, last weights. The state file holds one.
 */
import { parseAddress } from './address.ts';
import * as check from './check.ts';
import { below, fault, show } from './check.ts';
import { type Affinity, checkAffinity, checkOnePacketServers, checkTimeouts, checkToa } from './check-affinity.ts';
import type { CommandError } from './command.ts';
import { checkLimits, NO_LIMITS } from './limits.ts';
import { setLocalAddresses } from './local-addresses.ts';
import { canonicalKey, canonicalSpread } from './make.ts';
import { NO_MARKS, setMarks } from './marks.ts';
import type {
  AdminState,
  LocalAddress,
  MarkRule,
  Model,
  Persistence,
  RealServer,
  ServerKey,
  ServiceKey,
  ServiceLimits,
  SyncDaemon,
  Timeouts,
  TunnelSettings,
  VirtualService,
} from './model.ts';
import { MAX_WEIGHT } from './server.ts';
import { formatServiceKey, serverKeyText, serviceKeyText } from './service-key.ts';
import { checkSyncDaemon, NO_SYNC_DAEMONS } from './sync-daemons.ts';
import { checkSysctls, DEFAULT_SYSCTLS, SYSCTL_NAMES, type Sysctls } from './sysctls.ts';
import { DEFAULT_TIMEOUTS } from './timeouts.ts';

type ServerDefaults = Pick<RealServer, 'upperThreshold' | 'lowerThreshold' | 'admin'>;
export type ServerDocument = ServerKey & Omit<RealServer, 'key' | keyof ServerDefaults> & Partial<ServerDefaults>;
/** Servers newest first. */
export type ServiceDocument = ServiceKey &
  Pick<VirtualService, 'scheduler' | 'options' | 'limits' | 'toa'> &
  Partial<Affinity> & { readonly servers: readonly ServerDocument[] };

export interface ModelDocument {
  /** In the order in which they were added. */
  readonly marks: readonly MarkRule[];
  readonly services: readonly ServiceDocument[];
  readonly tunnel: TunnelSettings;
  readonly timeouts: Timeouts;
  readonly syncDaemons: Model['syncDaemons'];
  readonly sysctls: Sysctls;
  readonly localAddresses: readonly LocalAddress[];
}

export type Loaded = { readonly model: Model } | { readonly error: CommandError };

/** What a document leaves out: it is written at every change, and most of it would be this. */
const SERVER_DEFAULTS: ServerDefaults = { upperThreshold: 0, lowerThreshold: 0, admin: null };
const NO_AFFINITY: Affinity = { persistence: null, onePacket: false, engine: null };

/** Plain data: `JSON.stringify` loses nothing of it. */
export function toDocument(model: Model): ModelDocument {
  const services = [...model.services.values()].map(({ key, servers, ...values }) => ({
    ...key,
    ...without(values, NO_AFFINITY),
    servers: servers.map(({ key, ...values }) => ({ ...key, ...without(values, SERVER_DEFAULTS) })),
  }));
  const { tunnel, timeouts, syncDaemons, sysctls, localAddresses } = model;
  const marks = [...model.marks.values()];
  return { marks, services, tunnel, timeouts, syncDaemons, sysctls, localAddresses };
}

function without<T extends object, Name extends keyof T>(
  values: T,
  defaults: Pick<T, Name>,
): Omit<T, Name> & Partial<Pick<T, Name>> {
  const kept = { ...values };
  for (const name of Object.keys(defaults) as Name[]) if (kept[name] === defaults[name]) delete kept[name];
  return kept;
}

/** Takes anything; the error's path leads to the fault, like `services[2].servers[0].weight`. */
export function fromDocument(document: unknown): Loaded {
  try {
    const names = ['marks?', 'services', 'tunnel', 'timeouts?', 'syncDaemons?', 'sysctls?', 'localAddresses?'];
    const fields = readObject<ModelDocument>('', document, names);
    const services = readList('services', fields.services, readService);
    refuseTwins(
      'services',
      services.map(({ key }) => formatServiceKey(key)),
    );
    const tunnel = readTunnel('tunnel', fields.tunnel);
    const timeouts = fields.timeouts === undefined ? DEFAULT_TIMEOUTS : readTimeouts('timeouts', fields.timeouts);
    const byName = new Map(services.map((service) => [serviceKeyText(service.key), service]));
    const { syncDaemons } = fields;
    const daemons = syncDaemons === undefined ? NO_SYNC_DAEMONS : readSyncDaemons('syncDaemons', syncDaemons);
    const sysctls = readSysctls('sysctls', fields.sysctls);
    const localAddresses = readLocalAddresses('localAddresses', fields.localAddresses, byName);
    const marks = readMarks('marks', fields.marks);
    return { model: { services: byName, marks, tunnel, timeouts, syncDaemons: daemons, sysctls, localAddresses } };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.fault };
    throw error;
  }
}

/** How a reader below gets back to `fromDocument`; never leaves this module. */
class Refusal extends Error {
  readonly fault: CommandError;

  constructor(fault: CommandError) {
    super(fault.message);
    this.fault = fault;
  }
}

function refuse(path: string, message: string): never {
  throw new Refusal(fault('invalid', path, message));
}

function must(path: string, error: CommandError | null): void {
  if (error !== null) throw new Refusal(below(path, error)!);
}

/** Files of xlb 0.1 have none. */
function readMarks(path: string, value: unknown): Model['marks'] {
  if (value === undefined) return NO_MARKS;
  const rules = readList(path, value, readMark);
  const marks = setMarks(NO_MARKS, rules);
  if ('code' in marks) return refuse(marks.path.replace(/^rules/, path), marks.message);
  return marks;
}

function readMark(path: string, value: unknown): MarkRule {
  const names = ['destination', 'source', 'protocols', 'ports', 'mark'];
  const rule = readObject<MarkRule>(path, value, names) as MarkRule;
  readObject(join(path, 'destination'), rule.destination, ['address', 'length']);
  if (rule.source !== null) readObject(join(path, 'source'), rule.source, ['address', 'length']);
  readList(join(path, 'protocols'), rule.protocols, (_, name) => name);
  readList(join(path, 'ports'), rule.ports, (at, range) => readObject(at, range, ['first', 'last']));
  return rule;
}

/** An object with exactly these fields (those that end in `?` may be missing), of types still unknown. */
function readObject<T>(path: string, value: unknown, names: readonly string[]): { [K in keyof T]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(path, `found ${show(value)}, expected an object`);
  }
  for (const name of names) {
    if (!name.endsWith('?') && !Object.hasOwn(value, name)) refuse(join(path, name), 'found nothing, expected a value');
  }
  const unknown = Object.keys(value).find((name) => !names.includes(name) && !names.includes(`${name}?`));
  if (unknown !== undefined) refuse(join(path, unknown), 'unknown field');
  return value as { [K in keyof T]: unknown };
}

function readList<T>(path: string, value: unknown, read: (path: string, value: unknown) => T): T[] {
  if (!Array.isArray(value)) return refuse(path, `found ${show(value)}, expected a list`);
  return value.map((entry, i) => read(`${path}[${i}]`, entry));
}

/** Those with a question mark are left out where they have their defaults, or were not in the files of xlb 0.1. */
const SERVICE_FIELDS = [
  'protocol',
  'scheduler',
  'options',
  'servers',
  'persistence?',
  'onePacket?',
  'engine?',
  'limits?',
  'toa?',
];
const KEY_FIELDS = { address: ['address', 'port'], mark: ['family', 'mark'] };

function readService(path: string, value: unknown): VirtualService {
  const fields = readObject<ServiceDocument>(path, value, serviceFields(value)) as ServiceDocument;
  readObject(join(path, 'options'), fields.options, ['port', 'fallback', 'ringSize']);
  must(path, check.checkServiceKey(fields) ?? check.checkScheduler(fields.scheduler, fields.options));
  const key = canonicalKey(fields);
  const servers = readList(join(path, 'servers'), fields.servers, (at, entry) => readServer(at, entry, key));
  refuseTwins(
    join(path, 'servers'),
    servers.map((server) => serverKeyText(server.key)),
  );
  const affinity = readAffinity(path, fields);
  must(path, checkAffinity(key, affinity) ?? checkToa(key, fields.toa));
  const limits = fields.limits === undefined ? {} : { limits: readLimits(join(path, 'limits'), fields.limits, key) };
  const rest = { ...limits, ...(fields.toa === true && { toa: true }) };
  const service = { key, scheduler: fields.scheduler, options: { ...fields.options }, ...affinity, ...rest, servers };
  must(path, checkOnePacketServers(service));
  return service;
}

/** A mark has other fields than an address. */
function serviceFields(value: unknown): readonly string[] {
  const isMark = (value as Partial<ServiceKey> | null)?.protocol === 'fwmark';
  return [...SERVICE_FIELDS, ...KEY_FIELDS[isMark ? 'mark' : 'address']];
}

function readLimits(path: string, value: unknown, service: ServiceKey): ServiceLimits {
  const limits = readObject<ServiceLimits>(path, value, Object.keys(NO_LIMITS)) as ServiceLimits;
  for (const name of ['allow', 'deny'] as const) readList(join(path, name), limits[name], (_at, entry) => entry);
  must(path, checkLimits(service, limits));
  return { ...limits };
}

function readAffinity(path: string, fields: Partial<Affinity>): Affinity {
  const { persistence = null, onePacket = false, engine = null } = fields;
  if (persistence === null) return { persistence, onePacket, engine };
  readObject<Persistence>(join(path, 'persistence'), persistence, ['timeout', 'netmask']);
  const netmask = parseAddress(persistence.netmask) ?? persistence.netmask;
  return { persistence: { timeout: persistence.timeout, netmask }, onePacket, engine };
}

const SERVER_FIELDS = [
  'address',
  'port',
  'method',
  'encapsulation?',
  'weight',
  'lastWeight?',
  'upperThreshold?',
  'lowerThreshold?',
  'admin?',
];

function readServer(path: string, value: unknown, service: ServiceKey): RealServer {
  const fields = readObject<ServerDocument>(path, value, SERVER_FIELDS) as ServerDocument;
  must(path, check.checkServerKey(fields) ?? check.checkServerPort(service, fields));
  const { address, port, encapsulation, ...values } = { ...SERVER_DEFAULTS, ...fields };
  if (encapsulation !== undefined) {
    readObject(join(path, 'encapsulation'), encapsulation, ['type', 'checksum', ...encapsulationFields(encapsulation)]);
  }
  const admin = values.admin === null ? null : readAdmin(join(path, 'admin'), values.admin);
  const server = {
    key: { address: parseAddress(address)!, port },
    ...values,
    admin,
    ...(encapsulation !== undefined && { encapsulation }),
  };
  must(path, check.checkServer(service, server) ?? checkLastWeight(server));
  return server;
}

function encapsulationFields(value: unknown): readonly string[] {
  return (value as { type?: unknown } | null)?.type === 'gue' ? ['port'] : [];
}

function checkLastWeight({ weight, lastWeight }: RealServer): CommandError | null {
  if (lastWeight === undefined) return null;
  if (weight !== 0) return fault('invalid', 'lastWeight', `found it beside weight ${weight}, expected weight 0`);
  return check.checkInteger('lastWeight', lastWeight, 1, MAX_WEIGHT);
}

function readAdmin(path: string, value: unknown): AdminState {
  const admin = readObject<AdminState>(path, value, ['action', 'by', 'at', 'reason']) as AdminState;
  must(
    path,
    check.checkChoice('action', admin.action, ['drain']) ??
      check.checkText('by', admin.by) ??
      check.checkInteger('at', admin.at, 0, Number.MAX_SAFE_INTEGER) ??
      check.checkText('reason', admin.reason),
  );
  return { ...admin };
}

function readTunnel(path: string, value: unknown): TunnelSettings {
  const tunnel = readObject<TunnelSettings>(path, value, ['outerDf', 'spread4', 'spread6']) as TunnelSettings;
  for (const name of ['spread4', 'spread6'] as const) {
    if (tunnel[name] !== null) readObject(join(path, name), tunnel[name], ['address', 'prefix']);
  }
  must(path, check.checkTunnel(tunnel));
  return { ...tunnel, spread4: canonicalSpread(tunnel.spread4), spread6: canonicalSpread(tunnel.spread6) };
}

function readTimeouts(path: string, value: unknown): Timeouts {
  const timeouts = readObject<Timeouts>(path, value, ['tcp', 'tcpFin', 'udp']) as Timeouts;
  must(path, checkTimeouts(timeouts));
  return { ...timeouts };
}

function readSyncDaemons(path: string, value: unknown): Model['syncDaemons'] {
  const { master, backup } = readObject<Model['syncDaemons']>(path, value, ['master', 'backup']);
  return { master: readSyncDaemon(join(path, 'master'), master), backup: readSyncDaemon(join(path, 'backup'), backup) };
}

function readSyncDaemon(path: string, value: unknown): SyncDaemon | null {
  if (value === null) return null;
  const names = ['interface', 'syncId', 'maxLength', 'group', 'port', 'ttl'];
  const daemon = readObject<SyncDaemon>(path, value, names) as SyncDaemon;
  must(path, checkSyncDaemon(daemon));
  return { ...daemon, group: parseAddress(daemon.group)! };
}

/** Those that a file of an older version does not name have their defaults. */
function readSysctls(path: string, value: unknown): Sysctls {
  if (value === undefined) return DEFAULT_SYSCTLS;
  const names = SYSCTL_NAMES.map((name) => `${name}?`);
  const sysctls = readObject<Record<string, unknown>>(path, value, names);
  must(path, checkSysctls(sysctls));
  return { ...DEFAULT_SYSCTLS, ...(sysctls as Partial<Sysctls>) };
}

function readLocalAddresses(path: string, value: unknown, services: Model['services']): readonly LocalAddress[] {
  const names = ['address', 'service', 'firstPort', 'lastPort'];
  const read = (at: string, entry: unknown) => readObject<LocalAddress>(at, entry, names) as LocalAddress;
  const addresses = setLocalAddresses([], value === undefined ? [] : readList(path, value, read), services);
  if ('code' in addresses) throw new Refusal({ ...addresses, path: addresses.path.replace(/^addresses/, path) });
  return addresses;
}

function refuseTwins(path: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (seen.has(name)) refuse(`${path}[${i}]`, `${name} stands in the list twice`);
    seen.add(name);
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
