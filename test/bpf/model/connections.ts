/**
 * The connection table: buckets of eight entries, two candidate buckets for a
 * connection. An entry is known by its tag; its full key is compared where a
 * packet may open a connection, or where two keys are known to share a tag.
 */
import type { State } from '../settings.ts';
import type { NextHopConfig } from '../world.ts';
import type { FlowHash } from './hash.ts';
import { isActive, timeoutOf } from './tcp-state.ts';
import type { Template } from './templates.ts';

export const WAYS = 8;

export interface Entry {
  readonly tag: number;
  /** Another key with this tag is or was there. */
  confirm: boolean;
  slot: number;
  state: State;
  /** Seconds of the data plane's clock; dead from then on. */
  deadline: number;
  /** Source, destination, ports and service, as one text. */
  readonly key: string;
  readonly realServer: number;
  /** Of a persistent service: what bound its client. */
  readonly template: Template | null;
  /** Not a connection, but where the replies of one are found; its key is the reply's. */
  reply?: Reply;
  /** fullnat: number of the reply entry with its local address and port. */
  local?: number;
  /** fullnat: 16 bits of what acknowledges the real server's SYN. */
  firstAck?: number;
  /** It counts for the limits of its service. */
  limited?: boolean;
}

/** Where a reply leads: its connection, and the way that the client's frames came. */
export interface Reply {
  /** Number of the connection's entry. */
  readonly connection: number;
  /** Client and its port, as keys of connections begin. */
  readonly client: string;
  /** Of the IP header, with which they end. */
  readonly protocol: number;
  way: NextHopConfig;
  /** fullnat: its key has a local address and port. */
  readonly isLocal: boolean;
}

/** One packet's view: where its connection may stand, and whether it may open one. */
export interface Lookup {
  readonly hash: FlowHash;
  readonly key: string;
  readonly now: number;
  readonly opening: boolean;
  /** Keys are compared even where no rival is known: of all but TCP, and where an ICMP error asks. */
  readonly exact: boolean;
  /** Out: rivals of the same tag were met. */
  confirm: boolean;
}

/** Connections; 0: none. */
interface Thresholds {
  readonly upper: number;
  readonly lower: number;
}

export interface TableEvents {
  count(name: 'connections_expired' | 'connections_evicted' | 'tag_collisions'): void;
  /** A connection closes, or its entry goes. */
  closed(entry: Entry): void;
}

export class Connections {
  readonly entries: (Entry | null)[];
  readonly live = new Map<number, { active: number; inactive: number }>();
  /** Real servers at their upper threshold. */
  readonly overloaded = new Set<number>();
  readonly #thresholds = new Map<number, Thresholds>();
  readonly #events: TableEvents;

  constructor(buckets: number, events: TableEvents) {
    this.entries = new Array<Entry | null>(buckets * WAYS).fill(null);
    this.#events = events;
  }

  /** Number of the packet's live entry, or -1. An opening packet marks every rival that it meets. */
  find(lookup: Lookup): number {
    for (const number of candidates(lookup.hash)) {
      const entry = this.entries[number] ?? null;
      if (entry === null || entry.reply || entry.tag !== lookup.hash.tag || isDead(entry, lookup.now)) continue;
      if (!lookup.opening && !lookup.exact && !entry.confirm) return number;
      if (entry.key === lookup.key) return number;
      if (!lookup.opening) continue;
      entry.confirm = true;
      lookup.confirm = true;
      this.#events.count('tag_collisions');
    }
    return -1;
  }

  /** Number of the reply entry with this key, or -1. `live`: only one whose connection is there. */
  findReply(hash: FlowHash, key: string, now: number, live: boolean): number {
    const found = candidates(hash).find((number) => {
      const entry = this.entries[number];
      if (!entry?.reply || entry.tag !== hash.tag || entry.key !== key) return false;
      return !live || this.connectionOf(number, now) !== null;
    });
    return found ?? -1;
  }

  /** The connection that a reply entry was made for; null: it is gone. */
  connectionOf(number: number, now: number): Entry | null {
    const found = this.#pointedTo(number, now);
    if (found === null) return null;
    const { entry, reply } = found;
    return (reply.isLocal ? entry.local === number : entry.key.startsWith(reply.client)) ? entry : null;
  }

  /** Whether a reply entry keeps its place: a connection that has no local port yet may be about to take it. */
  mayHaveConnection(number: number, now: number): boolean {
    const found = this.#pointedTo(number, now);
    return (
      this.connectionOf(number, now) !== null || (found?.reply.isLocal === true && found.entry.local === undefined)
    );
  }

  putReply(number: number, entry: Entry): void {
    this.entries[number] = entry;
  }

  /**
   * The first bucket's first entry of the tag, from the way on where a search for room begins, which is looked at
   * first, too: where it is established, alive and without rivals, its packets compare no key.
   */
  fastEntry(hash: FlowHash, now: number): Entry | null {
    const places = [...rotated(hash).slice(0, 1), ...candidates(hash).slice(0, WAYS)];
    const entry = places.map((number) => this.entries[number]).find((found) => found?.tag === hash.tag);
    if (entry == null || entry.state !== 'ESTABLISHED' || entry.confirm || isDead(entry, now)) return null;
    return entry;
  }

  /** Frees room for one entry: a free or dead place, else the connection that is worth least; -1 where none may go. */
  claim(hash: FlowHash, now: number, timeouts: readonly number[]): number {
    const free = rotated(hash).find((place) => {
      const entry = this.entries[place] ?? null;
      return entry === null || isDead(entry, now);
    });
    const number = free ?? this.#victim(candidates(hash), now, timeouts);
    if (number >= 0) this.#countOut(number, now);
    return number;
  }

