/**
 * ICMP errors to the client, sent as the VIP: MACs swapped, tags kept, and as
 * much of the packet quoted as fits in 576 bytes (IPv4, RFC 1812) or 1280
 * (IPv6, RFC 4443).
 */
import { checksum, pseudoSum } from '../../support/packet-bytes.ts';
import type { Link, Packet } from './read-packet.ts';

export type IcmpError =
  | { readonly kind: 'too-big'; readonly mtu: number }
  | { readonly kind: 'time-exceeded' | 'port-unreachable' | 'host-unreachable' }
  /** IPv4 only. */
  | { readonly kind: 'as-is'; readonly type: number; readonly code: number };

/** Type and code by kind. */
const ICMPV4 = {
  'too-big': [3, 4],
  'time-exceeded': [11, 0],
  'port-unreachable': [3, 3],
  'host-unreachable': [3, 1],
} as const;
const ICMPV6 = {
  'too-big': [2, 0],
  'time-exceeded': [3, 0],
  'port-unreachable': [1, 4],
  'host-unreachable': [1, 3],
} as const;

const IPV6_LEAST_MTU = 1280;

/** No errors to what is not one host's address (RFC 1122, 3.2.2; RFC 4443, 2.4 e). */
export function mayBeAnswered(source: Buffer): boolean {
  const first = source.readUInt8(0);
  if (source.length === 4) return first !== 0 && first !== 127 && first < 224;
  const isUnspecifiedOrLoopback = source.subarray(0, 15).every((byte) => byte === 0) && source.readUInt8(15) <= 1;
  return first !== 0xff && !isUnspecifiedOrLoopback;
}

export function icmpAnswer(frame: Buffer, link: Link, packet: Packet, error: IcmpError): Buffer {
  const header = packet.family === 4 ? 20 : 40;
  const most = (packet.family === 4 ? 576 : 1280) - header - 8;
  const quoted = Math.min(packet.length, most);
  const quote = frame.subarray(link.ipAt, link.ipAt + quoted);
  const before = Buffer.concat([frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12, link.ipAt)]);
  const body = packet.family === 4 ? icmpv4(packet, quote, error) : icmpv6(packet, quote, error);
  return Buffer.concat([before, body]);
}

function icmpv4(packet: Packet, quote: Buffer, error: IcmpError): Buffer {
  const message = Buffer.alloc(8 + quote.length);
  message.set(error.kind === 'as-is' ? [error.type, error.code] : ICMPV4[error.kind]);
  message.writeUInt32BE(error.kind === 'too-big' ? error.mtu : 0, 4);
  quote.copy(message, 8);
  message.writeUInt16BE(checksum(message), 2);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip[1] = 0xc0; // precedence: internetwork control (RFC 1812, 4.3.2.5)
  ip.writeUInt16BE(20 + message.length, 2);
  ip[8] = 64;
  ip[9] = 1;
  packet.destination.copy(ip, 12);
  packet.source.copy(ip, 16);
  ip.writeUInt16BE(checksum(ip), 10);
  return Buffer.concat([ip, message]);
}

function icmpv6(packet: Packet, quote: Buffer, error: IcmpError): Buffer {
  if (error.kind === 'as-is') throw new RangeError('expected an error of IPv6');
  const message = Buffer.alloc(8 + quote.length);
  message.set(ICMPV6[error.kind]);
  message.writeUInt32BE(error.kind === 'too-big' ? Math.max(error.mtu, IPV6_LEAST_MTU) : 0, 4);
  quote.copy(message, 8);
  message.writeUInt16BE(checksum(message, pseudoSum(packet.destination, packet.source, 58, message.length)), 2);
  const ip = Buffer.alloc(40);
  ip[0] = 0x60;
  ip.writeUInt16BE(message.length, 4);
  ip[6] = 58;
  ip[7] = 64;
  packet.destination.copy(ip, 8);
  packet.source.copy(ip, 24);
  return Buffer.concat([ip, message]);
}
