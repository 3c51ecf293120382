/**
 * The data plane, stated once more in plain TypeScript: packet in and state
 * give verdict, packet out and new state. Read `process` from top to bottom.
 */

import { Option } from '../../../src/dataplane/types.gen.ts';
import { addressBytes, macBytes } from '../../support/packet-bytes.ts';
import { vipFilterBit } from '../encode.ts';
import type { Verdict } from '../fixture.ts';
import { OPTIONS, type State, TIMEOUTS } from '../settings.ts';
import { isEligible, type ServerConfig, type ServiceConfig, type World } from '../world.ts';
import type { Live } from './compare.ts';
import { Connections, type Entry, type Lookup } from './connections.ts';
import { type Forwarding, forwardedFrame, hasRandomId, overheadOf } from './forward.ts';
import { Fragments } from './fragments.ts';
import { type FlowHash, flowHash } from './hash.ts';
import { type IcmpError, icmpAnswer, mayBeAnswered } from './icmp.ts';
import { isForeign, isPlainAck, isSyn, opensConnection, reusesConnection } from './opening.ts';
import { frameHeaders, type Headers, hasPorts, packetOf, readFirstFragment } from './read-headers.ts';
import { type Link, type Packet, readDestination, readLink, readPacket } from './read-packet.ts';
import { Replies } from './replies.ts';
import { type Cursor, newCursor, placeByRing, schedule, serversChanged } from './schedule.ts';
import { type Direction, nextTcpState, timeoutOf } from './tcp-state.ts';
import { type Template, Templates } from './templates.ts';

export interface Result {
  readonly verdict: Verdict;
  readonly frame: Buffer;
  /** The outer header's identification may be anything. */
  readonly randomId: boolean;
}

/** The kernel's, dropped, or answered with an ICMP error. */
type NoServer = 'pass' | 'drop' | 'refuse';

/** Of replies only where there were any. */
interface Traffic {
  connections: number;
  packets: number;
  bytes: number;
  out_packets?: number;
  out_bytes?: number;
}

export interface ModelOptions {
  readonly buckets: number;
  readonly hashKey: readonly bigint[];
  readonly now: number;
  readonly ingress: number;
}

/** While connections placed without an entry may live. */
interface Unrecorded {
  placedAt: number | null;
  followedUntil: number;
}

interface FirstFragment {
  readonly headers: Headers;
  readonly headerEnd: number;
}

/** New connections follow the ring for this long after one that found no room. */
const RING_SECONDS = 60;

export class ModelDataPlane {
  readonly connections: Connections;
  readonly traffic = new Map<string, Traffic>();
  readonly templates = new Templates();
  now: number;
  /** Bits of enum option. */
  options = OPTIONS;
  dropRate = 0;
  #dropTurn = 0;
  readonly #options: ModelOptions;
  #world: World = { services: [], nextHops: [], interfaces: [] };
  #filter = new Set<number>();
  #services = new Map<string, ServiceConfig>();
  #counted: Record<string, number> = {};
  readonly #cursors = new Map<number, Cursor>();
  readonly #unrecorded = new Map<number, Unrecorded>();
  readonly fragments = new Fragments();
  readonly #replies: Replies;
  /** What the packet has done to its connection's entry. */
  #news: 'old' | 'refreshed' | 'opened' = 'old';

  constructor(options: ModelOptions) {
    this.#options = options;
    this.now = options.now;
    this.connections = new Connections(options.buckets, { count: (name) => this.count(name) });
    this.#replies = new Replies(this);
  }

