/** Which real server gets a packet: its connection's, or the one that the connection is opened to. */
import { Option } from '../../../src/dataplane/types.gen.ts';
import { TIMEOUTS } from '../settings.ts';
import { isEligible, isTranslated, type ServerConfig, type ServiceConfig } from '../world.ts';
import type { Live } from './compare.ts';
import type { Entry, Lookup } from './connections.ts';
import type { ModelDataPlane } from './data-plane.ts';
import type { FlowHash } from './hash.ts';
import type { Admission } from './limits.ts';
import {
  establishedState,
  isEstablished,
  isForeign,
  isPlainAck,
  isSyn,
  newbornState,
  opensConnection,
  reusesConnection,
  stateAfter,
} from './opening.ts';
import type { Packet } from './read-packet.ts';
import { type Cursor, newCursor, placeByRing, schedule, serversChanged } from './schedule.ts';
import { type Direction, timeoutOf } from './tcp-state.ts';
import type { Template } from './templates.ts';

/** The kernel's, dropped, or answered with an ICMP error. */
export type NoServer = 'pass' | 'drop' | 'refuse';

/** While connections placed without an entry may live. */
interface Unrecorded {
  placedAt: number | null;
  followedUntil: number;
}

/** New connections follow the ring for this long after one that found no room. */
const RING_SECONDS = 60;
/** What an ICMP error opens lives so long. */
const QUOTED_SECONDS = 3;

export class Placement {
  /** What the last packet has done to its connection's entry. */
  news: 'old' | 'refreshed' | 'opened' = 'old';
  readonly #plane: ModelDataPlane;
  #dropTurn = 0;
  readonly #cursors = new Map<number, Cursor>();
  readonly #unrecorded = new Map<number, Unrecorded>();

  constructor(plane: ModelDataPlane) {
    this.#plane = plane;
  }

