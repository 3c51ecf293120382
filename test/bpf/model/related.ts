/** ICMP errors about connections: what they quote, and what the client of a tunnel is told. */
import { addressBytes, checksum, pseudoSum } from '../../support/packet-bytes.ts';
import { ETHERTYPE, PROTOCOL } from '../../support/packet-layers.ts';
import { familyOf, overheadOf } from '../encode.ts';
import type { ServerConfig } from '../world.ts';
import type { IcmpError } from './icmp.ts';
import { type Headers, hasPorts, packetOf, readHeaders } from './read-headers.ts';
import type { Link, Packet } from './read-packet.ts';

export interface Related {
  /** The client's packet, or the one that the quoted answer answers. */
  readonly packet: Packet;
  /** Where a quoted tunnel packet went, and what stands in it. */
  readonly tunnel: {
    readonly end: Buffer;
    readonly shim: Shim;
    readonly inner: Headers;
    readonly quote: Buffer;
  } | null;
  readonly error: { readonly family: 4 | 6; readonly type: number; readonly code: number; readonly rest: number };
  readonly sumIsRight: boolean;
}

/** What stands between the tunnel's IP header and the packet inside. */
interface Shim {
  readonly type: ServerConfig['tunnel'];
  /** UDP's destination port; 0: no GUE. */
  readonly port: number;
  readonly bytes: number;
  readonly family: 4 | 6;
}

/** An ICMP header's bytes. */
const HEADER = 8;
const INFORMATIONAL = 128;

export function isWholeIcmp({ family, protocol, offset, more, fragmentable }: Headers): boolean {
  if (family === 6) return protocol === PROTOCOL.icmpv6 && fragmentable === null;
  return protocol === PROTOCOL.icmp && offset === 0 && !more;
}

/** ICMP by the first header that follows: what the program looks at where the address is no VIP. */
export function announcesIcmp(frame: Buffer, { ipAt, etherType }: Link): boolean {
  return etherType === ETHERTYPE.ipv4
    ? frame.readUInt8(ipAt + 9) === PROTOCOL.icmp
    : frame.readUInt8(ipAt + 6) === PROTOCOL.icmpv6;
}

/**
 * null: no error, or none about a packet with ports that its addressee sent. `ip`: from the IP header on.
 * `isOfService`: UDP is GUE only where it is no answer of a service.
 */
export function readRelated(ip: Buffer, headers: Headers, isOfService: (packet: Packet) => boolean): Related | null {
  const { family, body, length, destination } = headers;
  if (length > ip.length || body + HEADER > length) return null;
  const [type, code] = [ip.readUInt8(body), ip.readUInt8(body + 1)];
  if (family === 6 ? type >= INFORMATIONAL : ![3, 4, 11].includes(type)) return null;
  const at = body + HEADER;
  // Headers are read as far as the frame has them; the ports must lie in the packet.
  const quoted = readHeaders(ip.subarray(at), etherTypeOf(family));
  if (quoted === null || !quoted.source.equals(destination)) return null;
  const error = { family, type, code, rest: ip.readUInt32BE(body + 4) };
  const sumIsRight = sumOf(ip, headers) === 0;
  const { ipip, ipv6, gre, udp } = PROTOCOL;
  if (![ipip, ipv6, gre].some((protocol) => protocol === quoted.protocol)) {
    const packet = readPorts(ip, at, quoted, length);
    if (packet === null) return null;
    const answered = turnedAround(packet);
    if (quoted.protocol !== udp || isOfService(answered)) return { packet: answered, tunnel: null, error, sumIsRight };
  }
  const shim = quoted.offset > 0 ? null : readShim(quoted.protocol, ip.subarray(at + quoted.body));
  if (shim === null) return null;
  const innerAt = at + quoted.body + shim.bytes;
  const inner = readHeaders(ip.subarray(innerAt), etherTypeOf(shim.family));
  const packet = inner && readPorts(ip, innerAt, inner, length);
  if (inner === null || packet === null) return null;
  const tunnel = { end: quoted.destination, shim, inner, quote: ip.subarray(innerAt, length) };
  return { packet, tunnel, error, sumIsRight };
}

