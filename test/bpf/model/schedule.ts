/**
 * IPVS's rr, wrr and mh over the servers in list order, and the fallback ring.
 * Cursors belong to a service id and outlive edits as the kernel's do.
 */
import { EMPTY, isEligible, type ServiceConfig } from '../world.ts';
import { mhHash, mhValue } from './hash.ts';
import type { Packet } from './read-packet.ts';

/** What a scheduler remembers between connections. */
export interface Cursor {
  /** Slot chosen last; null: the head of the list. */
  slot: number | null;
  /** wrr: current weight. */
  weight: number;
}

export function newCursor(): Cursor {
  return { slot: null, weight: 0 };
}

/** ip_vs_wrr_dest_changed: an edit of the server list. */
export function serversChanged(cursor: Cursor, config: ServiceConfig): void {
  if (config.scheduler !== 'wrr') return;
  const { top, step } = levels(config);
  cursor.slot = null;
  if (cursor.weight > top || cursor.weight === 0) cursor.weight = top;
  else if (step > 1) cursor.weight = Math.floor(cursor.weight / step) * step + 1;
}

/** The slot of an eligible server, or null. */
export function schedule(config: ServiceConfig, cursor: Cursor, packet: Packet): number | null {
  switch (config.scheduler) {
    case 'rr':
      return scheduleRr(config, cursor);
    case 'wrr':
      return scheduleWrr(config, cursor);
    case 'mh':
      return scheduleMh(config, packet);
  }
}

/** Where a connection without an entry goes: mh's own ring, or the flow's place in the fallback ring. */
export function placeByRing(config: ServiceConfig, packet: Packet, bits: number): number | null {
  if (config.scheduler === 'mh') return scheduleMh(config, packet);
  const size = config.ring.length;
  return size === 0 ? null : ringSlot(config, Math.floor((bits * size) / 0x1_0000_0000));
}

function scheduleRr(config: ServiceConfig, cursor: Cursor): number | null {
  const chosen = nextEligible(config, cursor.slot) ?? nextEligible(config, null);
  if (chosen !== null) cursor.slot = chosen;
  return chosen;
}

function scheduleWrr(config: ServiceConfig, cursor: Cursor): number | null {
  const { top, step } = levels(config);
  if (!config.servers.some(isEligible)) return null;
  let at = cursor.slot;
  for (;;) {
    at = nextEligible(config, at);
    if (at === null) cursor.weight = cursor.weight > step ? cursor.weight - step : top;
    else if ((config.servers[at]?.weight ?? 0) >= cursor.weight) break;
  }
  cursor.slot = at;
  return at;
}

function scheduleMh(config: ServiceConfig, packet: Packet): number | null {
  const size = config.ring.length;
  if (size === 0) return null;
  const value = mhValue(packet, config.hashPort);
  const start = mhHash(value) % size;
  const first = ringSlot(config, start);
  if (first === null || canTake(config, first)) return first;
  if (!config.fallback || !config.servers.some(isEligible)) return null;
  for (let offset = 0; offset < size; offset++) {
    const slot = ringSlot(config, mhHash((value + ((offset + start) % size)) >>> 0) % size);
    if (slot === null || canTake(config, slot)) return slot;
  }
  return null;
}

/** First eligible slot after `slot` in list order, without wrapping; null counts as the head. */
function nextEligible(config: ServiceConfig, slot: number | null): number | null {
  const next = config.servers.findIndex((entry, index) => index > (slot ?? -1) && isEligible(entry));
  return next < 0 ? null : next;
}

/** wrr goes down from `top` by `step`, the greatest common divisor of the weights. */
function levels(config: ServiceConfig): { top: number; step: number } {
  const weights = config.servers.filter(isEligible).map((entry) => entry.weight);
  if (weights.length === 0) return { top: 0, step: 0 };
  const step = weights.reduce((a, b) => {
    while (b !== 0) [a, b] = [b, a % b];
    return a;
  });
  return { top: Math.max(...weights) - (step - 1), step };
}

function ringSlot(config: ServiceConfig, position: number): number | null {
  const slot = config.ring[position];
  return slot === undefined || slot === EMPTY ? null : slot;
}

function canTake(config: ServiceConfig, slot: number): boolean {
  const entry = config.servers[slot];
  return entry !== undefined && isEligible(entry);
}
