/**
 * The model: what the operator wants balanced, as plain immutable data.
 *
 * Everything that reaches the data plane is compiled from a Model; everything
 * that a command changes is a new Model. Lists of real servers stand in IPVS's
 * list order: the server added last comes first.
 */

import type { Method } from './methods.ts';
import type { SchedulerName } from './schedulers.ts';
import type { Sysctls } from './sysctls.ts';

export type { Method } from './methods.ts';
export type { SchedulerName } from './schedulers.ts';

/** An IP address in canonical text (RFC 5952 for IPv6); made by `parseAddress` only. */
export type Address = string & { readonly __brand: 'Address' };

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A virtual service at an address. Port 0: every port of the address without a service of its own. */
export interface AddressKey {
  readonly protocol: Protocol;
  readonly address: Address;
  /** Host order, 0 to 65535. */
  readonly port: number;
}

/** A virtual service of all packets that carry a firewall mark; IPv4 and IPv6 have marks of their own. */
export interface MarkKey {
  readonly protocol: 'fwmark';
  readonly family: 4 | 6;
  /** 1 to 4294967295. */
  readonly mark: number;
}

/** What identifies a virtual service. */
export type ServiceKey = AddressKey | MarkKey;

/** What identifies a real server within its service. */
export interface ServerKey {
  readonly address: Address;
  /** Host order, 0 to 65535. DR and TUN do not translate ports: it is the service's. */
  readonly port: number;
}