  configure(world: World): void {
    const before = new Map(this.#world.services.map((config) => [config.id, config.generation]));
    for (const config of world.services) {
      if (before.get(config.id) !== config.generation) serversChanged(this.#cursor(config), config);
    }
    for (const { servers } of world.services) {
      for (const { id, upper, lower } of servers) this.connections.setThresholds(id, { upper, lower });
    }
    this.#world = world;
    this.#services = new Map(world.services.map((config) => [serviceKeyOf(config), config]));
    this.#replies.configure(world);
    this.#filter = new Set(world.services.map((config) => vipFilterBit(addressBytes(config.address))));
  }

  #live(): Live {
    const { live, overloaded } = this.connections;
    return {
      active: (id) => live.get(id)?.active ?? 0,
      inactive: (id) => live.get(id)?.inactive ?? 0,
      overloaded: (id) => overloaded.has(id),
      now: this.now,
    };
  }

  /** Counters since the last call. */
  counted(): Record<string, number> {
    const counted = this.#counted;
    this.#counted = {};
    return counted;
  }

  /** A packet of no service may be a reply. */
  process(frame: Buffer): Result {
    return this.#processRequest(frame) ?? this.#replies.process(frame);
  }

  /** null: of no service. */
  #processRequest(frame: Buffer): Result | null {
    const pass: Result = { verdict: 'pass', frame, randomId: false };
    const link = readLink(frame);
    const destination = link && readDestination(frame, link);
    if (!link || !destination || !this.#filter.has(vipFilterBit(destination))) return null;
    const reading = readPacket(frame, link);
    if (reading.kind !== 'packet') {
      return reading.kind === 'malformed' ? this.#outcome('pass_malformed', pass) : this.#uncommon(frame, link, pass);
    }
    return this.#decide(frame, link, reading.packet, pass, null);
  }

  /** `first`: the packet is the first of several fragments, which follow it. */
  #decide(frame: Buffer, link: Link, packet: Packet, pass: Result, first: FirstFragment | null): Result | null {
    const service = this.#findService(packet);
    if (service === null) return null;
    if (!this.isForUs(frame)) return this.#outcome('pass_other_mac', pass);
    const hash = this.hashOf(packet, service.id);
    this.#news = 'old';
    const slot = this.#findServer(service, packet, hash);
    if (slot === 'pass') return pass;
    if (slot === 'drop') return { ...pass, verdict: 'drop' };
    if (slot === 'refuse') return this.#answer(frame, link, packet, { kind: 'port-unreachable' });
    const server = service.servers[slot];
    if (first !== null && server !== undefined) {
      const { headers, headerEnd } = first;
      const went = { kind: 'request' as const, service: service.id, slot, realServer: server.id, flow: hash.ring };
      this.fragments.remember(headers, { ...went, headerEnd, seenAt: this.now });
    }
    if (!server?.available) return this.#drop('drop_real_server_gone', frame);
    if (server.method === 'nat' && this.#news !== 'old' && !this.#settleReplies(frame, link, packet, service, server)) {
      return { ...pass, verdict: 'drop' };
    }
    return this.#forward({ frame, link, packet, server, flow: hash.ring }, service);
  }

  /** After a packet that opened its connection, or started its time again; false: no room for its replies. */
  #settleReplies(frame: Buffer, link: Link, packet: Packet, service: ServiceConfig, server: ServerConfig): boolean {
    const hash = this.hashOf(packet, service.id);
    const lookup = { hash, key: flowKey(service, packet), now: this.now, opening: false, confirm: false };
    const connection = this.connections.find(lookup);
    const kept = connection >= 0 && this.#replies.keep(frame, link, packet, server, connection);
    if (this.#news === 'refreshed') return true;
    if (kept) {
      this.count('connections_created');
      this.trafficOf(`service ${service.id}`).connections++;
      this.trafficOf(`server ${server.id}`).connections++;
      return true;
    }
    this.connections.remove(connection);
    this.count('drop_table_full');
    return false;
  }

