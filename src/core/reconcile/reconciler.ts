/**
 * The reconciler: from a model and the network to ordered operations on the
 * maps, and the memory of which id, slot and line belongs to what.
 *
 *   plan(model, network, now) -> operations, and the reconciler's next state
 *
 * Nothing is changed until `commit`: a plan that fails, or that the kernel
 * refuses half-way, leaves the state as it was, and the next plan or repair
 * starts from what the maps then hold.
 */

import type { Interface, NextHop, Service } from '../../dataplane/types.gen.ts';
import type { Model, ServiceKey, VirtualService } from '../model/model.ts';
import type { LocalInterface, Resolution } from '../model/resolution.ts';
import { serviceKeyText } from '../model/service-key.ts';
import { buildContent, type Reach, type ServiceContent, serviceElement, serviceMapKey } from './build-service.ts';
import { type Remembered, remember } from './memory.ts';
import {
  interfaceSlot,
  interfaceValue,
  NO_INTERFACE,
  nextHopIdentity,
  nextHopValue,
  sameButAddress,
  sameInterface,
  sameNextHop,
} from './next-hop.ts';
import type { Operation } from './operations.ts';
import { IdPool, type Region, RegionPool } from './pools.ts';
import { sameContent, sameTurns } from './same-content.ts';
import { assignSlots, releaseSlots, type Slots } from './slots.ts';
import { vipFilterWords } from './vip-filter.ts';

export interface Limits {
  readonly services: number;
  readonly realServers: number;
  readonly nextHops: number;
  readonly lines: number;
}

/** What the network's side knows at this moment. */
export interface Network {
  readonly resolution: (server: ServerAddress) => Resolution;
  /** Those attached, and those that next hops leave by. */
  readonly interfaces: readonly LocalInterface[];
}

export type ServerAddress = VirtualService['servers'][number]['key']['address'];

/** What is known of one service, in the model or lately deleted. */
export interface Entry {
  readonly key: ServiceKey;
  readonly id: number;
  readonly generation: number;
  readonly slots: Slots;
  /** Slots in list order. */
  readonly order: readonly number[];
  readonly region: Region | null;
  readonly content: ServiceContent | null;
  readonly element: Service | null;
  /** What the content was made from, by identity; null: not made here (adopted). */
  readonly source: {
    readonly service: VirtualService;
    readonly tunnel: unknown;
    readonly reach: readonly Reach[];
  } | null;
  /** Milliseconds; null: published. */
  readonly deletedAt: number | null;
}

export interface KnownNextHop {
  readonly id: number;
  readonly value: NextHop;
}

export interface State {
  readonly entries: Map<string, Entry>;
  readonly serviceIds: IdPool;
  readonly serverIds: IdPool;
  readonly nextHopIds: IdPool;
  readonly regions: RegionPool;
  /** By identity. */
  readonly nextHops: Map<string, KnownNextHop>;
  readonly interfaces: ReadonlyMap<number, Interface>;
  readonly txPorts: ReadonlyMap<number, number>;
  readonly filter: ReadonlyMap<number, bigint>;
}

export type Planned =
  | { readonly ok: true; readonly operations: readonly Operation[]; readonly state: State }
  | { readonly ok: false; readonly message: string };

export function emptyState({ services, realServers, nextHops, lines }: Limits): State {
  return {
    entries: new Map(),
    serviceIds: new IdPool(services),
    serverIds: new IdPool(realServers),
    nextHopIds: new IdPool(nextHops),
    regions: new RegionPool(lines),
    nextHops: new Map(),
    interfaces: new Map(),
    txPorts: new Map(),
    filter: new Map(),
  };
}

class Exhausted extends Error {}

export class Reconciler {
  state: State;

  constructor(state: State) {
    this.state = state;
  }

  /** `now`: milliseconds. The state stays as it is until `commit`. */
  plan(model: Model, network: Network, now: number): Planned {
    try {
      return { ok: true, ...new Planner(this.state, model, network, now).run() };
    } catch (error) {
      if (error instanceof Exhausted) return { ok: false, message: error.message };
      throw error;
    }
  }

  commit(planned: Planned & { ok: true }): void {
    this.state = planned.state;
  }

  /** Ids of real servers that wait for their last connection. */
  get retiredServers(): number[] {
    const slots = [...this.state.entries.values()].flatMap((entry) => entry.slots);
    return slots.flatMap((slot) => (slot === undefined || slot.retiredAt === null ? [] : [slot.id]));
  }

  /** After a full recount that began at `passStart`: forgets what no connection refers to. */
  recounted(isReferenced: (serverId: number) => boolean, passStart: number, now: number): void {
    const { entries, serverIds, serviceIds } = this.state;
    for (const [name, entry] of entries) {
      const { slots, released } = releaseSlots(entry.slots, isReferenced, passStart);
      for (const id of released) serverIds.free(id, now);
      const gone = entry.deletedAt !== null && entry.deletedAt < passStart && slots.length === 0;
      if (gone) {
        entries.delete(name);
        serviceIds.free(entry.id, now);
      } else if (released.length > 0) {
        entries.set(name, { ...entry, slots });
      }
    }
  }

