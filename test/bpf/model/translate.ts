/** Another source or destination in a packet; checksums move by the difference alone (RFC 1624, equation 3). */
import { addressBytes } from '../../support/packet-bytes.ts';
import type { ServerConfig } from '../world.ts';
import type { Packet } from './read-packet.ts';

export interface Translation {
  readonly side: 'source' | 'destination';
  readonly address: Buffer;
  readonly port: number;
}

const UDP = 17;

/** The real server's port; 0 keeps the packet's. */
export function realPort({ port }: ServerConfig, { dport }: Packet): number {
  return port === 0 ? dport : port;
}

export function requestTranslation(server: ServerConfig, packet: Packet): Translation {
  return { side: 'destination', address: addressBytes(server.address), port: realPort(server, packet) };
}

/** In place; later fragments have no ports. */
export function translate(ip: Buffer, { family, protocol, transport }: Packet, to: Translation): void {
  const first = family === 4 ? 12 : 8;
  const at = to.side === 'source' ? first : first + to.address.length;
  const change = replace(ip, at, to.address);
  if (family === 4) ip.writeUInt16BE(moved(ip.readUInt16BE(10), change), 10);
  if (transport === 0) return;
  const port = Buffer.alloc(2);
  port.writeUInt16BE(to.port);
  const both = change + replace(ip, transport + (to.side === 'source' ? 0 : 2), port);
  const checksumAt = transport + (protocol === UDP ? 6 : 16);
  const checksum = ip.readUInt16BE(checksumAt);
  if (protocol === UDP && checksum === 0) return;
  const next = moved(checksum, both);
  ip.writeUInt16BE(protocol === UDP && next === 0 ? 0xffff : next, checksumAt);
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
