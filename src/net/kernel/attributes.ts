/**
 * Attributes of a netlink message: type, length and value, padded to 4 bytes,
 * in host order. The package `netlink` walks them; here they become a map.
 */
import { AttrStream, parseAttributes } from 'netlink';

/** By type; the last one wins. */
export type Attributes = ReadonlyMap<number, Buffer>;

/** Throws where lengths do not fit. */
export function readAttributes(body: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  parseAttributes(body, (attribute) => attributes.set(attribute.type, attribute.data));
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

/** A message's body: its fixed header, then attributes. */
export function body(header: Uint8Array, attributes: readonly (readonly [type: number, value: Uint8Array])[]): Buffer {
  const stream = new AttrStream();
  stream.emit(header);
  for (const [type, value] of attributes) stream.push(type, value);
  return Buffer.concat(stream.bufs);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
