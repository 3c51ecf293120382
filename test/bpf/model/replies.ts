/**
 * Masquerading, the real server's half: how what it answers finds its connection
 * in the table, and leaves as the VIP's the way that the client's frames came.
 */
import { Option } from '../../../src/dataplane/types.gen.ts';
import { addressBytes } from '../../support/packet-bytes.ts';
import { ETHERTYPE } from '../../support/packet-layers.ts';
import { vipFilterBit } from '../encode.ts';
import { TIMEOUTS } from '../settings.ts';
import { isTranslated, type NextHopConfig, type ServerConfig, type World } from '../world.ts';
import type { Entry, Reply } from './connections.ts';
import { isCrossable } from './cross.ts';
import type { Ends } from './cross-header.ts';
import type { ModelDataPlane } from './data-plane.ts';
import { hopped, type Leaving, linkHeader } from './forward.ts';
import type { FlowHash } from './hash.ts';
import { endsConnection, isEstablished, stateAfter } from './opening.ts';
import { frameHeaders, type Headers, hasPorts, packetOf, readFirstFragment } from './read-headers.ts';
import { type Link, type Packet, readDestination, readLink, readPacket, readSource } from './read-packet.ts';
import { announcesIcmp, errorOf, isWholeIcmp, readRelated } from './related.ts';
import type { Result } from './sending.ts';
import { timeoutOf } from './tcp-state.ts';
import { firstAckOf } from './toa.ts';
import { canTranslate, realPort, type Translation, translate } from './translate.ts';

/** No service has such an id: what a reply has in its place when it is hashed. */
const MARK = 0x80000000;
const PROTOCOL_SHIFT = 23;
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 };

interface Found {
  readonly packet: Packet;
  /** Number of its entry. */
  readonly number: number;
}

export class Replies {
  readonly #plane: ModelDataPlane;
  #world: World = { services: [], nextHops: [], interfaces: [] };
  #filter = new Set<number>();

  constructor(plane: ModelDataPlane) {
    this.#plane = plane;
  }

  configure(world: World): void {
    const servers = world.services.flatMap(({ servers }) => servers.filter(isTranslated));
    this.#world = world;
    this.#filter = new Set(servers.map(({ address }) => vipFilterBit(addressBytes(address))));
  }

  /** Makes a connection's replies findable, and notes where its frame came from; false: there is no room. */
  keep(frame: Buffer, link: Link, packet: Packet, server: ServerConfig, connection: number): boolean {
    const { connections, now } = this.#plane;
    const source = addressBytes(server.address);
    const { source: destination, sport: dport } = packet;
    const reply = { ...packet, source, destination, sport: realPort(server, packet), dport };
    const hash = this.#hash(reply);
    const key = replyKey(reply);
    const known = connections.findReply(hash, key, now, false);
    const number = known >= 0 ? known : connections.claim(hash, now, TIMEOUTS);
    if (number < 0) return false;
    const client = `${destination.toString('hex')} ${dport} `;
    const { protocol } = packet;
    const to = { connection, protocol, client, way: this.wayBack(frame, link), isLocal: false };
    connections.putReply(number, replyEntry(hash, key, server, to));
    return true;
  }