  put(number: number, entry: Entry): void {
    this.entries[number] = entry;
    this.#countLive(entry, 1);
  }

  /** Takes an entry out without counting it as expired or evicted. */
  remove(number: number): void {
    const entry = this.entries[number] ?? null;
    if (entry !== null && !entry.reply) this.#countLive(entry, -1);
    if (entry?.template) entry.template.connections--;
    if (entry !== null) this.#events.closed(entry);
    this.entries[number] = null;
  }

  refresh(number: number, state: State, deadline: number): void {
    const entry = this.entries[number] ?? null;
    if (entry === null) return;
    const live = this.live.get(entry.realServer);
    if (live !== undefined) {
      live[isActive(entry.state) ? 'active' : 'inactive']--;
      live[isActive(state) ? 'active' : 'inactive']++;
    }
    if (isActive(entry.state) && !isActive(state)) this.#events.closed(entry);
    entry.state = state;
    entry.deadline = deadline;
  }

  /** An edit: none, or a higher upper threshold, forgives. */
  setThresholds(id: number, thresholds: Thresholds): void {
    const before = this.#thresholds.get(id)?.upper ?? 0;
    if (thresholds.upper === 0 || thresholds.upper > before) this.overloaded.delete(id);
    this.#thresholds.set(id, thresholds);
  }

  sweep(now: number): void {
    this.entries.forEach((entry, number) => {
      if (entry?.reply && !this.mayHaveConnection(number, now)) this.entries[number] = null;
      else if (entry !== null && isDead(entry, now)) this.#countOut(number, now);
    });
  }

  #pointedTo(number: number, now: number): { entry: Entry; reply: Reply } | null {
    const { reply, realServer } = this.entries[number] ?? {};
    const entry = reply === undefined ? null : (this.entries[reply.connection] ?? null);
    if (entry === null || reply === undefined || entry.reply || isDead(entry, now)) return null;
    return entry.realServer === realServer && entry.key.endsWith(` ${reply.protocol}`) ? { entry, reply } : null;
  }

  #victim(places: readonly number[], now: number, timeouts: readonly number[]): number {
    let best = -1;
    let lowest = Number.POSITIVE_INFINITY;
    for (const place of places) {
      const rank = evictionRank(this.entries[place] as Entry, now, timeouts);
      if (rank >= lowest) continue;
      lowest = rank;
      best = place;
    }
    return best;
  }

  #countOut(number: number, now: number): void {
    const entry = this.entries[number] ?? null;
    if (entry === null) return;
    this.#events.count(isDead(entry, now) ? 'connections_expired' : 'connections_evicted');
    this.remove(number);
  }

  #countLive({ realServer, state }: Entry, change: 1 | -1): void {
    const live = this.live.get(realServer) ?? { active: 0, inactive: 0 };
    live[isActive(state) ? 'active' : 'inactive'] += change;
    this.live.set(realServer, live);
    this.#checkThresholds(realServer, live.active + live.inactive, change);
  }

  /** Reaching the upper threshold sets it; falling below the lower one, or three quarters, clears it. */
  #checkThresholds(id: number, total: number, change: 1 | -1): void {
    const { upper, lower } = this.#thresholds.get(id) ?? { upper: 0, lower: 0 };
    if (change > 0 && upper > 0 && total >= upper) this.overloaded.add(id);
    if (change < 0 && (lower > 0 ? total < lower : total * 4 < upper * 3 || upper === 0)) this.overloaded.delete(id);
  }
}

/** The sixteen places where a connection may stand, in the order in which they are searched. */
function candidates(hash: FlowHash): number[] {
  const ways = Array.from({ length: WAYS }, (_, way) => way);
  return [...ways.map((way) => hash.bucket * WAYS + way), ...ways.map((way) => hash.second * WAYS + way)];
}

/** The same, each bucket from the way on that the tag says: in this order room is looked for. */
function rotated(hash: FlowHash): number[] {
  const ways = Array.from({ length: WAYS }, (_, way) => (hash.tag + way) % WAYS);
  return [hash.bucket, hash.second].flatMap((bucket) => ways.map((way) => bucket * WAYS + way));
}

function isDead(entry: Entry, now: number): boolean {
  return entry.deadline <= now && !entry.reply;
}

/**
 * Lower goes first; infinite never goes. First what is closing, then what has
 * been quiet for long enough: closing half-way (10 s), half open (3 s), UDP
 * (30 s). Among those of one kind, the one nearest its end.
 */
function evictionRank(entry: Entry, now: number, timeouts: readonly number[]): number {
  const left = entry.deadline - now;
  const idle = timeoutOf(entry.state, timeouts) - left;
  const [kind, quiet] = evictionKind(entry.state);
  return idle >= quiet ? kind * 65536 + left : Number.POSITIVE_INFINITY;
}

function evictionKind(state: State): [kind: number, quiet: number] {
  switch (state) {
    case 'CLOSE':
    case 'TIME_WAIT':
    case 'LAST_ACK':
    case 'SCTP_CLOSED':
    case 'SCTP_REJECTED':
      return [1, 0];
    case 'ESTABLISHED':
    case 'SCTP_ESTABLISHED':
    case 'REPLY':
      return [9, Number.POSITIVE_INFINITY];
    case 'SYN_RECV':
    case 'SYN_SENT':
    case 'SCTP_INIT1':
    case 'SCTP_INIT':
    case 'SCTP_COOKIE_SENT':
    case 'SCTP_COOKIE_REPLIED':
    case 'SCTP_COOKIE_WAIT':
    case 'SCTP_COOKIE':
    case 'SCTP_COOKIE_ECHOED':
      return [3, 3];
    case 'UDP':
      return [4, 30];
    default:
      return [2, 10];
  }
}
