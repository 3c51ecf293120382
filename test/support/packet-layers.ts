/**
 * One encoder per protocol header. Every field that a sender could get wrong
 * can be given; what is left out is computed and right.
 */
import { sctpChecksum } from './crc32c.ts';
import { addressBytes, checksum, macBytes, pseudoSum } from './packet-bytes.ts';

export const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8, arp: 0x0806 } as const;
export const PROTOCOL = {
  hopByHop: 0,
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  routing: 43,
  fragment: 44,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  none: 59,
  destinationOptions: 60,
  sctp: 132,
} as const;

/** A header: `encode` gets what follows it, the number that names what follows, and the IP header around it. */
export interface Layer {
  /** What the header before must say that comes next: EtherType in front of link headers, IP protocol elsewhere. */
  readonly etherType?: number;
  readonly protocol?: number;
  /** Source and destination, where this is an IP header. */
  readonly ip?: { readonly src: Buffer; readonly dst: Buffer };
  encode(inner: Buffer, next: Layer | null, around: Layer | null): Buffer;
}

export interface EthernetFields {
  readonly dst?: string;
  readonly src?: string;
  readonly type?: number;
}

export function ethernetLayer(fields: EthernetFields): Layer {
  return {
    encode(inner, next) {
      const type = Buffer.alloc(2);
      type.writeUInt16BE(fields.type ?? next?.etherType ?? ETHERTYPE.arp);
      const dst = macBytes(fields.dst ?? '02:00:00:00:00:01');
      return Buffer.concat([dst, macBytes(fields.src ?? '02:00:00:00:00:02'), type, inner]);
    },
  };
}

export function vlanLayer(tci: number, tpid: number = ETHERTYPE.vlan): Layer {
  return {
    etherType: tpid,
    encode(inner, next) {
      const tag = Buffer.alloc(4);
      tag.writeUInt16BE(tci);
      tag.writeUInt16BE(next?.etherType ?? ETHERTYPE.arp, 2);
      return Buffer.concat([tag, inner]);
    },
  };
}

export interface Ipv4Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly tos?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  /** In units of eight bytes. */
  readonly offset?: number;
  readonly ttl?: number;
  readonly protocol?: number;
  /** Padded with zeros to whole words. */
  readonly options?: Uint8Array;
  readonly version?: number;
  readonly ihl?: number;
  readonly totalLength?: number;
  readonly checksum?: number;
}

export function ipv4Layer(fields: Ipv4Fields): Layer {
  const src = addressBytes(fields.src ?? '192.0.2.10');
  const dst = addressBytes(fields.dst ?? '192.0.2.100');
  return {
    etherType: ETHERTYPE.ipv4,
    protocol: PROTOCOL.ipip,
    ip: { src, dst },
    encode(inner, next) {
      const options = fields.options ?? new Uint8Array();
      const header = Buffer.alloc(20 + Math.ceil(options.length / 4) * 4);
      header[0] = ((fields.version ?? 4) << 4) | (fields.ihl ?? header.length / 4);
      header[1] = fields.tos ?? 0;
      header.writeUInt16BE(fields.totalLength ?? header.length + inner.length, 2);
      header.writeUInt16BE(fields.id ?? 0x1234, 4);
      header.writeUInt16BE((fields.df ? 0x4000 : 0) | (fields.mf ? 0x2000 : 0) | (fields.offset ?? 0), 6);
      header[8] = fields.ttl ?? 64;
      header[9] = fields.protocol ?? next?.protocol ?? 255;
      src.copy(header, 12);
      dst.copy(header, 16);
      header.set(options, 20);
      header.writeUInt16BE(fields.checksum ?? checksum(header), 10);
      return Buffer.concat([header, inner]);
    },
  };
}

export interface Ipv6Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  readonly nextHeader?: number;
  readonly version?: number;
  readonly payloadLength?: number;
}

export function ipv6Layer(fields: Ipv6Fields): Layer {
  const src = addressBytes(fields.src ?? '2001:db8::10');
  const dst = addressBytes(fields.dst ?? '2001:db8::100');
  return {
    etherType: ETHERTYPE.ipv6,
    protocol: PROTOCOL.ipv6,
    ip: { src, dst },
    encode(inner, next) {
      const header = Buffer.alloc(40);
      const first = ((fields.version ?? 6) << 28) | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0);
      header.writeUInt32BE(first >>> 0);
      header.writeUInt16BE(fields.payloadLength ?? inner.length, 4);
      header[6] = fields.nextHeader ?? next?.protocol ?? PROTOCOL.none;
      header[7] = fields.hopLimit ?? 64;
      src.copy(header, 8);
      dst.copy(header, 24);
      return Buffer.concat([header, inner]);
    },
  };
}

