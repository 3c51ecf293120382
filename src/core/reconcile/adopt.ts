/**
 * Starting again on maps that are in use: ids, slots and lines of what is
 * published are taken over, so that a plan for the same model is empty. What
 * cannot be right (ids twice, lines that overlap) is not taken over; the first
 * plan writes it anew.
 */
import type { Service } from '../../dataplane/types.gen.ts';
import type { Address } from '../model/model.ts';
import { serviceKeyText } from '../model/service-key.ts';
import { adoptedMarks } from './mark-plan.ts';
import type { Remembered } from './memory.ts';
import type { NextHops } from './next-hop-plan.ts';
import type { Have } from './operations.ts';
import { keyOfElement, type Published, readPublished } from './published.ts';
import { type Entry, emptyState, type Limits, NO_ID, type State } from './reconciler.ts';
import type { Slots } from './slots.ts';

/** `now`: milliseconds; when retired slots count as deleted. */
export function adopt(have: Have, memory: readonly Remembered[], limits: Limits, now: number): State {
  const state = emptyState(limits);
  // Slots that are in use have the first right to their ids: a retired slot's line may name one that was given on.
  const published = have.services.map((service) => ({ service, found: readPublished(have, service, now) }));
  const sound = published.filter(({ service, found }) => found !== null && reserve(state, service, found));
  for (const { service, found } of sound) adoptService(state, service, found!);
  for (const entry of memory) recall(state, entry, now);
  for (const { service } of published) publishAnew(state, service);
  return {
    ...state,
    nextHops: adoptNextHops(state, have),
    interfaces: have.interfaces,
    txPorts: have.txPorts,
    filter: have.filter,
    thresholds: have.thresholds,
    natServers: have.natServers,
    limits: have.limits,
    localPools: have.localPools,
    marks: adoptedMarks(have.marks),
  };
}

/** False, and nothing reserved, where lines or ids are somebody else's already. */
function reserve(state: State, service: Service, { region, slots }: Published): boolean {
  const live = slots.flatMap((slot) => (slot?.retiredAt === null ? [slot.id] : []));
  const isFree = !live.some((id) => state.serverIds.has(id)) && new Set(live).size === live.length;
  if (!isFree || state.serviceIds.has(service.id)) return false;
  if (!state.regions.reserve(region)) return false;
  return state.serviceIds.reserve(service.id) && live.every((id) => state.serverIds.reserve(id));
}

function adoptService(state: State, service: Service, { key, region, content, slots, order }: Published): void {
  const kept = slots.map((slot) =>
    slot === undefined || slot.retiredAt === null || state.serverIds.reserve(slot.id) ? slot : undefined,
  );
  const { id, generation } = service;
  const entry = { key, id, generation, slots: kept, order, region, content, element: service };
  state.entries.set(serviceKeyText(key), { ...entry, source: null, deletedAt: null });
}

/** An element that stands in the map but whose parts cannot be trusted: known, so that it is replaced or deleted. */
function publishAnew(state: State, service: Service): void {
  const key = keyOfElement(service);
  if (key === null || state.entries.get(serviceKeyText(key))?.element) return;
  const known = state.entries.get(serviceKeyText(key));
  const nothing = { slots: [], order: [], region: null, content: null, source: null, deletedAt: null };
  const entry = { key, id: NO_ID, generation: service.generation, ...nothing, ...known, element: service };
  state.entries.set(serviceKeyText(key), { ...entry, deletedAt: null });
}

/** Services that were deleted before the restart. */
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

/** The maps do not say whose a next hop is; the slots that use it tell its real server at least. */
function adoptNextHops(state: State, have: Have): NextHops {
  const adopted = new Map([...have.nextHops].filter(([id]) => state.nextHopIds.reserve(id)));
  const published = new Map<Address, number>();
  for (const { slots, content } of state.entries.values()) {
    for (const [i, slot] of slots.entries()) {
      const nextHop = content?.lines[i]?.server?.next_hop ?? 0;
      if (slot !== undefined && nextHop !== 0) published.set(slot.key.address, nextHop);
    }
  }
  return { known: new Map(), adopted, published };
}
