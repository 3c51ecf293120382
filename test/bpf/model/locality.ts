/** IPVS's lblc and lblcr: the servers that a destination address was last sent to. */
import { LOCALITY_SECONDS } from '../settings.ts';
import type { ServerConfig, ServiceConfig } from '../world.ts';
import { compare, type Live, loadOf, mayTake } from './compare.ts';
import type { Packet } from './read-packet.ts';

interface Member {
  readonly slot: number;
  readonly id: number;
}

interface MemberSet {
  members: Member[];
  changedAt: number;
  usedAt: number;
}

/** By destination address. */
export interface Localities {
  readonly one: Map<string, { member: Member; usedAt: number }>;
  readonly several: Map<string, MemberSet>;
}

const LARGEST_SET = 32;

export function newLocalities(): Localities {
  return { one: new Map(), several: new Map() };
}

export function scheduleLblc(config: ServiceConfig, { one }: Localities, packet: Packet, live: Live): number | null {
  const name = packet.destination.toString('hex');
  const known = one.get(name);
  if (known !== undefined && live.now - known.usedAt < LOCALITY_SECONDS) {
    known.usedAt = live.now;
    const entry = serverOf(config, known.member);
    if (entry !== null && entry.weight > 0 && !isOverrun(config, entry, live)) return known.member.slot;
  }
  const slot = compare(config, 'wlc', live);
  if (slot !== null) one.set(name, { member: memberAt(config, slot), usedAt: live.now });
  return slot;
}

export function scheduleLblcr(
  config: ServiceConfig,
  { several }: Localities,
  packet: Packet,
  live: Live,
): number | null {
  const name = packet.destination.toString('hex');
  let set = several.get(name);
  if (set !== undefined && live.now - set.usedAt >= LOCALITY_SECONDS) {
    several.delete(name);
    set = undefined;
  }
  const least = set === undefined ? null : leastOf(config, set, live);
  if (set !== undefined) {
    set.usedAt = live.now;
    if (set.members.length > 1 && live.now - set.changedAt > LOCALITY_SECONDS) dropBusiest(config, set, live);
  }
  if (least !== null && !isOverrun(config, config.servers[least] as ServerConfig, live)) return least;
  const slot = compare(config, 'wlc', live);
  if (slot === null) return null;
  set ??= { members: [], changedAt: 0, usedAt: 0 };
  several.set(name, set);
  const member = memberAt(config, slot);
  if (set.members.some(({ id }) => id === member.id)) return slot;
  set.members = [member, ...set.members].slice(0, LARGEST_SET);
  Object.assign(set, { changedAt: live.now, usedAt: live.now });
  return slot;
}

function memberAt(config: ServiceConfig, slot: number): Member {
  return { slot, id: config.servers[slot]?.id ?? 0 };
}

/** Null: deleted, or the slot is another server's by now. */
function serverOf(config: ServiceConfig, { slot, id }: Member): ServerConfig | null {
  const entry = config.servers[slot];
  return entry !== undefined && entry.id === id && entry.available ? entry : null;
}

function isOverrun({ servers }: ServiceConfig, { id, weight }: ServerConfig, live: Live): boolean {
  const isIdle = (other: ServerConfig): boolean => other.available && live.active(other.id) * 2 < other.weight;
  return live.active(id) > weight && servers.some(isIdle);
}

function leastOf(config: ServiceConfig, { members }: MemberSet, live: Live): number | null {
  let best: ServerConfig | null = null;
  let at: number | null = null;
  for (const member of members) {
    const entry = serverOf(config, member);
    if (entry === null || !mayTake(config, member.slot, live)) continue;
    if (best !== null && loadOf(entry, live) * BigInt(best.weight) >= loadOf(best, live) * BigInt(entry.weight))
      continue;
    best = entry;
    at = member.slot;
  }
  return at;
}

function dropBusiest(config: ServiceConfig, set: MemberSet, live: Live): void {
  let most: ServerConfig | null = null;
  for (const member of set.members) {
    const entry = serverOf(config, member);
    if (entry === null || entry.weight === 0) continue;
    if (most !== null && loadOf(entry, live) * BigInt(most.weight) <= loadOf(most, live) * BigInt(entry.weight))
      continue;
    most = entry;
  }
  if (most === null) return;
  set.members = set.members.filter(({ id }) => id !== most.id);
  set.changedAt = live.now;
}
