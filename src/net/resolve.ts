/** From what the kernel says to a Resolution: a pure function of the facts. */

import { addressFamily } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { findEgress } from './egress.ts';
import type { Link, LocalAddress, NeighbourKey, NeighbourState, RouteAnswer } from './facts.ts';
import { type Resolution, unresolved } from './resolution.ts';
import { chooseSource } from './source.ts';

/** What is known of a neighbour, its last MAC address included. */
export interface KnownNeighbour {
  readonly state: NeighbourState;
  readonly mac: Uint8Array | null;
  /** Why it cannot be probed; null: it can. */
  readonly error: string | null;
  /** It has failed to answer since it last did; being probed again does not change that. */
  readonly silent: boolean;
}

export interface Facts {
  readonly links: ReadonlyMap<number, Link>;
  /** Indexes of the devices that VLAN devices stand on. */
  readonly tagged: ReadonlySet<number>;
  readonly addresses: ReadonlyMap<Address, readonly LocalAddress[]>;
  readonly vips: ReadonlySet<Address>;
  neighbour(key: NeighbourKey): KnownNeighbour;
  /** Where frames to an address went before this process: good until the neighbour itself is known. */
  readonly lastWays: ReadonlyMap<Address, LastWay>;
}

export interface LastWay {
  /** The device that they left by. */
  readonly ifindex: number;
  readonly mac: Uint8Array;
}

export interface Resolving {
  readonly resolution: Resolution;
  /** The neighbour that it depends on, to be kept fresh. */
  readonly neighbour: NeighbourKey | null;
}

/** `answer` is undefined while the kernel is being asked. */
export function resolve(address: Address, answer: RouteAnswer | undefined, facts: Facts): Resolving {
  if (answer === undefined) return without(`looking up the route to ${address}`, true);
  if (!answer.ok) return without(noRoute(address, answer.code));
  if (answer.type === 'local') return without(`the route is via loopback: ${address} is this machine's own address`);
  if (answer.type !== 'unicast') return without(`${address} is a ${answer.type} address`);
  const device = facts.links.get(answer.ifindex);
  if (device === undefined) return without(`the route to ${address} leaves by a device that is gone`, true);
  const egress = findEgress(facts.links, facts.tagged, device);
  if (!egress.ok) return without(egress.reason);

  const gateway = answer.gateway ?? address;
  const key = { ifindex: device.ifindex, address: gateway };
  const neighbour = facts.neighbour(key);
  const mac = neighbour.mac ?? lastMac(address, egress.link, neighbour, facts);
  if (mac === null) return { resolution: withoutMac(device, gateway, neighbour), neighbour: key };
  const resolution: Resolution = {
    state: 'resolved',
    ifindex: egress.link.ifindex,
    interfaceName: egress.link.name,
    mac,
    gateway,
    mtu: Math.min(answer.mtu ?? egress.mtu, egress.mtu),
    source: chooseSource({
      destination: address,
      gateway,
      preferred: answer.source,
      device,
      addresses: facts.addresses,
      vips: facts.vips,
    }),
    vlan: egress.vlan,
    neighbour: neighbour.state,
    problem: problemOf(egress.link, device, gateway, neighbour),
  };
  return { resolution, neighbour: key };
}

/** A neighbour in this state answers, or need not. */
export function isHealthy(state: NeighbourState): boolean {
  return state !== 'failed' && state !== 'none' && state !== 'incomplete';
}

function without(reason: string, pending = false): Resolving {
  return { resolution: unresolved(reason, pending), neighbour: null };
}

function noRoute(address: Address, code: string): string {
  switch (code) {
    case 'ENETUNREACH':
      return `no route to ${address}`;
    case 'EHOSTUNREACH':
      return `the route to ${address} is of type unreachable`;
    case 'EACCES':
      return `the route to ${address} is of type prohibit`;
    case 'EINVAL':
      return `the route to ${address} is of type blackhole`;
    default:
      return `no route to ${address} (${code})`;
  }
}

/** A static entry without a MAC address is somebody's will, a lookup without an answer is not. */
function lastMac(address: Address, egress: Link, { state }: KnownNeighbour, facts: Facts): Uint8Array | null {
  const last = facts.lastWays.get(address);
  return isStatic(state) || last?.ifindex !== egress.ifindex ? null : last.mac;
}

function isStatic(state: NeighbourState): boolean {
  return state === 'permanent' || state === 'noarp';
}

function withoutMac(device: Link, gateway: Address, neighbour: KnownNeighbour): Resolution {
  if (isStatic(neighbour.state)) {
    return unresolved(`${device.name}: the static neighbour entry of ${gateway} has no MAC address`);
  }
  return unresolved(silence(device, gateway, neighbour), neighbour.error === null && !neighbour.silent);
}

function problemOf(link: Link, device: Link, gateway: Address, neighbour: KnownNeighbour): string | null {
  if (!link.carrier) return `${link.name} has no carrier`;
  if (isHealthy(neighbour.state)) return null;
  return `${silence(device, gateway, neighbour)}; frames go to the last MAC address known`;
}

function silence(device: Link, gateway: Address, neighbour: KnownNeighbour): string {
  const protocol = addressFamily(gateway) === 4 ? 'ARP' : 'neighbour discovery';
  if (neighbour.error !== null) return `${device.name}: cannot probe ${gateway}: ${neighbour.error}`;
  if (neighbour.silent) return `${device.name}: no answer to ${protocol} for ${gateway} (FAILED)`;
  return `${device.name}: waiting for an answer to ${protocol} for ${gateway}`;
}
