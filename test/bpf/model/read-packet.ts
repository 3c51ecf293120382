/**
 * From a frame to what the data plane needs of it. Anything but a readable
 * TCP or UDP packet in one piece is read by read-headers.ts.
 */
import { ETHERTYPE, PROTOCOL } from '../../support/packet-layers.ts';

export interface Packet {
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly protocol: 6 | 17 | 132;
  readonly sport: number;
  readonly dport: number;
  /** TCP flags; 0 for UDP; of SCTP the number of its event. */
  readonly flags: number;
  /** The first of several fragments. */
  readonly partial?: boolean;
  /** Bytes of the IP packet. */
  readonly length: number;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly id: number;
  /** IPv6 has no such bit: false. */
  readonly df: boolean;
  /** Offset of the transport header in the IP packet; 0: it has none (a later fragment). */
  readonly transport: number;
  /** An ICMP error quotes it, or the answer to it: the packet itself did not come. */
  readonly quoted?: boolean;
  /** Offsets in the ICMP error's IP packet: of the error, of what it quotes, and of the ports in there. */
  readonly quote?: { readonly icmp: number; readonly at: number; readonly ports: number };
}

export interface Link {
  /** Outer first. */
  readonly tags: readonly { readonly tpid: number; readonly tci: number }[];
  /** Offset of the IP header. */
  readonly ipAt: number;
  readonly etherType: number;
}

/** uncommon: in fragments, or neither TCP nor UDP. */
export type Reading =
  | { readonly kind: 'uncommon' | 'malformed' }
  | { readonly kind: 'packet'; readonly packet: Packet };

const MOST_TAGS = 2;
const MOST_EXTENSIONS = 6;
const EXTENSIONS: readonly number[] = [PROTOCOL.hopByHop, PROTOCOL.routing, PROTOCOL.destinationOptions, PROTOCOL.ah];
const UNCOMMON: Reading = { kind: 'uncommon' };
const MALFORMED: Reading = { kind: 'malformed' };

/** null: the frame ends inside its link header. */
export function readLink(frame: Buffer): Link | null {
  const tags: { tpid: number; tci: number }[] = [];
  if (frame.length < 14) return null;
  let etherType = frame.readUInt16BE(12);
  let at = 14;
  while (tags.length < MOST_TAGS && (etherType === ETHERTYPE.vlan || etherType === ETHERTYPE.serviceVlan)) {
    if (frame.length < at + 4) return null;
    tags.push({ tpid: etherType, tci: frame.readUInt16BE(at) });
    etherType = frame.readUInt16BE(at + 2);
    at += 4;
  }
  return { tags, ipAt: at, etherType };
}

/** The destination address, as soon as the fixed part of an IP header is there; else null. */
export function readDestination(frame: Buffer, link: Link): Buffer | null {
  const ip = frame.subarray(link.ipAt);
  if (link.etherType === ETHERTYPE.ipv4 && ip.length >= 20) return ip.subarray(16, 20);
  if (link.etherType === ETHERTYPE.ipv6 && ip.length >= 40) return ip.subarray(24, 40);
  return null;
}

/** The source address, where `readDestination` is there. */
export function readSource(frame: Buffer, link: Link): Buffer | null {
  const ip = frame.subarray(link.ipAt);
  if (link.etherType === ETHERTYPE.ipv4 && ip.length >= 20) return ip.subarray(12, 16);
  if (link.etherType === ETHERTYPE.ipv6 && ip.length >= 40) return ip.subarray(8, 24);
  return null;
}

/** `link` has a complete fixed IP header behind it (`readDestination` is not null). */
export function readPacket(frame: Buffer, link: Link): Reading {
  const ip = frame.subarray(link.ipAt);
  return link.etherType === ETHERTYPE.ipv4 ? readIpv4(ip) : readIpv6(ip);
}

function readIpv4(ip: Buffer): Reading {
  const header = (ip.readUInt8(0) & 15) * 4;
  const length = ip.readUInt16BE(2);
  const protocol = ip.readUInt8(9);
  const fragment = ip.readUInt16BE(6);
  if (ip.readUInt8(0) >> 4 !== 4 || header < 20 || length < header || length > ip.length) return MALFORMED;
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return UNCOMMON;
  if ((fragment & 0x3fff) !== 0) return UNCOMMON;
  return readPorts(ip.subarray(header, length), protocol, {
    family: 4,
    source: ip.subarray(12, 16),
    destination: ip.subarray(16, 20),
    length,
    ttl: ip.readUInt8(8),
    tos: ip.readUInt8(1),
    id: ip.readUInt16BE(4),
    df: (fragment & 0x4000) !== 0,
    transport: header,
  });
}

/**
 * Headers may lie beyond the packet's own end as long as the frame holds them:
 * only the transport header must lie inside the packet.
 */
function readIpv6(ip: Buffer): Reading {
  const length = ip.readUInt16BE(4) + 40;
  let protocol = ip.readUInt8(6);
  let at = 40;
  if (ip.readUInt8(0) >> 4 !== 6 || length > ip.length) return MALFORMED;
  for (let count = 0; protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp; count++) {
    if (count === MOST_EXTENSIONS) return UNCOMMON;
    if (!EXTENSIONS.includes(protocol)) return UNCOMMON;
    if (ip.length < at + 2) return MALFORMED;
    const next = ip.readUInt8(at);
    const units = ip.readUInt8(at + 1);
    at += protocol === PROTOCOL.ah ? (units + 2) * 4 : (units + 1) * 8;
    protocol = next;
  }
  if (length < at) return MALFORMED;
  return readPorts(ip.subarray(at, length), protocol, {
    family: 6,
    source: ip.subarray(8, 24),
    destination: ip.subarray(24, 40),
    length,
    ttl: ip.readUInt8(7),
    tos: (ip.readUInt16BE(0) >> 4) & 0xff,
    id: 0,
    df: false,
    transport: at,
  });
}

type NetworkPart = Omit<Packet, 'protocol' | 'sport' | 'dport' | 'flags'>;

function readPorts(body: Buffer, protocol: number, network: NetworkPart): Reading {
  if (protocol === PROTOCOL.udp) {
    if (body.length < 8) return MALFORMED;
    const packet: Packet = {
      ...network,
      protocol: 17,
      sport: body.readUInt16BE(0),
      dport: body.readUInt16BE(2),
      flags: 0,
    };
    return { kind: 'packet', packet };
  }
  if (body.length < 20) return MALFORMED;
  const header = (body.readUInt8(12) >> 4) * 4;
  if (header < 20 || header > body.length) return MALFORMED;
  const packet: Packet = {
    ...network,
    protocol: 6,
    sport: body.readUInt16BE(0),
    dport: body.readUInt16BE(2),
    flags: body.readUInt8(13),
  };
  return { kind: 'packet', packet };
}
