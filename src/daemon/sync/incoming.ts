/**
 * What another director tells becomes connections here: of a virtual service and a real server
 * that this director has as well. IPVS keeps a connection whose real server it does not know;
 * here it is counted and passed over, and comes with a later telling.
 */
import { addressFromWords, addressWords } from '../../core/model/address.ts';
import type { Protocol, ServiceKey } from '../../core/model/model.ts';
import { PROTOCOL_NUMBERS, serviceKeyText } from '../../core/model/service-key.ts';
import { serviceMapKey } from '../../core/reconcile/build-service.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import { LONGEST_TIMEOUT } from '../../core/reconcile/tunables.ts';
import { isTemplate, SYNC_FLAGS, type SyncRecord, TCP, TEMPLATE_ASSURED } from '../../core/sync/record.ts';
import { tableState } from '../../core/sync/states.ts';
import type { Programs } from '../../dataplane/programs.ts';
import { AdoptOutcome } from '../../dataplane/types.gen.ts';

/** What became of a record. */
export type Fate =
  | 'new'
  | 'known'
  | 'replaced'
  | 'outdated'
  | 'no-room'
  | 'no-service'
  | 'no-real-server'
  | 'unknown-protocol';

export interface AdopterParts {
  readonly programs: Pick<Programs, 'adopt' | 'adoptTemplate'>;
  readonly entries: () => ReadonlyMap<string, Entry>;
  /** The sysctl: what IPVS takes for in_pkts. */
  readonly threshold: () => number;
}

const FATES: Readonly<Record<number, Fate>> = {
  [AdoptOutcome.ADOPT_NEW]: 'new',
  [AdoptOutcome.ADOPT_KNOWN]: 'known',
  [AdoptOutcome.ADOPT_REPLACED]: 'replaced',
  [AdoptOutcome.ADOPT_OUTDATED]: 'outdated',
  [AdoptOutcome.ADOPT_NO_ROOM]: 'no-room',
  [AdoptOutcome.ADOPT_GONE]: 'no-real-server',
};

const PROTOCOLS = new Map(Object.entries(PROTOCOL_NUMBERS).map(([name, number]) => [number, name as Protocol]));
const FTP_PORT = 21;

export function adopt(record: SyncRecord, parts: AdopterParts): Fate {
  const protocol = PROTOCOLS.get(record.protocol) ?? null;
  if (protocol === null && !isOfMark(record)) return 'unknown-protocol';
  const entry = findService(record, protocol, parts.entries());
  if (entry === undefined) return 'no-service';
  const server = findServer(record, entry);
  if (server === undefined) return 'no-real-server';
  const outcome = isTemplate(record)
    ? adoptTemplate(record, entry, server, parts)
    : adoptConnection(record, entry, server, parts);
  return FATES[outcome] ?? 'no-real-server';
}

interface Place {
  readonly real_server: number;
  readonly index: number;
}

function adoptConnection(record: SyncRecord, entry: Entry, server: Place, { programs, threshold }: AdopterParts) {
  const state = tableState(record.protocol, record.state);
  if (state === null) return AdoptOutcome.ADOPT_GONE;
  return programs.adopt({
    service: serviceMapKey(entry.key),
    source: { word: record.client.words },
    destination: { word: record.virtual.words },
    source_port: record.client.port,
    destination_port: record.virtual.port,
    service_id: entry.id,
    ...server,
    state,
    timeout: Math.min(record.timeout, LONGEST_TIMEOUT),
    packets: threshold(),
    inactive: record.flags & SYNC_FLAGS.inactive ? 1 : 0,
    protocol: record.protocol,
  });
}

function adoptTemplate(record: SyncRecord, entry: Entry, server: Place, { programs }: AdopterParts): number {
  const persistence = entry.source?.service.persistence;
  if (persistence == null) return AdoptOutcome.ADOPT_GONE;
  const mask = addressWords(persistence.netmask);
  return programs.adoptTemplate({
    service: serviceMapKey(entry.key),
    client: { word: record.client.words.map((word, i) => (word & mask[i]!) >>> 0) },
    service_id: entry.id,
    ...server,
    timeout: record.timeout,
    assured: record.state === TEMPLATE_ASSURED ? 1 : 0,
  });
}

/** A template of a mark is for all protocols, and names none. */
function isOfMark(record: SyncRecord): boolean {
  return record.mark !== 0 && isTemplate(record) && record.protocol === 0;
}

function findService(
  record: SyncRecord,
  protocol: Protocol | null,
  entries: ReadonlyMap<string, Entry>,
): Entry | undefined {
  return keysOf(record, protocol)
    .map((key) => entries.get(serviceKeyText(key)))
    .find((entry) => entry?.deletedAt === null);
}

/** The mark's service; else the port's own, else that of all ports; a template of FTP names no port. */
function keysOf(record: SyncRecord, protocol: Protocol | null): ServiceKey[] {
  const { family, mark, virtual } = record;
  if (mark !== 0) return [{ protocol: 'fwmark', family, mark }];
  if (protocol === null) return [];
  const address = addressFromWords(family, virtual.words);
  const ports = [virtual.port, 0];
  if (isTemplate(record) && record.protocol === TCP && virtual.port === 0) ports.push(FTP_PORT);
  return ports.map((port) => ({ protocol, address, port }));
}

/** By address and port; where the wire has no port of its own, or another method's, by the address alone. */
function findServer(record: SyncRecord, entry: Entry): Place | undefined {
  const places = placesOf(entry).get(addressFromWords(record.family, record.server.words)) ?? [];
  const exact = places.find(({ port }) => port === record.server.port) ?? places.find(({ port }) => port === 0);
  const anyPort = record.server.port === 0 || record.server.port === record.virtual.port;
  const found = exact ?? (anyPort ? places[0] : undefined);
  return found && { real_server: found.real_server, index: found.index };
}

type Places = ReadonlyMap<string, readonly (Place & { readonly port: number })[]>;

const known = new WeakMap<Entry, Places>();

/** Made once for as long as the service stays as it is. */
function placesOf(entry: Entry): Places {
  const before = known.get(entry);
  if (before !== undefined) return before;
  const places = new Map<string, (Place & { readonly port: number })[]>();
  for (const index of entry.order) {
    const slot = entry.slots[index];
    if (slot === undefined) continue;
    const place = { real_server: slot.id, index, port: slot.key.port };
    places.set(slot.key.address, [...(places.get(slot.key.address) ?? []), place]);
  }
  known.set(entry, places);
  return places;
}
