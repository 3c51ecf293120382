/**
 * What a test configures: services, real servers and next hops in the data
 * plane's own terms (slots, turns, rings), each with defaults that forward.
 * Written straight into the maps by `DataPlane.configure` and read by the
 * reference model, so neither rests on the product's compiler.
 */
import type { SchedulerName } from '../../src/core/model/model.ts';

export type Method = 'dr' | 'tun' | 'nat' | 'fullnat';
export type Scheduler = SchedulerName;

/** One slot of a service's schedule. */
export interface ServerConfig {
  readonly address: string;
  /** 0: the packet's; only NAT looks at it. */
  readonly port: number;
  /** Director's address in outer headers. */
  readonly outerSource: string;
  /** Index of statistics and live counts. */
  readonly id: number;
  readonly nextHop: number;
  readonly mtu: number;
  readonly method: Method;
  readonly weight: number;
  /** False: deleted, kept for its connections. */
  readonly available: boolean;
  readonly outerDf: 'copy' | 'set' | 'clear';
  readonly spreadBits: number;
  /** What stands between the outer header and the packet inside; `tunnelSum`: with a checksum. */
  readonly tunnel: 'ipip' | 'gue' | 'gre';
  readonly tunnelPort: number;
  readonly tunnelSum: boolean;
  /** Connection thresholds; 0: none. */
  readonly upper: number;
  readonly lower: number;
}

export interface ServiceConfig {
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'fwmark';
  /** Of a mark, any of its family. */
  readonly address: string;
  /** Of a mark 0. */
  readonly port: number;
  /** 0: none. */
  readonly mark: number;
  readonly id: number;
  readonly scheduler: Scheduler;
  readonly hashPort: boolean;
  readonly fallback: boolean;
  readonly generation: number;
  /** By slot; a slot's place is also its place in IPVS's list order. */
  readonly servers: readonly ServerConfig[];
  /** Ring slots: indexes of servers; EMPTY: none. */
  readonly ring: readonly number[];
  /** Seconds that templates live; 0: no persistence. */
  readonly persistence: number;
  /** Which bits of a client's address its template goes by. */
  readonly mask: string;
  readonly onePacket: boolean;
  /** fullnat: tell real servers the client. */
  readonly toa?: boolean;
  readonly limits?: LimitConfig;
}

/** `closed`: every new connection is over the rate; `open`: none ever is, though there is one. */
export type Rate = 'none' | 'open' | 'closed';

