/**
 * What the maps must hold for a model, worked out from the data plane's point of
 * view and without the reconciler: for its tests. Each check throws with what it
 * found.
 */
import {
  InterfaceLimit,
  Method,
  RealServerFlag,
  type RealServer as RealServerSlot,
  ScheduleLimit,
  Scheduler,
  type Service,
} from '../../dataplane/types.gen.ts';
import { addressFromWords, addressWords } from '../model/address.ts';
import type {
  Address,
  AddressKey,
  Model,
  Method as ModelMethod,
  SchedulerName,
  ServerKey,
  VirtualService,
} from '../model/model.ts';
import type { Resolution } from '../model/resolution.ts';
import { effectiveWeight, tableWeight } from '../model/server.ts';
import { PROTOCOLS, serviceFamily, serviceKeyText } from '../model/service-key.ts';
import { buildTable } from '../scheduler/maglev.ts';
import { serviceMapKey } from './build-service.ts';
import { derive, NOTHING_DERIVED } from './derived.ts';
import type { Remembered } from './memory.ts';
import type { Have } from './operations.ts';
import type { Network, State } from './reconciler.ts';
import { vipFilterWords } from './vip-filter.ts';

/** The maps as a packet sees them, by `serviceKeyText`. `memory`: tells of deleted services. */
export function checkMaps(have: Have, model: Model, network: Network, memory: readonly Remembered[]): void {
  const elements = new Map(have.services.map((element) => [JSON.stringify(element.key), element]));
  same('the number of services', have.services.length, model.services.size);
  for (const [name, service] of model.services) {
    const element = elements.get(JSON.stringify(serviceMapKey(service.key)));
    if (element === undefined) throw new Error(`${name} is not published`);
    checkService(name, have, element, service, network);
  }
  same('service ids', new Set(have.services.map(({ id }) => id)).size, have.services.length);
  const ids = have.services.flatMap((element) => slotsOf(have, element).flatMap(({ id }) => (id === 0 ? [] : [id])));
  same('real-server ids', new Set(ids).size, ids.length);
  const retired = have.services.flatMap((element) => slotsOf(have, element).filter((slot) => !isLive(slot)));
  const gone = memory.filter(({ key }) => !model.services.has(serviceKeyText(key)));
  const keys = [
    ...retired.flatMap((slot) => keyOf(slot) ?? []),
    ...gone.flatMap(({ slots }) => slots.flatMap((slot) => slot?.key ?? [])),
  ];
  same('VIP filter', sorted(have.filter), sorted(vipFilterWords(model, keys)));
  const natServers = [...have.natServers.values()].map(({ key, value }) => JSON.stringify([key, value]));
  same('servers of nat', natServers.sort(), expectedNatServers(model, network));
  same('local addresses', localAddresses(have), expectedLocalAddresses(model, elements));
}

/** Each as `service id, family, address, ports`. */
function localAddresses(have: Have): string[] {
  const found = [...have.localPools.values()].flatMap(({ key, value: { address, count } }) =>
    address
      .slice(0, count)
      .map(({ address, first_port, last_port }) =>
        [key.service, addressFromWords(key.family as 4 | 6, address.word), first_port, last_port].join(' '),
      ),
  );
  return found.sort();
}

function expectedLocalAddresses({ localAddresses }: Model, elements: ReadonlyMap<string, Service>): string[] {
  const idOf = (key: AddressKey) => elements.get(JSON.stringify(serviceMapKey(key)))?.id;
  const wanted = localAddresses
    .filter(({ service }) => service?.protocol !== 'fwmark')
    .map(({ address, firstPort, lastPort, service }) =>
      [service === null ? 0 : idOf(service as AddressKey), address, firstPort, lastPort].join(' '),
    );
  return wanted.sort();
}

