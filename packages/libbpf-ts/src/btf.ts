// BTF, the kernel's type format: bytes to a table of types. Layouts are made of it in layout.ts.
// The whole blob is checked, also kinds that are not used, because libbpf reads them too.

import { objectError } from './error.ts';

export const KIND = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

interface BtfMember {
  name: string;
  type: number;
  bitOffset: number;
  /** 0: not a bit field. */
  bitSize: number;
}

interface BtfVariable {
  type: number;
  offset: number;
  size: number;
}

export interface BtfType {
  id: number;
  kind: number;
  name: string;
  /** Bytes; 0 for kinds without a size. */
  size: number;
  /** The type referred to; 0 for kinds without one. */
  type: number;
  kindFlag: boolean;
  members: BtfMember[];
  /** Of DATASEC. */
  variables: BtfVariable[];
  /** Of ENUM and ENUM64. */
  values: { name: string; value: bigint }[];
  /** Of ARRAY: number of elements. */
  length: number;
  /** Of INT: bits 0 signed, 1 char, 2 bool. */
  encoding: number;
  /** Of INT: bits in use, and where they start. */
  bits: number;
  bitsOffset: number;
  /** Of VAR: 0 static, 1 global, 2 extern. */
  linkage: number;
}

export interface Btf {
  /** Index 0 is void. */
  types: BtfType[];
}

const MAGIC = 0xeb9f;
const HEADER_SIZE = 24;
const MAX_TYPES = 1 << 20;
const MAX_MODIFIERS = 64;
const MAX_NAME = 4096;

/** Parses a `.BTF` section or a kernel BTF blob; throws `OBJECT` if it is malformed. */
export function parseBtf(data: Buffer): Btf {
  if (data.length < HEADER_SIZE || data.readUInt16LE(0) !== MAGIC) throw objectError('BTF: no header');
  if (data[2] !== 1) throw objectError(`BTF: unknown version ${data[2]}`);
  const headerSize = data.readUInt32LE(4);
  const typesStart = headerSize + data.readUInt32LE(8);
  const typesEnd = typesStart + data.readUInt32LE(12);
  const stringsStart = headerSize + data.readUInt32LE(16);
  const stringsEnd = stringsStart + data.readUInt32LE(20);
  if (headerSize < HEADER_SIZE || typesEnd > data.length || stringsEnd > data.length) {
    throw objectError('BTF: cut off');
  }
  if (typesStart % 4 !== 0) throw objectError('BTF: types are not aligned');
  const strings = data.subarray(stringsStart, stringsEnd);
  if (strings.length === 0 || strings[0] !== 0 || strings[strings.length - 1] !== 0) {
    throw objectError('BTF: the string table does not start and end with a zero byte');
  }
  const types = readTypes(data.subarray(typesStart, typesEnd), strings);
  const btf = { types };
  for (const type of types) {
    checkReferences(btf, type);
    // libbpf follows these without counting.
    if (isModifier(type.kind)) skipModifiers(btf, type.id);
  }
  return btf;
}

/** The type with this id; throws `OBJECT` for an unknown one. */
export function typeById(btf: Btf, id: number): BtfType {
  const type = btf.types[id];
  if (type === undefined) throw objectError(`BTF: no type ${id}`);
  return type;
}

/** Follows const, volatile, restrict, typedef and type tags. */
export function skipModifiers(btf: Btf, id: number): BtfType {
  let type = typeById(btf, id);
  for (let steps = 0; isModifier(type.kind); steps++) {
    if (steps > MAX_MODIFIERS) throw objectError('BTF: a type refers to itself');
    type = typeById(btf, type.type);
  }
  return type;
}

export function isModifier(kind: number): boolean {
  return (kind >= KIND.TYPEDEF && kind <= KIND.RESTRICT) || kind === KIND.TYPE_TAG;
}

const VOID_TYPE: BtfType = emptyType(0, KIND.VOID, '');

function emptyType(id: number, kind: number, name: string): BtfType {
  return {
    id,
    kind,
    name,
    size: 0,
    type: 0,
    kindFlag: false,
    members: [],
    variables: [],
    values: [],
    length: 0,
    encoding: 0,
    bits: 0,
    bitsOffset: 0,
    linkage: 0,
  };
}

function readTypes(data: Buffer, strings: Buffer): BtfType[] {
  const types = [VOID_TYPE];
  const cursor = new Cursor(data, strings);
  while (!cursor.atEnd()) {
    if (types.length > MAX_TYPES) throw objectError('BTF: too many types');
    types.push(readType(cursor, types.length));
  }
  return types;
}

