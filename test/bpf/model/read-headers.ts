/** Fragments, SCTP, and whatever else is not TCP or UDP in one piece: the IP header, and what a fragment says of itself. */
import { ETHERTYPE, PROTOCOL } from '../../support/packet-layers.ts';
import type { Link, Packet } from './read-packet.ts';
import { readSctpEvent } from './sctp-state.ts';

export interface Headers {
  readonly family: 4 | 6;
  readonly source: Buffer;
  readonly destination: Buffer;
  /** Of what the last header announces. */
  readonly protocol: number;
  /** Offset of that in the IP packet. */
  readonly body: number;
  readonly length: number;
  readonly id: number;
  /** Bytes; 0 where it is no later fragment. */
  readonly offset: number;
  readonly more: boolean;
  /** Offset of the fragmentable part in the IP packet; null: IPv6 without a fragment header. */
  readonly fragmentable: number | null;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4 identification as an outer header takes it. */
  readonly ipId: number;
  readonly df: boolean;
}

const MOST_STEPS = 7;
const EXTENSIONS: readonly number[] = [
  PROTOCOL.hopByHop,
  PROTOCOL.routing,
  PROTOCOL.destinationOptions,
  PROTOCOL.ah,
  PROTOCOL.fragment,
];

export function hasPorts(protocol: number): protocol is 6 | 17 | 132 {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === PROTOCOL.sctp;
}

/** null: malformed. `ip` may hold more than the packet, and less than it says. */
export function readHeaders(ip: Buffer, etherType: number): Headers | null {
  return etherType === ETHERTYPE.ipv4 ? readIpv4(ip) : readIpv6(ip);
}

export function frameHeaders(frame: Buffer, link: Link): Headers | null {
  return readHeaders(frame.subarray(link.ipAt), link.etherType);
}

function readIpv4(ip: Buffer): Headers | null {
  if (ip.length < 20) return null;
  const body = (ip.readUInt8(0) & 15) * 4;
  const length = ip.readUInt16BE(2);
  if (ip.readUInt8(0) >> 4 !== 4 || body < 20 || length < body) return null;
  const fragment = ip.readUInt16BE(6);
  return {
    family: 4,
    source: ip.subarray(12, 16),
    destination: ip.subarray(16, 20),
    protocol: ip.readUInt8(9),
    body,
    length,
    id: ip.readUInt16BE(4),
    offset: (fragment & 0x1fff) * 8,
    more: (fragment & 0x2000) !== 0,
    fragmentable: body,
    ttl: ip.readUInt8(8),
    tos: ip.readUInt8(1),
    ipId: ip.readUInt16BE(4),
    df: (fragment & 0x4000) !== 0,
  };
}

function readIpv6(ip: Buffer): Headers | null {
  if (ip.length < 40 || ip.readUInt8(0) >> 4 !== 6) return null;
  let protocol = ip.readUInt8(6);
  let body = 40;
  let fragment: { offset: number; more: boolean; id: number; at: number } | null = null;
  for (let step = 0; step < MOST_STEPS && EXTENSIONS.includes(protocol); step++) {
    if (fragment !== null && fragment.offset > 0) break;
    if (ip.length < body + 8) return null;
    const next = ip.readUInt8(body);
    if (protocol === PROTOCOL.fragment) {
      if (fragment !== null) return null;
      const word = ip.readUInt16BE(body + 2);
      fragment = { offset: word & 0xfff8, more: (word & 1) === 1, id: ip.readUInt32BE(body + 4), at: body + 8 };
      body += 8;
    } else {
      const units = ip.readUInt8(body + 1);
      body += protocol === PROTOCOL.ah ? (units + 2) * 4 : (units + 1) * 8;
    }
    protocol = next;
  }
  return {
    family: 6,
    source: ip.subarray(8, 24),
    destination: ip.subarray(24, 40),
    protocol,
    body,
    length: ip.readUInt16BE(4) + 40,
    id: fragment?.id ?? 0,
    offset: fragment?.offset ?? 0,
    more: fragment?.more ?? false,
    fragmentable: fragment?.at ?? null,
    ttl: ip.readUInt8(7),
    tos: (ip.readUInt16BE(0) >> 4) & 0xff,
    ipId: 0,
    df: false,
  };
}

/** A first fragment, or SCTP, as a packet, and how much of the fragmentable part its headers take; null: not all of them are there. */
export function readFirstFragment(ip: Buffer, headers: Headers): { packet: Packet; headerEnd: number } | null {
  const { protocol, body, length, fragmentable } = headers;
  if (!hasPorts(protocol) || length < body) return null;
  const transport = ip.subarray(body, length);
  let size = protocol === PROTOCOL.sctp ? 16 : 8;
  if (protocol === PROTOCOL.tcp) {
    if (transport.length < 20) return null;
    size = (transport.readUInt8(12) >> 4) * 4;
    if (size < 20) return null;
  }
  if (transport.length < size) return null;
  const flags = flagsOf(protocol, transport);
  if (flags === null) return null;
  const ports = { sport: transport.readUInt16BE(0), dport: transport.readUInt16BE(2) };
  return {
    packet: { ...packetOf(headers, { protocol, flags, ...ports, transport: body }), partial: headers.more },
    headerEnd: body + size - (fragmentable ?? body),
  };
}

function flagsOf(protocol: 6 | 17 | 132, transport: Buffer): number | null {
  if (protocol === PROTOCOL.sctp) return readSctpEvent(transport);
  return protocol === PROTOCOL.tcp ? transport.readUInt8(13) : 0;
}

/** What forwarding needs of an IP packet; ports where it has any. */
export function packetOf(
  headers: Headers,
  transport: Pick<Packet, 'protocol' | 'sport' | 'dport' | 'flags' | 'transport'>,
): Packet {
  const { family, source, destination, length, ttl, tos, ipId: id, df } = headers;
  return { family, source, destination, length, ttl, tos, id, df, ...transport };
}
