/** Packets of fullnat between the families, as they look on either side of the director. */
import type { PacketBuilder } from '../support/packet.ts';
import { ipOffset } from '../support/packet-parse.ts';
import { arriving } from './frames.ts';
import { CLIENT4, CLIENT6, VIP4, VIP6 } from './world.ts';

export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export const WAYS = [
  {
    ...{ name: 'NAT64', client: CLIENT6, vip: VIP6, real: '192.0.2.201', local: '10.0.0.2' },
    ...{ inner: '192.0.2.1', outer: '2001:db8:9::1' },
  },
  {
    ...{ name: 'NAT46', client: CLIENT4, vip: VIP4, real: '2001:db8::2:1', local: '2001:db8:5::2' },
    ...{ inner: '2001:db8:9::1', outer: '192.0.2.1' },
  },
] as const;
export const [NAT64, NAT46] = WAYS;
export const EACH = WAYS.flatMap((way) => PROTOCOLS.map((protocol) => [way.name, protocol, way] as const));

export type Protocol = (typeof PROTOCOLS)[number];
export type Way = (typeof WAYS)[number];
export type Ends = { readonly src: string; readonly dst: string; readonly sport: number; readonly dport: number };
type Kind = 'open' | 'answer' | 'data';

export const isFour = (address: string) => !address.includes(':');
export const headerOf = (address: string) => (isFour(address) ? 20 : 40);
const FLAGS = { open: 'S', answer: 'S.', data: 'P.' };
const CHUNKS = { open: 'INIT', answer: 'INIT_ACK', data: 'DATA' } as const;

/** DF as RFC 7915 has it of what is translated: of nothing short. */
export function network(
  builder: PacketBuilder,
  { src, dst }: Pick<Ends, 'src' | 'dst'>,
  ttl = 64,
  tos = 0x28,
): PacketBuilder {
  return isFour(src)
    ? builder.ipv4({ src, dst, ttl, tos })
    : builder.ipv6({ src, dst, hopLimit: ttl, trafficClass: tos });
}

function transport(ip: PacketBuilder, { sport, dport }: Ends, protocol: Protocol, kind: Kind, size: number) {
  if (protocol === 'udp') return ip.udp({ sport, dport }).payload(size);
  if (protocol === 'sctp') return ip.sctp({ sport, dport, chunks: [CHUNKS[kind]] });
  return ip.tcp({ sport, dport, flags: FLAGS[kind], ack: kind === 'open' ? 0 : 77 }).payload(size);
}

export function segment(
  builder: PacketBuilder,
  ends: Ends,
  protocol: Protocol,
  kind: Kind,
  ttl = 64,
  size = 5,
): Buffer {
  return transport(network(builder, ends, ttl), ends, protocol, kind, size).build();
}

/** What a connection's packets look like outside and inside. */
export function endsOf({ client, vip, real, local }: Way) {
  const reverse = ({ src, dst, sport, dport }: Ends): Ends => ({ src: dst, dst: src, sport: dport, dport: sport });
  const outside = { src: client, dst: vip, sport: 40000, dport: 80 };
  const inside = { src: local, dst: real, sport: 5000, dport: 8080 };
  return { outside, inside, answerInside: reverse(inside), answerOutside: reverse(outside) };
}

export type Said = readonly [type: number, code: number, rest?: number];

export function error(
  builder: PacketBuilder,
  ends: Pick<Ends, 'src' | 'dst'>,
  said: Said,
  quote: Uint8Array,
  ttl = 64,
): Buffer {
  const [type, code, rest = 0] = said;
  const ip = network(builder, ends, ttl, 0xc0);
  return (isFour(ends.src) ? ip.icmp({ type, code, rest }) : ip.icmpv6({ type, code, rest })).payload(quote).build();
}

/** What a router quotes of a packet that its next hop would have got with this TTL. */
export function quoteOf(ends: Ends, protocol: Protocol, size = 5): Buffer {
  return segment(arriving(), ends, protocol, 'data', 33, size).subarray(14);
}

/** An IP packet of these ends, but with the transport header of another but for its ports. */
export function moved(quote: Buffer, from: Ends, ends: Ends, protocol: Protocol, size: number): Buffer {
  const body = Buffer.from(quote.subarray(headerOf(from.src)));
  body.writeUInt16BE(ends.sport);
  body.writeUInt16BE(ends.dport, 2);
  return Buffer.concat([quoteOf(ends, protocol, size).subarray(0, headerOf(ends.src)), body]);
}

/** Of IPv4 the quote's identification is drawn as well, so that its sum and ICMP's are unknown. */
export function blank(frame: Buffer): string {
  const copy = Buffer.from(frame);
  if (copy.readUInt16BE(12) === 0x0800) {
    for (const at of [18, 24, 36, 46, 52]) copy.writeUInt16BE(0, at);
  }
  return copy.toString('hex');
}

/** But for the identification of IPv4, which is drawn, and the sum that covers it. */
export function withoutId(frame: Buffer): string {
  const copy = Buffer.from(frame);
  const at = ipOffset(copy);
  if ((copy[at] ?? 0) >> 4 === 4) {
    copy.writeUInt16BE(0, at + 4);
    copy.writeUInt16BE(0, at + 10);
  }
  return copy.toString('hex');
}
