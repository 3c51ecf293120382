/** Captured datagrams, mutated at random, and what the decoder and the second verdict say of them. */
import { Random } from '../../src/core/simulation/random.ts';
import { checksum } from '../../src/core/vrrp/checksum.ts';
import { decodeAdvert } from '../../src/core/vrrp/decode.ts';
import { datagramOf, expectationOf, fromHex, isIPv4, VECTORS, type Vector } from './vectors.ts';
import { mayAccept, pseudoHeader } from './verdict.ts';

export interface FuzzResult {
  readonly accepted: number;
  readonly reasons: ReadonlySet<string>;
  /** What one of the two accepts and the other refuses, with the bytes. */
  readonly disagreements: readonly string[];
}

/** `count` datagrams, the same for the same `seed`. Throws what the decoder throws. */
export function fuzz(count: number, seed: number): FuzzResult {
  const random = new Random(seed);
  const reasons = new Set<string>();
  const disagreements: string[] = [];
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    const vector = VECTORS[i % VECTORS.length]!;
    const bytes = mutate(vector, random);
    const decoded = decodeAdvert(datagramOf(vector, bytes), expectationOf(vector));
    const good = 'advert' in decoded;
    if (good) accepted++;
    else reasons.add(decoded.refusal.reason);
    if (good !== mayAccept(bytes, vector)) disagreements.push(`${vector.name}: ${Buffer.from(bytes).toString('hex')}`);
  }
  return { accepted, reasons, disagreements };
}

/** Up to three flipped bits, other bytes, cuts and additions; every other time with lengths and checksums put right. */
function mutate(vector: Vector, random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(fromHex(vector.hex));
  for (let left = random.below(4); left > 0 && bytes.length > 0; left--) bytes = mutateOnce(bytes, random);
  return random.below(2) === 0 ? bytes : repair(bytes, vector);
}

function mutateOnce(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  const kind = random.below(8);
  if (kind === 6) return bytes.subarray(0, at);
  if (kind === 7) return Buffer.concat([bytes, Buffer.alloc(1 + random.below(20), random.below(256))]);
  bytes[at] = kind < 4 ? bytes[at]! ^ (1 << random.below(8)) : random.below(256);
  return bytes;
}

/** What hides other mistakes: the IPv4 total length, and VRRP's checksum. */
function repair(bytes: Buffer, vector: Vector): Buffer {
  const start = isIPv4(vector) ? (vector.authentication.type === 'ah' ? 44 : 20) : 0;
  if (bytes.length < start + 8) return bytes;
  if (start > 0) bytes.writeUInt16BE(bytes.length, 2);
  const packet = bytes.subarray(start);
  packet.writeUInt16BE(0, 6);
  packet.writeUInt16BE(checksum(pseudoHeader(bytes, packet, vector), packet), 6);
  return bytes;
}
