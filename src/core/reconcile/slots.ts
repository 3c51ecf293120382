/**
 * Slots: the indexes of real servers within a service, which connections hold.
 * A server that goes away keeps its slot, retired, until no connection holds it;
 * one that comes back meanwhile finds its connections again.
 */
import type { ServerKey, VirtualService } from '../model/model.ts';
import { serverKeyText } from '../model/service-key.ts';

export interface Slot {
  readonly key: ServerKey;
  /** Index of its statistics and live counts. */
  readonly id: number;
  /** When it was deleted, in milliseconds; null: it is in the list. */
  readonly retiredAt: number | null;
  /** A retired slot's predecessor in the list when it was deleted; -1: the list's head. */
  readonly predecessor: number;
}

/** Undefined: a hole, free for the next server. */
export type Slots = readonly (Slot | undefined)[];

/** RING_EMPTY is 0xffff and cannot be a slot. */
export const MAX_SLOTS = 65535;

export interface Assignment {
  readonly slots: Slots;
  /** For each server of the service, in list order, its slot; new ones in the order in which they were added. */
  readonly order: readonly number[];
  readonly newIds: readonly number[];
}

/** `oldOrder`: slots in the list order before. Undefined where ids or slots ran out. */
export function assignSlots(
  slots: Slots,
  oldOrder: readonly number[],
  service: VirtualService | null,
  now: number,
  takeId: () => number | undefined,
): Assignment | undefined {
  const next: (Slot | undefined)[] = [...slots];
  const newIds: number[] = [];
  const order: number[] = [];
  const byKey = new Map(
    slots.flatMap((slot, i) => (slot === undefined ? [] : [[serverKeyText(slot.key), i] as const])),
  );
  for (const server of [...(service?.servers ?? [])].reverse()) {
    const at = byKey.get(serverKeyText(server.key)) ?? freeSlot(next);
    const old = next[at];
    const id = old?.id ?? takeId();
    if (id === undefined || at >= MAX_SLOTS) return undefined;
    if (old === undefined) newIds.push(id);
    else if (old.retiredAt !== null) bypass(next, at);
    next[at] = { key: server.key, id, retiredAt: null, predecessor: -1 };
    order.unshift(at);
  }
  retire(next, oldOrder, new Set(order), now);
  return { slots: next, order, newIds };
}

/** Those of real servers that were deleted, by themselves or with their service, and whose connections may live. */
export function retiredSlots(entries: Iterable<{ readonly slots: Slots }>): Slot[] {
  const found: Slot[] = [];
  for (const { slots } of entries) found.push(...retiredOf(slots));
  return found;
}

const retiredIn = new WeakMap<Slots, readonly Slot[]>();

/** Looked for once in a list of slots: every plan asks for those of all services. */
function retiredOf(slots: Slots): readonly Slot[] {
  const known = retiredIn.get(slots) ?? slots.filter((slot) => slot !== undefined && slot.retiredAt !== null);
  retiredIn.set(slots, known as Slot[]);
  return known as Slot[];
}

function freeSlot(slots: readonly (Slot | undefined)[]): number {
  const hole = slots.indexOf(undefined);
  return hole < 0 ? slots.length : hole;
}

function retire(
  slots: (Slot | undefined)[],
  oldOrder: readonly number[],
  kept: ReadonlySet<number>,
  now: number,
): void {
  for (const [i, slot] of slots.entries()) {
    if (slot === undefined || kept.has(i) || slot.retiredAt !== null) continue;
    const place = oldOrder.indexOf(i);
    slots[i] = { ...slot, retiredAt: now, predecessor: oldOrder[place - 1] ?? -1 };
  }
}

/**
 * A retired slot that is about to be somebody's again is no place for a cursor
 * any more: those that point to it point to its own predecessor.
 */
function bypass(slots: (Slot | undefined)[], index: number): void {
  const predecessor = slots[index]?.predecessor ?? -1;
  for (const [i, slot] of slots.entries()) {
    if (slot !== undefined && slot.retiredAt !== null && slot.predecessor === index)
      slots[i] = { ...slot, predecessor };
  }
}

/** The nearest slot still in the list at or before a retired one; -1: the head. */
export function standIn(slots: Slots, index: number): number {
  let at = index;
  for (let step = 0; step <= slots.length; step++) {
    const slot = slots[at];
    if (at < 0 || slot === undefined) return -1;
    if (slot.retiredAt === null) return at;
    at = slot.predecessor;
  }
  return -1;
}

/** Slots whose last connection is gone become holes. */
export function releaseSlots(
  slots: Slots,
  isReferenced: (serverId: number) => boolean,
  before: number,
): { readonly slots: Slots; readonly released: readonly number[] } {
  const released: number[] = [];
  const next = [...slots];
  for (const [i, slot] of slots.entries()) {
    if (slot === undefined || slot.retiredAt === null || slot.retiredAt >= before || isReferenced(slot.id)) continue;
    released.push(slot.id);
    bypass(next, i);
    next[i] = undefined;
  }
  while (next.length > 0 && next.at(-1) === undefined) next.pop();
  return released.length === 0 ? { slots, released } : { slots: next, released };
}