  serversChanged(config: ServiceConfig): void {
    serversChanged(this.#cursor(config), config);
  }

  /** A slot of the service, or why there is none. */
  find(service: ServiceConfig, packet: Packet, hash: FlowHash): number | NoServer {
    const opening = opensConnection(packet, this.#plane.options) && !this.#isFast(service, packet, hash);
    const exact = packet.protocol !== 6 || packet.quoted === true;
    const lookup: Lookup = {
      hash,
      key: flowKey(service, packet),
      now: this.#plane.now,
      opening,
      exact,
      confirm: false,
    };
    const found = this.#plane.connections.find(lookup);
    const entry = found < 0 ? null : (this.#plane.connections.entries[found] ?? null);
    if (entry === null)
      return opening ? this.#open(service, packet, lookup, -1) : this.#withoutEntry(service, packet, hash);
    const end = this.#endOf(entry, service, packet);
    if (end === null) {
      this.#use(found, entry, service, packet);
      return entry.slot;
    }
    lookup.confirm ||= entry.confirm;
    this.#plane.connections.remove(found);
    this.#plane.sending.count(end);
    return opening ? this.#open(service, packet, lookup, found) : this.#withoutEntry(service, packet, hash);
  }

  /** Decided without a look at keys, unless the entry's real server is gone and expire_nodest_conn ends it. */
  #isFast(service: ServiceConfig, packet: Packet, hash: FlowHash): boolean {
    const entry = isPlainAck(packet) ? this.#plane.connections.fastEntry(hash, this.#plane.now) : null;
    if (entry === null) return false;
    return (service.servers[entry.slot]?.available ?? false) || !this.#plane.has(Option.OPTION_EXPIRE_NODEST_CONN);
  }

  /** Why a packet does not go on with an entry's connection; null: it does. */
  #endOf(entry: Entry, service: ServiceConfig, packet: Packet): string | null {
    const server = service.servers[entry.slot];
    const wanted = server?.available && (!isSyn(packet) || isEligible(server));
    if (this.#plane.has(Option.OPTION_EXPIRE_NODEST_CONN) && !wanted) return 'connections_without_server';
    const reuses = reusesConnection(
      packet,
      entry.state,
      this.#plane.options,
      server !== undefined && isTranslated(server),
    );
    return entry.template === null && reuses ? 'connections_reused' : null;
  }

  #use(number: number, entry: Entry, service: ServiceConfig, packet: Packet): void {
    const server = service.servers[entry.slot];
    if (!server?.available) return;
    const before = entry.state;
    const state = stateAfter(before, packet, directionOf(server), this.#plane.options);
    if (state !== before || entry.deadline !== this.#plane.now + timeoutOf(state)) this.news = 'refreshed';
    this.#plane.connections.refresh(number, state, this.#plane.now + timeoutOf(state));
    if (entry.template && service.persistence > 0 && isEstablished(state) && before !== state) {
      entry.template.assured = true;
    }
  }

  /** `place`: the number of the entry that the packet takes over, or -1. */
  #open(service: ServiceConfig, packet: Packet, lookup: Lookup, place: number): number | NoServer {
    if (this.#plane.dropRate > 0 && this.#dropTurn++ % this.#plane.dropRate === 0) {
      this.#plane.sending.count('drop_defense');
      return 'drop';
    }
    const foreign = isForeign(service, packet);
    if (service.persistence === 0 && (service.ring.length === 0 || foreign)) return this.#noServer(service, packet);
    const admission = this.#plane.limits.admit(service, packet);
    if (admission === 'drop') return 'drop';
    return this.#place(service, packet, lookup, place, admission);
  }

  #place(
    service: ServiceConfig,
    packet: Packet,
    lookup: Lookup,
    place: number,
    admission: Admission,
  ): number | NoServer {
    const { over } = admission;
    const single = service.onePacket && packet.protocol === 17;
    const { connections, now } = this.#plane;
    const number = place >= 0 || single || over ? place : connections.claim(lookup.hash, now, TIMEOUTS);
    const bound = this.#template(service, packet);
    const byRing = over || (!single && (number < 0 || this.#ringIsOn(service)));
    const slot = bound ?? this.#schedule(service, packet, lookup, byRing);
    const server = slot === null ? undefined : service.servers[slot];
    if (slot === null || server === undefined) return this.#noServer(service, packet);
    if (bound === null && !isEligible(server)) return this.#noServer(service, packet);
    const isNew = bound === null;
    const template =
      service.persistence > 0 && !over ? this.#plane.templates.bind(service, packet.source, slot, now, isNew) : null;
    if (!single && number < 0 && isTranslated(server)) {
      this.#plane.sending.count(over ? 'drop_over_rate' : 'drop_table_full');
      return 'drop';
    }
    if (single) this.#plane.sending.count('one_packet');
    else if (number < 0) this.#placeWithoutEntry(service, packet, over);
    else this.#record(number, slot, server, packet, lookup, template, admission.limited);
    // By NAT it counts once its replies can be found, too.
    if (!single && isTranslated(server)) return slot;
    if (!single && number >= 0) this.#plane.sending.count('connections_created');
    this.#plane.sending.trafficOf(`service ${service.id}`).connections++;
    this.#plane.sending.trafficOf(`server ${server.id}`).connections++;
    return slot;
  }

  #schedule(service: ServiceConfig, packet: Packet, lookup: Lookup, byRing: boolean): number | null {
    return byRing
      ? placeByRing(service, packet, lookup.hash.ring, this.#live(), true)
      : schedule(service, this.#cursor(service), packet, this.#live());
  }

  #template(service: ServiceConfig, packet: Packet): number | null {
    if (service.persistence === 0) return null;
    return this.#plane.templates.find(
      service,
      packet.source,
      this.#plane.now,
      this.#plane.has(Option.OPTION_EXPIRE_QUIESCENT_TEMPLATE),
    );
  }

  #record(
    number: number,
    slot: number,
    server: ServerConfig,
    packet: Packet,
    lookup: Lookup,
    template: Template | null,
    limited: boolean,
  ): void {
    const state = packet.quoted
      ? newbornState(packet)
      : stateAfter(null, packet, directionOf(server), this.#plane.options);
    const confirm = lookup.confirm || packet.protocol !== 6 || this.#plane.has(Option.OPTION_SLOPPY_TCP);
    const deadline = this.#plane.now + (packet.quoted ? QUOTED_SECONDS : timeoutOf(state));
    const { key, hash } = lookup;
    const entry = { tag: hash.tag, confirm, slot, state, deadline, key, realServer: server.id, template, limited };
    this.#plane.connections.put(number, entry);
    if (limited) this.#plane.limits.opened(Number(key.split(' ')[4]), packet.source);
    if (template) {
      template.connections++;
      template.assured ||= isEstablished(state);
    }
    this.news = 'opened';
  }

  #placeWithoutEntry(service: ServiceConfig, packet: Packet, over: boolean): void {
    const followedUntil = this.#plane.now + timeoutOf(establishedState(packet));
    this.#unrecorded.set(service.id, { placedAt: this.#plane.now, followedUntil });
    this.#plane.sending.count('connections_unrecorded');
    if (over) this.#plane.sending.count('connections_over_rate');
  }

  /** TCP in mid-flow that nobody knows: the ring while such connections may live, else the kernel. */
  #withoutEntry(service: ServiceConfig, packet: Packet, hash: FlowHash): number | NoServer {
    const without = this.#unrecorded.get(service.id);
    if (without === undefined || without.followedUntil <= this.#plane.now) return this.#passUnknown(packet);
    if (!packet.quoted && this.#plane.limits.isDenied(service, packet)) return 'drop';
    const slot = this.#template(service, packet) ?? placeByRing(service, packet, hash.ring, this.#live(), false);
    if (slot === null) return this.#noServer(service, packet);
    const server = service.servers[slot];
    if (server !== undefined && isTranslated(server)) return this.#passUnknown(packet);
    if (!packet.quoted) without.followedUntil = this.#plane.now + timeoutOf(establishedState(packet));
    this.#plane.sending.count('followed_ring');
    return slot;
  }

  #ringIsOn(service: ServiceConfig): boolean {
    const placedAt = this.#unrecorded.get(service.id)?.placedAt ?? null;
    return placedAt !== null && this.#plane.now - placedAt < RING_SECONDS;
  }

  #noServer(service: ServiceConfig, packet: Packet): 'refuse' | 'pass' {
    if (isForeign(service, packet)) return this.#passUnknown(packet);
    this.#plane.sending.count('drop_no_real_server');
    return 'refuse';
  }

  #passUnknown({ quoted }: Packet): 'pass' {
    this.#plane.sending.count(quoted ? 'pass_icmp_unknown' : 'pass_no_connection');
    return 'pass';
  }

  #live(): Live {
    const { live, overloaded } = this.#plane.connections;
    return {
      active: (id) => live.get(id)?.active ?? 0,
      inactive: (id) => live.get(id)?.inactive ?? 0,
      overloaded: (id) => overloaded.has(id),
      now: this.#plane.now,
    };
  }

  #cursor(config: ServiceConfig): Cursor {
    const cursor = this.#cursors.get(config.id) ?? newCursor();
    this.#cursors.set(config.id, cursor);
    return cursor;
  }
}

/** Whose table of states a client's packets go by. */
function directionOf(server: ServerConfig): Direction {
  return isTranslated(server) ? 'input' : 'input-only';
}

export function flowKey(service: ServiceConfig, packet: Packet): string {
  const { source, destination, sport, dport } = packet;
  return `${source.toString('hex')} ${sport} ${destination.toString('hex')} ${dport} ${service.id} ${packet.protocol}`;
}