  /** fullnat: takes a local port for a connection. `reply`: what the real server will answer. The number of its entry, or why not. */
  take(reply: Packet, server: ServerConfig, connection: number, way: NextHopConfig): number | 'none' | 'no room' {
    const { connections, now } = this.#plane;
    const [hash, key] = [this.#hash(reply), replyKey(reply)];
    const { protocol } = reply;
    const to = { connection, protocol, client: '', way, isLocal: true };
    const known = connections.findReply(hash, key, now, false);
    const was = connections.entries[known]?.reply;
    const isOwn = was?.isLocal && was.connection === connection;
    if (was && !isOwn && connections.mayHaveConnection(known, now)) return 'none';
    const number = was ? known : connections.claim(hash, now, TIMEOUTS);
    if (number < 0 || number === connection) return 'no room';
    connections.putReply(number, replyEntry(hash, key, server, to));
    return number;
  }

  /** As a next hop: the sender's MAC, and the tags that the frame came with; an inner tag is always 802.1Q's. */
  wayBack(frame: Buffer, link: Link): NextHopConfig {
    const mac = frame
      .subarray(6, 12)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:');
    const tags = link.tags.map((tag, index) => (index === 0 ? tag : { ...tag, tpid: 0x8100 }));
    return { mac, port: this.#plane.ingress + 1, tags };
  }

  process(frame: Buffer): Result {
    const pass: Result = { verdict: 'pass', frame, randomId: false };
    const link = readLink(frame);
    const source = link && readSource(frame, link);
    if (!link || !source || !readDestination(frame, link)) return pass;
    const headers = frameHeaders(frame, link);
    const isKnown = this.#filter.has(vipFilterBit(source));
    if (headers && isWholeIcmp(headers)) {
      return isKnown || announcesIcmp(frame, link) ? this.#error(frame, link, headers, pass) : pass;
    }
    if (!isKnown) return pass;
    const found = this.#find(frame, link);
    return found === null ? this.#refuse(frame, link, pass) : this.#send(frame, link, found, pass);
  }

  /** nat_icmp_send: a packet of no connection from where a real server of NAT serves is answered by the director. */
  #refuse(frame: Buffer, link: Link, pass: Result): Result {
    const plane = this.#plane;
    const packet = plane.has(Option.OPTION_NAT_ICMP_SEND) ? readPorts(frame, link) : null;
    const director = packet && !endsConnection(packet) ? this.#directorFor(packet) : null;
    if (packet === null || director === null || director.equals(packet.destination)) return pass;
    if (!plane.isForUs(frame)) return this.#count('pass_other_mac', pass);
    if (packet.ttl <= 1) return pass;
    plane.sending.count('drop_unknown_reply');
    const passedOn = Buffer.concat([frame.subarray(0, link.ipAt), hopped(frame.subarray(link.ipAt), packet)]);
    return plane.sending.answer(passedOn, link, { ...packet, destination: director }, { kind: 'port-unreachable' });
  }

  /** The director's address on the way to the real server that the packet came from; null: from none. */
  #directorFor({ protocol, source, sport }: Packet): Buffer | null {
    const served = this.#world.services.filter(
      (service) => service.protocol === 'fwmark' || PROTOCOLS[service.protocol] === protocol,
    );
    const from = served
      .flatMap(({ servers }) => servers)
      .findLast((server) => {
        const { method, available, address, port } = server;
        return method === 'nat' && available && port === sport && addressBytes(address).equals(source);
      });
    return from === undefined ? null : addressBytes(from.outerSource);
  }

  /** An ICMP error that a client is to get about what it sent a real server. */
  #error(frame: Buffer, link: Link, headers: Headers, pass: Result): Result {
    const related = readRelated(frame.subarray(link.ipAt), headers, () => true);
    if (related === null || related.tunnel !== null) return pass;
    const found = this.#filter.has(vipFilterBit(related.packet.source)) ? this.#lookUp(related.packet) : null;
    if (found === null) return pass;
    if (!this.#plane.isForUs(frame)) return this.#count('pass_other_mac', pass);
    if (!related.sumIsRight) return this.#count('pass_malformed', pass);
    return this.#send(frame, link, { packet: errorOf(headers, related.packet), number: found.number }, pass);
  }

  #find(frame: Buffer, link: Link): Found | null {
    const reading = readPacket(frame, link);
    if (reading.kind === 'packet') return this.#lookUp(reading.packet);
    return reading.kind === 'malformed' ? null : this.#findFragment(frame, link);
  }

  #lookUp(packet: Packet): Found | null {
    const { connections, now } = this.#plane;
    const number = connections.findReply(this.#hash(packet), replyKey(packet), now, true);
    return number < 0 ? null : { packet, number };
  }

  #findFragment(frame: Buffer, link: Link): Found | null {
    const { connections, fragments, now } = this.#plane;
    const headers = frameHeaders(frame, link);
    if (headers === null || (headers.fragmentable === null && headers.protocol !== 132)) return null;
    if (headers.offset > 0) {
      const known = fragments.recall(headers, now);
      if (typeof known === 'string' || known.kind !== 'reply') return null;
      const entry = connections.entries[known.entry];
      if (!entry?.reply || connections.connectionOf(known.entry, now) === null) return null;
      const packet = packetOf(headers, { protocol: 17, sport: 0, dport: 0, flags: 0, transport: 0 });
      return isBetween(entry, packet) ? { packet, number: known.entry } : null;
    }
    const first = hasPorts(headers.protocol) ? readFirstFragment(frame.subarray(link.ipAt), headers) : null;
    const found = first && this.#lookUp(first.packet);
    if (first && found && headers.more) {
      fragments.remember(headers, { kind: 'reply', entry: found.number, headerEnd: first.headerEnd, seenAt: now });
    }
    return found;
  }

  #send(frame: Buffer, link: Link, { packet, number }: Found, pass: Result): Result {
    const plane = this.#plane;
    const entry = plane.connections.entries[number];
    const connection = plane.connections.connectionOf(number, plane.now);
    if (!entry?.reply || !connection) return pass;
    if (!plane.isForUs(frame)) return this.#count('pass_other_mac', pass);
    const { way, isLocal } = entry.reply;
    const [client = '', clientPort = '', destination = '', dport = '', service = ''] = connection.key.split(' ');
    const to = { side: 'source', address: Buffer.from(destination, 'hex'), port: Number(dport) } as const;
    const addressee = { side: 'destination', address: Buffer.from(client, 'hex'), port: Number(clientPort) } as const;
    const crossing = isLocal ? crossingBack(packet, to, addressee) : null;
    if (crossing && !isCrossable(packet, crossing)) return this.#drop(pass);
    if (isLocal) connection.firstAck = firstAckOf(frame.subarray(link.ipAt), packet) ?? connection.firstAck ?? 0;
    if (packet.ttl <= 1) return isLocal ? this.#endHops(frame, link, packet) : this.#count('pass_reply_error', pass);
    const egress = this.#world.interfaces.find(({ ifindex }) => ifindex + 1 === way.port);
    if (egress === undefined) throw new Error('test packets come in on an interface of ours');
    plane.sending.count('replies_returned');
    for (const name of [`service ${service}`, `server ${connection.realServer}`]) {
      const traffic = plane.sending.trafficOf(name);
      traffic.out_packets = (traffic.out_packets ?? 0) + 1;
      traffic.out_bytes = (traffic.out_bytes ?? 0) + packet.length;
    }
    if (packet.transport > 0) this.#move(entry.reply.connection, connection, packet);
    if (crossing) return this.#cross(frame, { link, hop: way, egress }, packet, crossing, pass);
    const changes: Translation[] = isLocal ? [to, addressee] : [to];
    if (changes.some((change) => !canTranslate(packet, change))) return this.#drop(pass);
    plane.sending.count('replies');
    const ip = hopped(frame.subarray(link.ipAt), packet);
    for (const change of changes) translate(ip, packet, change);
    const header = linkHeader({ link, hop: way, egress }, link.etherType);
    return this.#count('forwarded', { ...pass, verdict: 'tx', frame: Buffer.concat([header, ip]) });
  }

  /** fullnat: to a client of the other family. */
  #cross(frame: Buffer, leaving: Leaving, packet: Packet, crossing: Ends, pass: Result): Result {
    const out = this.#plane.sending.crossed('reply', frame.subarray(leaving.link.ipAt), packet, crossing);
    if (out === null) return this.#drop(pass);
    this.#plane.sending.count('replies');
    const header = linkHeader(leaving, crossing.family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    const { randomId, quotesRandomId } = out;
    const left = { verdict: 'tx', frame: Buffer.concat([header, out.ip]), randomId, quotesRandomId } as const;
    return this.#count('forwarded', left);
  }

  #drop(pass: Result): Result {
    return this.#count('drop_untranslated', { ...pass, verdict: 'drop' });
  }

  /** fullnat: the real server wrote to the director itself, which tells it. */
  #endHops(frame: Buffer, link: Link, packet: Packet): Result {
    const { sending } = this.#plane;
    sending.count('drop_ttl_exceeded');
    if (packet.quoted || isLaterFragment(frame, link)) return { verdict: 'drop', frame, randomId: false };
    return sending.answer(frame, link, packet, { kind: 'time-exceeded' });
  }

  /** The connection's state, by its real server's packet. */
  #move(number: number, connection: Entry, packet: Packet): void {
    const { now, connections, options } = this.#plane;
    const before = connection.state;
    const state = stateAfter(before, packet, 'output', options);
    connections.refresh(number, state, now + timeoutOf(state));
    const assures = packet.protocol === 17 || (isEstablished(state) && before !== state);
    if (assures && connection.template) connection.template.assured = true;
  }

  #count(counter: string, result: Result): Result {
    this.#plane.sending.count(counter);
    return result;
  }

  #hash(packet: Packet): FlowHash {
    return this.#plane.hashOf(packet, (MARK | (packet.protocol << PROTOCOL_SHIFT)) >>> 0);
  }
}

