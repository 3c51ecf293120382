/** Another source or destination in a packet; checksums move by the difference alone (RFC 1624, equation 3; CRC32c is linear). */
import { sctpChecksum } from '../../support/crc32c.ts';
import { addressBytes } from '../../support/packet-bytes.ts';
import type { ServerConfig } from '../world.ts';
import type { Packet } from './read-packet.ts';

export interface Translation {
  readonly side: 'source' | 'destination';
  readonly address: Buffer;
  readonly port: number;
}

const UDP = 17;
const SCTP = 132;

/** The real server's port; 0 keeps the packet's. */
export function realPort({ port }: ServerConfig, { dport }: Packet): number {
  return port === 0 ? dport : port;
}

export function requestTranslation(server: ServerConfig, packet: Packet): Translation {
  return { side: 'destination', address: addressBytes(server.address), port: realPort(server, packet) };
}

/** SCTP's checksum covers the whole packet: with another port it cannot be told where the rest is in other fragments. */
export function canTranslate({ protocol, partial, sport, dport }: Packet, { side, port }: Translation): boolean {
  return protocol !== SCTP || !partial || port === (side === 'source' ? sport : dport);
}

/** In place; later fragments have no ports. */
export function translate(ip: Buffer, { family, protocol, transport, length }: Packet, to: Translation): void {
  const first = family === 4 ? 12 : 8;
  const at = to.side === 'source' ? first : first + to.address.length;
  const change = replace(ip, at, to.address);
  if (family === 4) ip.writeUInt16BE(moved(ip.readUInt16BE(10), change), 10);
  if (transport === 0) return;
  const port = Buffer.alloc(2);
  port.writeUInt16BE(to.port);
  if (protocol === SCTP) {
    translateSctp(ip.subarray(transport, length), to.side, port);
    return;
  }
  const both = change + replace(ip, transport + (to.side === 'source' ? 0 : 2), port);
  const checksumAt = transport + (protocol === UDP ? 6 : 16);
  const checksum = ip.readUInt16BE(checksumAt);
  if (protocol === UDP && checksum === 0) return;
  const next = moved(checksum, both);
  ip.writeUInt16BE(protocol === UDP && next === 0 ? 0xffff : next, checksumAt);
}

function translateSctp(packet: Buffer, side: Translation['side'], port: Buffer): void {
  const before = sctpChecksum(packet);
  port.copy(packet, side === 'source' ? 0 : 2);
  packet.writeUInt32LE((packet.readUInt32LE(8) ^ before ^ sctpChecksum(packet)) >>> 0, 8);
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

function moved(checksum: number, change: number): number {
  let sum = (~checksum & 0xffff) + change;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
