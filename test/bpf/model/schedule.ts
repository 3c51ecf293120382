/**
 * IPVS's schedulers over the servers in list order, and the fallback ring.
 * Cursors belong to a service id and outlive edits as the kernel's do.
 */
import { EMPTY, isEligible, type ServiceConfig } from '../world.ts';
import { compare, type Live, mayTake } from './compare.ts';
import { folded, hash32, mhHash, mhValue } from './hash.ts';
import { type Localities, newLocalities, scheduleLblc, scheduleLblcr } from './locality.ts';
import type { Packet } from './read-packet.ts';

/** What a scheduler remembers between connections. */
export interface Cursor {
  /** Slot chosen last; null: the head of the list. */
  slot: number | null;
  /** wrr: current weight. */
  weight: number;
  readonly localities: Localities;
}

export function newCursor(): Cursor {
  return { slot: null, weight: 0, localities: newLocalities() };
}

/** ip_vs_wrr_dest_changed: an edit of the server list. */
export function serversChanged(cursor: Cursor, config: ServiceConfig): void {
  if (config.scheduler !== 'wrr') return;
  const { top, step } = levels(config);
  cursor.slot = null;
  if (cursor.weight > top || cursor.weight === 0) cursor.weight = top;
  else if (step > 1) cursor.weight = Math.floor(cursor.weight / step) * step + 1;
}

/** The slot of a server that may take the connection, or null. */
export function schedule(config: ServiceConfig, cursor: Cursor, packet: Packet, live: Live): number | null {
  switch (config.scheduler) {
    case 'rr':
      return scheduleRr(config, cursor, live);
    case 'wrr':
      return scheduleWrr(config, cursor, live);
    case 'lblc':
      return scheduleLblc(config, cursor.localities, packet, live);
    case 'lblcr':
      return scheduleLblcr(config, cursor.localities, packet, live);
    case 'mh':
    case 'sh':
    case 'dh':
      return scheduleHash(config, packet, (slot) => mayTake(config, slot, live));
    case 'twos':
      throw new Error('twos draws at random: no model can know');
    default:
      return compare(config, config.scheduler, live);
  }
}

/**
 * Where a connection without an entry goes: the scheduler's own table, or the
 * flow's place in the fallback ring. Thresholds hold for those that open.
 */
export function placeByRing(
  config: ServiceConfig,
  packet: Packet,
  bits: number,
  live: Live,
  opening: boolean,
): number | null {
  const canTake = (slot: number): boolean => {
    const entry = config.servers[slot];
    return opening ? mayTake(config, slot, live) : entry !== undefined && isEligible(entry);
  };
  if (['mh', 'sh', 'dh'].includes(config.scheduler)) return scheduleHash(config, packet, canTake);
  const size = config.ring.length;
  const slot = size === 0 ? null : ringSlot(config, Math.floor((bits * size) / 0x1_0000_0000));
  return slot !== null && opening && !mayTake(config, slot, live) ? null : slot;
}

function scheduleRr(config: ServiceConfig, cursor: Cursor, live: Live): number | null {
  const order = config.servers.map((_, slot) => slot);
  const start = (cursor.slot ?? -1) + 1;
  const chosen = [...order.slice(start), ...order.slice(0, start)].find((slot) => mayTake(config, slot, live));
  if (chosen !== undefined) cursor.slot = chosen;
  return chosen ?? null;
}

/** Level by level, as ip_vs_wrr_schedule is written. */
function scheduleWrr(config: ServiceConfig, cursor: Cursor, live: Live): number | null {
  const { top, step } = levels(config);
  if (top === 0) return null;
  const start = cursor.slot ?? -1;
  let at = start;
  let [isLastPass, hasRestarted, stop] = [false, false, -2];
  for (;;) {
    while (++at < config.servers.length) {
      if (mayTake(config, at, live) && weightAt(config, at) >= cursor.weight) {
        cursor.slot = at;
        return at;
      }
      if (at === stop) {
        cursor.slot = at;
        return null;
      }
    }
    at = -1;
    cursor.weight -= step;
    if (cursor.weight <= 0) {
      cursor.weight = top;
      if (isLastPass || start === -1) {
        cursor.slot = null;
        return null;
      }
      hasRestarted = true;
    }
    isLastPass = cursor.weight <= step;
    if (isLastPass && hasRestarted) stop = start;
  }
}

function scheduleHash(config: ServiceConfig, packet: Packet, canTake: (slot: number) => boolean): number | null {
  const size = config.ring.length;
  if (size === 0) return null;
  const isMh = config.scheduler === 'mh';
  const value = config.scheduler === 'dh' ? folded(packet.destination) : mhValue(packet, config.hashPort);
  const start = isMh ? mhHash(value) % size : hash32(value);
  const first = ringSlot(config, start);
  if (first === null || canTake(first)) return first;
  if (config.scheduler === 'dh' || !config.fallback) return null;
  for (let offset = 0; offset < size; offset++) {
    const again = (offset + start) % size;
    const slot = ringSlot(config, isMh ? mhHash((value + again) >>> 0) % size : (again + start) % size);
    if (slot === null || canTake(slot)) return slot;
  }
  return null;
}

function weightAt({ servers }: ServiceConfig, slot: number): number {
  return servers[slot]?.weight ?? 0;
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