  #uncommon(frame: Buffer, link: Link, pass: Result): Result | null {
    const headers = frameHeaders(frame, link);
    if (headers === null) return this.#outcome('pass_malformed', pass);
    if (headers.family === 4 && !hasPorts(headers.protocol)) return pass;
    if (headers.fragmentable === null) return pass;
    if (headers.offset > 0) return this.#laterFragment(frame, link, headers, pass);
    if (!hasPorts(headers.protocol)) return this.#outcome('pass_fragment', pass);
    const first = readFirstFragment(frame.subarray(link.ipAt), headers);
    if (first === null) return this.#outcome('pass_malformed', pass);
    const { packet, headerEnd } = first;
    return this.#decide(frame, link, packet, pass, headers.more ? { headers, headerEnd } : null);
  }

  #laterFragment(frame: Buffer, link: Link, headers: Headers, pass: Result): Result | null {
    const known = this.fragments.recall(headers, this.now);
    if (known === 'unknown') return this.#outcome('pass_fragment', pass);
    if (known === 'malformed') return this.#outcome('pass_malformed', pass);
    if (known.kind === 'reply') return null;
    if (!this.isForUs(frame)) return this.#outcome('pass_other_mac', pass);
    const service = this.#world.services.find(({ id }) => id === known.service);
    if (service === undefined) return pass;
    const server = service.servers[known.slot];
    if (!server?.available || server.id !== known.realServer) return this.#drop('drop_real_server_gone', frame);
    // No error about a later fragment (RFC 1122, 3.2.2); IPv6 knows no such rule.
    const packet = packetOf(headers, { protocol: 17, sport: 0, dport: 0, flags: 0, transport: 0 });
    return this.#forward({ frame, link, packet, server, flow: known.flow }, service, headers.family === 4);
  }

  sweep(): void {
    this.connections.sweep(this.now);
    this.templates.sweep(this.now);
  }

  /** Exact port first, then FTP's service for the ports of its data connections, then port 0. */
  #findService({ protocol, destination, dport }: Packet): ServiceConfig | null {
    const ftp = this.#has(Option.OPTION_FTP) && protocol === 6 && (dport === 20 || dport >= 1024);
    const ports = ftp ? [dport, 21, 0] : [dport, 0];
    for (const port of ports) {
      const service = this.#services.get(serviceKey(protocol, destination, port));
      if (service !== undefined) return service;
    }
    return null;
  }

  hashOf(packet: Packet, service: number): FlowHash {
    return flowHash(this.#options.hashKey, this.#options.buckets - 1, packet, service);
  }

  get ingress(): number {
    return this.#options.ingress;
  }

  isForUs(frame: Buffer): boolean {
    const { ingress } = this.#options;
    return this.#world.interfaces.some(
      ({ ifindex, mac }) => ifindex === ingress && macBytes(mac).equals(frame.subarray(0, 6)),
    );
  }

  #findServer(service: ServiceConfig, packet: Packet, hash: FlowHash): number | NoServer {
    const opening = opensConnection(packet, this.options) && !this.#isFast(service, packet, hash);
    const lookup: Lookup = { hash, key: flowKey(service, packet), now: this.now, opening, confirm: false };
    const found = this.connections.find(lookup);
    const entry = found < 0 ? null : (this.connections.entries[found] ?? null);
    if (entry === null)
      return opening ? this.#open(service, packet, lookup, -1) : this.#withoutEntry(service, packet, hash);
    const end = this.#endOf(entry, service, packet);
    if (end === null) {
      this.#use(found, entry, service, packet);
      return entry.slot;
    }
    lookup.confirm ||= entry.confirm;
    this.connections.remove(found);
    this.count(end);
    return opening ? this.#open(service, packet, lookup, found) : this.#withoutEntry(service, packet, hash);
  }

  /** Decided without a look at keys, unless the entry's real server is gone and expire_nodest_conn ends it. */
  #isFast(service: ServiceConfig, packet: Packet, hash: FlowHash): boolean {
    const entry = isPlainAck(packet) ? this.connections.fastEntry(hash, this.now) : null;
    if (entry === null) return false;
    return (service.servers[entry.slot]?.available ?? false) || !this.#has(Option.OPTION_EXPIRE_NODEST_CONN);
  }

  /** Why a packet does not go on with an entry's connection; null: it does. */
  #endOf(entry: Entry, service: ServiceConfig, packet: Packet): string | null {
    const server = service.servers[entry.slot];
    const wanted = server?.available && (!isSyn(packet) || isEligible(server));
    if (this.#has(Option.OPTION_EXPIRE_NODEST_CONN) && !wanted) return 'connections_without_server';
    const reuses = reusesConnection(packet, entry.state, this.options, server?.method === 'nat');
    return entry.template === null && reuses ? 'connections_reused' : null;
  }

  #use(number: number, entry: Entry, service: ServiceConfig, packet: Packet): void {
    const server = service.servers[entry.slot];
    if (!server?.available) return;
    const before = entry.state;
    const direction = directionOf(server);
    const state = packet.protocol === 6 ? nextTcpState(before, packet.flags, direction, this.isSecure) : before;
    if (state !== before || entry.deadline !== this.now + timeoutOf(state)) this.#news = 'refreshed';
    this.connections.refresh(number, state, this.now + timeoutOf(state));
    if (entry.template && service.persistence > 0 && state === 'ESTABLISHED' && before !== state) {
      entry.template.assured = true;
    }
  }

  /** `place`: the number of the entry that the packet takes over, or -1. */
  #open(service: ServiceConfig, packet: Packet, lookup: Lookup, place: number): number | NoServer {
    if (this.dropRate > 0 && this.#dropTurn++ % this.dropRate === 0) {
      this.count('drop_defense');
      return 'drop';
    }
    const foreign = isForeign(service, packet);
    if (service.persistence === 0 && (service.ring.length === 0 || foreign)) return this.#noServer(service, packet);
    const single = service.onePacket && packet.protocol === 17;
    const number = place >= 0 || single ? place : this.connections.claim(lookup.hash, this.now, TIMEOUTS);
    const bound = this.#template(service, packet);
    const slot = bound ?? this.#schedule(service, packet, lookup, !single && (number < 0 || this.#ringIsOn(service)));
    const server = slot === null ? undefined : service.servers[slot];
    if (slot === null || server === undefined) return this.#noServer(service, packet);
    if (bound === null && !isEligible(server)) return this.#noServer(service, packet);
    const isNew = bound === null;
    const template =
      service.persistence > 0 ? this.templates.bind(service, packet.source, slot, this.now, isNew) : null;
    if (!single && number < 0 && server.method === 'nat') {
      this.count('drop_table_full');
      return 'drop';
    }
    if (single) this.count('one_packet');
    else if (number < 0) this.#placeWithoutEntry(service);
    else this.#record(number, slot, server, packet, lookup, template);
    // By NAT it counts once its replies can be found, too.
    if (!single && server.method === 'nat') return slot;
    if (!single && number >= 0) this.count('connections_created');
    this.trafficOf(`service ${service.id}`).connections++;
    this.trafficOf(`server ${server.id}`).connections++;
    return slot;
  }

  #schedule(service: ServiceConfig, packet: Packet, lookup: Lookup, byRing: boolean): number | null {
    return byRing
      ? placeByRing(service, packet, lookup.hash.ring, this.#live(), true)
      : schedule(service, this.#cursor(service), packet, this.#live());
  }

  #template(service: ServiceConfig, packet: Packet): number | null {
    if (service.persistence === 0) return null;
    return this.templates.find(service, packet.source, this.now, this.#has(Option.OPTION_EXPIRE_QUIESCENT_TEMPLATE));
  }

  #record(
    number: number,
    slot: number,
    server: ServerConfig,
    packet: Packet,
    lookup: Lookup,
    template: Template | null,
  ): void {
    const state: State =
      packet.protocol === 17 ? 'UDP' : nextTcpState('NONE', packet.flags, directionOf(server), this.isSecure);
    const confirm = lookup.confirm || packet.protocol === 17 || this.#has(Option.OPTION_SLOPPY_TCP);
    const deadline = this.now + timeoutOf(state);
    const { key, hash } = lookup;
    const entry = { tag: hash.tag, confirm, slot, state, deadline, key, realServer: server.id, template };
    this.connections.put(number, entry);
    if (template) {
      template.connections++;
      template.assured ||= state === 'ESTABLISHED';
    }
    this.#news = 'opened';
  }

  #placeWithoutEntry(service: ServiceConfig): void {
    const followedUntil = this.now + timeoutOf('ESTABLISHED');
    this.#unrecorded.set(service.id, { placedAt: this.now, followedUntil });
    this.count('connections_unrecorded');
  }

  /** TCP in mid-flow that nobody knows: the ring while such connections may live, else the kernel. */
  #withoutEntry(service: ServiceConfig, packet: Packet, hash: FlowHash): number | NoServer {
    const without = this.#unrecorded.get(service.id);
    if (without === undefined || without.followedUntil <= this.now) {
      this.count('pass_no_connection');
      return 'pass';
    }
    const slot = this.#template(service, packet) ?? placeByRing(service, packet, hash.ring, this.#live(), false);
    if (slot === null) return this.#noServer(service, packet);
    if (service.servers[slot]?.method === 'nat') {
      this.count('pass_no_connection');
      return 'pass';
    }
    without.followedUntil = this.now + timeoutOf('ESTABLISHED');
    this.count('followed_ring');
    return slot;
  }

  #ringIsOn(service: ServiceConfig): boolean {
    const placedAt = this.#unrecorded.get(service.id)?.placedAt ?? null;
    return placedAt !== null && this.now - placedAt < RING_SECONDS;
  }

  /** `quiet`: no ICMP error is sent about it. */
  #forward(found: Omit<Forwarding, 'hop' | 'egress'>, service: ServiceConfig, quiet = false): Result {
    const { frame, link, packet, server } = found;
    const overhead = overheadOf(server);
    for (const traffic of [this.trafficOf(`service ${service.id}`), this.trafficOf(`server ${server.id}`)]) {
      traffic.packets++;
      traffic.bytes += packet.length;
    }
    if (packet.ttl <= 1) {
      this.count('drop_ttl_exceeded');
      if (quiet) return { verdict: 'drop', frame, randomId: false };
      return this.#answer(frame, link, packet, { kind: 'time-exceeded' });
    }
    if (packet.length + overhead > server.mtu) {
      if (packet.family === 4 && !packet.df) return this.#drop('drop_too_big_no_df', frame);
      this.count('drop_too_big');
      if (quiet) return { verdict: 'drop', frame, randomId: false };
      return this.#answer(frame, link, packet, { kind: 'too-big', mtu: server.mtu - overhead });
    }
    const hop = this.#world.nextHops[server.nextHop];
    const egress = this.#world.interfaces.find(({ ifindex }) => ifindex + 1 === hop?.port);
    if (hop === undefined || egress === undefined) return this.#drop('drop_no_next_hop', frame);
    this.count('forwarded');
    const forwarding: Forwarding = { ...found, hop, egress };
    const verdict = egress.ifindex === this.#options.ingress ? 'tx' : 'redirect';
    return { verdict, frame: forwardedFrame(forwarding), randomId: hasRandomId(forwarding) };
  }

  #answer(frame: Buffer, link: Link, packet: Packet, error: IcmpError): Result {
    if (!mayBeAnswered(packet.source)) return { verdict: 'drop', frame, randomId: false };
    this.count('icmp_sent');
    return { verdict: 'tx', frame: icmpAnswer(frame, link, packet, error), randomId: false };
  }

  #noServer(service: ServiceConfig, packet: Packet): 'refuse' | 'pass' {
    if (isForeign(service, packet)) {
      this.count('pass_no_connection');
      return 'pass';
    }
    this.count('drop_no_real_server');
    return 'refuse';
  }

  #has(option: number): boolean {
    return (this.options & option) !== 0;
  }

  get isSecure(): boolean {
    return this.#has(Option.OPTION_SECURE_TCP);
  }

  #drop(counter: string, frame: Buffer): Result {
    this.count(counter);
    return { verdict: 'drop', frame, randomId: false };
  }

  #outcome(counter: string, result: Result): Result {
    this.count(counter);
    return result;
  }

  count(name: string): void {
    this.#counted[name] = (this.#counted[name] ?? 0) + 1;
  }

  #cursor(config: ServiceConfig): Cursor {
    const cursor = this.#cursors.get(config.id) ?? newCursor();
    this.#cursors.set(config.id, cursor);
    return cursor;
  }

  trafficOf(name: string): Traffic {
    const traffic = this.traffic.get(name) ?? { connections: 0, packets: 0, bytes: 0 };
    this.traffic.set(name, traffic);
    return traffic;
  }
}

/** Whose table of states a client's packets go by. */
function directionOf({ method }: ServerConfig): Direction {
  return method === 'nat' ? 'input' : 'input-only';
}

function flowKey(service: ServiceConfig, packet: Packet): string {
  const { source, destination, sport, dport } = packet;
  return `${source.toString('hex')} ${sport} ${destination.toString('hex')} ${dport} ${service.id}`;
}

function serviceKey(protocol: number, address: Buffer, port: number): string {
  return `${protocol} ${address.toString('hex')} ${port}`;
}

function serviceKeyOf({ protocol, address, port }: ServiceConfig): string {
  return serviceKey(protocol === 'tcp' ? 6 : 17, addressBytes(address), port);
}
