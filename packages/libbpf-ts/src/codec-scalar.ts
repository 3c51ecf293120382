// Encoders and decoders of single numbers. Bytes are stored one by one: it is as fast as a typed
// store here, works at any alignment, and makes byte order explicit.

import { show } from './arguments.ts';
import type { EnumLayout, FloatLayout, IntLayout, Layout } from './layout.ts';

export type Encode = (value: unknown, bytes: Uint8Array, at: number) => void;
export type Decode = (bytes: Uint8Array, at: number) => unknown;

export interface Coder {
  encode: Encode;
  decode: Decode;
}

/** A value that does not fit; callers prepend the path to it. */
export class Misfit {
  path = '';
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }

  at(step: string): this {
    const separator = this.path === '' || this.path.startsWith('[') ? '' : '.';
    this.path = `${step}${separator}${this.path}`;
    return this;
  }
}

export function intCoder(layout: IntLayout | EnumLayout): Coder {
  if (layout.kind === 'int' && layout.encoding === 'bool') return boolCoder(layout.size);
  const bigEndian = layout.kind === 'int' && layout.bigEndian;
  if (layout.size === 8) return wideCoder(layout.signed, bigEndian);
  if (layout.size > 8) return unsupported(`integers of ${layout.size} bytes`);
  const toNumber = numberIn(range(layout.size * 8, layout.signed));
  const store = STORE[bigEndian ? 'big' : 'little'][layout.size] as Store;
  const load = LOAD[bigEndian ? 'big' : 'little'][layout.size] as Load;
  const shift = 32 - layout.size * 8;
  return {
    encode: (value, bytes, at) => store(toNumber(value), bytes, at),
    decode: layout.signed ? (bytes, at) => (load(bytes, at) << shift) >> shift : (bytes, at) => load(bytes, at) >>> 0,
  };
}

export function floatCoder(layout: FloatLayout): Coder {
  if (layout.size !== 4 && layout.size !== 8) return unsupported(`floating-point numbers of ${layout.size} bytes`);
  const view = new DataView(new ArrayBuffer(8));
  const scratch = new Uint8Array(view.buffer, 0, layout.size);
  const isDouble = layout.size === 8;
  return {
    encode: (value, bytes, at) => {
      if (typeof value !== 'number') throw new Misfit(`${show(value)} is not a number`);
      if (isDouble) view.setFloat64(0, value, true);
      else view.setFloat32(0, value, true);
      bytes.set(scratch, at);
    },
    decode: (bytes, at) => {
      scratch.set(bytes.subarray(at, at + layout.size));
      return isDouble ? view.getFloat64(0, true) : view.getFloat32(0, true);
    },
  };
}

/** A 64-bit integer as bigint; also takes safe integers. */
export function wideCoder(signed: boolean, bigEndian: boolean): Coder {
  const scratch = signed ? new BigInt64Array(1) : new BigUint64Array(1);
  const scratchBytes = new Uint8Array(scratch.buffer);
  const toBigint = bigintIn(range(64, signed));
  const flip = bigEndian ? 7 : 0;
  return {
    encode: (value, bytes, at) => {
      scratch[0] = toBigint(value);
      for (let i = 0; i < 8; i++) bytes[at + i] = scratchBytes[i ^ flip] as number;
    },
    decode: (bytes, at) => {
      for (let i = 0; i < 8; i++) scratchBytes[i ^ flip] = bytes[at + i] as number;
      return scratch[0];
    },
  };
}

