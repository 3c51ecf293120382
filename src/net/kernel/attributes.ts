/**
 * Attributes of a netlink message: length and type (2 bytes each, host order),
 * then the value, padded to 4 bytes.
 */
import { align } from './message.ts';

const HEADER_LENGTH = 4;
/** The two upper bits of a type are flags: nested, network order. */
const TYPE_MASK = 0x3fff;

/** By type; the last one wins. */
export type Attributes = ReadonlyMap<number, Buffer>;

/** Throws a RangeError where a length does not fit. */
export function readAttributes(body: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < HEADER_LENGTH || at + length > body.length) throw new RangeError(`attribute of ${length} bytes`);
    attributes.set(body.readUInt16LE(at + 2) & TYPE_MASK, body.subarray(at + HEADER_LENGTH, at + length));
    at += align(length);
  }
  return attributes;
}

/** A number of 1, 2 or 4 bytes in host order. */
export function attributeNumber(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value === undefined || ![1, 2, 4].includes(value.length)) return undefined;
  return value.readUIntLE(0, value.length);
}

export function attributeText(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

export function nested(attributes: Attributes, type: number): Attributes {
  const value = attributes.get(type);
  return value === undefined ? new Map() : readAttributes(value);
}

/** A message's body: its fixed header (a multiple of 4 bytes), then attributes. */
export function body(header: Uint8Array, attributes: readonly (readonly [type: number, value: Uint8Array])[]): Buffer {
  const parts: Uint8Array[] = [header];
  for (const [type, value] of attributes) {
    const attribute = Buffer.alloc(align(HEADER_LENGTH + value.length));
    attribute.writeUInt16LE(HEADER_LENGTH + value.length, 0);
    attribute.writeUInt16LE(type, 2);
    attribute.set(value, HEADER_LENGTH);
    parts.push(attribute);
  }
  return Buffer.concat(parts);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
