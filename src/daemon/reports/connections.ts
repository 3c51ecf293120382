/** Connections with names instead of ids, as fast as the consumer takes them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionFilter, connectionMatches } from '../../api/protocol/connection-filter.ts';
import type { Connection } from '../../api/protocol/connections.ts';
import { type AddressWords, addressFamily, addressFromWords, addressWords } from '../../core/model/address.ts';
import type { Address, Protocol, ServerKey, ServiceKey } from '../../core/model/model.ts';
import {
  formatServiceKey,
  PROTOCOL_NUMBERS,
  PROTOCOLS,
  serviceFamily,
  serviceKeyText,
  servicePort,
} from '../../core/model/service-key.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import type { ConnectionTable, RawConnection, RawFilter } from '../../dataplane/connections.ts';
import type { RawTemplate } from '../../dataplane/templates.ts';
import { stateName, statesNamed } from './state-names.ts';

/** Of any protocol: ip_vs_sched_persist goes by the port alone. */
const FTP_PORT = 21;
const PROTOCOL_NAMES: ReadonlyMap<number, Protocol> = new Map(PROTOCOLS.map((name) => [PROTOCOL_NUMBERS[name], name]));

/** Slots looked at in one turn: about a millisecond when nothing matches. */
const CHUNK = 1 << 15;

export interface ConnectionSources {
  readonly table: Pick<ConnectionTable, 'slots' | 'scan'>;
  /** `now`: seconds of the data plane's clock. */
  templates(now: number): readonly RawTemplate[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** Seconds of the data plane's clock. */
  clock(): number;
}

/** Batches of what passes the filter; ends early when `signal` is aborted. */
export async function* listConnections(
  sources: ConnectionSources,
  filter: ConnectionFilter,
  signal: AbortSignal,
): AsyncGenerator<readonly Connection[]> {
  const raw = rawFilter(filter, sources.entries);
  if (raw === null) return;
  const wantedTemplates = templatesOf(sources).filter((template) => connectionMatches(filter, template));
  if (wantedTemplates.length > 0) yield wantedTemplates;
  if (filter.state === 'ASSURED') return;
  for (let first = 0; first < sources.table.slots && !signal.aborted; first += CHUNK) {
    const names = nameTable(sources.entries);
    const found = sources.table.scan(first, first + CHUNK, sources.clock(), raw);
    const batch = found.flatMap((connection) => named(connection, names) ?? []);
    const wanted = batch.filter((connection) => connectionMatches(filter, connection));
    if (wanted.length > 0) yield wanted;
    await nextTurn();
  }
}

/** What of a filter holds for slots without names; null: nothing can pass. */
function rawFilter(filter: ConnectionFilter, entries: ReadonlyMap<string, Entry>): RawFilter | null {
  const raw: { -readonly [Key in keyof RawFilter]: RawFilter[Key] } = {};
  if (filter.state !== undefined && filter.state !== 'ASSURED') raw.states = statesNamed(filter.state);
  if (filter.client?.port !== undefined) raw.sourcePort = filter.client.port;
  if (filter.client !== undefined) raw.source = addressWords(filter.client.address);
  if (filter.service !== undefined) {
    const entry = entries.get(serviceKeyText(filter.service));
    if (entry === undefined) return null;
    raw.serviceId = entry.id;
  }
  if (filter.real !== undefined) {
    const { address } = filter.real;
    const slots = [...entries.values()].flatMap((entry) => entry.slots);
    raw.realServerIds = new Set(slots.flatMap((slot) => (slot?.key.address === address ? [slot.id] : [])));
  }
  return raw;
}

interface NamedService {
  readonly key: ServiceKey;
  readonly name: string;
  readonly family: 4 | 6;
  readonly isPersistent: boolean;
}

interface Names {
  readonly services: ReadonlyMap<number, NamedService>;
  readonly servers: ReadonlyMap<number, ServerKey>;
}

function nameTable(entries: ReadonlyMap<string, Entry>): Names {
  const services = new Map<number, NamedService>();
  const servers = new Map<number, ServerKey>();
  for (const { id, key, slots, element } of entries.values()) {
    const isPersistent = (element?.persistence ?? 0) > 0;
    services.set(id, { key, name: formatServiceKey(key), family: serviceFamily(key), isPersistent });
    for (const slot of slots) if (slot !== undefined) servers.set(slot.id, slot.key);
  }
  return { services, servers };
}

/** Undefined: its service or real server has been forgotten since. */
function named(raw: RawConnection, { services, servers }: Names): Connection | undefined {
  const service = services.get(raw.serviceId);
  const server = servers.get(raw.realServerId);
  const protocol = PROTOCOL_NAMES.get(raw.protocol);
  if (service === undefined || server === undefined || protocol === undefined) return undefined;
  const address = (words: AddressWords | RawConnection['source']) => addressFromWords(service.family, words);
  return {
    protocol,
    client: { address: address(raw.source), port: raw.sourcePort },
    virtual: { address: address(raw.destination), port: raw.destinationPort },
    server: { address: server.address, port: portOf(server, service, raw.destinationPort) },
    ...(raw.local && {
      local: { address: addressFromWords(addressFamily(server.address), raw.local.address), port: raw.local.port },
    }),
    service: service.name,
    state: stateName(raw.state) ?? 'NONE',
    expires_s: raw.expires,
    age_s: raw.age,
  };
}

/** ip_vs_sched_persist: with persistence a real server's port is that of the service's own port alone. */
function portOf(server: ServerKey, { key, isPersistent }: NamedService, port: number): number {
  return server.port === 0 || (isPersistent && servicePort(key) !== port) ? port : server.port;
}

/** As IPVS lists them: no ports but where the template is of one port. */
function templatesOf({ templates, entries, clock }: ConnectionSources): Connection[] {
  const { services, servers } = nameTable(entries);
  return templates(clock()).flatMap((template) => {
    const service = services.get(template.serviceId);
    const server = servers.get(template.realServerId);
    if (service === undefined || server === undefined) return [];
    const { key, family, name } = service;
    const port = servicePort(key);
    const onePort = port !== 0 && port !== FTP_PORT;
    return {
      protocol: key.protocol === 'fwmark' ? ('ip' as const) : key.protocol,
      client: { address: addressFromWords(family, template.client), port: 0 },
      virtual: { address: templateAddress(key), port: onePort ? port : 0 },
      server: { address: server.address, port: onePort ? server.port : 0 },
      service: name,
      state: template.assured ? ('ASSURED' as const) : ('NONE' as const),
      expires_s: template.expires,
      age_s: 0,
    };
  });
}

/** A mark stands where others have their address: in the first word (ip_vs_sched_persist). */
function templateAddress(key: ServiceKey): Address {
  return key.protocol === 'fwmark' ? addressFromWords(key.family, [key.mark, 0, 0, 0]) : key.address;
}
