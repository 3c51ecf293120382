/** The IP header of what leaves in the other family (RFC 7915, 4.1 and 5.1). */
import { checksum } from '../../support/packet-bytes.ts';

/** A packet's family and ends as it leaves. */
export interface Ends {
  readonly family: 4 | 6;
  readonly source: Buffer;
  readonly sport: number;
  readonly destination: Buffer;
  readonly dport: number;
}

export interface Crossed {
  readonly ip: Buffer;
  /** The identification of IPv4 may be anything; and that of the packet that an error quotes. */
  readonly randomId: boolean;
  readonly quotesRandomId: boolean;
}

/** Up to this an IPv4 packet may be cut on its way. */
const NO_DF_LENGTH = 1260;

export function headerOf(family: 4 | 6): number {
  return family === 4 ? 20 : 40;
}

/** Of an IP packet; the sum is made, and IPv4's identification is 0. */
export function makeHeader(
  { family, source, destination }: Pick<Ends, 'family' | 'source' | 'destination'>,
  { protocol, tos, ttl, payload }: { protocol: number; tos: number; ttl: number; payload: number },
): { header: Buffer; randomId: boolean } {
  const header = Buffer.alloc(headerOf(family));
  if (family === 6) {
    header.writeUInt32BE((0x60000000 | (tos << 20)) >>> 0);
    header.writeUInt16BE(payload & 0xffff, 4);
    header.set([protocol, ttl], 6);
    source.copy(header, 8);
    destination.copy(header, 24);
    return { header, randomId: false };
  }
  const length = 20 + payload;
  header.set([0x45, tos]);
  header.writeUInt16BE(length & 0xffff, 2);
  header.writeUInt16BE(length > NO_DF_LENGTH ? 0x4000 : 0, 6);
  header.set([ttl, protocol], 8);
  source.copy(header, 12);
  destination.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return { header, randomId: length <= NO_DF_LENGTH };
}
