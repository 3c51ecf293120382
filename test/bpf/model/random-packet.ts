/**
 * Random packets: mostly good ones of few flows, so that connections are
 * opened, used, closed, pushed out and opened again; some with options, tags
 * and extension headers, and some broken anywhere.
 */

import { ethernet, type PacketBuilder } from '../../support/packet.ts';
import { addressText } from '../../support/packet-bytes.ts';
import { type ChunkName, PROTOCOL, type SctpFields } from '../../support/packet-layers.ts';
import { CLIENT_MAC, INGRESS } from '../world.ts';
import type { Random } from './random.ts';
import { DIRECTORS, errorAbout, randomError } from './random-error.ts';
import { VIPS } from './random-world.ts';
import { frameHeaders, readFirstFragment } from './read-headers.ts';
import { type Link, type Packet, readDestination, readLink, readPacket } from './read-packet.ts';

const FLAGS = ['S', 'S', 'S', '.', '.', '.', 'P.', 'F.', 'F', 'R', 'R.', 'S.', '', 'FS', 'SR', 'U', 'FSRP.U'];
const NAMES = { 6: 'tcp', 17: 'udp', 132: 'sctp' } as const;
/** So many replies are thought of. */
const ANSWERABLE = 64;
/** And so many tunnel packets. */
const TUNNELLED = 64;
/** Few, so that a client's packets often acknowledge just the first one of a real server. */
const SEQUENCES = [0, 0xffffffff, 0x1234_0000];
const CHUNKS: readonly ChunkName[] = [
  ...(['INIT', 'INIT', 'INIT', 'COOKIE_ECHO', 'COOKIE_ECHO', 'DATA', 'DATA', 'SACK', 'SHUTDOWN'] as const),
  ...(['INIT_ACK', 'COOKIE_ACK', 'SHUTDOWN_ACK', 'SHUTDOWN_COMPLETE', 'ERROR', 'ABORT', 'HEARTBEAT'] as const),
];
const LENGTHS = [0, 1, 3, 6, 20, 100];
const LARGE_LENGTHS = [500, 540, 541, 1212, 1240, 1400, 1420, 1421, 1440, 1441, 1460];

export interface Flow {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

export class PacketSource {
  readonly #random: Random;
  readonly #flows: readonly Flow[];
  /** Later fragments of packets whose first one was sent. */
  readonly #pending: Buffer[] = [];
  readonly #answerable: Flow[] = [];
  /** Tunnel packets of the last requests, from their outer IP header on. */
  readonly #tunnelled: Buffer[] = [];

  /** `flows`: how many different connections there may be. */
  constructor(random: Random, flows: number) {
    this.#random = random;
    this.#flows = Array.from({ length: flows }, () => randomFlow(random));
  }

  next(): Buffer {
    const reply = this.#random.once(4) ? this.#reply() : null;
    const frame = reply ?? (this.#random.once(3) ? (this.#pending.pop() ?? this.#build()) : this.#build());
    if (this.#random.once(12)) return this.#cut(frame);
    if (this.#random.once(12)) return this.#scramble(frame);
    return frame;
  }

  /** What a real server would answer to one of the last requests that went by NAT; null: there is none. */
  #reply(): Buffer | null {
    const answer = this.#answerable[this.#random.below(ANSWERABLE)];
    return answer === undefined ? null : this.#packet(answer);
  }

  /** A frame has left: the answer to a request by NAT, and errors about a tunnel packet, come among the next packets. */
  sent(frame: Buffer): void {
    const link = readLink(frame);
    const headers = link && frameHeaders(frame, link);
    if (headers && DIRECTORS.includes(addressText(headers.source))) {
      this.#tunnelled[this.#random.below(TUNNELLED)] = frame.subarray(link.ipAt);
    }
    const packet = link && readDestination(frame, link) ? readTransport(frame, link) : null;
    if (packet === null) return;
    const { source, destination, sport, dport, protocol } = packet;
    const [src, dst] = [addressText(destination), addressText(source)];
    if (VIPS.includes(src) || VIPS.includes(dst)) return;
    const answer: Flow = { src, dst, sport: dport, dport: sport, protocol: NAMES[protocol] };
    this.#answerable[this.#random.below(ANSWERABLE)] = answer;
  }

  #build(): Buffer {
    return this.#packet(this.#random.pick(this.#flows));
  }

  #packet(flow: Flow): Buffer {
    const random = this.#random;
    let builder = ethernet({ dst: random.once(60) ? '02:00:00:00:00:99' : INGRESS.mac, src: CLIENT_MAC });
    if (random.once(8)) builder = builder.vlan(random.below(4096), random.pick([0x8100, 0x88a8]));
    if (random.once(16)) builder = builder.vlan(random.below(4096));
    if (random.once(20)) return this.#fragments(builder, flow);
    const tunnelled = this.#tunnelled[random.below(TUNNELLED)];
    if (tunnelled !== undefined && random.once(25)) return errorAbout(random, builder, tunnelled).build();
    if (random.once(5)) return randomError(random, builder, flow).build();
    const network = this.#network(builder, random.once(100) ? { ...flow, src: strangeSource(random, flow.dst) } : flow);
    const length = random.once(8) ? random.pick(LARGE_LENGTHS) : random.pick(LENGTHS);
    if (random.once(40)) return network.icmp().payload(length).build();
    if (flow.protocol === 'udp') return network.udp(flow).payload(length).build();
    if (flow.protocol === 'sctp') return network.sctp(this.#sctp(flow)).payload(length).build();
    const options = random.once(6) ? Buffer.alloc(4 * random.below(10), 1) : Buffer.alloc(0);
    return network
      .tcp({ ...flow, options, flags: random.pick(FLAGS), seq: random.pick(SEQUENCES), ack: random.below(2) })
      .payload(length)
      .build();
  }

  /** The first fragment of a packet; later ones, some of them odd, come among the next packets. */
  #fragments(builder: PacketBuilder, flow: Flow): Buffer {
    const random = this.#random;
    const id = random.below(65536);
    const fragment = (offset: number, more: boolean): PacketBuilder => {
      const { src, dst } = flow;
      if (dst.includes(':')) return this.#extensions(builder.ipv6({ src, dst })).fragment({ offset, more, id });
      return builder.ipv4({ src, dst, id, offset, mf: more, df: random.once(9), ttl: random.once(20) ? 1 : 64 });
    };
    for (let count = random.below(4); count > 0; count--) {
      const offset = random.pick([1, 2, 3, 4, 50, 8170]);
      const protocol = random.once(9) ? 17 : PROTOCOL[flow.protocol];
      this.#pending.push(
        fragment(offset, random.once(2))
          .payload(random.pick([8, 64, 1400, 1480]), protocol)
          .build(),
      );
    }
    const first = fragment(0, !random.once(9));
    const options = Buffer.alloc(4 * random.below(4), 1);
    const payload = random.pick(LENGTHS);
    if (flow.protocol === 'udp') return first.udp(flow).payload(payload).build();
    if (flow.protocol === 'sctp') return first.sctp(this.#sctp(flow)).payload(payload).build();
    return first
      .tcp({ ...flow, options, flags: random.pick(FLAGS) })
      .payload(payload)
      .build();
  }