/** An operator's override of a real server, kept apart from its configuration. */
export interface AdminState {
  readonly action: 'drain';
  /** Who asked: the name of the user. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
}

/** How an outer IPv4 header's DF bit is made: copied from an inner IPv4 header (IPVS's pmtu_disc), or fixed. */
export type OuterDf = 'copy' | 'set' | 'clear';

/** How checksums of what a tunnel carries are made: `remote` is GUE's remote checksum offload. */
export type TunnelChecksum = 'none' | 'full' | 'remote';

/** Other tunnels than IP in IP. */
export type Encapsulation =
  | { readonly type: 'gue' /** UDP's. */; readonly port: number; readonly checksum: TunnelChecksum }
  | { readonly type: 'gre'; readonly checksum: 'none' | 'full' };

export interface RealServer {
  readonly key: ServerKey;
  readonly method: Method;
  /** Only there where the method is `tun` and the tunnel not IP in IP. */
  readonly encapsulation?: Encapsulation;
  /** As configured: 0 to 2147483647. 0 quiesces: no new connections. */
  readonly weight: number;
  /**
   * The weight before it became 0, which `mh` keeps building its table on
   * (IPVS's last_weight). Only there while `weight` is 0 and was not from the start.
   */
  readonly lastWeight?: number;
  /** Upper and lower connection thresholds of ipvsadm's -x and -y; 0: none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly admin: AdminState | null;
}

export interface SchedulerOptions {
  /** sh-port, mh-port: the source port is hashed too. */
  readonly port: boolean;
  /** sh-fallback, mh-fallback: an unavailable server's flows go to other slots. */
  readonly fallback: boolean;
  /** mh: slots of the ring, a prime; 4093 is the kernel's. */
  readonly ringSize: number;
}

/** Engines that find a client's template by something else than its address: `sip` by the Call-ID. */
export type PersistenceEngine = 'sip';

/** A client's connections go to the same real server. */
export interface Persistence {
  /** Seconds that a template outlives its last connection. */
  readonly timeout: number;
  /**
   * Which bits of a client's address tell it from others, as an address of the
   * service's family: all ones is every client by itself. Of IPv4 any bits, as
   * in IPVS; of IPv6 a prefix, like `ffff:ffff:ffff:ffff::` for 64.
   */
  readonly netmask: Address;
}

/** What limits a service's new connections; 0 and an empty list: nothing does. */
export interface ServiceLimits {
  /** New connections a second, and how many may come at once. Over it they get no entry, and by `nat` none are taken. */
  readonly rate: number;
  readonly burst: number;
  /** The same of each source (of IPv6 each /64), whose packets are then dropped. */
  readonly sourceRate: number;
  readonly sourceBurst: number;
  /** Connections at a time that are not closing yet, of the service and of each source. */
  readonly connections: number;
  readonly sourceConnections: number;
  /** Prefixes like `10.0.0.0/8`, canonical and sorted; the longest that matches decides. With `allow` the rest is denied. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface VirtualService<Key extends ServiceKey = ServiceKey> {
  readonly key: Key;
  readonly scheduler: SchedulerName;
  readonly options: SchedulerOptions;
  /** null: each connection is placed by itself. */
  readonly persistence: Persistence | null;
  /** Each datagram is placed by itself, and leaves no entry. */
  readonly onePacket: boolean;
  /** null: the client's address. */
  readonly engine: PersistenceEngine | null;
  /** Only there where something is limited. */
  readonly limits?: ServiceLimits;
  /** Real servers of `fullnat` are told the client in a TCP option (TOA); left out: they are not. */
  readonly toa?: boolean;
  /** IPVS's list order: newest first. */
  readonly servers: readonly RealServer[];
}

/** Settings of the tunnel that hold for every `tun` real server. */
export interface TunnelSettings {
  readonly outerDf: OuterDf;
  /**
   * Prefixes to spread outer sources over, for receive-side scaling at the real
   * servers; null: the director's own address. Low bits come from the flow's hash.
   */
  readonly spread4: { readonly address: Address; readonly prefix: number } | null;
  readonly spread6: { readonly address: Address; readonly prefix: number } | null;
}

/** Seconds that an entry lives after its last packet, in the states that ipvsadm's --set knows. */
export interface Timeouts {
  /** ESTABLISHED. */
  readonly tcp: number;
  /** FIN_WAIT. */
  readonly tcpFin: number;
  readonly udp: number;
}

/** A synchronization daemon as ipvsadm starts it: a master tells of connections, a backup listens. */
export interface SyncDaemon {
  readonly interface: string;
  /** 0 to 255; for a backup 0 is every one. */
  readonly syncId: number;
  /** Bytes of a datagram's content. */
  readonly maxLength: number;
  /** A multicast address. */
  readonly group: Address;
  readonly port: number;
  readonly ttl: number;
}

/** An address of the director that packets to real servers of `fullnat` leave by. */
export interface LocalAddress {
  readonly address: Address;
  /** Whose real servers; null: those of every service that has none of its own. */
  readonly service: ServiceKey | null;
  /** Which ports; 1 to 65535. */
  readonly firstPort: number;
  readonly lastPort: number;
}

export type SyncState = 'master' | 'backup';

/** Addresses that begin alike. */
export interface Prefix {
  /** Its bits beyond `length` are 0. */
  readonly address: Address;
  /** 0 to 32 or 128. */
  readonly length: number;
}

/** 1 to 65535, host order. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Which packets a mark rule is about; what is said of all of it must hold. */
export interface MarkSelector {
  readonly destination: Prefix;
  /** null: from anywhere. */
  readonly source: Prefix | null;
  /** In the order of PROTOCOLS; empty: all. */
  readonly protocols: readonly Protocol[];
  /** Ascending, with gaps between them; empty: all ports. */
  readonly ports: readonly PortRange[];
}

/** Gives packets a firewall mark: they belong to the service by that mark, where there is one. */
export interface MarkRule extends MarkSelector {
  /** 1 to 4294967295. */
  readonly mark: number;
}

export interface Model {
  /** By `serviceKeyText`. Iterates in the order in which the services were added. */
  readonly services: ReadonlyMap<string, VirtualService>;
  /** By `markSelectorText`. Iterates in the order in which they were added. */
  readonly marks: ReadonlyMap<string, MarkRule>;
  readonly tunnel: TunnelSettings;
  readonly timeouts: Timeouts;
  /** null: none runs. */
  readonly syncDaemons: Readonly<Record<SyncState, SyncDaemon | null>>;
  /** By IPVS's names. */
  readonly sysctls: Sysctls;
  /** In the order in which they were added. */
  readonly localAddresses: readonly LocalAddress[];
}
