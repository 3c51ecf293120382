/**
 * Starting again on maps that are in use: ids, slots and lines of what is
 * published are taken over, so that a plan for the same model is empty. What
 * cannot be right (ids twice, lines that overlap) is not taken over; the first
 * plan writes it anew.
 */
import {
  AddressFamily,
  type RealServer,
  ScheduleLimit,
  type ScheduleLine,
  type Service,
} from '../../dataplane/types.gen.ts';
import { addressFromWords } from '../model/address.ts';
import type { ServerKey, ServiceKey } from '../model/model.ts';
import { serverKeyText, serviceKeyText } from '../model/service-key.ts';
import type { ServiceContent } from './build-service.ts';
import type { Remembered } from './memory.ts';
import type { Have } from './operations.ts';
import { type Entry, emptyState, type KnownNextHop, type Limits, type State } from './reconciler.ts';
import type { Slot, Slots } from './slots.ts';

/** `now`: milliseconds; when retired slots count as deleted. */
export function adopt(have: Have, memory: readonly Remembered[], limits: Limits, now: number): State {
  const state = emptyState(limits);
  for (const service of have.services) adoptService(state, have, service, now);
  for (const entry of memory) recall(state, entry, now);
  return {
    ...state,
    nextHops: adoptNextHops(state, have),
    interfaces: have.interfaces,
    txPorts: have.txPorts,
    filter: have.filter,
  };
}

function adoptService(state: State, have: Have, service: Service, now: number): void {
  const key = keyOf(service);
  if (key === undefined) return;
  const content = readContent(have, service);
  const region = { line: service.schedule, count: content?.lines.length ?? 0 };
  const name = serviceKeyText(key);
  if (content === undefined || !state.regions.reserve(region)) {
    publishAnew(state, name, key, service);
    return;
  }
  const slots = content.lines.slice(0, content.slotCount).map((line) => readSlot(line.server, now));
  const ids = slots.flatMap((slot) => (slot === undefined ? [] : [slot.id]));
  const keys = new Set(slots.flatMap((slot) => (slot === undefined ? [] : [serverKeyText(slot.key)])));
  if (keys.size < ids.length || !state.serviceIds.reserve(service.id) || !reserveAll(state, ids)) {
    state.regions.release(region, now);
    publishAnew(state, name, key, service);
    return;
  }
  const order = content.lines.slice(0, content.slotCount).flatMap((_, i) => (slots[i]?.retiredAt === null ? [i] : []));
  state.entries.set(name, {
    key,
    id: service.id,
    generation: service.generation,
    slots,
    order,
    region,
    content,
    element: service,
    source: null,
    deletedAt: null,
  });
}

/** An element that stands in the map but whose parts cannot be trusted: known, so that it is replaced or deleted. */
function publishAnew(state: State, name: string, key: ServiceKey, service: Service): void {
  const id = state.serviceIds.take(0);
  if (id === undefined) return;
  const nothing = { slots: [], order: [], region: null, content: null, source: null, deletedAt: null };
  state.entries.set(name, { key, id, generation: service.generation, element: service, ...nothing });
}

function reserveAll(state: State, ids: readonly number[]): boolean {
  const taken: number[] = [];
  for (const id of ids) {
    if (!state.serverIds.reserve(id)) {
      for (const back of taken) state.serverIds.free(back, 0);
      return false;
    }
    taken.push(id);
  }
  return true;
}

const PROTOCOLS: Readonly<Record<number, ServiceKey['protocol']>> = { 6: 'tcp', 17: 'udp' };

function keyOf({ key }: Service): ServiceKey | undefined {
  const protocol = PROTOCOLS[key.protocol];
  const family = familyOfNumber(key.family);
  if (protocol === undefined || family === undefined) return undefined;
  return { protocol, address: addressFromWords(family, key.address.word), port: key.port };
}

function familyOfNumber(family: number): 4 | 6 | undefined {
  if (family === AddressFamily.FAMILY_IPV4) return 4;
  return family === AddressFamily.FAMILY_IPV6 ? 6 : undefined;
}

function readContent(have: Have, service: Service): ServiceContent | undefined {
  const { slot_count: slotCount, turn_count: turnCount, ring_size: ringSize, schedule } = service;
  const turnLines = Math.ceil(turnCount / ScheduleLimit.TURNS_PER_LINE);
  const ringLines = Math.ceil(ringSize / ScheduleLimit.RING_SLOTS_PER_LINE);
  const contiguous =
    service.turns_line === schedule + slotCount && service.ring_line === schedule + slotCount + turnLines;
  if (!contiguous || turnCount > slotCount) return undefined;
  const lines: ScheduleLine[] = [];
  for (let i = 0; i < slotCount + turnLines + ringLines; i++) {
    const line = have.line(schedule + i);
    if (line === undefined) return undefined;
    lines.push(line);
  }
  const { weight_max: weightMax, weight_gcd: weightGcd } = service;
  return { lines, slotCount, turnCount, turnLines, ringSize, weightMax, weightGcd };
}

/** `method` 0: retired. `id` 0: a hole. */
function readSlot(server: RealServer | undefined, now: number): Slot | undefined {
  const family = server === undefined ? undefined : familyOfNumber(server.family);
  if (server === undefined || server.id === 0 || family === undefined) return undefined;
  const key: ServerKey = { address: addressFromWords(family, server.address.word), port: server.port };
  return { key, id: server.id, retiredAt: server.method === 0 ? now : null, predecessor: -1 };
}

/** Services deleted before the restart, and slots that were retired and are no longer in the maps. */
function recall(state: State, { key, id, slots }: Remembered, now: number): void {
  const name = serviceKeyText(key);
  if (state.entries.has(name) || !state.serviceIds.reserve(id)) return;
  const kept: Slots = slots.map((slot) => {
    if (slot === null || !state.serverIds.reserve(slot.id)) return undefined;
    return { key: slot.key, id: slot.id, retiredAt: now, predecessor: -1 };
  });
  const nothing = { order: [], region: null, content: null, element: null, source: null };
  const entry: Entry = { key, id, generation: 0, slots: kept, ...nothing, deletedAt: now };
  state.entries.set(name, entry);
}

/** The maps do not say whose a next hop is; what a plan needs is matched by value, under a name that no identity has. */
function adoptNextHops(state: State, have: Have): Map<string, KnownNextHop> {
  const known = new Map<string, KnownNextHop>();
  for (const [id, value] of have.nextHops) {
    if (state.nextHopIds.reserve(id)) known.set(`adopted ${id}`, { id, value });
  }
  return known;
}
