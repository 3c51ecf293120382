/**
 * Reads frames back, checksums verified, for what tests expect and for
 * failures that a person can read. Throws on what is too short: a test's
 * expected packet is never truncated by accident.
 */
import { sctpChecksum } from './crc32c.ts';
import { addressText, macText, onesSum, pseudoSum } from './packet-bytes.ts';
import { ETHERTYPE, PROTOCOL } from './packet-layers.ts';

export interface ParsedTransport {
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  /** TCP flags; 0 for UDP; the first chunk's type for SCTP. */
  readonly flags: number;
  readonly checksumOk: boolean;
  readonly payload: Buffer;
}

export interface ParsedIcmp {
  readonly type: number;
  readonly code: number;
  /** The 32 bits behind the checksum: where MTUs stand. */
  readonly rest: number;
  readonly checksumOk: boolean;
  /** What is quoted, or any other body. */
  readonly body: Buffer;
}

export interface ParsedIp {
  readonly family: 4 | 6;
  readonly src: string;
  readonly dst: string;
  readonly ttl: number;
  readonly tos: number;
  /** IPv4 identification, 0 for IPv6. */
  readonly id: number;
  readonly df: boolean;
  readonly mf: boolean;
  /** Bytes of the packet as its header says, header included. */
  readonly length: number;
  /** Bytes up to the transport header, extension headers included. */
  readonly headerLength: number;
  readonly extensions: readonly number[];
  readonly protocol: number;
  readonly checksumOk: boolean;
  readonly transport: ParsedTransport | null;
  readonly icmp: ParsedIcmp | null;
  readonly inner: ParsedIp | null;
}

export interface ParsedFrame {
  readonly dst: string;
  readonly src: string;
  readonly tags: readonly { readonly tpid: number; readonly tci: number }[];
  readonly etherType: number;
  readonly ip: ParsedIp | null;
  readonly length: number;
}

export function parseFrame(frame: Buffer): ParsedFrame {
  const tags: { tpid: number; tci: number }[] = [];
  let at = 12;
  let etherType = frame.readUInt16BE(at);
  while (etherType === ETHERTYPE.vlan || etherType === ETHERTYPE.serviceVlan) {
    tags.push({ tpid: etherType, tci: frame.readUInt16BE(at + 2) });
    at += 4;
    etherType = frame.readUInt16BE(at);
  }
  const isIp = etherType === ETHERTYPE.ipv4 || etherType === ETHERTYPE.ipv6;
  const ip = isIp ? parseIp(frame.subarray(at + 2)) : null;
  return { dst: macText(frame), src: macText(frame.subarray(6)), tags, etherType, ip, length: frame.length };
}

/** Offset of the IP header in a frame. */
export function ipOffset(frame: Buffer): number {
  let at = 12;
  while (frame.readUInt16BE(at) === ETHERTYPE.vlan || frame.readUInt16BE(at) === ETHERTYPE.serviceVlan) at += 4;
  return at + 2;
}

export function parseIp(packet: Buffer): ParsedIp {
  return (packet[0] ?? 0) >> 4 === 6 ? parseIpv6(packet) : parseIpv4(packet);
}

/** True where every checksum of the frame, inner packets included, is right. */
export function checksumsOk(ip: ParsedIp | null): boolean {
  if (ip === null) return true;
  const upper = (ip.transport?.checksumOk ?? true) && (ip.icmp?.checksumOk ?? true);
  return ip.checksumOk && upper && checksumsOk(ip.inner);
}

function parseIpv4(packet: Buffer): ParsedIp {
  const headerLength = (packet.readUInt8(0) & 15) * 4;
  const length = packet.readUInt16BE(2);
  const flags = packet.readUInt16BE(6);
  const source = packet.subarray(12, 16);
  const destination = packet.subarray(16, 20);
  const protocol = packet.readUInt8(9);
  const whole = (flags & 0x3fff) === 0;
  return {
    family: 4,
    src: addressText(source),
    dst: addressText(destination),
    ttl: packet.readUInt8(8),
    tos: packet.readUInt8(1),
    id: packet.readUInt16BE(4),
    df: (flags & 0x4000) !== 0,
    mf: (flags & 0x2000) !== 0,
    length,
    headerLength,
    extensions: [],
    protocol,
    checksumOk: onesSum(packet.subarray(0, headerLength)) === 0xffff,
    ...upperLayers(protocol, packet.subarray(headerLength, length), source, destination, whole),
  };
}