/** What limits a service's new connections; 0: nothing. */
export interface LimitConfig {
  readonly rate: Rate;
  readonly connections: number;
  readonly sourceRate: Rate;
  readonly sourceConnections: number;
  /** Prefixes, like `198.51.100.0/25`. Where some are allowed, what no list names is denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export const NO_LIMITS: LimitConfig = {
  ...{ rate: 'none', connections: 0, sourceRate: 'none', sourceConnections: 0, allow: [], deny: [] },
};

/** Of numbers, rates or lists. */
export function hasLimits(limits: LimitConfig): boolean {
  const { rate, connections, sourceRate, sourceConnections } = limits;
  return hasList(limits) || connections + sourceConnections > 0 || rate !== 'none' || sourceRate !== 'none';
}

export function hasList({ allow, deny }: LimitConfig): boolean {
  return allow.length + deny.length > 0;
}

export const EMPTY = 0xffff;

export interface NextHopConfig {
  readonly mac: string;
  /** Interface slot + 1; 0: not resolved. */
  readonly port: number;
  /** null: frames keep their tags; else exactly these, outer first. */
  readonly tags: readonly { readonly tci: number; readonly tpid: number }[] | null;
}

export interface InterfaceConfig {
  readonly ifindex: number;
  readonly mac: string;
  /** Virtual routers whose MAC addresses are its own, too: VRIDs, for IPv6 with 256 added. */
  readonly routers?: readonly number[];
}

/** A local address of fullnat. */
export interface LocalConfig {
  /** The service that it is for alone; left out: every other. */
  readonly service?: number;
  readonly address: string;
  readonly first: number;
  readonly last: number;
}

/** Packets to these get a mark. */
export interface MarkConfig {
  /** Like `192.0.2.100/31`. */
  readonly destination: string;
  readonly source: string | null;
  readonly protocols: readonly ('tcp' | 'udp' | 'sctp')[];
  /** First and last; empty: all. */
  readonly ports: readonly (readonly [number, number])[];
  readonly mark: number;
}

export interface World {
  readonly services: readonly ServiceConfig[];
  readonly locals?: readonly LocalConfig[];
  readonly marks?: readonly MarkConfig[];
  /** New connections of all services together; counts with OPTION_LIMIT_ALL. */
  readonly limitOfAll?: Rate;
  /** By index. */
  readonly nextHops: readonly NextHopConfig[];
  readonly interfaces: readonly InterfaceConfig[];
}

/** The interface that test packets come in on: BPF_PROG_TEST_RUN's default, the loopback. */
export const INGRESS: InterfaceConfig = { ifindex: 1, mac: '02:00:00:00:00:01' };
/** Another interface, for redirects. It need not exist: nothing is really sent. */
export const OTHER_PORT: InterfaceConfig = { ifindex: 5, mac: '02:00:00:00:00:05' };

export const CLIENT_MAC = '02:00:00:00:00:02';
export const VIP4 = '192.0.2.100';
export const VIP6 = '2001:db8::100';
export const ALL_ONES6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
export const CLIENT4 = '192.0.2.10';
export const CLIENT6 = '2001:db8::10';

/** A server with defaults for the address `192.0.2.(200 + n)` or `2001:db8::2:n`; next hop n. */
export function server(n: number, fields: Partial<ServerConfig> & { family?: 4 | 6 } = {}): ServerConfig {
  const { family = 4, ...rest } = fields;
  return {
    address: family === 4 ? `192.0.2.${200 + n}` : `2001:db8::2:${n}`,
    port: 80,
    outerSource: family === 4 ? '192.0.2.5' : '2001:db8::5',
    id: n,
    nextHop: n,
    mtu: 1500,
    method: 'dr',
    weight: 1,
    available: true,
    outerDf: 'copy',
    spreadBits: 0,
    tunnel: 'ipip',
    tunnelPort: 6080,
    tunnelSum: false,
    upper: 0,
    lower: 0,
    ...rest,
  };
}

/** A TCP service on port 80 of VIP4 that spreads by rr; its ring holds the servers of weight > 0 by turns. */
export function service(servers: readonly ServerConfig[], fields: Partial<ServiceConfig> = {}): ServiceConfig {
  return {
    protocol: 'tcp',
    address: VIP4,
    port: 80,
    mark: 0,
    id: 1,
    scheduler: 'rr',
    hashPort: false,
    fallback: false,
    generation: 1,
    servers,
    ring: evenRing(servers, 31),
    persistence: 0,
    mask: (fields.address ?? VIP4).includes(':') ? ALL_ONES6 : '255.255.255.255',
    onePacket: false,
    ...fields,
  };
}

/** A service of all packets with a mark. */
export function markService(
  mark: number,
  servers: readonly ServerConfig[],
  fields: Partial<ServiceConfig> = {},
): ServiceConfig {
  return service(servers, { protocol: 'fwmark', port: 0, mark, ...fields });
}

/** A rule for TCP port 80 of VIP4. */
export function markRule(fields: Partial<MarkConfig> = {}): MarkConfig {
  return { destination: VIP4, source: null, protocols: ['tcp'], ports: [[80, 80]], mark: 5, ...fields };
}

/** `size` slots, the eligible servers one after another; no slots where there are none. */
export function evenRing(servers: readonly ServerConfig[], size: number): number[] {
  const eligible = servers.flatMap((entry, slot) => (isEligible(entry) ? [slot] : []));
  return eligible.length === 0 ? [] : Array.from({ length: size }, (_, i) => eligible[i % eligible.length] as number);
}

export function isEligible(entry: ServerConfig): boolean {
  return entry.available && entry.weight > 0;
}

/** Its answers pass the director. */
export function isTranslated({ method }: ServerConfig): boolean {
  return method === 'nat' || method === 'fullnat';
}

/** Slots in the order of turns (rr, wrr). */
export function turnsOf(config: ServiceConfig): number[] {
  return config.servers.flatMap((entry, slot) => (isEligible(entry) ? [slot] : []));
}

/** The MAC address behind next hop n of `world`. */
export function hopMac(n: number): string {
  return `02:00:00:00:02:${n.toString(16).padStart(2, '0')}`;
}

export function hop(n: number, fields: Partial<NextHopConfig> = {}): NextHopConfig {
  return { mac: hopMac(n), port: INGRESS.ifindex + 1, tags: null, ...fields };
}

/** Sixteen next hops on the ingress interface, and two interfaces. */
export function world(services: readonly ServiceConfig[], fields: Partial<World> = {}): World {
  const nextHops = Array.from({ length: 16 }, (_, n) => hop(n));
  return { services, nextHops, interfaces: [INGRESS, OTHER_PORT], ...fields };
}
