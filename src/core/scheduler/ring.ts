/**
 * The rings of services. `mh`, `sh` and `dh` schedule by their own tables; every
 * other service has a fallback ring, a small Maglev table of the servers that may
 * take new connections. Either places connections that the full connection table has no
 * room for, so that each of their packets finds the same server without an entry.
 */
import type { VirtualService } from '../model/model.ts';
import { effectiveWeight, tableWeight } from '../model/server.ts';
import { serviceFamily } from '../model/service-key.ts';
import { buildTable, type TableServer } from './maglev.ts';
import { destinationTable, sourceTable } from './sh.ts';

/** Of fallback rings: primes, with twenty slots or more for each of up to 3276 servers. */
const SIZES = [1021, 4093, 16381, 65537] as const;
const SLOTS_PER_SERVER = 20;

/** The slot of a flow in a fallback ring. `bits`: 32 uniform bits, the data plane's `flow_hash.ring`. */
export function fallbackSlot(bits: number, size: number): number {
  return Math.floor((bits * size) / 2 ** 32);
}

const rings = new WeakMap<VirtualService, Uint16Array>();

/**
 * The ring of a service: of mh, sh and dh their table, of others the fallback
 * ring. Slots hold positions in its list of servers. Empty where no server has a
 * weight; built once for each service.
 */
export function ringOf(service: VirtualService): Uint16Array {
  const known = rings.get(service);
  if (known !== undefined) return known;
  const ring = build(service);
  rings.set(service, ring);
  return ring;
}

function build(service: VirtualService): Uint16Array {
  const { servers, scheduler } = service;
  if (scheduler !== 'sh' && scheduler !== 'dh') return maglevRing(service);
  if (servers.every((server) => effectiveWeight(server) === 0)) return new Uint16Array(0);
  return scheduler === 'sh' ? sourceTable(servers) : destinationTable(servers);
}

function maglevRing(service: VirtualService): Uint16Array {
  const family = serviceFamily(service.key);
  const isOwn = service.scheduler === 'mh';
  const weightOf = isOwn ? tableWeight : effectiveWeight;
  const servers = service.servers.map((server) => ({ key: server.key, weight: weightOf(server) }));
  const isEmpty = servers.every(({ weight }) => weight === 0);
  const size = isEmpty ? 0 : isOwn ? service.options.ringSize : fallbackSize(servers);
  return buildTable(servers, size, family);
}

function fallbackSize(servers: readonly TableServer[]): number {
  const count = servers.filter(({ weight }) => weight > 0).length;
  return SIZES.find((size) => size >= count * SLOTS_PER_SERVER) ?? SIZES[SIZES.length - 1]!;
}