function parseIpv6(packet: Buffer): ParsedIp {
  const source = packet.subarray(8, 24);
  const destination = packet.subarray(24, 40);
  const length = packet.readUInt16BE(4) + 40;
  const extensions: number[] = [];
  let protocol = packet.readUInt8(6);
  let headerLength = 40;
  let whole = true;
  while (isExtension(protocol)) {
    extensions.push(protocol);
    if (protocol === PROTOCOL.fragment) whole = false;
    const units = protocol === PROTOCOL.fragment ? 0 : packet.readUInt8(headerLength + 1);
    const bytes = protocol === PROTOCOL.ah ? (units + 2) * 4 : (units + 1) * 8;
    protocol = packet.readUInt8(headerLength);
    headerLength += bytes;
  }
  return {
    family: 6,
    src: addressText(source),
    dst: addressText(destination),
    ttl: packet.readUInt8(7),
    tos: (packet.readUInt16BE(0) >> 4) & 0xff,
    id: 0,
    df: false,
    mf: false,
    length,
    headerLength,
    extensions,
    protocol,
    checksumOk: true,
    ...upperLayers(protocol, packet.subarray(headerLength, length), source, destination, whole),
  };
}

function isExtension(protocol: number): boolean {
  return (
    protocol === PROTOCOL.hopByHop ||
    protocol === PROTOCOL.routing ||
    protocol === PROTOCOL.destinationOptions ||
    protocol === PROTOCOL.fragment
  );
}

type Upper = Pick<ParsedIp, 'transport' | 'icmp' | 'inner'>;

function upperLayers(protocol: number, body: Buffer, source: Buffer, destination: Buffer, whole: boolean): Upper {
  const none: Upper = { transport: null, icmp: null, inner: null };
  if (!whole) return none;
  const pseudo = (): boolean => onesSum(body, pseudoSum(source, destination, protocol, body.length)) === 0xffff;
  switch (protocol) {
    case PROTOCOL.tcp:
      return { ...none, transport: parseTcp(body, pseudo()) };
    case PROTOCOL.udp:
      return { ...none, transport: parseUdp(body, pseudo()) };
    case PROTOCOL.sctp:
      return { ...none, transport: parseSctp(body) };
    case PROTOCOL.icmp:
      return { ...none, icmp: parseIcmp(body, onesSum(body) === 0xffff) };
    case PROTOCOL.icmpv6:
      return { ...none, icmp: parseIcmp(body, pseudo()) };
    case PROTOCOL.ipip:
    case PROTOCOL.ipv6:
      return { ...none, inner: parseIp(body) };
    default:
      return none;
  }
}

function parseTcp(body: Buffer, checksumOk: boolean): ParsedTransport {
  const headerLength = (body.readUInt8(12) >> 4) * 4;
  return {
    protocol: PROTOCOL.tcp,
    sport: body.readUInt16BE(0),
    dport: body.readUInt16BE(2),
    flags: body.readUInt8(13),
    checksumOk,
    payload: body.subarray(headerLength),
  };
}

/** A checksum of 0 says that there is none (IPv4). */
function parseUdp(body: Buffer, checksumOk: boolean): ParsedTransport {
  return {
    protocol: PROTOCOL.udp,
    sport: body.readUInt16BE(0),
    dport: body.readUInt16BE(2),
    flags: 0,
    checksumOk: checksumOk || body.readUInt16BE(6) === 0,
    payload: body.subarray(8),
  };
}

function parseSctp(body: Buffer): ParsedTransport {
  return {
    protocol: PROTOCOL.sctp,
    sport: body.readUInt16BE(0),
    dport: body.readUInt16BE(2),
    flags: body.readUInt8(12),
    checksumOk: body.readUInt32LE(8) === sctpChecksum(body),
    payload: body.subarray(16),
  };
}

function parseIcmp(body: Buffer, checksumOk: boolean): ParsedIcmp {
  return {
    type: body.readUInt8(0),
    code: body.readUInt8(1),
    rest: body.readUInt32BE(4),
    checksumOk,
    body: body.subarray(8),
  };
}
