// Codecs: a Layout compiled once into closures that turn values into bytes and back.

import { show } from './arguments.ts';
import { bitFieldCoder, type Coder, floatCoder, intCoder, Misfit, unsupported, wideCoder } from './codec-scalar.ts';
import { structCoder } from './codec-struct.ts';
import { argumentError, BpfError } from './error.ts';
import type { ArrayLayout, Layout, MemberLayout } from './layout.ts';

/**
 * Turns values of one type into bytes and back.
 *
 * Integers of up to 32 bits are numbers, 64-bit integers and pointers bigints, `bool` booleans,
 * enums numbers, arrays of one-byte integers Buffers (char arrays take strings too), other arrays
 * JS arrays, structs plain objects by field name. Members of anonymous structs and unions appear
 * in their parent. A decoded union has every member; to encode one, give one member (or several
 * that agree). `__be16`, `__be32` and `__be64` are host numbers. Padding is zero.
 */
export interface Codec<T> {
  readonly size: number;
  readonly layout: Layout;
  /**
   * Writes `value` at `offset` of `buffer` (default: a new one) and returns the buffer. Throws
   * `VALUE` with the path, the value and the range if it does not fit.
   */
  encode(value: T, buffer?: Buffer, offset?: number): Buffer;
  /** Reads a value; the result shares no memory with `buffer`. */
  decode(buffer: Uint8Array, offset?: number): T;
}

/** A codec, compiled at its first use: most maps are only passed on. `what` names it in errors ("services key"). */
export function codec<T>(layout: Layout, what: string): Codec<T> {
  const { size } = layout;
  let made: Coder | undefined;
  const compiledOnce = (): Coder => {
    made ??= coder(layout);
    return made;
  };
  return {
    size,
    layout,
    encode: (value, buffer = Buffer.alloc(size), offset = 0) => {
      checkRoom(buffer, offset, size, what);
      buffer.fill(0, offset, offset + size);
      try {
        compiledOnce().encode(value, buffer, offset);
      } catch (error) {
        throw misfitError(error, what);
      }
      return buffer;
    },
    decode: (buffer, offset = 0) => {
      checkRoom(buffer, offset, size, what);
      try {
        return compiledOnce().decode(buffer, offset) as T;
      } catch (error) {
        throw misfitError(error, what);
      }
    },
  };
}

function checkRoom(buffer: Uint8Array, offset: number, size: number, what: string): void {
  if (buffer instanceof Uint8Array && Number.isInteger(offset) && offset >= 0 && offset + size <= buffer.length) return;
  throw argumentError(`${what}: ${size} bytes at offset ${show(offset)} do not fit the buffer`);
}

function misfitError(error: unknown, what: string): unknown {
  if (!(error instanceof Misfit)) return error;
  const place = error.path === '' ? what : `${what}: ${error.path}`;
  return new BpfError(`${place}: ${error.problem}`, { code: 'VALUE' });
}

const compiled = new WeakMap<Layout, Coder>();

/** The coder of a layout; the same one for the same layout object. */
function coder(layout: Layout): Coder {
  let known = compiled.get(layout);
  if (known === undefined) {
    known = compile(layout);
    compiled.set(layout, known);
  }
  return known;
}

function compile(layout: Layout): Coder {
  switch (layout.kind) {
    case 'int':
    case 'enum':
      return intCoder(layout);
    case 'float':
      return floatCoder(layout);
    case 'ptr':
      return wideCoder(false, false);
    case 'bytes':
      return bytesCoder(layout.size, false);
    case 'array':
      return arrayCoder(layout);
    case 'struct':
    case 'union':
      return structCoder(layout, memberCoder);
  }
}

function memberCoder(member: MemberLayout): Coder {
  return member.bits === undefined ? coder(member.layout) : bitFieldCoder(member.layout, member.bits);
}

function arrayCoder({ element, length, size }: ArrayLayout): Coder {
  if (element.kind === 'int' && element.size === 1 && element.encoding !== 'bool') {
    return bytesCoder(size, element.encoding === 'char');
  }
  if (element.size === 0) return unsupported('arrays of elements without size');
  const { encode, decode } = coder(element);
  const step = element.size;
  return {
    encode: (value, bytes, at) => {
      const list = arrayOf(value, length);
      for (let i = 0; i < length; i++) {
        try {
          encode(list[i], bytes, at + i * step);
        } catch (error) {
          throw error instanceof Misfit ? error.at(`[${i}]`) : error;
        }
      }
    },
    decode: (bytes, at) => {
      const list = new Array<unknown>(length);
      for (let i = 0; i < length; i++) list[i] = decode(bytes, at + i * step);
      return list;
    },
  };
}

function arrayOf(value: unknown, length: number): ArrayLike<unknown> {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const list = value as unknown as ArrayLike<unknown>;
    if (list.length === length) return list;
    throw new Misfit(`${list.length} elements; need exactly ${length}`);
  }
  throw new Misfit(`${show(value)} is not an array of ${length} elements`);
}

function bytesCoder(size: number, takesText: boolean): Coder {
  return {
    encode: (value, bytes, at) => {
      if (takesText && typeof value === 'string') return encodeText(value, bytes, at, size);
      const list = arrayOf(value, size);
      if (list instanceof Uint8Array) return bytes.set(list, at);
      for (let i = 0; i < size; i++) {
        const item = list[i];
        const fits = typeof item === 'number' && Number.isInteger(item) && item >= -128 && item <= 255;
        if (!fits) throw new Misfit(`${show(item)} is not a byte`).at(`[${i}]`);
        bytes[at + i] = item;
      }
    },
    decode: (bytes, at) => Buffer.from(bytes.subarray(at, at + size)),
  };
}

// Text ends with a zero byte, as C expects it.
function encodeText(text: string, bytes: Uint8Array, at: number, size: number): void {
  const encoded = Buffer.from(text);
  if (encoded.length >= size) throw new Misfit(`${show(text)} is longer than ${size - 1} bytes`);
  bytes.set(encoded, at);
}
