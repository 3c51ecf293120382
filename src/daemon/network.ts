/** What core wants to know of the network, from the resolver and the attachments. */
import type { Address, Model } from '../core/model/model.ts';
import { addressBits } from '../core/model/prefix.ts';
import type { LocalInterface, Resolution } from '../core/model/resolution.ts';
import { interfaceSlot } from '../core/reconcile/next-hop.ts';
import type { Network, State } from '../core/reconcile/reconciler.ts';
import type { Resolution as NetResolution } from '../net/resolution.ts';
import type { LastWay } from '../net/resolve.ts';
import type { Resolver } from '../net/resolver.ts';

type Known = Pick<Resolver, 'resolution' | 'interfaces'>;

/**
 * The network at this moment, for a plan of `model`. `attached`: indexes of the interfaces that frames
 * come in by; `routersOn`: virtual routers with a MAC address of their own, by interface.
 */
export function networkOf(
  resolver: Known,
  model: Model,
  attached: ReadonlySet<number>,
  routersOn: (name: string) => readonly number[],
): Network {
  const interfaces = localInterfaces(resolver, model, attached, routersOn);
  const here = new Set(interfaces.map(({ ifindex }) => ifindex));
  return {
    interfaces,
    resolution: (address) => {
      const found = toCore(resolver.resolution(address));
      if (found.state === 'unresolved' || here.has(found.ifindex)) return found;
      return { state: 'unresolved', reason: slotTaken(found.interfaceName) };
    },
  };
}

/** Has the resolver follow what these models need: the one that stands, and one that may take its place. */
export function watchModel(resolver: Pick<Resolver, 'watch'>, ...models: readonly Model[]): void {
  const vips = models.flatMap(virtualAddresses);
  resolver.watch(
    models.flatMap((model) => [...serverAddresses(model)]),
    new Set(vips),
  );
}

/** Whole addresses that clients reach; of marks those that stand alone. */
function virtualAddresses({ services, marks }: Model): Address[] {
  return [
    ...[...services.values()].flatMap(({ key }) => (key.protocol === 'fwmark' ? [] : [key.address])),
    ...[...marks.values()].flatMap(({ destination: { address, length } }) =>
      length === addressBits(address) ? [address] : [],
    ),
  ];
}

/** Where frames of an adopted data plane go, by address: what the resolver starts from. */
export function lastWays({ nextHops, interfaces }: Pick<State, 'nextHops' | 'interfaces'>): Map<Address, LastWay> {
  const ways = new Map<Address, LastWay>();
  for (const [address, id] of nextHops.published) {
    const value = nextHops.adopted.get(id);
    const out = value && interfaces.get(value.port - 1);
    if (value && out) ways.set(address, { ifindex: out.ifindex, mac: value.mac });
  }
  return ways;
}

const addressesOf = new WeakMap<Model, ReadonlySet<Address>>();

/** Each address once; found once for a model. */
export function serverAddresses(model: Model): ReadonlySet<Address> {
  let addresses = addressesOf.get(model);
  if (addresses === undefined) {
    const found = new Set<Address>();
    for (const service of model.services.values()) {
      for (const { key } of service.servers) found.add(key.address);
    }
    addressesOf.set(model, found);
    addresses = found;
  }
  return addresses;
}

export function slotTaken(name: string): string {
  return `${name} has the same place among 1024 as another interface in use; an interface made anew gets another index`;
}

/** Attached ones, and those that frames only leave by; of two with one slot, the attached one. */
function localInterfaces(
  resolver: Known,
  model: Model,
  attached: ReadonlySet<number>,
  routersOn: (name: string) => readonly number[],
): LocalInterface[] {
  const byIndex = new Map(resolver.interfaces().map((each) => [each.ifindex, each]));
  const bySlot = new Map<number, LocalInterface>();
  for (const ifindex of [...attached, ...egressIndexes(resolver, model)]) {
    const { mac, name = '' } = byIndex.get(ifindex) ?? {};
    const slot = interfaceSlot(ifindex);
    if (!mac || bySlot.has(slot)) continue;
    bySlot.set(slot, { ifindex, mac, attached: attached.has(ifindex), routers: routersOn(name) });
  }
  return [...bySlot.values()];
}

/** Interfaces that next hops of a model leave by. */
export function egressIndexes(resolver: Pick<Resolver, 'resolution'>, model: Model): Set<number> {
  const found = new Set<number>();
  for (const address of serverAddresses(model)) {
    const resolution = resolver.resolution(address);
    if (resolution.state === 'resolved') found.add(resolution.ifindex);
  }
  return found;
}

const inCore = new WeakMap<NetResolution, Resolution>();

/** The same object for as long as the resolver's is the same: a plan asks for every real server. */
function toCore(found: NetResolution): Resolution {
  const known = inCore.get(found) ?? made(found);
  inCore.set(found, known);
  return known;
}

function made(found: NetResolution): Resolution {
  if (found.state === 'unresolved') return { state: 'unresolved', reason: found.reason };
  const { ifindex, interfaceName, gateway, mac, mtu, source, vlan, neighbour } = found;
  const own = source.ok ? source.address : null;
  return { state: 'resolved', ifindex, interfaceName, gateway, mac, mtu, source: own, vlan, neighbour };
}
