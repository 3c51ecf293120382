/** Next hops and interfaces as the maps hold them. */
import {
  type Interface,
  InterfaceFlag,
  InterfaceLimit,
  type NextHop,
  RouterLimit,
  VlanMode,
} from '../../dataplane/types.gen.ts';
import type { LocalInterface, Resolution, Resolved, Vlan } from '../model/resolution.ts';

/** Entry of an interface in `interfaces` and `tx_ports`. */
export function interfaceSlot(ifindex: number): number {
  return ifindex % InterfaceLimit.INTERFACE_SLOTS;
}

export function interfaceValue({ ifindex, mac, attached, routers }: LocalInterface): Interface {
  const words = new Array<number>(RouterLimit.ROUTER_WORDS).fill(0);
  for (const router of routers) words[router >> 5] = ((words[router >> 5] ?? 0) | (1 << (router & 31))) >>> 0;
  return { ifindex, mac, flags: attached ? InterfaceFlag.INTERFACE_ATTACHED : 0, routers: words };
}

export const NO_INTERFACE: Interface = {
  ...{ ifindex: 0, mac: new Uint8Array(6), flags: 0 },
  routers: new Array<number>(RouterLimit.ROUTER_WORDS).fill(0),
};

/** Entry 0 of `next_hops`, which real servers without a next hop name. */
export const NO_NEXT_HOP: NextHop = {
  ...{ mac: new Uint8Array(6), port: 0 },
  ...{ vlan_mode: VlanMode.VLAN_KEEP, vlan_count: 0, vlan_tci: [0, 0], vlan_tpid: 0 },
};

/** What a next hop is, whatever its MAC address. */
export function nextHopIdentity({ ifindex, gateway, vlan }: Resolved): string {
  const tags = vlan.mode === 'keep' ? 'keep' : vlan.tags.map(({ tpid, tci }) => `${tpid}.${tci}`).join('+');
  return `${ifindex} ${gateway} ${tags}`;
}

export function nextHopValue({ ifindex, mac, vlan }: Resolved): NextHop {
  const tags = vlan.mode === 'explicit' ? vlan.tags : [];
  return {
    mac,
    port: interfaceSlot(ifindex) + 1,
    vlan_mode: vlan.mode === 'explicit' ? VlanMode.VLAN_EXPLICIT : VlanMode.VLAN_KEEP,
    vlan_count: tags.length,
    vlan_tci: [tags[0]?.tci ?? 0, tags[1]?.tci ?? 0],
    vlan_tpid: tags[0]?.tpid ?? 0,
  };
}

export function sameNextHop(a: NextHop, b: NextHop): boolean {
  return sameButAddress(a, b) && a.port === b.port && sameBytes(a.mac, b.mac);
}

/** Whether one 64-bit store turns the one into the other. */
export function sameButAddress(a: NextHop, b: NextHop): boolean {
  return (
    a.vlan_mode === b.vlan_mode &&
    a.vlan_count === b.vlan_count &&
    a.vlan_tpid === b.vlan_tpid &&
    a.vlan_tci[0] === b.vlan_tci[0] &&
    a.vlan_tci[1] === b.vlan_tci[1]
  );
}

/** Whether nothing that the maps hold depends on which of the two it is. */
export function sameResolution(a: Resolution, b: Resolution): boolean {
  if (a === b) return true;
  if (a.state !== 'resolved' || b.state !== 'resolved') return a.state === b.state;
  const isSameWay = a.ifindex === b.ifindex && a.gateway === b.gateway && sameVlan(a.vlan, b.vlan);
  return isSameWay && a.mtu === b.mtu && a.source === b.source && sameBytes(a.mac, b.mac);
}

function sameVlan(a: Vlan, b: Vlan): boolean {
  if (a.mode === 'keep' || b.mode === 'keep') return a.mode === b.mode;
  return (
    a.tags.length === b.tags.length &&
    a.tags.every(({ tpid, tci }, i) => tpid === b.tags[i]?.tpid && tci === b.tags[i]?.tci)
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return a.length === b.length;
}

export function sameInterface(a: Interface, b: Interface): boolean {
  const isSame = a.ifindex === b.ifindex && a.flags === b.flags && sameBytes(a.mac, b.mac);
  return isSame && a.routers.every((word, i) => word === b.routers[i]);
}
