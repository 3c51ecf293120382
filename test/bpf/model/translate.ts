/** Another source or destination in a packet; checksums move by the difference alone (RFC 1624, equation 3; CRC32c is linear). */
import { sctpChecksum } from '../../support/crc32c.ts';
import { addressBytes, checksum, pseudoSum } from '../../support/packet-bytes.ts';
import { isTranslated, type ServerConfig, type ServiceConfig } from '../world.ts';
import type { Local } from './local-requests.ts';
import type { Packet } from './read-packet.ts';

export interface Translation {
  readonly side: 'source' | 'destination';
  readonly address: Buffer;
  readonly port: number;
}

const UDP = 17;
const SCTP = 132;
const ICMPV6 = 58;

/** A real server as a packet meets it: with persistence, its port is that of the service's own port alone. */
export function reached(server: ServerConfig, service: ServiceConfig, { dport }: Packet): ServerConfig {
  return service.persistence > 0 && service.port !== dport ? { ...server, port: 0 } : server;
}

/** The real server's port; 0 keeps the packet's. */
export function realPort({ port }: ServerConfig, { dport }: Packet): number {
  return port === 0 ? dport : port;
}

interface Request {
  readonly server: ServerConfig;
  readonly packet: Packet;
  readonly local?: Local | null;
}

/** What changes in a request: its destination; by fullnat then its source. */
export function requestTranslations({ server, packet, local }: Request): Translation[] {
  if (!isTranslated(server)) return [];
  const to = { side: 'destination', address: addressBytes(server.address), port: realPort(server, packet) } as const;
  return local ? [to, { side: 'source', address: local.address, port: local.port }] : [to];
}

/** SCTP's checksum covers the whole packet: with another port it cannot be told where the rest is in other fragments. */
export function canTranslate({ protocol, partial, sport, dport }: Packet, { side, port }: Translation): boolean {
  return protocol !== SCTP || !partial || port === (side === 'source' ? sport : dport);
}

/** In place; later fragments have no ports. */
export function translate(ip: Buffer, packet: Packet, to: Translation): void {
  const { family, protocol, transport, length } = packet;
  const change = replaceAddress(ip, family, to.side, to.address);
  if (packet.quote !== undefined) {
    translateQuote(ip, packet.quote, packet, to);
    return;
  }
  if (transport === 0) return;
  const port = Buffer.alloc(2);
  port.writeUInt16BE(to.port);
  if (protocol === SCTP) {
    translateSctp(ip.subarray(transport, length), to.side, port);
    return;
  }
  const both = change + replace(ip, transport + (to.side === 'source' ? 0 : 2), port);
  const checksumAt = transport + (protocol === UDP ? 6 : 16);
  const before = ip.readUInt16BE(checksumAt);
  if (protocol === UDP && before === 0) return;
  const next = moved(before, both);
  ip.writeUInt16BE(protocol === UDP && next === 0 ? 0xffff : next, checksumAt);
}

/**
 * What an ICMP error quotes changes on the other side. Its transport's checksum stays, as in
 * IPVS; the error's own, which was right, is right again.
 */
function translateQuote(
  ip: Buffer,
  quote: NonNullable<Packet['quote']>,
  { family, length }: Packet,
  to: Translation,
): void {
  const side = to.side === 'source' ? 'destination' : 'source';
  replaceAddress(ip.subarray(quote.at), family, side, to.address);
  ip.writeUInt16BE(to.port, quote.ports + (side === 'source' ? 0 : 2));
  const message = ip.subarray(quote.icmp, length);
  message.writeUInt16BE(0, 2);
  const pseudo = family === 4 ? 0 : pseudoSum(ip.subarray(8, 24), ip.subarray(24, 40), ICMPV6, message.length);
  message.writeUInt16BE(checksum(message, pseudo), 2);
}

/** With the checksum of an IPv4 header; answers what the change adds to a sum. */
function replaceAddress(ip: Buffer, family: 4 | 6, side: Translation['side'], address: Buffer): number {
  const first = family === 4 ? 12 : 8;
  const change = replace(ip, side === 'source' ? first : first + address.length, address);
  if (family === 4) ip.writeUInt16BE(moved(ip.readUInt16BE(10), change), 10);
  return change;
}

function translateSctp(packet: Buffer, side: Translation['side'], port: Buffer): void {
  const before = sctpChecksum(packet);
  port.copy(packet, side === 'source' ? 0 : 2);
  packet.writeUInt32LE((packet.readUInt32LE(8) ^ before ^ sctpChecksum(packet)) >>> 0, 8);
}

/** Both at once, SCTP's checksum as well; answers what the change adds to a ones'-complement sum. `body`: from the transport header on. */
export function replacePorts(body: Buffer, protocol: number, length: number, sport: number, dport: number): number {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(sport);
  ports.writeUInt16BE(dport, 2);
  const before = protocol === SCTP ? sctpChecksum(body.subarray(0, length)) : 0;
  const change = replace(body, 0, ports);
  if (protocol === SCTP) {
    body.writeUInt32LE((body.readUInt32LE(8) ^ before ^ sctpChecksum(body.subarray(0, length))) >>> 0, 8);
  }
  return change;
}

/** Answers what the change adds to a ones'-complement sum. */
function replace(ip: Buffer, at: number, bytes: Buffer): number {
  let change = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    change += bytes.readUInt16BE(i) + (~ip.readUInt16BE(at + i) & 0xffff);
    ip.writeUInt16BE(bytes.readUInt16BE(i), at + i);
  }
  return change;
}

export function moved(checksum: number, change: number): number {
  let sum = (~checksum & 0xffff) + change;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
