/** How a real server is reached: what the network's side tells the core. */
import type { Address } from './model.ts';

export interface VlanTag {
  /** EtherType, host order: 0x8100 or 0x88a8. */
  readonly tpid: number;
  /** Priority and VLAN id, host order. */
  readonly tci: number;
}

/** `keep`: frames leave with the tags that they came with. `explicit`: with exactly these, outer first. */
export type Vlan = { readonly mode: 'keep' } | { readonly mode: 'explicit'; readonly tags: readonly VlanTag[] };

export interface Resolved {
  readonly state: 'resolved';
  /** The interface that frames leave by: the physical one below a VLAN device. */
  readonly ifindex: number;
  readonly interfaceName: string;
  /** Whose MAC address it is: the real server's own address or a router's. */
  readonly gateway: Address;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** Bytes: the largest IP packet of the path. */
  readonly mtu: number;
  /** The director's own address on the route, by family of the real server; null: none qualifies. */
  readonly source: Address | null;
  readonly vlan: Vlan;
  /** The kernel's neighbour state in lower case. */
  readonly neighbour: string;
}

export interface Unresolved {
  readonly state: 'unresolved';
  /** For a person: what is missing, like `no route to 10.0.0.5`. */
  readonly reason: string;
}

export type Resolution = Resolved | Unresolved;

/** A local interface, as far as frames need it. */
export interface LocalInterface {
  readonly ifindex: number;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** The data plane receives on it; otherwise frames only leave by it. */
  readonly attached: boolean;
  /**
   * Virtual routers that are MASTER here with a MAC address of their own, whose frames are ours, too:
   * their numbers (VRIDs), for IPv6 with 256 added.
   */
  readonly routers: readonly number[];
}