function readType(cursor: Cursor, id: number): BtfType {
  const name = cursor.string();
  const info = cursor.u32();
  const sizeOrType = cursor.u32();
  const kind = (info >>> 24) & 0x1f;
  const count = info & 0xffff;
  const type = emptyType(id, kind, name);
  type.kindFlag = info >>> 31 === 1;
  if (hasSize(kind)) type.size = sizeOrType;
  else type.type = sizeOrType;
  if (type.size > 0x7fff_ffff) throw objectError(`BTF: type ${id} is too large`);
  readTail(cursor, type, count);
  return type;
}

function hasSize(kind: number): boolean {
  return (
    kind === KIND.INT ||
    kind === KIND.STRUCT ||
    kind === KIND.UNION ||
    kind === KIND.ENUM ||
    kind === KIND.ENUM64 ||
    kind === KIND.FLOAT ||
    kind === KIND.DATASEC
  );
}

function readTail(cursor: Cursor, type: BtfType, count: number): void {
  switch (type.kind) {
    case KIND.INT:
      readInt(cursor, type);
      return;
    case KIND.ARRAY:
      type.type = cursor.u32();
      cursor.u32();
      type.length = cursor.u32();
      return;
    case KIND.STRUCT:
    case KIND.UNION:
      for (let i = 0; i < count; i++) type.members.push(readMember(cursor, type.kindFlag));
      return;
    case KIND.ENUM:
    case KIND.ENUM64:
      for (let i = 0; i < count; i++) type.values.push(readEnumerator(cursor, type));
      return;
    case KIND.FUNC_PROTO:
      for (let i = 0; i < count; i++) {
        type.members.push({ name: cursor.string(), type: cursor.u32(), bitOffset: 0, bitSize: 0 });
      }
      return;
    case KIND.VAR:
      type.linkage = cursor.u32();
      return;
    case KIND.DATASEC:
      for (let i = 0; i < count; i++) {
        type.variables.push({ type: cursor.u32(), offset: cursor.u32(), size: cursor.u32() });
      }
      return;
    case KIND.DECL_TAG:
      cursor.u32();
      return;
    default:
      if (type.kind === KIND.VOID || type.kind > KIND.ENUM64) throw objectError(`BTF: unknown kind ${type.kind}`);
  }
}

function readInt(cursor: Cursor, type: BtfType): void {
  const data = cursor.u32();
  type.encoding = (data >>> 24) & 0xf;
  type.bitsOffset = (data >>> 16) & 0xff;
  type.bits = data & 0xff;
  if (![1, 2, 4, 8, 16].includes(type.size) || type.bits + type.bitsOffset > type.size * 8) {
    throw objectError(`BTF: integer ${type.name} has an impossible size`);
  }
}

function readMember(cursor: Cursor, kindFlag: boolean): BtfMember {
  const name = cursor.string();
  const type = cursor.u32();
  const offset = cursor.u32();
  if (!kindFlag) return { name, type, bitOffset: offset, bitSize: 0 };
  return { name, type, bitOffset: offset & 0xff_ffff, bitSize: offset >>> 24 };
}

function readEnumerator(cursor: Cursor, type: BtfType): { name: string; value: bigint } {
  const name = cursor.string();
  const low = cursor.u32();
  const raw = type.kind === KIND.ENUM64 ? BigInt(low) | (BigInt(cursor.u32()) << 32n) : BigInt(low);
  const bits = type.kind === KIND.ENUM64 ? 64 : 32;
  // The kind flag says that the enumeration is signed; clang 14 never sets it for 32 bits.
  return { name, value: type.kindFlag || bits === 32 ? BigInt.asIntN(bits, raw) : raw };
}

function checkReferences(btf: Btf, type: BtfType): void {
  const limit = btf.types.length;
  const known = (id: number) => id < limit;
  const ok =
    known(type.type) &&
    type.members.every((member) => known(member.type)) &&
    type.variables.every((variable) => known(variable.type) && btf.types[variable.type]?.kind === KIND.VAR);
  if (!ok) throw objectError(`BTF: type ${type.id} refers to a type that is not there`);
}

class Cursor {
  #at = 0;
  readonly #data: DataView;
  /** The string table as one string, in which names are found faster than in bytes. */
  readonly #strings: string;

  constructor(data: Buffer, strings: Buffer) {
    this.#data = new DataView(data.buffer, data.byteOffset, data.length);
    this.#strings = strings.toString('latin1');
  }

  atEnd(): boolean {
    return this.#at >= this.#data.byteLength;
  }

  u32(): number {
    if (this.#at + 4 > this.#data.byteLength) throw objectError('BTF: the type table is cut off');
    const value = this.#data.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  string(): string {
    const offset = this.u32();
    if (offset >= this.#strings.length) throw objectError('BTF: a name is outside the string table');
    const end = this.#strings.indexOf('\0', offset);
    if (end - offset > MAX_NAME) throw objectError('BTF: a name is too long');
    return this.#strings.slice(offset, end);
  }
}
