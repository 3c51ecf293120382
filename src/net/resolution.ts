/** The answer of the resolver: how frames to a real server leave this machine, or why they cannot. */
import type { Address } from '../core/model/model.ts';
import type { NeighbourState, VlanTag } from './facts.ts';

/** The outer source address of a tunnel to this real server. */
export type Source =
  | { readonly ok: true; readonly address: Address }
  /** For a person: which addresses there are and what is against each. */
  | { readonly ok: false; readonly reason: string };

/** `keep`: frames keep the tags that they came with. `explicit`: exactly these, outer first, none for an empty list. */
export type VlanTreatment =
  | { readonly mode: 'keep' }
  | { readonly mode: 'explicit'; readonly tags: readonly VlanTag[] };

export interface Resolved {
  readonly state: 'resolved';
  /** The device that frames leave by: below a VLAN device, the one that it stands on. */
  readonly ifindex: number;
  readonly interfaceName: string;
  /** 6 bytes: the next hop's MAC address, the last one known where it does not answer now. */
  readonly mac: Uint8Array;
  /** Whose MAC that is: the gateway, or the real server itself. */
  readonly gateway: Address;
  /** Bytes of the largest IP packet that the path takes. */
  readonly mtu: number;
  readonly source: Source;
  readonly vlan: VlanTreatment;
  readonly neighbour: NeighbourState;
  /** For a person: what is wrong although frames are sent; null: nothing. */
  readonly problem: string | null;
}

export interface Unresolved {
  readonly state: 'unresolved';
  /** For a person. */
  readonly reason: string;
  /** The kernel was asked and has not answered yet: this may end within milliseconds. */
  readonly pending: boolean;
}

export type Resolution = Resolved | Unresolved;

export function unresolved(reason: string, pending = false): Unresolved {
  return { state: 'unresolved', reason, pending };
}
