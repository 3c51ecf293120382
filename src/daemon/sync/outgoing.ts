/** Connections and templates of this director in the words of the wire. */
import { type AddressWords, addressWords } from '../../core/model/address.ts';
import type { Method, ServerKey, ServiceKey } from '../../core/model/model.ts';
import { PROTOCOL_NUMBERS, serverKeyText, serviceFamily } from '../../core/model/service-key.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import { SYNC_FLAGS, SYNC_METHODS, type SyncRecord, TEMPLATE_ASSURED } from '../../core/sync/record.ts';
import { isInactive, wireState } from '../../core/sync/states.ts';
import type { RawConnection } from '../../dataplane/connections.ts';
import type { RawTemplate } from '../../dataplane/templates.ts';

interface NamedService {
  readonly key: ServiceKey;
  readonly isPersistent: boolean;
  readonly family: 4 | 6;
  readonly persistence: number;
  readonly mask: AddressWords | null;
}

interface NamedServer {
  readonly key: ServerKey;
  readonly words: AddressWords;
  readonly method: Method;
}

/** Names by ids, as the table has them. */
export interface Names {
  readonly services: ReadonlyMap<number, NamedService>;
  readonly servers: ReadonlyMap<number, NamedServer>;
}

export function namesOf(entries: ReadonlyMap<string, Entry>): Names {
  const services = new Map<number, NamedService>();
  const servers = new Map<number, NamedServer>();
  for (const { id, key, slots, source } of entries.values()) {
    if (source === null) continue;
    const { persistence } = source.service;
    const mask = persistence && addressWords(persistence.netmask);
    const family = serviceFamily(key);
    services.set(id, { key, family, isPersistent: mask !== null, persistence: persistence?.timeout ?? 0, mask });
    const methods = new Map(source.service.servers.map((server) => [serverKeyText(server.key), server.method]));
    for (const slot of slots) {
      const method = slot && methods.get(serverKeyText(slot.key));
      if (slot && method) servers.set(slot.id, { key: slot.key, words: addressWords(slot.key.address), method });
    }
  }
  return { services, servers };
}

/**
 * null: nothing of it is on the wire. Its real server was deleted, or IPVS has no word for the
 * method. `timeout`: seconds that its state lasts.
 */
export function recordOf(raw: RawConnection, { services, servers }: Names, timeout: number): SyncRecord | null {
  const service = services.get(raw.serviceId);
  const server = servers.get(raw.realServerId);
  const flags = server && methodFlags(server.method);
  if (service === undefined || server === undefined || flags == null) return null;
  const { protocol } = raw;
  return {
    family: service.family,
    protocol,
    client: { words: [...raw.source], port: raw.sourcePort },
    virtual: { words: [...raw.destination], port: raw.destinationPort },
    server: { words: server.words, port: portOf(server.key, service, raw.destinationPort) },
    flags: flags | (isInactive(raw.state) ? SYNC_FLAGS.inactive : 0),
    state: wireState(protocol, raw.state),
    mark: markOf(service.key),
    timeout,
  };
}

/**
 * Without ports where the template is for all ports of its service, and without a protocol
 * where it is a mark's, which stands in the place of the address: ip_vs_sched_persist.
 */
export function templateRecordOf(raw: RawTemplate, { services, servers }: Names): SyncRecord | null {
  const service = services.get(raw.serviceId);
  const server = servers.get(raw.realServerId);
  const flags = server && methodFlags(server.method);
  if (service === undefined || server === undefined || flags == null) return null;
  const { key, family, persistence } = service;
  const port = ownPort(key);
  const onePort = port !== 0 && port !== FTP_PORT;
  const [a = 0, b = 0, c = 0, d = 0] = raw.client;
  return {
    family,
    protocol: key.protocol === 'fwmark' ? 0 : PROTOCOL_NUMBERS[key.protocol],
    client: { words: [a, b, c, d], port: 0 },
    virtual: {
      words: key.protocol === 'fwmark' ? [key.mark, 0, 0, 0] : addressWords(key.address),
      port: onePort ? port : 0,
    },
    server: { words: server.words, port: onePort ? server.key.port : 0 },
    flags: flags | SYNC_FLAGS.inactive | SYNC_FLAGS.template,
    state: raw.assured ? TEMPLATE_ASSURED : 0,
    mark: markOf(key),
    timeout: persistence,
  };
}

/** The key of a persistent client's template; null: its service has no persistence. */
export function templateKeyOf(raw: RawConnection, { services }: Names) {
  const mask = services.get(raw.serviceId)?.mask;
  if (mask == null) return null;
  return { service: raw.serviceId, client: { word: raw.source.map((word, i) => (word & mask[i]!) >>> 0) } };
}

const FTP_PORT = 21;

/** Of dr and tun the real servers' answers are never seen. null: IPVS has no such method. */
function methodFlags(method: Method): number | null {
  if (!isOnWire(method)) return null;
  return SYNC_METHODS[method] | (method === 'nat' ? 0 : SYNC_FLAGS.noOutput);
}

function isOnWire(method: Method): method is keyof typeof SYNC_METHODS {
  return Object.hasOwn(SYNC_METHODS, method);
}

/** ip_vs_sched_persist: with persistence a real server's port is that of the service's own port alone. */
function portOf(server: ServerKey, { key, isPersistent }: NamedService, port: number): number {
  return server.port === 0 || (isPersistent && ownPort(key) !== port) ? port : server.port;
}

/** 0: all ports. */
function ownPort(key: ServiceKey): number {
  return key.protocol === 'fwmark' ? 0 : key.port;
}

/** 0: it has an address. */
function markOf(key: ServiceKey): number {
  return key.protocol === 'fwmark' ? key.mark : 0;
}