  /** Now and then cookies of odd lengths and with other chunks behind them, or no chunk at all. */
  #sctp({ sport, dport }: Flow): SctpFields {
    const random = this.#random;
    if (random.once(30)) return { sport, dport, chunks: [] };
    const type = random.once(9) ? random.below(256) : random.pick(CHUNKS);
    if (!random.once(3)) return { sport, dport, chunks: [{ type }] };
    const value = Buffer.alloc(random.below(9), 6); // bytes that look like an ABORT's
    const length = random.once(4) ? { length: random.below(40) } : {};
    return { sport, dport, chunks: [{ type, value, ...length }, random.pick(CHUNKS)] };
  }

  #network(builder: PacketBuilder, { src, dst }: Flow): PacketBuilder {
    const random = this.#random;
    const ttl = random.once(20) ? random.below(3) : 3 + random.below(253);
    const tos = random.once(3) ? random.below(256) : 0;
    if (dst.includes(':')) return this.#extensions(builder.ipv6({ src, dst, hopLimit: ttl, trafficClass: tos }));
    return builder.ipv4({
      src,
      dst,
      ttl,
      tos,
      id: random.once(3) ? 0 : random.below(65536),
      df: random.once(2),
      mf: random.once(60),
      offset: random.once(60) ? random.below(100) : 0,
      options: random.once(10) ? Buffer.alloc(4 * random.below(11), 1) : Buffer.alloc(0),
    });
  }

  #extensions(builder: PacketBuilder): PacketBuilder {
    let next = builder;
    const random = this.#random;
    while (random.once(8)) {
      const kind = random.below(6);
      if (kind === 0) next = next.fragment({ offset: random.below(3), more: random.once(2) });
      else if (kind === 1) next = next.extension(random.pick([51, 135, 59]), random.below(2));
      else if (kind === 2) next = next.hopByHop(random.below(3));
      else if (kind === 3) next = next.routing(random.below(3));
      else next = next.destinationOptions(random.below(3)).destinationOptions();
    }
    return next;
  }

  /** XDP test runs take at least an Ethernet header. */
  #cut(frame: Buffer): Buffer {
    return frame.subarray(0, 14 + this.#random.below(frame.length - 13));
  }

  #scramble(frame: Buffer): Buffer {
    for (let count = 1 + this.#random.below(3); count > 0; count--) {
      const at = 12 + this.#random.below(Math.min(frame.length, 110) - 12);
      frame[at] = this.#random.below(256);
    }
    return frame;
  }
}

/** null: it has no ports. */
function readTransport(frame: Buffer, link: Link): Packet | null {
  const reading = readPacket(frame, link);
  if (reading.kind !== 'uncommon') return reading.kind === 'packet' ? reading.packet : null;
  const headers = frameHeaders(frame, link);
  if (headers === null || headers.offset > 0) return null;
  return readFirstFragment(frame.subarray(link.ipAt), headers)?.packet ?? null;
}

/** Mostly to where services are. */
function randomFlow(random: Random): Flow {
  const dst = random.once(20) ? random.pick(['192.0.2.99', '2001:db8::99']) : random.pick(VIPS);
  const client = random.below(250);
  return {
    src: dst.includes(':') ? `2001:db8:1::${client}` : `198.51.100.${client}`,
    dst,
    sport: random.once(60) ? 20 : 1024 + random.below(1000),
    dport: random.pick([80, 80, 443, 53, 21, 8080]),
    protocol: random.pick(['tcp', 'tcp', 'tcp', 'udp', 'sctp']),
  };
}

/** Sources that get no ICMP error. */
function strangeSource(random: Random, dst: string): string {
  if (dst.includes(':')) return random.pick(['::', '::1', '::2', 'ff02::1', 'fe80::1']);
  return random.pick(['0.0.0.0', '127.0.0.1', '224.0.0.1', '223.255.255.255', '255.255.255.255']);
}