/** An IPv6 extension header of `8 * (units + 1)` bytes; `body` starts behind the two length bytes. */
export function extensionLayer(protocol: number, units: number, body: Uint8Array = new Uint8Array()): Layer {
  return {
    protocol,
    encode(inner, next) {
      const header = Buffer.alloc(8 * (units + 1));
      header[0] = next?.protocol ?? PROTOCOL.none;
      header[1] = protocol === PROTOCOL.ah ? header.length / 4 - 2 : units; // RFC 4302, 2.2
      header.set(body.subarray(0, header.length - 2), 2);
      return Buffer.concat([header, inner]);
    },
  };
}

/** `offset` in units of eight bytes. */
export function fragmentLayer(offset: number, more: boolean, id = 0x12345678): Layer {
  return {
    protocol: PROTOCOL.fragment,
    encode(inner, next) {
      const header = Buffer.alloc(8);
      header[0] = next?.protocol ?? PROTOCOL.none;
      header.writeUInt16BE((offset << 3) | (more ? 1 : 0), 2);
      header.writeUInt32BE(id, 4);
      return Buffer.concat([header, inner]);
    },
  };
}

/** Flags as tcpdump writes them: S . F R P U E C, `.` being ACK. */
export function tcpFlags(text: string): number {
  const bits: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32, E: 64, C: 128 };
  return [...text].reduce((flags, letter) => {
    const bit = bits[letter];
    if (bit === undefined) throw new RangeError(`TCP flag: expected one of FSRP.UEC, got "${letter}"`);
    return flags | bit;
  }, 0);
}

export interface TcpFields {
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: string | number;
  readonly seq?: number;
  readonly ack?: number;
  readonly options?: Uint8Array;
  readonly doff?: number;
  readonly checksum?: number;
}

export function tcpLayer(fields: TcpFields): Layer {
  return {
    protocol: PROTOCOL.tcp,
    encode(inner, _next, around) {
      const options = fields.options ?? new Uint8Array();
      const header = Buffer.alloc(20 + Math.ceil(options.length / 4) * 4);
      const flags = fields.flags ?? 'S';
      header.writeUInt16BE(fields.sport ?? 40000);
      header.writeUInt16BE(fields.dport ?? 80, 2);
      header.writeUInt32BE(fields.seq ?? 1, 4);
      header.writeUInt32BE(fields.ack ?? 0, 8);
      header[12] = (fields.doff ?? header.length / 4) << 4;
      header[13] = typeof flags === 'string' ? tcpFlags(flags) : flags;
      header.writeUInt16BE(64240, 14);
      header.set(options, 20);
      return withTransportSum(Buffer.concat([header, inner]), 16, PROTOCOL.tcp, around, fields.checksum);
    },
  };
}

export interface UdpFields {
  readonly sport?: number;
  readonly dport?: number;
  readonly length?: number;
  readonly checksum?: number;
}

export function udpLayer(fields: UdpFields): Layer {
  return {
    protocol: PROTOCOL.udp,
    encode(inner, _next, around) {
      const header = Buffer.alloc(8);
      header.writeUInt16BE(fields.sport ?? 40000);
      header.writeUInt16BE(fields.dport ?? 53, 2);
      header.writeUInt16BE(fields.length ?? 8 + inner.length, 4);
      return withTransportSum(Buffer.concat([header, inner]), 6, PROTOCOL.udp, around, fields.checksum);
    },
  };
}

/** Chunk types: RFC 9260, 3.2. */
export const CHUNK = {
  ...{ DATA: 0, INIT: 1, INIT_ACK: 2, SACK: 3, HEARTBEAT: 4, HEARTBEAT_ACK: 5, ABORT: 6, SHUTDOWN: 7 },
  ...{ SHUTDOWN_ACK: 8, ERROR: 9, COOKIE_ECHO: 10, COOKIE_ACK: 11, ECNE: 12, CWR: 13, SHUTDOWN_COMPLETE: 14 },
} as const;
export type ChunkName = keyof typeof CHUNK;

export interface ChunkFields {
  readonly type: ChunkName | number;
  /** Default: a few bytes of zeros, as the type wants at least. */
  readonly value?: Uint8Array;
  readonly length?: number;
}

