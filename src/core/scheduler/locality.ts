/**
 * Locality: connections to one destination address stay with one server (lblc)
 * or a few (lblcr), as long as those are not full while another is idle
 * (ip_vs_lblc.c, ip_vs_lblcr.c). Servers are remembered by key, so that one
 * that is deleted and comes back is known again.
 */
import type { Address } from '../model/model.ts';
import { serverKeyText } from '../model/service-key.ts';
import { type Candidate, isHeavier, NO_SERVER, overhead, type Position } from './candidate.ts';
import { chooseWlc } from './least.ts';

/** lblc_expiration and lblcr_expiration, seconds: a day. */
export const LOCALITY_SECONDS = 86_400;

interface CachedServer {
  readonly server: string;
  readonly usedAt: number;
}
export type LblcState = ReadonlyMap<Address, CachedServer>;

interface CachedSet {
  /** Newest first. */
  readonly servers: readonly string[];
  readonly changedAt: number;
  readonly usedAt: number;
}
export type LblcrState = ReadonlyMap<Address, CachedSet>;

/** `now`: seconds. A cached server is used even where it is at its upper threshold, as in IPVS. */
export function chooseLblc(
  servers: readonly Candidate[],
  state: LblcState,
  destination: Address,
  now: number,
): [Position, LblcState] {
  const known = fresh(state.get(destination), now);
  const cached = known === undefined ? NO_SERVER : positionOf(servers, known.server);
  const server = servers[cached];
  const isKept = server !== undefined && server.weight > 0 && !isOverrun(server, servers);
  const chosen = isKept ? cached : chooseWlc(servers);
  if (chosen === NO_SERVER) {
    return [NO_SERVER, known === undefined ? state : new Map(state).set(destination, { ...known, usedAt: now })];
  }
  const name = nameOf(servers[chosen]!);
  if (known?.server === name && known.usedAt === now) return [chosen, state];
  return [chosen, new Map(state).set(destination, { server: name, usedAt: now })];
}

export function chooseLblcr(
  servers: readonly Candidate[],
  state: LblcrState,
  destination: Address,
  now: number,
): [Position, LblcrState] {
  const known = fresh(state.get(destination), now);
  const least = known === undefined ? NO_SERVER : leastOf(servers, known.servers);
  const kept = known === undefined ? undefined : { ...shrunk(servers, known, now), usedAt: now };
  const server = servers[least];
  const isKept = server !== undefined && !isOverrun(server, servers);
  const chosen = isKept ? least : chooseWlc(servers);
  if (chosen === NO_SERVER) return [NO_SERVER, kept === undefined ? state : new Map(state).set(destination, kept)];
  const set = isKept ? kept! : grown(kept, nameOf(servers[chosen]!), now);
  if (known?.servers === set.servers && known.usedAt === now) return [chosen, state];
  return [chosen, new Map(state).set(destination, set)];
}

function fresh<T extends { readonly usedAt: number }>(entry: T | undefined, now: number): T | undefined {
  return entry !== undefined && now - entry.usedAt < LOCALITY_SECONDS ? entry : undefined;
}

/** More active connections than its weight, while another has less than half of its own. */
function isOverrun({ active, weight }: Candidate, servers: readonly Candidate[]): boolean {
  return active > weight && servers.some((other) => other.active * 2 < other.weight);
}

/** Of a set, the one with the fewest connections for its weight. */
function leastOf(servers: readonly Candidate[], set: readonly string[]): Position {
  const members = set.map((name) => positionOf(servers, name)).filter((position) => position !== NO_SERVER);
  const candidates = members.map((position) => servers[position]!);
  return members[chooseWlc(candidates)] ?? NO_SERVER;
}

/** A set of several that has not changed for long loses its busiest server. */
function shrunk(servers: readonly Candidate[], set: CachedSet, now: number): CachedSet {
  if (set.servers.length < 2 || now - set.changedAt <= LOCALITY_SECONDS) return set;
  const members = set.servers.map((name) => servers[positionOf(servers, name)]);
  let busiest = NO_SERVER;
  members.forEach((server, i) => {
    const most = members[busiest];
    if (server === undefined || server.weight === 0) return;
    if (most === undefined || isHeavier(overhead(server), server.weight, overhead(most), most.weight)) busiest = i;
  });
  return busiest === NO_SERVER ? set : { ...set, servers: set.servers.toSpliced(busiest, 1), changedAt: now };
}

function grown(set: CachedSet | undefined, name: string, now: number): CachedSet {
  if (set?.servers.includes(name)) return set;
  return { servers: [name, ...(set?.servers ?? [])], changedAt: now, usedAt: now };
}

function positionOf(servers: readonly Candidate[], name: string): Position {
  return servers.findIndex((server) => nameOf(server) === name);
}

function nameOf({ key }: Candidate): string {
  return serverKeyText(key);
}
