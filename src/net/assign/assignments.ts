/** What is given to the kernel: addresses, routes and rules with every default filled in. */
import type { Address } from '../../core/model/model.ts';

/** A word of the configuration, or of a name of iproute2's, that cannot be carried out: what, and what was expected. */
export interface Untranslated {
  readonly error: string;
}

export interface AddressAssignment {
  readonly ifindex: number;
  readonly address: Address;
  /** Bits; of the peer where there is one. */
  readonly prefix: number;
  /** RT_SCOPE_*. The kernel finds that of an IPv6 address by itself. */
  readonly scope: number;
  /** IPv4 alone, at most 15 bytes; null: the interface's name. */
  readonly label: string | null;
  /** IPv4 alone; null: none. */
  readonly broadcast: Address | null;
  /** The other end of a point-to-point link. */
  readonly peer: Address | null;
  /** No duplicate address detection (IPv6): usable at once. */
  readonly nodad: boolean;
  readonly home: boolean;
  readonly mngtmpaddr: boolean;
  /** The kernel makes no route to the prefix. */
  readonly noprefixroute: boolean;
  readonly autojoin: boolean;
  /** Seconds; 0: never a source by itself; null: forever. */
  readonly preferredLifetime: number | null;
  /** Words that have no effect, each with the reason, for the log. */
  readonly ignored: readonly string[];
}

export interface Destination {
  readonly address: Address;
  /** Bits. */
  readonly length: number;
}

export interface NextHop {
  /** May be of the other family than the route; null: the destination is on the link. */
  readonly gateway: Address | null;
  /** null: the interface by which the kernel reaches the gateway. */
  readonly ifindex: number | null;
  /** 1 to 256. */
  readonly weight: number;
  /** The gateway is on the link, whatever the addresses say. */
  readonly onlink: boolean;
  /** IPv4: source realm * 65536 + realm; null: none. */
  readonly realms: number | null;
}

export interface RouteAssignment {
  readonly family: 4 | 6;
  /** RTN_* */
  readonly type: number;
  /** null: default. */
  readonly to: Destination | null;
  /** 1 to 4294967295 */
  readonly table: number;
  /** RTPROT_* */
  readonly protocol: number;
  /** RT_SCOPE_* */
  readonly scope: number;
  /** 0 to 255 */
  readonly tos: number;
  /** null: the kernel's, 0 for IPv4 and 1024 for IPv6. */
  readonly metric: number | null;
  /** The source address that the route proposes. */
  readonly source: Address | null;
  /** None for `blackhole` and its like. */
  readonly hops: readonly NextHop[];
  /** RTAX_* -> value. */
  readonly metrics: ReadonlyMap<number, number>;
  /** Of TCP; null: the system's. */
  readonly congestionControl: string | null;
  /** IPv6: an ICMPV6_ROUTER_PREF_*. */
  readonly preference: number | null;
  /** IPv6: seconds. */
  readonly expires: number | null;
  /** Beside routes of the same destination and metric, where `replace` takes their place. */
  readonly placing: 'replace' | 'append' | 'prepend';
}

export interface Range {
  readonly first: number;
  readonly last: number;
}

export type RuleAction =
  | { readonly type: 'lookup'; readonly table: number }
  /** The table of the VRF that the packet is in. */
  | { readonly type: 'l3mdev' }
  | { readonly type: 'goto'; readonly priority: number }
  | { readonly type: 'nop' | 'blackhole' | 'unreachable' | 'prohibit' };

export interface RuleAssignment {
  readonly family: 4 | 6;
  readonly action: RuleAction;
  /** Holds for what does not match. */
  readonly invert: boolean;
  readonly priority: number;
  /** null: all. */
  readonly from: Destination | null;
  readonly to: Destination | null;
  /** Names: a rule waits for an interface that is not there. */
  readonly inputInterface: string | null;
  readonly outputInterface: string | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
  readonly tos: number;
  /** IPv4: source realm * 65536 + realm. */
  readonly realms: number | null;
  /** Routes with a prefix of at most this many bits are passed over. */
  readonly suppressPrefixLength: number | null;
  readonly suppressGroup: number | null;
  readonly tunnel: bigint | null;
  readonly users: Range | null;
  /** RTPROT_* */
  readonly protocol: number;
  /** Of the packet: 6 for TCP. */
  readonly ipProtocol: number | null;
  readonly sourcePorts: Range | null;
  readonly destinationPorts: Range | null;
}

/** `192.0.2.9/24`, as it stands in errors. */
export function addressName({ address, prefix }: AddressAssignment): string {
  return `${address}/${prefix}`;
}

/** `route 198.51.100.0/24 table 100` */
export function routeName({ family, to, table }: RouteAssignment): string {
  const destination = to === null ? (family === 4 ? 'default' : 'IPv6 default') : `${to.address}/${to.length}`;
  return `route ${destination}${table === TABLE.MAIN ? '' : ` table ${table}`}`;
}

/** `rule 1000 from 198.51.100.0/24` */
export function ruleName({ priority, from, to }: RuleAssignment): string {
  const part = (word: string, value: Destination | null) =>
    value === null ? '' : ` ${word} ${value.address}/${value.length}`;
  return `rule ${priority}${part('from', from)}${part('to', to)}`;
}

/** Numbers of linux/rtnetlink.h that have a meaning here. */
export const TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;
export const SCOPE = { GLOBAL: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;
export const PROTOCOL_KEEPALIVED = 18;