export interface SctpFields {
  readonly sport?: number;
  readonly dport?: number;
  readonly tag?: number;
  /** Default: one INIT chunk. */
  readonly chunks?: readonly (ChunkName | ChunkFields)[];
  readonly checksum?: number;
}

export function sctpLayer(fields: SctpFields): Layer {
  return {
    protocol: PROTOCOL.sctp,
    encode(inner) {
      const header = Buffer.alloc(12);
      header.writeUInt16BE(fields.sport ?? 40000);
      header.writeUInt16BE(fields.dport ?? 2905, 2);
      header.writeUInt32BE(fields.tag ?? 0, 4);
      const packet = Buffer.concat([header, ...(fields.chunks ?? ['INIT']).map(chunkBytes), inner]);
      packet.writeUInt32LE(fields.checksum ?? sctpChecksum(packet), 8);
      return packet;
    },
  };
}

const LEAST_VALUES: Partial<Record<ChunkName, number>> = { DATA: 13, INIT: 16, INIT_ACK: 16, SACK: 12, SHUTDOWN: 4 };

/** Padded with zeros to whole words. */
function chunkBytes(chunk: ChunkName | ChunkFields): Buffer {
  const { type, value, length }: ChunkFields = typeof chunk === 'string' ? { type: chunk } : chunk;
  const bytes = value ?? Buffer.alloc(typeof type === 'string' ? (LEAST_VALUES[type] ?? 0) : 0);
  const padded = Buffer.alloc(4 + Math.ceil(bytes.length / 4) * 4);
  padded[0] = typeof type === 'string' ? CHUNK[type] : type;
  padded.writeUInt16BE(length ?? 4 + bytes.length, 2);
  padded.set(bytes, 4);
  return padded;
}

export interface GreFields {
  /** With a checksum (RFC 2784). */
  readonly sum?: boolean;
  readonly flags?: number;
  readonly type?: number;
}

export function greLayer({ sum = false, flags, type }: GreFields): Layer {
  return {
    protocol: PROTOCOL.gre,
    encode(inner, next) {
      const header = Buffer.alloc(sum ? 8 : 4);
      header.writeUInt16BE(flags ?? (sum ? 0x8000 : 0));
      header.writeUInt16BE(type ?? next?.etherType ?? 0, 2);
      if (sum) header.writeUInt16BE(checksum(Buffer.concat([header, inner])), 4);
      return Buffer.concat([header, inner]);
    },
  };
}

/** Variant 0 of GUE, which stands behind UDP; `lengths`: version, control bit, words of fields. */
export function gueLayer(fields: { lengths?: number; protocol?: number; flags?: number }): Layer {
  return {
    encode(inner, next) {
      const header = Buffer.alloc(4);
      header[0] = fields.lengths ?? 0;
      header[1] = fields.protocol ?? next?.protocol ?? 0;
      header.writeUInt16BE(fields.flags ?? 0, 2);
      return Buffer.concat([header, inner]);
    },
  };
}

export interface IcmpFields {
  readonly type?: number;
  readonly code?: number;
  readonly rest?: number;
}

/** ICMP under IPv4, ICMPv6 under IPv6. */
export function icmpLayer(fields: IcmpFields, protocol: 1 | 58): Layer {
  return {
    protocol,
    encode(inner, _next, around) {
      const header = Buffer.alloc(8);
      header[0] = fields.type ?? (protocol === PROTOCOL.icmp ? 8 : 128);
      header[1] = fields.code ?? 0;
      header.writeUInt32BE(fields.rest ?? 0, 4);
      const message = Buffer.concat([header, inner]);
      if (protocol === PROTOCOL.icmpv6) return withTransportSum(message, 2, protocol, around, undefined);
      message.writeUInt16BE(checksum(message), 2);
      return message;
    },
  };
}

export function rawLayer(bytes: Uint8Array, protocol = 255): Layer {
  return { protocol, encode: (inner) => Buffer.concat([bytes, inner]) };
}

function withTransportSum(
  segment: Buffer,
  at: number,
  protocol: number,
  around: Layer | null,
  given: number | undefined,
): Buffer {
  const ip = around?.ip;
  const start = ip === undefined ? 0 : pseudoSum(ip.src, ip.dst, protocol, segment.length);
  const sum = given ?? checksum(segment, start);
  segment.writeUInt16BE(given === undefined && sum === 0 && protocol === PROTOCOL.udp ? 0xffff : sum, at);
  return segment;
}
