/** What core wants to know of the network, from the resolver and the attachments. */
import { changedServices } from '../core/model/changed-services.ts';
import type { Address, Model, VirtualService } from '../core/model/model.ts';
import { addressBits } from '../core/model/prefix.ts';
import type { LocalInterface, Resolution } from '../core/model/resolution.ts';
import { interfaceSlot, sameBytes } from '../core/reconcile/next-hop.ts';
import type { Network, State } from '../core/reconcile/reconciler.ts';
import type { Resolution as NetResolution } from '../net/resolution.ts';
import type { LastWay } from '../net/resolve.ts';
import type { Resolver } from '../net/resolver.ts';

type Known = Pick<Resolver, 'resolution' | 'edition' | 'interfaces'>;

export interface NetworkSources {
  readonly resolver: Known;
  /** Indexes of the interfaces that frames come in by. */
  readonly attached: () => ReadonlySet<number>;
  /** Virtual routers with a MAC address of their own, by interface. */
  readonly routersOn: (name: string) => readonly number[];
}

/** The network at this moment, for a plan of a model: the same object again for as long as nothing in it has changed. */
export function networkView(sources: NetworkSources): (model: Model) => Network {
  const { resolver } = sources;
  const egress = egressView(resolver);
  let last: { readonly edition: object; readonly network: Network } | undefined;
  return (model) => {
    const interfaces = localInterfaces(sources, egress(model));
    if (last?.edition !== resolver.edition || !sameInterfaces(last.network.interfaces, interfaces))
      last = { edition: resolver.edition, network: networkOf(resolver, interfaces) };
    return last.network;
  };
}

function networkOf(resolver: Known, interfaces: readonly LocalInterface[]): Network {
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

/** What the resolver is to follow. The sets do not change. */
export interface Watched {
  /** Of real servers. */
  readonly servers: ReadonlySet<Address>;
  /** Whole addresses that clients reach; of marks those that stand alone. */
  readonly vips: ReadonlySet<Address>;
}

/** Both what stands and what may take its place: the same sets where they name the same. */
export function watchedByBoth(before: Model, after: Model): Watched {
  const [a, b] = [watchedBy(before), watchedBy(after, before)];
  return { servers: union(a.servers, b.servers), vips: union(a.vips, b.vips) };
}

const watched = new WeakMap<Model, Watched>();

/** Found once for a model. `before`: has the same sets where they name the same. */
export function watchedBy(model: Model, before?: Model): Watched {
  const known = watched.get(model) ?? shared(model, before) ?? found(model);
  watched.set(model, known);
  return known;
}

/** Undefined where the model may name other addresses than the one before. */
function shared(model: Model, before: Model | undefined): Watched | undefined {
  if (before === undefined || model.marks !== before.marks) return undefined;
  const changes = changedServices(before.services, model.services);
  const isSame = changes.every((change) => change.before && change.after && sameAddresses(change.before, change.after));
  return isSame ? watchedBy(before) : undefined;
}

function sameAddresses({ servers: a }: VirtualService, { servers: b }: VirtualService): boolean {
  return a.length === b.length && a.every(({ key }, i) => key.address === b[i]?.key.address);
}

function found({ services, marks }: Model): Watched {
  const servers = new Set<Address>();
  const vips = new Set<Address>();
  for (const service of services.values()) {
    if (service.key.protocol !== 'fwmark') vips.add(service.key.address);
    for (const { key } of service.servers) servers.add(key.address);
  }
  for (const { destination } of marks.values()) {
    if (destination.length === addressBits(destination.address)) vips.add(destination.address);
  }
  return { servers, vips };
}

function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return a === b ? a : new Set([...a, ...b]);
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

export function slotTaken(name: string): string {
  return `${name} has the same place among 1024 as another interface in use; an interface made anew gets another index`;
}

/** Attached ones, and those that frames only leave by; of two with one slot, the attached one. */
function localInterfaces(
  { resolver, attached, routersOn }: NetworkSources,
  egress: ReadonlySet<number>,
): LocalInterface[] {
  const byIndex = new Map(resolver.interfaces().map((each) => [each.ifindex, each]));
  const bySlot = new Map<number, LocalInterface>();
  const incoming = attached();
  for (const ifindex of [...incoming, ...egress]) {
    const { mac, name = '' } = byIndex.get(ifindex) ?? {};
    const slot = interfaceSlot(ifindex);
    if (!mac || bySlot.has(slot)) continue;
    bySlot.set(slot, { ifindex, mac, attached: incoming.has(ifindex), routers: routersOn(name) });
  }
  return [...bySlot.values()];
}

function sameInterfaces(a: readonly LocalInterface[], b: readonly LocalInterface[]): boolean {
  const isSame = ({ ifindex, mac, attached, routers }: LocalInterface, other: LocalInterface | undefined) =>
    other?.ifindex === ifindex &&
    other.attached === attached &&
    sameBytes(other.mac, mac) &&
    other.routers.join() === routers.join();
  return a.length === b.length && a.every((each, i) => isSame(each, b[i]));
}

/** `egressIndexes`, worked out anew only where something of it has changed. */
function egressView(resolver: Pick<Resolver, 'resolution' | 'edition'>): (model: Model) => ReadonlySet<number> {
  let last: { readonly edition: object; readonly servers: object; readonly indexes: ReadonlySet<number> } | undefined;
  return (model) => {
    const { edition } = resolver;
    const { servers } = watchedBy(model);
    if (last?.edition !== edition || last.servers !== servers)
      last = { edition, servers, indexes: egressIndexes(resolver, model) };
    return last.indexes;
  };
}

/** Interfaces that next hops of a model leave by. */
export function egressIndexes(resolver: Pick<Resolver, 'resolution'>, model: Model): Set<number> {
  const found = new Set<number>();
  for (const address of watchedBy(model).servers) {
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