/** A bit field: `offset` bits from `at`, little-endian; the bytes around it are kept. */
export function bitFieldCoder(layout: Layout, bits: { offset: number; size: number }): Coder {
  if ((layout.kind !== 'int' && layout.kind !== 'enum') || bits.size > 64 || bits.size === 0) {
    return unsupported(`bit fields of ${bits.size} bits and kind ${layout.kind}`);
  }
  if (layout.kind === 'int' && layout.bigEndian) return unsupported('bit fields in network byte order');
  const isBool = layout.kind === 'int' && layout.encoding === 'bool';
  const toBigint = isBool
    ? (value: unknown) => (asBoolean(value) ? 1n : 0n)
    : bigintIn(range(bits.size, layout.signed));
  const byteCount = Math.ceil(((bits.offset % 8) + bits.size) / 8);
  const shift = BigInt(bits.offset % 8);
  const load = (bytes: Uint8Array, at: number) => {
    let word = 0n;
    for (let i = byteCount - 1; i >= 0; i--) word = (word << 8n) | BigInt(bytes[at + i] as number);
    return word;
  };
  return {
    encode: (value, bytes, at) => {
      const mask = ((1n << BigInt(bits.size)) - 1n) << shift;
      const field = BigInt.asUintN(bits.size, toBigint(value)) << shift;
      let word = (load(bytes, at) & ~mask) | field;
      for (let i = 0; i < byteCount; i++, word >>= 8n) bytes[at + i] = Number(word & 0xffn);
    },
    decode: (bytes, at) => {
      const raw = load(bytes, at) >> shift;
      if (isBool) return (raw & 1n) === 1n;
      const value = layout.signed ? BigInt.asIntN(bits.size, raw) : BigInt.asUintN(bits.size, raw);
      return layout.size === 8 ? value : Number(value);
    },
  };
}

/** A coder that refuses at its use, so that a map with one such member can still be opened. */
export function unsupported(what: string): Coder {
  const refuse = () => {
    throw new Misfit(`${what} are not supported; use the raw functions`);
  };
  return { encode: refuse, decode: refuse };
}

type Store = (value: number, bytes: Uint8Array, at: number) => void;
type Load = (bytes: Uint8Array, at: number) => number;

const byte = (bytes: Uint8Array, at: number) => bytes[at] as number;

const storeByte: Store = (value, bytes, at) => {
  bytes[at] = value;
};

const STORE: Record<'little' | 'big', Record<number, Store>> = {
  little: {
    1: storeByte,
    2: (value, bytes, at) => {
      bytes[at] = value;
      bytes[at + 1] = value >>> 8;
    },
    4: (value, bytes, at) => {
      bytes[at] = value;
      bytes[at + 1] = value >>> 8;
      bytes[at + 2] = value >>> 16;
      bytes[at + 3] = value >>> 24;
    },
  },
  big: {
    1: storeByte,
    2: (value, bytes, at) => {
      bytes[at] = value >>> 8;
      bytes[at + 1] = value;
    },
    4: (value, bytes, at) => {
      bytes[at] = value >>> 24;
      bytes[at + 1] = value >>> 16;
      bytes[at + 2] = value >>> 8;
      bytes[at + 3] = value;
    },
  },
};

const LOAD: Record<'little' | 'big', Record<number, Load>> = {
  little: {
    1: byte,
    2: (bytes, at) => byte(bytes, at) | (byte(bytes, at + 1) << 8),
    4: (bytes, at) =>
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24),
  },
  big: {
    1: byte,
    2: (bytes, at) => (byte(bytes, at) << 8) | byte(bytes, at + 1),
    4: (bytes, at) =>
      (byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3),
  },
};

interface Range {
  low: bigint;
  high: bigint;
}

function range(bits: number, signed: boolean): Range {
  const values = 1n << BigInt(bits);
  return signed ? { low: -values / 2n, high: values / 2n - 1n } : { low: 0n, high: values - 1n };
}

function numberIn(limits: Range): (value: unknown) => number {
  const low = Number(limits.low);
  const high = Number(limits.high);
  return (value) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= low && number <= high) return number;
    throw outside(value, limits);
  };
}

function bigintIn(limits: Range): (value: unknown) => bigint {
  return (value) => {
    const number = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof number === 'bigint' && number >= limits.low && number <= limits.high) return number;
    throw outside(value, limits);
  };
}

function outside(value: unknown, { low, high }: Range): Misfit {
  return new Misfit(`${show(value)} is not an integer from ${low} to ${high}`);
}

function boolCoder(size: number): Coder {
  return {
    encode: (value, bytes, at) => {
      bytes.fill(0, at, at + size);
      bytes[at] = asBoolean(value) ? 1 : 0;
    },
    decode: (bytes, at) => bytes[at] !== 0,
  };
}

function asBoolean(value: unknown): boolean {
  if (value === true || value === 1 || value === 1n) return true;
  if (value === false || value === 0 || value === 0n) return false;
  throw new Misfit(`${show(value)} is not true or false`);
}
