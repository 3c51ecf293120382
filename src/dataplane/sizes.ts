/** How large the maps are. */
import { ConnectionLimit } from './types.gen.ts';

/** Numbers of entries. */
export interface Sizes {
  /** Connection slots: a power of two, at least 1024. */
  readonly connections: number;
  readonly services: number;
  readonly realServers: number;
  readonly scheduleLines: number;
  readonly nextHops: number;
}

export const DEFAULT_SIZES: Sizes = {
  connections: 1 << 20,
  services: 16384,
  realServers: 65536,
  scheduleLines: 262144,
  nextHops: 65536,
};

const MIN_CONNECTIONS = 1024;
/** 64 bytes a slot are mapped into memory as a whole; a Buffer holds 4 GiB. */
const MAX_CONNECTIONS = 1 << 26;

/** A persistent client mostly has several connections; room is taken only by templates that are there. */
const CONNECTIONS_PER_TEMPLATE = 4;

/** The next power of two that the connection table can have. */
export function roundConnections(connections: number): number {
  const wanted = Math.min(Math.max(connections, MIN_CONNECTIONS), MAX_CONNECTIONS);
  return 2 ** Math.ceil(Math.log2(wanted));
}

/** Entries of each map that has no fixed size. `cpus`: that there may be. */
export function mapEntries(sizes: Sizes, cpus: number): Readonly<Record<SizedMap, number>> {
  const { services, realServers } = sizes;
  return {
    services,
    scheduler_states: services,
    unrecorded: services,
    template_masks: services,
    limits: services,
    limit_states: services,
    limit_counts: services,
    templates: sizes.connections / CONNECTIONS_PER_TEMPLATE,
    service_traffic: services * cpus,
    live_counts: realServers,
    recount: realServers,
    server_traffic: realServers * cpus,
    nat_servers: realServers,
    schedules: sizes.scheduleLines,
    next_hops: sizes.nextHops,
    connections: sizes.connections / ConnectionLimit.CONNECTION_WAYS,
    connection_keys: sizes.connections,
    sync_progress: sizes.connections,
  };
}

/** The programs' constants that go with them. */
export function constants({ services, realServers }: Sizes): Record<string, number> {
  return { service_ids: services, real_server_ids: realServers };
}

export type SizedMap =
  | 'services'
  | 'scheduler_states'
  | 'unrecorded'
  | 'template_masks'
  | 'limits'
  | 'limit_states'
  | 'limit_counts'
  | 'templates'
  | 'service_traffic'
  | 'live_counts'
  | 'recount'
  | 'server_traffic'
  | 'nat_servers'
  | 'schedules'
  | 'next_hops'
  | 'connections'
  | 'connection_keys'
  | 'sync_progress';

/** The inverse of `mapEntries`; undefined where the maps do not fit together. */
export function sizesOf(entries: Readonly<Record<SizedMap, number>>, cpus: number): Sizes | undefined {
  const sizes: Sizes = {
    connections: entries.connection_keys,
    services: entries.services,
    realServers: entries.live_counts,
    scheduleLines: entries.schedules,
    nextHops: entries.next_hops,
  };
  const expected = mapEntries(sizes, cpus);
  const fits = Object.entries(expected).every(([name, count]) => entries[name as SizedMap] === count);
  return fits && roundConnections(sizes.connections) === sizes.connections ? sizes : undefined;
}

/** One sentence for each size that is pinned otherwise than asked for. */
export function sizeWarnings(wanted: Sizes, pinned: Sizes): string[] {
  const names: Record<keyof Sizes, string> = {
    connections: '--connections',
    services: '--services',
    realServers: '--real-servers',
    scheduleLines: '--schedule-lines',
    nextHops: 'the number of next hops',
  };
  const keys = Object.keys(names) as (keyof Sizes)[];
  return keys
    .filter((key) => wanted[key] !== pinned[key])
    .map((key) => `${names[key]} ${wanted[key]} is not used: the pinned data plane has ${pinned[key]}`);
}