/** Where an answer leaves in the other family; null: it does not. */
function crossingBack(packet: Packet, from: Translation, to: Translation): Ends | null {
  const family = to.address.length === 4 ? 4 : 6;
  if (family === packet.family) return null;
  return { family, source: from.address, sport: from.port, destination: to.address, dport: to.port };
}

/** TCP, UDP or SCTP, whole or in a first fragment; null: no ports can be read. */
function readPorts(frame: Buffer, link: Link): Packet | null {
  const reading = readPacket(frame, link);
  if (reading.kind === 'packet') return reading.packet;
  const headers = reading.kind === 'malformed' ? null : frameHeaders(frame, link);
  if (headers === null || headers.offset > 0 || !hasPorts(headers.protocol)) return null;
  if (headers.fragmentable === null && headers.protocol !== 132) return null;
  return readFirstFragment(frame.subarray(link.ipAt), headers)?.packet ?? null;
}

/** Of IPv4: no error about it (RFC 1122, 3.2.2). */
function isLaterFragment(frame: Buffer, link: Link): boolean {
  const headers = frameHeaders(frame, link);
  return headers !== null && headers.family === 4 && headers.offset > 0;
}

function replyEntry(hash: FlowHash, key: string, server: ServerConfig, reply: Reply): Entry {
  return {
    ...{ tag: hash.tag, confirm: true, slot: 0, state: 'REPLY', deadline: 0, key },
    ...{ realServer: server.id, template: null, reply },
  };
}

/** Whether a fragment's addresses are those of a reply entry. */
function isBetween({ key }: Entry, { source, destination }: Packet): boolean {
  const [, from, , to] = key.split(' ');
  return from === source.toString('hex') && to === destination.toString('hex');
}

function replyKey({ protocol, source, sport, destination, dport }: Packet): string {
  return `reply:${protocol} ${source.toString('hex')} ${sport} ${destination.toString('hex')} ${dport}`;
}
