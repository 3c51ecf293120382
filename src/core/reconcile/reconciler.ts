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

import type { Interface, Service } from '../../dataplane/types.gen.ts';
import type { Address, Model, ServiceKey, VirtualService } from '../model/model.ts';
import type { LocalInterface, Resolution } from '../model/resolution.ts';
import { serviceKeyText } from '../model/service-key.ts';
import {
  buildContent,
  type Reach,
  type ServiceContent,
  schedulerNumber,
  serviceElement,
  serviceMapKey,
} from './build-service.ts';
import { type Derived, derive, NOTHING_DERIVED } from './derived.ts';
import { filterOperations } from './filter-operations.ts';
import { planInterfaces } from './interface-plan.ts';
import { limitAdditions, limitRemovals } from './limits.ts';
import { localPoolOperations } from './local-pools.ts';
import { adoptedMarks, crowdedMap, type MarkState, markOperations, planMarks } from './mark-plan.ts';
import { type Remembered, remember } from './memory.ts';
import { natServerOperations } from './nat-servers.ts';
import { sameResolution } from './next-hop.ts';
import { NextHopPlan, type NextHops } from './next-hop-plan.ts';
import type { Operation } from './operations.ts';
import { IdPool, type Region, RegionPool } from './pools.ts';
import { sameContent, sameTurns } from './same-content.ts';
import { assignSlots, releaseSlots, retiredSlots, type Slots } from './slots.ts';
import { type ThresholdMap, ThresholdPlan } from './thresholds.ts';

export interface Limits {
  readonly services: number;
  readonly realServers: number;
  readonly nextHops: number;
  readonly lines: number;
}

/** What the network's side knows at this moment. The same object only for as long as it answers the same. */
export interface Network {
  readonly resolution: (server: Address) => Resolution;
  /** Those attached, and those that next hops leave by. */
  readonly interfaces: readonly LocalInterface[];
}

interface Source {
  readonly service: VirtualService;
  readonly tunnel: unknown;
  readonly reach: readonly Reach[];
}

/** An adopted service whose id cannot be trusted: its next plan gives it one. */
export const NO_ID = 0;

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
  readonly source: Source | null;
  /** Milliseconds; null: published. */
  readonly deletedAt: number | null;
}

export interface State extends Derived {
  readonly entries: Map<string, Entry>;
  readonly serviceIds: IdPool;
  readonly serverIds: IdPool;
  readonly nextHopIds: IdPool;
  readonly regions: RegionPool;
  readonly nextHops: NextHops;
  readonly interfaces: ReadonlyMap<number, Interface>;
  readonly txPorts: ReadonlyMap<number, number>;
  readonly thresholds: ThresholdMap;
  readonly marks: MarkState;
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
    nextHops: { known: new Map(), adopted: new Map(), published: new Map() },
    interfaces: new Map(),
    txPorts: new Map(),
    thresholds: new Map(),
    ...NOTHING_DERIVED,
    marks: adoptedMarks(new Map()),
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
    return retiredSlots(this.state.entries.values()).map(({ id }) => id);
  }

  /**
   * After a full recount that began at `passStart`: forgets what no connection refers to.
   * Says whether there was anything: then the maps still hold it, until the next plan.
   */
  recounted(isReferenced: (serverId: number) => boolean, passStart: number, now: number): boolean {
    const { entries, serverIds, serviceIds } = this.state;
    let hasForgotten = false;
    for (const [name, entry] of entries) {
      const { slots, released } = releaseSlots(entry.slots, isReferenced, passStart);
      for (const id of released) serverIds.free(id, now);
      const gone = entry.deletedAt !== null && entry.deletedAt < passStart && slots.length === 0;
      if (gone) {
        entries.delete(name);
        serviceIds.free(entry.id, now);
      } else if (released.length > 0) {
        // Its lines still name ids that may be given on: the next plan writes them anew.
        entries.set(name, { ...entry, slots, source: null });
      }
      hasForgotten ||= gone || released.length > 0;
    }
    return hasForgotten;
  }

  /** What must outlive this process besides the maps. */
  memory(): Remembered[] {
    return remember(this.state);
  }
}

