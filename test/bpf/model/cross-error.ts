/** ICMP errors between the families (RFC 7915, 4.2 and 5.2). */
import { checksum, pseudoSum } from '../../support/packet-bytes.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import { type Crossed, type Ends, headerOf, makeHeader } from './cross-header.ts';
import type { Packet } from './read-packet.ts';

/** What an error says: type, code, and its MTU or pointer. */
type Said = readonly [type: number, code: number, rest: number];

const ICMP_HEADER = 8;
const MOST = { 4: 576, 6: 1280 };
const IPV6_LEAST_MTU = 1280;
const SHORTER = 20;
/** Codes of IPv4's unreachable, 0 to 15, as those of IPv6's; null: another type, or none. */
const UNREACHABLE4 = [0, 0, null, 4, null, 0, 0, 0, 0, 1, 1, 0, 0, 1, null, 1];
/** The other way. */
const UNREACHABLE6 = [1, 10, 1, 1, 3];

/** null: the other family has no word for it, or the quote's length lies. */
export function crossedError(
  ip: Buffer,
  packet: Packet,
  quote: NonNullable<Packet['quote']>,
  to: Ends,
): Crossed | null {
  const said = (to.family === 6 ? saidByIcmpv6 : saidByIcmpv4)(ip.subarray(quote.icmp));
  const sent = sentPacket(ip, packet, quote);
  if (said === null || sent === null) return null;
  const before = 2 * headerOf(to.family) + ICMP_HEADER;
  const rest = Math.min(packet.length - quote.ports, MOST[to.family] - before);
  const { source, destination, family } = to;
  const inner = makeHeader({ family, source: destination, destination: source }, sent);
  const body = Buffer.from(ip.subarray(quote.ports, quote.ports + rest));
  body.writeUInt16BE(to.dport);
  body.writeUInt16BE(to.sport, 2);
  const message = Buffer.concat([icmpHeader(said), inner.header, body]);
  const protocol = family === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const pseudo = family === 4 ? 0 : pseudoSum(source, destination, protocol, message.length);
  message.writeUInt16BE(checksum(message, pseudo), 2);
  const outer = makeHeader(to, { protocol, tos: packet.tos, ttl: packet.ttl - 1, payload: message.length });
  return {
    ip: Buffer.concat([outer.header, message]),
    randomId: outer.randomId,
    quotesRandomId: inner.randomId,
  };
}

/** The quoted packet's own fields; its payload is what it had, not what is quoted. */
function sentPacket(ip: Buffer, { family, protocol }: Packet, { at, ports }: NonNullable<Packet['quote']>) {
  const total = family === 4 ? ip.readUInt16BE(at + 2) : ip.readUInt16BE(at + 4) + 40;
  const tos = family === 4 ? ip.readUInt8(at + 1) : (ip.readUInt16BE(at) >> 4) & 0xff;
  const ttl = ip.readUInt8(at + (family === 4 ? 8 : 7));
  const payload = total - (ports - at);
  return payload < 0 ? null : { protocol, tos, ttl, payload };
}

function icmpHeader([type, code, rest]: Said): Buffer {
  const header = Buffer.alloc(ICMP_HEADER);
  header.set([type, code]);
  header.writeUInt32BE(rest, 4);
  return header;
}

function saidByIcmpv6(icmp: Buffer): Said | null {
  const [type, code] = [icmp.readUInt8(0), icmp.readUInt8(1)];
  if (type === 11) return [3, code, 0];
  if (type !== 3) return null;
  if (code === 4) return [2, 0, Math.max(icmp.readUInt16BE(6) + SHORTER, IPV6_LEAST_MTU)];
  if (code === 2) return [4, 1, 6];
  const same = UNREACHABLE4[code] ?? null;
  return same === null ? null : [1, same, 0];
}

function saidByIcmpv4(icmp: Buffer): Said | null {
  const [type, code, rest] = [icmp.readUInt8(0), icmp.readUInt8(1), icmp.readUInt32BE(4)];
  if (type === 2) return rest >= IPV6_LEAST_MTU && rest <= 0xffff ? [3, 4, rest - SHORTER] : null;
  if (type === 3) return [11, code, 0];
  if (type === 4) return code === 1 ? [3, 2, 0] : null;
  const same = type === 1 ? UNREACHABLE6[code] : undefined;
  return same === undefined ? null : [3, same, 0];
}