  /** What must outlive this process besides the maps. */
  memory(): Remembered[] {
    return remember(this.state);
  }
}

/** One run of `plan`, on copies. */
class Planner {
  private readonly model: Model;
  private readonly network: Network;
  private readonly now: number;
  private readonly before: State;
  private readonly entries: Map<string, Entry>;
  private readonly serviceIds: IdPool;
  private readonly serverIds: IdPool;
  private readonly nextHopIds: IdPool;
  private readonly regions: RegionPool;
  private readonly nextHops = new Map<string, KnownNextHop>();
  private readonly zeroServices: number[] = [];
  private readonly zeroServers: number[] = [];
  private readonly hopOperations: Operation[] = [];
  private readonly lineOperations: Operation[] = [];
  private readonly serviceOperations: Operation[] = [];
  private readonly deletions: Operation[] = [];

  constructor(before: State, model: Model, network: Network, now: number) {
    this.before = before;
    this.model = model;
    this.network = network;
    this.now = now;
    this.entries = new Map(before.entries);
    this.serviceIds = before.serviceIds.clone();
    this.serverIds = before.serverIds.clone();
    this.nextHopIds = before.nextHopIds.clone();
    this.regions = before.regions.clone();
  }

  run(): { operations: Operation[]; state: State } {
    for (const [name, service] of this.model.services) this.publish(name, service);
    for (const [name, entry] of this.before.entries) {
      if (!this.model.services.has(name) && entry.deletedAt === null) this.remove(name, entry);
    }
    this.dropNextHops();
    const interfaces = this.planInterfaces();
    const addresses = [...this.model.services.values()].map(({ key }) => key.address);
    const filter = vipFilterWords(addresses);
    const zero: Operation[] =
      this.zeroServices.length + this.zeroServers.length === 0
        ? []
        : [{ op: 'zero', serviceIds: this.zeroServices, serverIds: this.zeroServers }];
    return {
      operations: [
        ...zero,
        ...interfaces.before,
        ...this.hopOperations,
        ...this.lineOperations,
        ...filterOperations(this.before.filter, filter, 'set'),
        ...this.serviceOperations,
        ...this.deletions,
        ...filterOperations(this.before.filter, filter, 'clear'),
        ...interfaces.after,
      ],
      state: {
        entries: this.entries,
        serviceIds: this.serviceIds,
        serverIds: this.serverIds,
        nextHopIds: this.nextHopIds,
        regions: this.regions,
        nextHops: this.nextHops,
        interfaces: interfaces.values,
        txPorts: interfaces.txPorts,
        filter,
      },
    };
  }

  private publish(name: string, service: VirtualService): void {
    const known = this.entries.get(name);
    const reach = service.servers.map((server) => this.reach(server.key.address));
    if (known !== undefined && isCurrent(known, service, this.model, reach)) return;
    const entry = known ?? this.newEntry(service);
    const assigned = assignSlots(entry.slots, entry.order, service, this.now, () => this.takeServerId());
    if (assigned === undefined) throw new Exhausted(`${name}: no room for more real servers; raise --real-servers`);
    this.zeroServers.push(...assigned.newIds);
    const byServer = new Map(service.servers.map((server, i) => [server, reach[i]]));
    const { slots, order } = assigned;
    const content = buildContent(service, slots, order, (server) => byServer.get(server) as Reach, this.model.tunnel);
    const source = { service, tunnel: this.model.tunnel, reach };
    this.entries.set(name, this.place(name, { ...entry, slots, order, source }, service, content));
  }

  /** Puts content into fresh lines, unless it is what is published already. */
  private place(name: string, entry: Entry, service: VirtualService, content: ServiceContent): Entry {
    const { element, region } = entry;
    const edited = entry.content === null || !sameTurns(entry.content, content);
    const generation = edited ? (entry.generation + 1) & 0xffff : entry.generation;
    if (element !== null && region !== null && entry.content !== null && entry.deletedAt === null) {
      const same = serviceElement(service, entry.id, entry.generation, region.line, content);
      if (sameContent(entry.content, content) && sameElement(same, element)) return entry;
    }
    const fresh = this.regions.take(content.lines.length, this.now);
    if (fresh === undefined) throw new Exhausted(`${name}: no room for its schedule; raise --schedule-lines`);
    if (region !== null) this.regions.release(region, this.now);
    const value = serviceElement(service, entry.id, generation, fresh.line, content);
    this.lineOperations.push({ op: 'write-lines', line: fresh.line, lines: content.lines });
    const settle = service.scheduler === 'wrr' && edited;
    this.serviceOperations.push({ op: 'set-service', key: value.key, value, settle });
    return { ...entry, generation, region: fresh, content, element: value, deletedAt: null };
  }

  private newEntry(service: VirtualService): Entry {
    const id = this.serviceIds.take(this.now);
    if (id === undefined)
      throw new Exhausted(`${serviceKeyText(service.key)}: no room for more services; raise --services`);
    this.zeroServices.push(id);
    const nothing = { slots: [], order: [], region: null, content: null, element: null, source: null, deletedAt: null };
    return { key: service.key, id, generation: 0, ...nothing };
  }