/** What was kept of the state before is what would be made of nothing. */
export function checkDerived(state: State): void {
  if (state.basis === null) throw new Error('a plan has no basis');
  const anew = derive(NOTHING_DERIVED, state.basis, (name) => state.entries.get(name)?.id);
  if (anew === null) throw new Error('there is no room for what there was room for');
  const text = (map: ReadonlyMap<unknown, unknown>) =>
    [...map]
      .map((entry) => JSON.stringify(entry, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
      .sort();
  same('VIP filter kept', text(state.filter), text(anew.filter));
  same('servers of nat kept', text(state.natServers), text(anew.natServers));
  same('limits kept', text(state.limits.limits), text(anew.limits.limits));
  same('lists of sources kept', text(state.limits.listed), text(anew.limits.listed));
  same('pools of local addresses kept', text(state.localPools), text(anew.localPools));
}

function expectedNatServers(model: Model, network: Network): string[] {
  const found = new Set<string>();
  for (const { key, servers } of model.services.values()) {
    for (const server of servers) {
      if (server.method !== 'nat' || model.sysctls.nat_icmp_send !== 1) continue;
      const way = network.resolution(server.key.address);
      const word = way.state === 'resolved' && way.source !== null ? addressWords(way.source) : [0, 0, 0, 0];
      for (const protocol of key.protocol === 'fwmark' ? PROTOCOLS : [key.protocol])
        found.add(JSON.stringify([serviceMapKey({ ...server.key, protocol }), { source: { word } }]));
    }
  }
  return [...found].sort();
}

/** The slots of a published service, holes and retired ones included. */
export function slotsOf(have: Have, element: Service): RealServerSlot[] {
  return Array.from({ length: element.slot_count }, (_, i) => {
    const server = have.line(element.schedule + i)?.server;
    if (server === undefined) throw new Error(`line ${element.schedule + i} is no real server`);
    return server;
  });
}

/** Null: a hole. */
export function addressOf({ family, address }: RealServerSlot): Address | null {
  return family === 0 ? null : addressFromWords(family as 4 | 6, address.word);
}

function keyOf(slot: RealServerSlot): ServerKey | null {
  const address = addressOf(slot);
  return address && { address, port: slot.port };
}

export function isLive({ flags }: RealServerSlot): boolean {
  return (flags & RealServerFlag.REAL_SERVER_AVAILABLE) !== 0;
}

function checkService(name: string, have: Have, element: Service, service: VirtualService, network: Network): void {
  const slots = slotsOf(have, element);
  const live = slots.filter(isLive);
  const order = service.servers.map(({ key }) =>
    slots.findIndex((slot) => isLive(slot) && addressOf(slot) === key.address),
  );
  same(`${name}: servers`, live.length, service.servers.length);
  if (order.includes(-1)) throw new Error(`${name}: a server has no slot`);
  const weights = service.servers.map(effectiveWeight);
  const turns = order
    .map((index, i) => ({ id: slots[index]!.id, index, weight: weights[i]! }))
    .filter(({ weight }) => weight > 0);
  same(`${name}: turns`, turnsOf(have, element), turns);
  same(`${name}: largest weight`, element.weight_max, Math.max(0, ...weights));
  same(
    `${name}: scheduler`,
    element.scheduler,
    Scheduler[`SCHEDULER_${service.scheduler.toUpperCase() as Uppercase<SchedulerName>}`],
  );
  if (element.generation === 0) throw new Error(`${name}: generation 0 is that of untouched scheduler state`);
  for (const [i, server] of service.servers.entries()) {
    const slot = slots[order[i]!]!;
    same(`${name}: eligible`, (slot.flags & RealServerFlag.REAL_SERVER_ELIGIBLE) !== 0, weights[i]! > 0);
    same(`${name}: weight`, slot.weight, weights[i]);
    same(`${name}: turns_after`, slot.turns_after, weights.slice(0, i + 1).filter((weight) => weight > 0).length);
    same(`${name}: method`, slot.method, Method[`METHOD_${server.method.toUpperCase() as Uppercase<ModelMethod>}`]);
    checkNextHop(name, have, slot, network.resolution(server.key.address));
  }
  const ring = expectedRing(service).map((position) =>
    position === ScheduleLimit.RING_EMPTY ? position : order[position]!,
  );
  for (const [i, { upperThreshold: upper, lowerThreshold: lower }] of service.servers.entries()) {
    const found = have.thresholds.get(slots[order[i]!]!.id) ?? { upper: 0, lower: 0 };
    same(`${name}: thresholds`, found, { upper, lower });
  }
  same(`${name}: ring`, ringOf(have, element), [...ring]);
}

function checkNextHop(name: string, have: Have, slot: RealServerSlot, resolution: Resolution): void {
  const hop = have.nextHops.get(slot.next_hop);
  if (resolution.state !== 'resolved') {
    same(`${name}: port of an unresolved next hop`, hop?.port ?? 0, 0);
    return;
  }
  const port = resolution.ifindex % InterfaceLimit.INTERFACE_SLOTS;
  same(`${name}: next hop`, [...(hop?.mac ?? []), hop?.port], [...resolution.mac, port + 1]);
  same(`${name}: interface`, have.txPorts.get(port), resolution.ifindex);
  same(`${name}: MTU`, slot.mtu, resolution.mtu);
}

function expectedRing(service: VirtualService): Uint16Array {
  const { scheduler } = service;
  if (scheduler === 'sh' || scheduler === 'dh') return expectedTable(service, scheduler);
  const isMh = scheduler === 'mh';
  const weightOf = isMh ? tableWeight : effectiveWeight;
  const servers = service.servers.map((server) => ({ key: server.key, weight: weightOf(server) }));
  if (servers.every(({ weight }) => weight === 0)) return new Uint16Array(0);
  return buildTable(servers, isMh ? service.options.ringSize : 1021, serviceFamily(service.key));
}

/** 256 slots: the servers again and again, of sh each as often as its weight says; drained ones not at all. */
function expectedTable({ servers }: VirtualService, scheduler: 'sh' | 'dh'): Uint16Array {
  if (servers.every((server) => effectiveWeight(server) === 0)) return new Uint16Array(0);
  const round = servers.flatMap(({ admin, weight }, position) =>
    admin === null ? new Array<number>(scheduler === 'sh' ? Math.max(1, weight) : 1).fill(position) : [],
  );
  return Uint16Array.from({ length: 256 }, (_, i) => round[i % round.length]!);
}

function turnsOf(have: Have, { turns_line, turn_count }: Service) {
  return Array.from({ length: turn_count }, (_, i) => {
    const turn = have.line(turns_line + Math.floor(i / ScheduleLimit.TURNS_PER_LINE))?.turns?.[
      i % ScheduleLimit.TURNS_PER_LINE
    ];
    return { id: turn?.id, index: turn?.index, weight: turn?.weight };
  });
}

function ringOf(have: Have, { ring_line, ring_size }: Service): (number | undefined)[] {
  const perLine = ScheduleLimit.RING_SLOTS_PER_LINE;
  return Array.from(
    { length: ring_size },
    (_, i) => have.line(ring_line + Math.floor(i / perLine))?.ring?.[i % perLine],
  );
}

function sorted(words: ReadonlyMap<number, bigint>): string[] {
  return [...words].map(([word, bits]) => `${word} ${bits}`).sort();
}

function same(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${left.slice(0, 200)}, expected ${right.slice(0, 200)}`);
}
