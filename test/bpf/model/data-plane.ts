/**
 * The data plane, stated once more in plain TypeScript: packet in and state
 * give verdict, packet out and new state. Read `process` from top to bottom.
 */

import { addressesOf, parsePrefix } from '../../../src/core/model/prefix.ts';
import { Option } from '../../../src/dataplane/types.gen.ts';
import { addressBytes, macBytes } from '../../support/packet-bytes.ts';
import { ETHERTYPE } from '../../support/packet-layers.ts';
import { vipFilterBit } from '../encode.ts';
import type { ServerConfig, ServiceConfig, World } from '../world.ts';
import { Connections } from './connections.ts';
import { Fragments, type RequestFragment } from './fragments.ts';
import { type FlowHash, flowHash } from './hash.ts';
import { Limits } from './limits.ts';
import { type Local, LocalRequests } from './local-requests.ts';
import { flowKey, Placement } from './placement.ts';
import { frameHeaders, type Headers, hasPorts, packetOf, readFirstFragment } from './read-headers.ts';
import { type Link, type Packet, readDestination, readLink, readPacket } from './read-packet.ts';
import { announcesIcmp, errorOf, isTunnelEnd, isWholeIcmp, type Related, readRelated, translated } from './related.ts';
import { Replies } from './replies.ts';
import { type Result, Sending } from './sending.ts';
import { Services } from './services.ts';
import { Templates } from './templates.ts';
import { reached } from './translate.ts';

export interface ModelOptions {
  readonly buckets: number;
  readonly hashKey: readonly bigint[];
  readonly now: number;
  readonly ingress: number;
  /** Where the program's search for a local port began, asked once for each search. */
  readonly searchStart: () => bigint;
}

interface FirstFragment {
  readonly headers: Headers;
  readonly headerEnd: number;
}