interface Made {
  readonly slots: Slots;
  readonly order: readonly number[];
  readonly source: Source;
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
  private readonly nextHops: NextHopPlan;
  private readonly thresholds: ThresholdPlan;
  private readonly zeroServices: number[] = [];
  private readonly zeroServers: number[] = [];
  private readonly lineOperations: Operation[] = [];
  private readonly serviceOperations: Operation[] = [];
  private readonly deletions: Operation[] = [];
  private losesNextHops: boolean;

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
    this.nextHops = new NextHopPlan(before.nextHops, this.nextHopIds, now);
    this.thresholds = new ThresholdPlan(before.thresholds);
    this.losesNextHops = before.nextHops.adopted.size > 0;
  }

  run(): { operations: Operation[]; state: State } {
    for (const [name, service] of this.model.services) this.publish(name, service);
    for (const [name, entry] of this.before.entries) {
      if (!this.model.services.has(name) && entry.deletedAt === null) this.remove(name, entry);
    }
    const nextHops = this.nextHops.finish(this.losesNextHops ? usedNextHops(this.entries) : null);
    const interfaces = planInterfaces(this.before, this.network.interfaces);
    const marks = this.planMarks();
    const derived = this.derive();
    const { filter, natServers, limits } = derived;
    const pools = localPoolOperations(this.before.localPools, derived.localPools);
    return {
      operations: [
        ...this.zeroing(),
        ...this.thresholds.operations,
        ...interfaces.before,
        ...this.nextHops.operations,
        ...this.lineOperations,
        ...limitAdditions(this.before.limits, limits),
        ...pools.set,
        ...filterOperations(this.before.filter, filter, 'set'),
        ...this.serviceOperations,
        ...markOperations(this.before.marks.elements, marks.elements),
        ...this.deletions,
        ...pools.delete,
        ...limitRemovals(this.before.limits, limits),
        ...filterOperations(this.before.filter, filter, 'clear'),
        ...interfaces.after,
        ...natServerOperations(this.before.natServers, natServers),
      ],
      state: {
        entries: this.entries,
        serviceIds: this.serviceIds,
        serverIds: this.serverIds,
        nextHopIds: this.nextHopIds,
        regions: this.regions,
        nextHops,
        interfaces: interfaces.values,
        txPorts: interfaces.txPorts,
        thresholds: this.thresholds.finish(),
        ...derived,
        marks,
      },
    };
  }

  private zeroing(): Operation[] {
    if (this.zeroServices.length + this.zeroServers.length === 0) return [];
    return [{ op: 'zero', serviceIds: this.zeroServices, serverIds: this.zeroServers }];
  }

  private derive(): Derived {
    const retired = retiredSlots(this.entries.values()).map(({ key }) => key);
    const basis = { model: this.model, network: this.network, retired };
    const derived = derive(this.before, basis, (name) => this.entries.get(name)?.id);
    if (derived === null) throw new Exhausted('no room for more prefixes in lists of sources');
    return derived;
  }

  private planMarks(): MarkState {
    const marks = planMarks(this.before.marks, this.model.marks, this.now);
    const crowded = marks === this.before.marks ? null : crowdedMap(marks);
    if (crowded !== null) throw new Exhausted(`no room for more mark rules: the map ${crowded} is full`);
    return marks;
  }

  private publish(name: string, service: VirtualService): void {
    const known = this.entries.get(name);
    const reach = this.reachOf(service, known);
    if (known !== undefined && isCurrent(known, service, this.model, reach)) {
      if (reach !== known.source?.reach) this.remake(name, known, service, reach);
      return;
    }
    if (known !== undefined) this.noteLoss(known, reach);
    const entry = this.entryFor(service, known);
    const assigned = assignSlots(entry.slots, entry.order, service, this.now, () => this.takeServerId());
    if (assigned === undefined) throw new Exhausted(`${name}: no room for more real servers; raise --real-servers`);
    this.zeroServers.push(...assigned.newIds);
    this.thresholds.place(service.servers, assigned.slots, assigned.order, assigned.newIds);
    const byServer = new Map(service.servers.map((server, i) => [server, reach[i]]));
    const { slots, order } = assigned;
    const content = buildContent(service, slots, order, (server) => byServer.get(server) as Reach, this.model.tunnel);
    const source = { service, tunnel: this.model.tunnel, reach };
    this.entries.set(name, this.place(name, entry, { slots, order, source }, content));
  }

  /** Nothing to write but, at most, next hops: a neighbour has another MAC address. */
  private remake(name: string, entry: Entry, service: VirtualService, reach: readonly Reach[]): void {
    this.entries.set(name, { ...entry, source: { service, tunnel: this.model.tunnel, reach } });
  }

  /** Puts content into fresh lines, unless it is what is published already. */
  private place(name: string, entry: Entry, next: Made, content: ServiceContent): Entry {
    const { element, region } = entry;
    const { slots, order, source } = next;
    const { service } = source;
    if (element !== null && region !== null && entry.content !== null && !isNewList(entry, service)) {
      const same = serviceElement(service, entry.id, entry.generation, region.line, content);
      if (sameContent(entry.content, content) && sameElement(same, element)) return { ...entry, slots, order, source };
    }
    const edited = isNewList(entry, service) || isEdited(entry, order, service, content);
    const generation = edited ? nextGeneration(entry.generation) : entry.generation;
    const fresh = this.regions.take(content.lines.length, this.now);
    if (fresh === undefined) throw new Exhausted(`${name}: no room for its schedule; raise --schedule-lines`);
    if (region !== null) this.regions.release(region, this.now);
    const value = serviceElement(service, entry.id, generation, fresh.line, content);
    this.lineOperations.push({ op: 'write-lines', line: fresh.line, lines: content.lines });
    const restarts = element?.scheduler !== value.scheduler;
    const settle = restarts ? 'restart' : service.scheduler === 'wrr' && edited ? 'edit' : null;
    this.serviceOperations.push({ op: 'set-service', key: value.key, value, settle });
    return { ...entry, slots, order, source, generation, region: fresh, content, element: value, deletedAt: null };
  }

  /** Its traffic and its scheduler start anew where the service was not there before. */
  private entryFor(service: VirtualService, known: Entry | undefined): Entry {
    if (known !== undefined && known.id !== NO_ID && known.deletedAt === null) return known;
    const id = known === undefined || known.id === NO_ID ? this.serviceIds.take(this.now) : known.id;
    if (id === undefined)
      throw new Exhausted(`${serviceKeyText(service.key)}: no room for more services; raise --services`);
    this.zeroServices.push(id);
    const nothing = { slots: [], order: [], region: null, content: null, element: null, source: null, deletedAt: null };
    return { key: service.key, generation: 0, ...nothing, ...known, id };
  }

  private takeServerId(): number | undefined {
    return this.serverIds.take(this.now);
  }

  private remove(name: string, entry: Entry): void {
    const assigned = assignSlots(entry.slots, entry.order, null, this.now, () => undefined);
    this.noteLoss(entry, []);
    this.deletions.push({ op: 'delete-service', key: serviceMapKey(entry.key) });
    if (entry.region !== null) this.regions.release(entry.region, this.now);
    if (entry.id === NO_ID) {
      this.entries.delete(name);
      return;
    }
    const gone = { order: [], region: null, content: null, element: null, source: null, deletedAt: this.now };
    this.entries.set(name, { ...entry, slots: assigned?.slots ?? entry.slots, ...gone });
  }

  private noteLoss({ source }: Entry, reach: readonly Reach[]): void {
    const isKept = ({ nextHop }: Reach) => reach.some((now) => now.nextHop === nextHop);
    this.losesNextHops ||= source === null || !source.reach.every(isKept);
  }

  /** In most plans nothing has changed for most services: their reach is then the same array. */
  private reachOf(service: VirtualService, known: Entry | undefined): readonly Reach[] {
    const source = known?.source;
    if (source?.service === service && this.isUnmoved(source)) return source.reach;
    return service.servers.map(({ key }) => this.reach(key.address));
  }

  private isUnmoved({ service, reach }: Source): boolean {
    if (this.before.basis?.network === this.network) return true;
    for (let i = 0; i < reach.length; i++) {
      const now = this.network.resolution(service.servers[i]!.key.address);
      if (!sameResolution(reach[i]!.resolution, now)) return false;
    }
    return true;
  }

  private reach(address: Address): Reach {
    const resolution = this.network.resolution(address);
    const nextHop = resolution.state === 'resolved' ? this.nextHops.indexOf(address, resolution) : 0;
    if (nextHop === undefined) throw new Exhausted('no room for more next hops');
    return { resolution, nextHop };
  }
}

