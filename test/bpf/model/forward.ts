/** The frame that a real server gets: DR rewrites the link header, TUN puts the packet inside another one. */
import { addressBytes, checksum, macBytes, pseudoSum } from '../../support/packet-bytes.ts';
import { ETHERTYPE, PROTOCOL } from '../../support/packet-layers.ts';
import { familyOf } from '../encode.ts';
import type { InterfaceConfig, NextHopConfig, ServerConfig } from '../world.ts';
import type { Local } from './local-requests.ts';
import type { Link, Packet } from './read-packet.ts';
import { withToa } from './toa.ts';
import { requestTranslations, translate } from './translate.ts';

/** Where a frame leaves, and with what link header. */
export interface Leaving {
  readonly link: Link;
  readonly hop: NextHopConfig;
  readonly egress: InterfaceConfig;
}

export interface Forwarding extends Leaving {
  readonly frame: Buffer;
  readonly packet: Packet;
  readonly server: ServerConfig;
  /** fullnat: where it leaves from. */
  readonly local?: Local | null;
  /** The flow's 32 bits for spread sources. */
  readonly flow: number;
  /** pmtu_disc. */
  readonly doesPmtuDiscovery: boolean;
}

/** What routers may fragment has an arbitrary identification of its own (RFC 6864). */
export function hasRandomId(forwarding: Forwarding): boolean {
  const { server } = forwarding;
  return server.method === 'tun' && familyOf(server.address) === 4 && !outerDf(forwarding);
}

export function forwardedFrame(forwarding: Forwarding): Buffer {
  const { frame, link: came, packet, server } = forwarding;
  let ip = hopped(frame.subarray(came.ipAt), packet);
  for (const change of requestTranslations(forwarding)) translate(ip, packet, change);
  if (forwarding.local?.option) ip = withToa(ip, packet, forwarding.local.option);
  if (server.method !== 'tun') return Buffer.concat([linkHeader(forwarding, came.etherType), ip]);
  const over4 = familyOf(server.address) === 4;
  const body = tunnelled(forwarding, ip);
  const outer = over4 ? outerIpv4(forwarding, body) : outerIpv6(forwarding, body);
  const link = linkHeader(forwarding, over4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
  return Buffer.concat([link, outer, body, ip.subarray(packet.length)]);
}

/** A copy of the IP packet, one hop further. */
export function hopped(packet: Buffer, { family, ttl }: Packet): Buffer {
  const ip = Buffer.from(packet);
  if (family === 4) decrementTtl(ip);
  else ip[7] = ttl - 1;
  return ip;
}

export function linkHeader({ link, hop, egress }: Leaving, etherType: number): Buffer {
  const tags = hop.tags ?? link.tags;
  // The TPID of an inner tag that the next hop asks for is always 0x8100.
  const tpids = tags.map((tag, index) => (hop.tags !== null && index > 0 ? ETHERTYPE.vlan : tag.tpid));
  const types = Buffer.alloc(tags.length * 4 + 2);
  tags.forEach((tag, index) => {
    types.writeUInt16BE(tpids[index] as number, index * 4);
    types.writeUInt16BE(tag.tci, index * 4 + 2);
  });
  types.writeUInt16BE(etherType, tags.length * 4);
  return Buffer.concat([macBytes(hop.mac), macBytes(egress.mac), types]);
}

/** RFC 1624, equation 3: the checksum changes with the word that holds the TTL, whether it was right or not. */
function decrementTtl(ip: Buffer): void {
  const before = ip.readUInt16BE(8);
  ip[8] = ip.readUInt8(8) - 1;
  let sum = (~ip.readUInt16BE(10) & 0xffff) + (~before & 0xffff) + ip.readUInt16BE(8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  ip.writeUInt16BE(~sum & 0xffff, 10);
}

function outerDf({ server, packet, doesPmtuDiscovery }: Forwarding): boolean {
  return server.outerDf === 'set' || (server.outerDf === 'copy' && packet.df && doesPmtuDiscovery);
}

/** What follows the outer IP header: the packet, behind UDP and GUE or GRE where the tunnel has them. */
function tunnelled({ server, packet, flow }: Forwarding, frame: Buffer): Buffer {
  const ip = frame.subarray(0, packet.length);
  if (server.tunnel === 'ipip') return ip;
  if (server.tunnel === 'gre') return Buffer.concat([greHeader(server, packet, ip), ip]);
  const udp = Buffer.alloc(12);
  udp.writeUInt16BE(32768 + Math.floor((flow * (60999 - 32768)) / 2 ** 32));
  udp.writeUInt16BE(server.tunnelPort, 2);
  udp.writeUInt16BE(12 + ip.length, 4);
  udp[9] = packet.family === 4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
  if (server.tunnelSum) {
    const addresses = [spreadSource(server, flow), addressBytes(server.address)] as const;
    const sum = checksum(Buffer.concat([udp, ip]), pseudoSum(...addresses, PROTOCOL.udp, 12 + ip.length));
    udp.writeUInt16BE(sum || 0xffff, 6);
  }
  return Buffer.concat([udp, ip]);
}

function greHeader({ tunnelSum }: ServerConfig, { family }: Packet, ip: Buffer): Buffer {
  const gre = Buffer.alloc(tunnelSum ? 8 : 4);
  gre.writeUInt16BE(family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6, 2);
  if (!tunnelSum) return gre;
  gre.writeUInt16BE(0x8000);
  gre.writeUInt16BE(checksum(Buffer.concat([gre, ip])), 4);
  return gre;
}

function outerProtocol({ tunnel }: ServerConfig, { family }: Packet): number {
  if (tunnel === 'ipip') return family === 4 ? PROTOCOL.ipip : PROTOCOL.ipv6;
  return tunnel === 'gue' ? PROTOCOL.udp : PROTOCOL.gre;
}

function outerIpv4(forwarding: Forwarding, body: Buffer): Buffer {
  const { server, packet, flow } = forwarding;
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip[1] = packet.tos;
  ip.writeUInt16BE(20 + body.length, 2);
  ip.writeUInt16BE(packet.id, 4);
  ip.writeUInt16BE(outerDf(forwarding) ? 0x4000 : 0, 6);
  ip[8] = packet.ttl - 1;
  ip[9] = outerProtocol(server, packet);
  spreadSource(server, flow).copy(ip, 12);
  addressBytes(server.address).copy(ip, 16);
  ip.writeUInt16BE(checksum(ip), 10);
  return ip;
}

function outerIpv6({ server, packet, flow }: Forwarding, body: Buffer): Buffer {
  const ip = Buffer.alloc(40);
  ip.writeUInt32BE((0x60000000 | (packet.tos << 20)) >>> 0);
  ip.writeUInt16BE(body.length, 4);
  ip[6] = outerProtocol(server, packet);
  ip[7] = packet.ttl - 1;
  spreadSource(server, flow).copy(ip, 8);
  addressBytes(server.address).copy(ip, 24);
  return ip;
}

/** The low bits of the outer source come from the flow: receivers spread their work by it. */
function spreadSource(server: ServerConfig, flow: number): Buffer {
  const bytes = addressBytes(server.outerSource);
  const last = bytes.length - 4;
  const mask = server.spreadBits >= 32 ? 0xffffffff : 2 ** server.spreadBits - 1;
  bytes.writeUInt32BE(((bytes.readUInt32BE(last) & ~mask) | (flow & mask)) >>> 0, last);
  return bytes;
}