export class ModelDataPlane {
  readonly connections: Connections;
  readonly sending: Sending;
  readonly templates = new Templates();
  now: number;
  dropRate = 0;
  readonly #options: ModelOptions;
  #world: World = { services: [], nextHops: [], interfaces: [] };
  #filter = new Set<number>();
  #services = new Services([]);
  readonly fragments = new Fragments();
  readonly limits = new Limits(this);
  readonly #placement: Placement;
  readonly #replies: Replies;
  readonly #locals: LocalRequests;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.now = options.now;
    this.sending = new Sending(options.ingress);
    this.connections = new Connections(options.buckets, {
      count: (name) => this.sending.count(name),
      closed: (entry) => this.limits.closed(entry),
    });
    this.#placement = new Placement(this);
    this.#replies = new Replies(this);
    this.#locals = new LocalRequests(this, this.#placement, this.#replies, options.searchStart);
  }

  configure(world: World): void {
    const before = new Map(this.#world.services.map((config) => [config.id, config.generation]));
    for (const config of world.services) {
      if (before.get(config.id) !== config.generation) this.#placement.serversChanged(config);
    }
    for (const { servers } of world.services) {
      for (const { id, upper, lower } of servers) this.connections.setThresholds(id, { upper, lower });
    }
    this.#world = world;
    this.sending.world = world;
    this.#services = new Services(world.services, world.marks);
    this.#replies.configure(world);
    this.#locals.configure(world);
    this.limits.ofAll = world.limitOfAll ?? 'none';
    const addresses = world.services.flatMap(({ protocol, address }) => (protocol === 'fwmark' ? [] : [address]));
    const marked = (world.marks ?? [])
      .filter(({ mark, destination }) => hasMark(world, mark, destination))
      .flatMap(({ destination }) => addressesOf(parsePrefix(destination)!));
    this.#filter = new Set([...addresses, ...marked].map((address) => vipFilterBit(addressBytes(address))));
  }

  /** Bits of enum option. */
  get options(): number {
    return this.sending.options;
  }

  set options(bits: number) {
    this.sending.options = bits;
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
    if (!link || !destination) return null;
    if (!this.#filter.has(vipFilterBit(destination))) return this.#elsewhere(frame, link, pass);
    const reading = readPacket(frame, link);
    if (reading.kind !== 'packet') {
      return reading.kind === 'malformed'
        ? this.sending.outcome('pass_malformed', pass)
        : this.#uncommon(frame, link, pass);
    }
    return this.#decide(frame, link, reading.packet, pass, null);
  }

  /** `first`: the packet is the first of several fragments, which follow it. */
  #decide(frame: Buffer, link: Link, packet: Packet, pass: Result, first: FirstFragment | null): Result | null {
    const service = this.#findService(packet);
    if (service === null) return null;
    if (!this.isForUs(frame)) return this.sending.outcome('pass_other_mac', pass);
    const hash = this.hashOf(packet, service.id);
    this.#placement.news = 'old';
    const slot = this.#placement.find(service, packet, hash);
    if (slot === 'pass') return pass;
    if (slot === 'drop') return { ...pass, verdict: 'drop' };
    if (slot === 'refuse') return this.sending.answer(frame, link, packet, { kind: 'port-unreachable' });
    const server = service.servers[slot];
    if (first !== null && server !== undefined) {
      const { headers, headerEnd } = first;
      const went = { kind: 'request' as const, service: service.id, slot, realServer: server.id, flow: hash.ring };
      this.fragments.remember(headers, { ...went, local: null, headerEnd, seenAt: this.now });
    }
    if (!server?.available) return this.sending.drop('drop_real_server_gone', frame);
    const to = reached(server, service, packet);
    const local = this.#prepare(frame, link, packet, service, to, first?.headers ?? null);
    if (local === 'drop') return { ...pass, verdict: 'drop' };
    return this.sending.forward({ frame, link, packet, server: to, flow: hash.ring, local }, service);
  }

  /** What the answers need. */
  #prepare(
    frame: Buffer,
    link: Link,
    packet: Packet,
    service: ServiceConfig,
    server: ServerConfig,
    first: Headers | null,
  ): Local | null | 'drop' {
    if (server.method === 'fullnat') {
      const isFirst = first !== null && packet.partial === true;
      return this.#locals.use({ frame, link, packet, service, server }, isFirst ? first : null) ?? 'drop';
    }
    return this.#settleReplies(frame, link, packet, service, server) ? null : 'drop';
  }

  /** After a packet that opened its connection, or started its time again; false: no room for its replies. */
  #settleReplies(frame: Buffer, link: Link, packet: Packet, service: ServiceConfig, server: ServerConfig): boolean {
    if (server.method !== 'nat' || this.#placement.news === 'old') return true;
    const hash = this.hashOf(packet, service.id);
    const exact = packet.protocol !== 6;
    const lookup = { hash, key: flowKey(service, packet), now: this.now, opening: false, exact, confirm: false };
    const connection = this.connections.find(lookup);
    const kept = connection >= 0 && this.#replies.keep(frame, link, packet, server, connection);
    if (this.#placement.news === 'refreshed') return true;
    if (kept) {
      this.sending.count('connections_created');
      this.sending.trafficOf(`service ${service.id}`).connections++;
      this.sending.trafficOf(`server ${server.id}`).connections++;
      return true;
    }
    this.connections.remove(connection);
    this.sending.count('drop_table_full');
    return false;
  }

  /** To no VIP: only errors about tunnels concern us. */
  #elsewhere(frame: Buffer, link: Link, pass: Result): Result | null {
    const headers = announcesIcmp(frame, link) ? frameHeaders(frame, link) : null;
    return headers !== null && isWholeIcmp(headers) ? this.#related(frame, link, headers, pass) : null;
  }

  #uncommon(frame: Buffer, link: Link, pass: Result): Result | null {
    const headers = frameHeaders(frame, link);
    if (headers === null) return this.sending.outcome('pass_malformed', pass);
    if (isWholeIcmp(headers)) return this.#related(frame, link, headers, pass);
    if (headers.family === 4 && !hasPorts(headers.protocol)) return pass;
    if (headers.fragmentable === null && headers.protocol !== 132) return pass;
    if (headers.offset > 0) return this.#laterFragment(frame, link, headers, pass);
    if (!hasPorts(headers.protocol)) return this.sending.outcome('pass_fragment', pass);
    const first = readFirstFragment(frame.subarray(link.ipAt), headers);
    if (first === null) return this.sending.outcome('pass_malformed', pass);
    const { packet, headerEnd } = first;
    return this.#decide(frame, link, packet, pass, headers.more ? { headers, headerEnd } : null);
  }

  #laterFragment(frame: Buffer, link: Link, headers: Headers, pass: Result): Result | null {
    const known = this.fragments.recall(headers, this.now);
    if (known === 'unknown') return this.sending.outcome('pass_fragment', pass);
    if (known === 'malformed') return this.sending.outcome('pass_malformed', pass);
    if (known.kind === 'reply') return null;
    if (!this.isForUs(frame)) return this.sending.outcome('pass_other_mac', pass);
    const service = this.#world.services.find(({ id }) => id === known.service);
    if (service === undefined) return pass;
    const server = service.servers[known.slot];
    if (!server?.available || server.id !== known.realServer) return this.sending.drop('drop_real_server_gone', frame);
    // No error about a later fragment (RFC 1122, 3.2.2); IPv6 knows no such rule.
    const packet = packetOf(headers, { protocol: 17, sport: 0, dport: 0, flags: 0, transport: 0 });
    const local = this.#followLocal(frame, link, packet, service, server, known);
    if (local === 'drop') return { ...pass, verdict: 'drop' };
    return this.sending.forward(
      { frame, link, packet, server, flow: known.flow, local },
      service,
      headers.family === 4,
    );
  }

  #followLocal(
    frame: Buffer,
    link: Link,
    packet: Packet,
    service: ServiceConfig,
    server: ServerConfig,
    known: RequestFragment,
  ): Local | null | 'drop' {
    if (server.method !== 'fullnat') return null;
    return this.#locals.follow({ frame, link, packet, service, server }, known) ?? 'drop';
  }

  /** An ICMP error goes where the packets go that it is about. */
  #related(frame: Buffer, link: Link, headers: Headers, pass: Result): Result | null {
    const isOfService = (packet: Packet) => this.#findService(packet) !== null;
    const related = readRelated(frame.subarray(link.ipAt), headers, isOfService);
    if (related === null) return null;
    const service = this.#findService(related.packet);
    if (service === null) return null;
    if (!this.isForUs(frame)) return this.sending.outcome('pass_other_mac', pass);
    if (!related.sumIsRight) return this.sending.outcome('pass_malformed', pass);
    const { packet } = related;
    const hash = this.hashOf(packet, service.id);
    this.#placement.news = 'old';
    const lookup = { hash, key: flowKey(service, packet), now: this.now, opening: false, exact: true, confirm: false };
    const known = this.connections.entries[this.connections.find(lookup)]?.slot;
    if (related.tunnel !== null) {
      const end = known === undefined ? undefined : service.servers[known];
      if (end === undefined || !isTunnelEnd(related, end)) return this.sending.outcome('pass_icmp_unknown', pass);
      return this.#tellClient(frame, link, related, end, pass);
    }
    const slot = known ?? this.#placement.find(service, packet, hash);
    if (slot === 'pass') return pass;
    const server = typeof slot === 'number' ? service.servers[slot] : undefined;
    if (typeof slot === 'string') return { ...pass, verdict: 'drop' };
    if (!server?.available) return this.sending.drop('drop_real_server_gone', frame);
    const to = reached(server, service, packet);
    const local = this.#prepare(frame, link, packet, service, to, null);
    if (local === 'drop') return { ...pass, verdict: 'drop' };
    const error = errorOf(headers, packet);
    return this.sending.forward({ frame, link, packet: error, server: to, flow: hash.ring, local }, service, true);
  }

  /** An error about a tunnel packet becomes one about the packet inside. */
  #tellClient(frame: Buffer, link: Link, related: Related, end: ServerConfig, pass: Result): Result {
    const error = translated(related, end, this.has(Option.OPTION_PMTU_DISC));
    if (error === null || related.tunnel === null) return this.sending.outcome('pass_tunnel_error', pass);
    this.sending.count('drop_tunnel_error');
    const { quote, inner } = related.tunnel;
    const packet = { ...related.packet, length: Math.min(inner.length, quote.length) };
    return this.sending.answer(withPacket(frame, link, inner.family, quote), link, packet, error);
  }

  sweep(): void {
    this.connections.sweep(this.now);
    this.templates.sweep(this.now);
  }

  #findService(packet: Packet): ServiceConfig | null {
    return this.#services.find(packet, this.has(Option.OPTION_FTP));
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

  has(option: number): boolean {
    return (this.options & option) !== 0;
  }
}

/** A frame with another IP packet behind its MAC addresses and tags. */
function withPacket(frame: Buffer, { ipAt }: Link, family: 4 | 6, packet: Buffer): Buffer {
  const etherType = Buffer.alloc(2);
  etherType.writeUInt16BE(family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
  return Buffer.concat([frame.subarray(0, ipAt - 2), etherType, packet]);
}

function hasMark({ services }: World, mark: number, destination: string): boolean {
  const family = (text: string): boolean => text.includes(':');
  return services.some((config) => config.mark === mark && family(config.address) === family(destination));
}