/** Whether a slot has a next hop. */
function usedNextHops(entries: ReadonlyMap<string, Entry>): (id: number) => boolean {
  const used = new Set<number>();
  for (const { source } of entries.values()) {
    for (const { nextHop } of source?.reach ?? []) used.add(nextHop);
  }
  return (id) => used.has(id);
}

function isCurrent(entry: Entry, service: VirtualService, model: Model, reach: readonly Reach[]): boolean {
  const { source } = entry;
  if (entry.deletedAt !== null || source === null) return false;
  if (source.service !== service || source.tunnel !== model.tunnel) return false;
  return (
    source.reach === reach ||
    source.reach.every((was, i) => was.nextHop === reach[i]?.nextHop && sameOuter(was.resolution, reach[i]?.resolution))
  );
}

/** What a slot's line takes from a resolution besides the next hop. */
function sameOuter(a: Resolution, b: Resolution | undefined): boolean {
  if (a.state !== 'resolved' || b?.state !== 'resolved') return a.state === b?.state;
  return a.mtu === b.mtu && a.source === b.source;
}

/** Whether a command edited the servers of a wrr: its mark moves (ip_vs_wrr_dest_changed) even where nothing differs. */
function isNewList({ source }: Entry, { scheduler, servers }: VirtualService): boolean {
  return scheduler === 'wrr' && source !== null && source.service.servers !== servers;
}

/** Whether wrr moves its mark, or starts anew, for what now stands in its lines. */
function isEdited(entry: Entry, order: readonly number[], service: VirtualService, content: ServiceContent): boolean {
  if (entry.content === null || entry.element === null) return true;
  const sameOrder = entry.order.length === order.length && entry.order.every((slot, i) => slot === order[i]);
  const sameScheduler = entry.element.scheduler === schedulerNumber(service.scheduler);
  return !sameOrder || !sameScheduler || !sameTurns(entry.content, content);
}

/** 1 to 65535: 0 is the generation of scheduler state that no packet and no settling has touched. */
function nextGeneration(generation: number): number {
  return (generation % 0xffff) + 1;
}

function sameElement(a: Service, b: Service): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