/** null: no tunnel as a director sends it. */
function readShim(protocol: number, bytes: Buffer): Shim | null {
  const families: Record<number, 4 | 6> = { [PROTOCOL.ipip]: 4, [PROTOCOL.ipv6]: 6 };
  const types: Record<number, 4 | 6> = { [ETHERTYPE.ipv4]: 4, [ETHERTYPE.ipv6]: 6 };
  if (protocol === PROTOCOL.gre) {
    if (bytes.length < 4) return null;
    const [flags, family] = [bytes.readUInt16BE(0), types[bytes.readUInt16BE(2)]];
    if (family === undefined || (flags & 0x7fff) !== 0) return null;
    return { type: 'gre', port: 0, bytes: flags === 0 ? 4 : 8, family };
  }
  if (protocol === PROTOCOL.udp) {
    if (bytes.length < 12) return null;
    const family = families[bytes.readUInt8(9)];
    if (family === undefined || bytes[8] !== 0 || bytes.readUInt16BE(10) !== 0) return null;
    return { type: 'gue', port: bytes.readUInt16BE(2), bytes: 12, family };
  }
  return { type: 'ipip', port: 0, bytes: 0, family: families[protocol]! };
}

/** The error itself, with the protocol and ports of the packet that it is about. `headers`: the error's. */
export function errorOf(headers: Headers, about: Packet): Packet {
  const { protocol, sport, dport, flags, transport, quote } = about;
  const error = { ...packetOf(headers, { protocol, sport, dport, flags, transport }), quoted: true };
  return quote === undefined ? error : { ...error, quote };
}

/** Whether the tunnel is that of a real server. */
export function isTunnelEnd({ tunnel, error }: Related, server: ServerConfig | undefined): boolean {
  if (tunnel === null || !server?.available || server.method !== 'tun') return false;
  if (tunnel.shim.type !== server.tunnel) return false;
  if (server.tunnel === 'gue' && server.tunnelPort !== tunnel.shim.port) return false;
  return familyOf(server.address) === error.family && addressBytes(server.address).equals(tunnel.end);
}

/** What the client is told; null: nothing that it could be told. */
export function translated(
  { tunnel, error }: Related,
  server: ServerConfig,
  doesPmtuDiscovery: boolean,
): IcmpError | null {
  const { family, type, code } = error;
  if (tunnel === null) return null;
  const { inner } = tunnel;
  if (family === 6 ? type === 2 : type === 3 && code === 4) {
    if (inner.family === 4 && !(inner.df && doesPmtuDiscovery)) return null;
    return { kind: 'too-big', mtu: innerMtu(error, overheadOf(server)) };
  }
  if (family === 6) return [1, 3, 4].includes(type) ? { kind: 'host-unreachable' } : null;
  if (inner.family === 4) return { kind: 'as-is', type, code };
  return type === 4 ? null : { kind: 'host-unreachable' };
}

/** Less than 68 bytes is no MTU of IPv4, less than 1280 none of IPv6. */
function innerMtu({ family, rest }: Related['error'], overhead: number): number {
  if (family === 6) return Math.min(Math.max(rest, 1280) - overhead, 0xffff);
  const mtu = rest & 0xffff;
  return mtu > 68 + overhead ? mtu - overhead : mtu;
}

function readPorts(ip: Buffer, at: number, headers: Headers, end: number): Packet | null {
  const { protocol, body, offset } = headers;
  if (!hasPorts(protocol) || offset > 0 || at + body + 4 > end) return null;
  const ports = { sport: ip.readUInt16BE(at + body), dport: ip.readUInt16BE(at + body + 2) };
  const quote = { icmp: at - HEADER, at, ports: at + body };
  return { ...packetOf(headers, { protocol, flags: 0, transport: 0, ...ports }), quoted: true, quote };
}

function turnedAround(packet: Packet): Packet {
  const { source, destination, sport, dport } = packet;
  return { ...packet, source: destination, destination: source, sport: dport, dport: sport };
}

/** 0 where the checksum is right. */
function sumOf(ip: Buffer, { family, source, destination, body, length }: Headers): number {
  const message = ip.subarray(body, length);
  return family === 4 ? checksum(message) : checksum(message, pseudoSum(source, destination, 58, message.length));
}

function etherTypeOf(family: 4 | 6): number {
  return family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
}
