/** Interfaces as the data plane's attachment needs them, and what changes about them. */
import { isDeepStrictEqual } from 'node:util';
import type { Link } from './facts.ts';

export interface Interface {
  readonly ifindex: number;
  readonly name: string;
  /** 6 bytes; null: no Ethernet address. */
  readonly mac: Uint8Array | null;
  /** Bytes. */
  readonly mtu: number;
  /** Administratively up, with carrier. */
  readonly up: boolean;
  /** The driver's kind, like `veth` or `bond`; empty for a plain network card. */
  readonly kind: string;
  /** As of `Link`. */
  readonly peer?: number | null;
}

export type InterfaceChange =
  | { readonly type: 'added'; readonly interface: Interface }
  /** Same index; name, MAC address, MTU or state are different. */
  | { readonly type: 'changed'; readonly interface: Interface; readonly before: Interface }
  /** One of the same name that appears later has another index. */
  | { readonly type: 'removed'; readonly interface: Interface };

export function interfaceOf(link: Link): Interface {
  const { ifindex, name, mac, mtu, kind, peer } = link;
  return { ifindex, name, mac, mtu, up: link.up && link.carrier, kind, ...(peer !== undefined && { peer }) };
}

/** Null: nothing that shows in an Interface. */
export function interfaceChange(before: Link | undefined, after: Link | undefined): InterfaceChange | null {
  if (after === undefined) return before === undefined ? null : { type: 'removed', interface: interfaceOf(before) };
  const now = interfaceOf(after);
  if (before === undefined) return { type: 'added', interface: now };
  const then = interfaceOf(before);
  return isDeepStrictEqual(then, now) ? null : { type: 'changed', interface: now, before: then };
}