  private takeServerId(): number | undefined {
    return this.serverIds.take(this.now);
  }

  private remove(name: string, entry: Entry): void {
    const assigned = assignSlots(entry.slots, entry.order, null, this.now, () => undefined);
    this.deletions.push({ op: 'delete-service', key: serviceMapKey(entry.key) });
    if (entry.region !== null) this.regions.release(entry.region, this.now);
    const gone = { order: [], region: null, content: null, element: null, source: null, deletedAt: this.now };
    this.entries.set(name, { ...entry, slots: assigned?.slots ?? entry.slots, ...gone });
  }

  private readonly reached = new Map<ServerAddress, Reach>();

  private reach(address: ServerAddress): Reach {
    const known = this.reached.get(address);
    if (known !== undefined) return known;
    const resolution = this.network.resolution(address);
    const nextHop = resolution.state === 'resolved' ? this.nextHop(resolution) : 0;
    const reach = { resolution, nextHop };
    this.reached.set(address, reach);
    return reach;
  }

  private nextHop(resolution: Extract<Resolution, { state: 'resolved' }>): number {
    const identity = nextHopIdentity(resolution);
    const value = nextHopValue(resolution);
    const known = this.nextHops.get(identity) ?? this.before.nextHops.get(identity);
    if (known !== undefined && sameButAddress(known.value, value)) {
      if (!sameNextHop(known.value, value)) this.hopOperations.push({ op: 'store-next-hop', id: known.id, value });
      this.nextHops.set(identity, { id: known.id, value });
      return known.id;
    }
    const adopted = this.adoptedNextHop(value);
    if (adopted !== undefined) {
      this.nextHops.set(identity, { id: adopted, value });
      return adopted;
    }
    const id = this.nextHopIds.take(this.now);
    if (id === undefined) throw new Exhausted('no room for more next hops');
    this.hopOperations.push({ op: 'write-next-hop', id, value });
    this.nextHops.set(identity, { id, value });
    return id;
  }

  /** After a start on maps in use: a next hop of this very value that nobody here uses yet. */
  private adoptedNextHop(value: NextHop): number | undefined {
    const taken = new Set([...this.nextHops.values()].map(({ id }) => id));
    for (const [name, known] of this.before.nextHops) {
      if (name.startsWith('adopted ') && !taken.has(known.id) && sameNextHop(known.value, value)) return known.id;
    }
    return undefined;
  }

  private dropNextHops(): void {
    const used = new Set([...this.nextHops.values()].map(({ id }) => id));
    for (const { id } of this.before.nextHops.values()) {
      if (!used.has(id)) this.nextHopIds.free(id, this.now);
    }
  }

  private planInterfaces() {
    const values = new Map(this.network.interfaces.map((it) => [interfaceSlot(it.ifindex), interfaceValue(it)]));
    const txPorts = new Map([...values].map(([slot, { ifindex }]) => [slot, ifindex]));
    const before: Operation[] = [];
    const after: Operation[] = [];
    for (const [slot, value] of values) {
      const old = this.before.interfaces.get(slot);
      if (old === undefined || !sameInterface(old, value)) before.push({ op: 'write-interface', slot, value });
      if (this.before.txPorts.get(slot) !== value.ifindex)
        before.push({ op: 'set-tx-port', slot, ifindex: value.ifindex });
    }
    for (const slot of this.before.interfaces.keys()) {
      if (!values.has(slot)) after.push({ op: 'write-interface', slot, value: NO_INTERFACE });
    }
    for (const slot of this.before.txPorts.keys()) {
      if (!values.has(slot)) after.push({ op: 'delete-tx-port', slot });
    }
    return { values, txPorts, before, after };
  }
}

function isCurrent(entry: Entry, service: VirtualService, model: Model, reach: readonly Reach[]): boolean {
  const { source } = entry;
  if (entry.deletedAt !== null || source === null) return false;
  return (
    source.service === service &&
    source.tunnel === model.tunnel &&
    source.reach.every((was, i) => was.nextHop === reach[i]?.nextHop && sameOuter(was.resolution, reach[i]?.resolution))
  );
}

/** What a slot's line takes from a resolution besides the next hop. */
function sameOuter(a: Resolution, b: Resolution | undefined): boolean {
  if (a.state !== 'resolved' || b?.state !== 'resolved') return a.state === b?.state;
  return a.mtu === b.mtu && a.source === b.source;
}

function sameElement(a: Service, b: Service): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Bits appear before the services behind them and go after them. */
function filterOperations(
  before: ReadonlyMap<number, bigint>,
  after: ReadonlyMap<number, bigint>,
  step: 'set' | 'clear',
): Operation[] {
  const operations: Operation[] = [];
  for (const word of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(word) ?? 0n;
    const next = after.get(word) ?? 0n;
    const both = old | next;
    if (step === 'set' && both !== old) operations.push({ op: 'write-filter', word, value: both });
    if (step === 'clear' && both !== next) operations.push({ op: 'write-filter', word, value: next });
  }
  return operations;
}
