/** Random ICMP errors: about answers of real servers, about tunnel packets, and about anything else. */
import { ethernet, type PacketBuilder } from '../../support/packet.ts';
import type { Random } from './random.ts';
import type { Flow } from './random-packet.ts';
import { VIPS } from './random-world.ts';

const TYPES4 = [3, 3, 3, 3, 4, 11, 11, 5, 8, 0, 12];
const TYPES6 = [1, 1, 2, 2, 2, 3, 3, 4, 0, 5, 100, 127, 128, 129, 135];
/** Of the first real servers of random worlds, which most services have. */
const SERVERS4 = Array.from({ length: 3 }, (_, n) => `192.0.2.${201 + n}`);
const SERVERS6 = Array.from({ length: 3 }, (_, n) => `2001:db8::2:${n + 1}`);
const MTUS = [0, 68, 88, 89, 576, 1280, 1299, 1300, 1400, 1480, 1500, 65535, 0x10000, 0x80000000];
/** Quotes have no link header: it is cut off. */
const INNER = ethernet();
const LINK = 14;
/** Bytes that are left of it: enough for two headers, but for the least. */
const ABOUT = [40, 68, 80, 120, 548, 1232];
const [DIRECTOR4, DIRECTOR6] = ['192.0.2.5', '2001:db8::5'];
const [ROUTER4, ROUTER6] = ['203.0.113.1', '2001:db8:9::1'];
/** Where tunnel packets of random worlds come from. */
export const DIRECTORS: readonly string[] = [DIRECTOR4, DIRECTOR6];
const QUOTED = [0, 1, 3, 4, 7, 8, 20, 100, 548, 1232];

export function randomError(random: Random, builder: PacketBuilder, flow: Flow): PacketBuilder {
  const isOverV6 = flow.dst.includes(':');
  // Who answers by NAT has no tunnel.
  if (random.once(VIPS.includes(flow.dst) ? 2 : 9)) return tunnelError(random, builder, flow);
  const quote = quotedPacket(random, { ...flow, src: flow.dst, dst: flow.src, sport: flow.dport, dport: flow.sport });
  const src = isOverV6 ? ROUTER6 : ROUTER4;
  const dst = random.once(16) ? (isOverV6 ? DIRECTOR6 : DIRECTOR4) : flow.dst;
  return error(random, builder, isOverV6 ? 6 : 4, src, dst).payload(quote.subarray(LINK));
}

/** About a tunnel packet that was sent: all of it, or what a router leaves of it. */
export function errorAbout(random: Random, builder: PacketBuilder, sent: Buffer): PacketBuilder {
  const family = sent.readUInt8(0) >> 4 === 4 ? 4 : 6;
  const src = family === 4 ? ROUTER4 : ROUTER6;
  const dst = family === 4 ? DIRECTOR4 : DIRECTOR6;
  return error(random, builder, family, src, dst).payload(sent.subarray(0, random.pick(ABOUT)));
}

/** It comes to the director, and quotes what the director sent to a real server. */
function tunnelError(random: Random, builder: PacketBuilder, flow: Flow): PacketBuilder {
  const family = random.once(2) ? 4 : 6;
  const src = family === 4 ? ROUTER4 : ROUTER6;
  const director = family === 4 ? DIRECTOR4 : DIRECTOR6;
  const server = random.pick(family === 4 ? SERVERS4 : SERVERS6);
  const inner = quotedPacket(random, flow).subarray(LINK);
  const { protocol, bytes } = tunnelBody(random, inner, flow.dst.includes(':'));
  const outer =
    family === 4
      ? INNER.ipv4({ src: director, dst: server, mf: random.once(20), offset: random.once(20) ? 1 : 0 })
      : INNER.ipv6({ src: director, dst: server });
  const dst = random.once(16) ? flow.dst : director;
  const quote = outer.payload(bytes, protocol).build().subarray(LINK);
  const isSameFamily = family === (dst.includes(':') ? 6 : 4);
  return error(random, builder, family, src, isSameFamily ? dst : director).payload(quote);
}

/** As a director makes it, or somebody else. */
function tunnelBody(random: Random, inner: Buffer, isV6: boolean): { protocol: number; bytes: Buffer } {
  const own = isV6 ? 41 : 4;
  if (random.once(20)) return { protocol: random.pick([4, 41, 47, 17]), bytes: inner };
  switch (random.below(4)) {
    case 0: {
      const gre = Buffer.alloc(random.once(2) ? 8 : 4);
      gre.writeUInt16BE(random.once(12) ? random.below(65536) : gre.length === 8 ? 0x8000 : 0);
      gre.writeUInt16BE(random.once(12) ? 0x6558 : isV6 ? 0x86dd : 0x0800, 2);
      return { protocol: 47, bytes: Buffer.concat([gre, inner]) };
    }
    case 1: {
      const gue = Buffer.alloc(12);
      gue.writeUInt16BE(random.pick([6080, 6080, 5555, 53]), 2);
      gue[8] = random.once(12) ? random.below(256) : 0;
      gue[9] = random.once(12) ? random.below(256) : own;
      gue[11] = random.once(12) ? 1 : 0;
      return { protocol: 17, bytes: Buffer.concat([gue, inner]) };
    }
    default:
      return { protocol: own, bytes: inner };
  }
}

function error(random: Random, builder: PacketBuilder, family: 4 | 6, src: string, dst: string): PacketBuilder {
  const rest = random.once(6) ? random.below(2 ** 32) : random.pick(MTUS);
  const code = random.once(3) ? random.below(16) : 4;
  const ttl = random.once(20) ? random.below(3) : 64;
  const mf = random.once(40);
  if (family === 6) return builder.ipv6({ src, dst, hopLimit: ttl }).icmpv6({ type: random.pick(TYPES6), code, rest });
  return builder.ipv4({ src, dst, ttl, mf, df: random.once(2) }).icmp({ type: random.pick(TYPES4), code, rest });
}

/** As a router has it: cut off somewhere, and its TTL used up on the way. */
function quotedPacket(random: Random, { src, dst, sport, dport, protocol }: Flow): Buffer {
  const options = random.once(10) ? Buffer.alloc(4 * random.below(11), 1) : Buffer.alloc(0);
  let network = INNER.ipv4({
    src,
    dst,
    options,
    df: !random.once(3),
    mf: random.once(20),
    offset: random.once(20) ? 1 : 0,
  });
  if (dst.includes(':')) {
    network = INNER.ipv6({ src, dst });
    if (random.once(8)) network = network.destinationOptions(random.below(2));
    if (random.once(12)) network = network.fragment({ offset: random.below(2), more: random.once(2) });
  }
  const segment = {
    tcp: () => network.tcp({ sport, dport, flags: '.' }),
    udp: () => network.udp({ sport, dport }),
    sctp: () => network.sctp({ sport, dport, chunks: ['DATA'] }),
  }[protocol]();
  const whole = segment.payload(random.pick(QUOTED)).build();
  return random.once(3) ? whole.subarray(0, LINK + Math.min(whole.length - LINK, 20 + random.below(64))) : whole;
}
