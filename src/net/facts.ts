/**
 * What the kernel knows of its network, as plain data: the vocabulary between
 * the netlink seam (`kernel/`) and the decisions made from it.
 */
import type { Address } from '../core/model/model.ts';

/** A VLAN device's tag and the device that it stands on. */
export interface VlanTag {
  /** EtherType of the tag, host order: 0x8100 or 0x88a8. */
  readonly tpid: number;
  /** Tag control information, host order: the VLAN id, 0 to 4095; priority 0. */
  readonly tci: number;
}

export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** 6 bytes; null: the device has no Ethernet address. */
  readonly mac: Uint8Array | null;
  /** Bytes of the largest IP packet. */
  readonly mtu: number;
  /** Administratively up. */
  readonly up: boolean;
  /** The lower layer is up: there is a carrier. */
  readonly carrier: boolean;
  readonly ethernet: boolean;
  readonly loopback: boolean;
  /** The driver's kind, like `veth` or `bond`; empty for a plain network card. */
  readonly kind: string;
  /** Index of a veth's other end; null: that is in another namespace. Only there for a veth. */
  readonly peer?: number | null;
  /** Of a VLAN device; `lower` is null where the device below is in another namespace. */
  readonly vlan: { readonly lower: number | null; readonly tag: VlanTag } | null;
}

/** An address of this machine. */
export interface LocalAddress {
  readonly ifindex: number;
  readonly address: Address;
  /** Bits. */
  readonly prefix: number;
  /** `link`: valid on its link alone; `host`: inside this machine alone. */
  readonly scope: 'global' | 'link' | 'host';
  /** Its preferred lifetime is over: not for new connections. */
  readonly deprecated: boolean;
  /** Duplicate address detection is not finished, or has found a duplicate. */
  readonly tentative: boolean;
  /** IPv4: a secondary address; IPv6: a temporary one. */
  readonly secondary: boolean;
}

export type NeighbourState =
  | 'none'
  | 'incomplete'
  | 'reachable'
  | 'stale'
  | 'delay'
  | 'probe'
  | 'failed'
  | 'noarp'
  | 'permanent';

export interface NeighbourKey {
  readonly ifindex: number;
  readonly address: Address;
}

export interface Neighbour extends NeighbourKey {
  /** 6 bytes; null: not known, or no Ethernet address. */
  readonly mac: Uint8Array | null;
  readonly state: NeighbourState;
  /** The kernel keeps it fresh by itself (NTF_EXT_MANAGED). */
  readonly managed: boolean;
  /** Who made it: NDA_PROTOCOL, 0 where nobody said. */
  readonly protocol: number;
}

/** The kernel's answer to "where would a packet to this address go". */
export type RouteAnswer =
  | {
      readonly ok: true;
      readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast' | 'other';
      readonly ifindex: number;
      /** Null: the destination is on the link itself. May be of the other family. */
      readonly gateway: Address | null;
      /** The source that the kernel itself would take. */
      readonly source: Address | null;
      /** The route's own MTU in bytes; null: it has none, the device's holds. */
      readonly mtu: number | null;
    }
  | {
      readonly ok: false;
      /** Name of the error, like `ENETUNREACH`. */
      readonly code: string;
    };

/** Addresses that a route change may concern; null: all of them. */
export interface Prefix {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  /** Bits. */
  readonly length: number;
}

/** A notification of the kernel. */
export type KernelChange =
  | { readonly type: 'link'; readonly link: Link }
  | { readonly type: 'link-gone'; readonly ifindex: number }
  | { readonly type: 'address'; readonly address: LocalAddress }
  | { readonly type: 'address-gone'; readonly address: LocalAddress }
  | { readonly type: 'neighbour'; readonly neighbour: Neighbour }
  | { readonly type: 'neighbour-gone'; readonly key: NeighbourKey }
  | { readonly type: 'route'; readonly prefix: Prefix | null }
  /** Notifications were lost: everything must be read again. */
  | { readonly type: 'lost'; readonly reason: string };

/** The seam: the one door to the kernel's network. Promises reject with a KernelError. */
export interface Kernel {
  /** Calls back for every change from now on. One listener. */
  subscribe(listener: (change: KernelChange) => void): void;
  links(): Promise<readonly Link[]>;
  addresses(): Promise<readonly LocalAddress[]>;
  neighbours(): Promise<readonly Neighbour[]>;
  route(address: Address): Promise<RouteAnswer>;
  /**
   * Has the kernel find out the neighbour's MAC address, or confirm it, and
   * marks the entry to be kept fresh. Never for a permanent entry: the kernel
   * would make it a dynamic one. Says whether the kernel has such marks.
   */
  probe(key: NeighbourKey): Promise<{ readonly managed: boolean }>;
  /** Takes the mark off again; the entry itself stays. */
  release(key: NeighbourKey): Promise<void>;
  close(): void;
}

/** The kernel refused, or did not answer. */
export class KernelError extends Error {
  /** Name of the error, like `ENETDOWN`; `ETIMEDOUT` where no answer came. */
  readonly code: string;
  /** The kernel's own words, where it has some. */
  readonly explanation: string | undefined;

  constructor(verb: string, code: string, explanation?: string) {
    super(explanation === undefined ? `${verb}: ${code}` : `${verb}: ${explanation} (${code})`);
    this.name = 'KernelError';
    this.code = code;
    this.explanation = explanation;
  }
}

/** NDA_PROTOCOL of the neighbour entries that this program marked: 'x'. Values from 4 on are free for use. */
export const NEIGHBOUR_PROTOCOL = 0x78;

export function neighbourKeyText(key: NeighbourKey): string {
  return `${key.ifindex}|${key.address}`;
}
