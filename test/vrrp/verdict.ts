/**
 * Whether an instance may accept a datagram, written a second time and in another way than the
 * decoder: one list of facts about the bytes, with node's own HMAC. It knows no reasons.
 */
import { createHmac } from 'node:crypto';
import { isIPv4, isUnicast, type Vector } from './vectors.ts';

/** `raw`: IPv4 with its header, IPv6 without. The instance is configured like the vector's sender. */
export function mayAccept(raw: Uint8Array, vector: Vector): boolean {
  const bytes = Buffer.from(raw);
  return isIPv4(vector)
    ? mayAcceptIPv4(bytes, vector)
    : mayAcceptPacket(bytes, vector, pseudoHeader(bytes, bytes, vector));
}

/** Empty for version 2. `datagram`: from the IPv4 header, whose addresses count. */
export function pseudoHeader(datagram: Buffer, packet: Buffer, vector: Vector): Buffer {
  if (vector.advert.version === 2) return Buffer.alloc(0);
  if (isIPv4(vector)) return Buffer.concat([datagram.subarray(12, 20), Buffer.from([0, 112, 0, packet.length])]);
  const tail = Buffer.from([0, 0, 0, packet.length, 0, 0, 0, 112]);
  return Buffer.concat([Buffer.from(hexOf(vector.source) + hexOf(vector.destination), 'hex'), tail]);
}

function mayAcceptIPv4(bytes: Buffer, vector: Vector): boolean {
  if (bytes.length < 28) return false;
  const header = bytes.subarray(0, (bytes.readUInt8(0) % 16) * 4);
  const ah = vector.authentication.type === 'ah';
  const payload = bytes.subarray(header.length);
  const packet = payload.subarray(ah ? 24 : 0);
  const destination = bytes.subarray(16, 20).join('.');
  const fits =
    header.length >= 20 &&
    header.length <= bytes.length &&
    bytes.readUInt8(0) >> 4 === 4 &&
    bytes.readUInt16BE(2) === bytes.length;
  const sentHere = isUnicast(vector)
    ? bytes.readUInt8(16) < 224 || bytes.readUInt8(16) > 239
    : destination === '224.0.0.18';
  const hopLimit = isUnicast(vector) || bytes.readUInt8(8) === 255;
  const protocol = bytes.readUInt8(9) === (ah ? 51 : 112);
  if (!fits || !sentHere || !hopLimit || !protocol) return false;
  if (ah && !isAuthentic(header, payload, vector)) return false;
  return mayAcceptPacket(packet, vector, pseudoHeader(bytes, packet, vector));
}

function isAuthentic(header: Buffer, payload: Buffer, vector: Vector): boolean {
  if (payload.length < 24 || vector.authentication.type !== 'ah') return false;
  const covered = Buffer.concat([header, payload]);
  covered
    .fill(0, 1, 2)
    .fill(0, 6, 8)
    .fill(0, 10, 12)
    .fill(0, header.length + 12, header.length + 24);
  const digest = createHmac('md5', vector.authentication.key).update(covered).digest('hex').slice(0, 24);
  const fields = payload.readUInt16BE(0) === 0x7004 && payload.subarray(4, 8).equals(header.subarray(12, 16));
  return fields && payload.readUInt32BE(8) > 0 && payload.toString('hex', 12, 24) === digest;
}

function mayAcceptPacket(packet: Buffer, vector: Vector, pseudo: Buffer): boolean {
  const { advert, authentication } = vector;
  const size = isIPv4(vector) ? 4 : 16;
  const tail = advert.version === 2 ? 8 : 0;
  if (packet.length !== 8 + size * advert.addresses.length + tail) return false;
  const interval = advert.version === 2 ? packet.readUInt8(5) * 100 : packet.readUInt16BE(4) % 4096;
  const type = { none: 0, pass: 1, ah: 2 }[authentication.type];
  return (
    packet.readUInt8(0) === advert.version * 16 + 1 &&
    packet.readUInt8(1) === advert.vrid &&
    packet.readUInt8(3) === advert.addresses.length &&
    (advert.version === 2 ? interval === advert.interval && packet.readUInt8(4) === type : interval > 0) &&
    (authentication.type !== 'pass' || packet.subarray(-8).equals(authentication.password)) &&
    hasEveryAddress(packet, vector, size) &&
    wordSum(Buffer.concat([pseudo, packet])) % 0xffff === 0
  );
}

/** In whatever order. */
function hasEveryAddress(packet: Buffer, { advert: { addresses } }: Vector, size: number): boolean {
  const sent = addresses.map((_, i) => packet.toString('hex', 8 + i * size, 8 + (i + 1) * size));
  return addresses.every((address) => sent.includes(hexOf(address)));
}

function hexOf(address: string): string {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number)).toString('hex');
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').map((group) => group.padStart(4, '0')));
  return [...head, ...new Array<string>(8 - head.length - tail.length).fill('0000'), ...tail].join('');
}

/** A one's-complement sum is 0 where the words' plain sum is a multiple of 0xffff. */
function wordSum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  return sum;
}
