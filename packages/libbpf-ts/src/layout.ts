// Layout: what a key or value looks like in memory, as a tree. Made from BTF; everything that
// encodes, compares or prints a type works on it and knows no BTF.

import { type Btf, type BtfType, isModifier, KIND, skipModifiers, typeById } from './btf.ts';
import { objectError } from './error.ts';

export interface IntLayout {
  kind: 'int';
  name: string;
  /** Bytes: 1, 2, 4 or 8. */
  size: number;
  signed: boolean;
  /** `char` marks C's char, whose arrays also take strings. */
  encoding: 'int' | 'bool' | 'char';
  /** Stored in network byte order; decoded as a host number. */
  bigEndian: boolean;
}

export interface FloatLayout {
  kind: 'float';
  name: string;
  size: number;
}

export interface EnumLayout {
  kind: 'enum';
  name: string;
  size: number;
  signed: boolean;
  values: { name: string; value: number | bigint }[];
}

export interface PointerLayout {
  kind: 'ptr';
  size: number;
}

export interface ArrayLayout {
  kind: 'array';
  size: number;
  length: number;
  element: Layout;
}

export interface MemberLayout {
  /** Empty for an anonymous struct or union, whose members appear in its place. */
  name: string;
  /** Bytes from the start of the struct. */
  offset: number;
  /** Of a bit field: bits from the start of the struct, and width. */
  bits?: { offset: number; size: number };
  layout: Layout;
}

export interface StructLayout {
  kind: 'struct' | 'union';
  name: string;
  size: number;
  members: MemberLayout[];
}

/** Bytes without a type. */
export interface BytesLayout {
  kind: 'bytes';
  size: number;
}

export type Layout = IntLayout | FloatLayout | EnumLayout | PointerLayout | ArrayLayout | StructLayout | BytesLayout;

export const U32: IntLayout = {
  kind: 'int',
  name: '__u32',
  size: 4,
  signed: false,
  encoding: 'int',
  bigEndian: false,
};

const POINTER_SIZE = 8;
const MAX_DEPTH = 32;
const MAX_SIZE = 0x7fff_ffff;
// Unions and empty structs can repeat each other until a small file describes a type that takes for
// ever to walk. More parts than bytes, and these, is no type that anyone wrote.
const SPARE_PARTS = 65_536;

/** Layouts of one BTF, each made once. */
export class Layouts {
  readonly #btf: Btf;
  readonly #done = new Map<number, Layout>();
  readonly #parts = new Map<Layout, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** The layout of a type; throws `OBJECT` if values of the type cannot be stored. */
  of(typeId: number): Layout {
    return this.#resolve(typeId, 0);
  }

  #resolve(typeId: number, depth: number): Layout {
    const known = this.#done.get(typeId);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw objectError('BTF: types are nested too deeply');
    const layout = this.#build(typeId, depth);
    if (layout.size > MAX_SIZE) throw objectError('BTF: a type is too large');
    const parts = this.#countParts(layout);
    if (parts > layout.size + SPARE_PARTS) throw objectError('BTF: a type has too many parts');
    this.#parts.set(layout, parts);
    this.#done.set(typeId, layout);
    return layout;
  }

  #countParts(layout: Layout): number {
    const partsOf = (part: Layout) => this.#parts.get(part) ?? 1;
    if (layout.kind === 'array') return 1 + (layout.element.size === 0 ? 0 : layout.length * partsOf(layout.element));
    if (!('members' in layout)) return 1;
    return layout.members.reduce((sum, member) => sum + partsOf(member.layout), 1);
  }

  #build(typeId: number, depth: number): Layout {
    const type = typeById(this.#btf, typeId);
    if (isModifier(type.kind)) return this.#modified(type, depth);
    switch (type.kind) {
      case KIND.INT:
        return intLayout(type);
      case KIND.FLOAT:
        return { kind: 'float', name: type.name, size: type.size };
      case KIND.ENUM:
      case KIND.ENUM64:
        return enumLayout(type);
      case KIND.PTR:
        return { kind: 'ptr', size: POINTER_SIZE };
      case KIND.ARRAY: {
        const element = this.#resolve(type.type, depth + 1);
        return { kind: 'array', size: element.size * type.length, length: type.length, element };
      }
      case KIND.STRUCT:
      case KIND.UNION:
        return this.#struct(type, depth);
      default:
        throw objectError(`BTF: ${type.name || `type ${typeId}`} cannot be stored in a map`);
    }
  }

  #modified(type: BtfType, depth: number): Layout {
    const layout = this.#resolve(type.type, depth + 1);
    if (type.kind === KIND.TYPEDEF && layout.kind === 'int' && /^__be(16|32|64)$/.test(type.name)) {
      return { ...layout, name: type.name, bigEndian: true };
    }
    return layout;
  }

  #struct(type: BtfType, depth: number): StructLayout {
    const members = type.members.map((member): MemberLayout => {
      const layout = this.#resolve(member.type, depth + 1);
      const where = `${type.name || 'anonymous'}.${member.name}`;
      const bits = bitField(member.bitOffset, member.bitSize, skipModifiers(this.#btf, member.type));
      const offset = Math.floor(member.bitOffset / 8);
      const end = bits === undefined ? offset + layout.size : Math.ceil((bits.offset + bits.size) / 8);
      if (end > type.size) throw objectError(`BTF: ${where} is outside its struct`);
      if (bits === undefined) return { name: member.name, offset, layout };
      if (bits.size > layout.size * 8) throw objectError(`BTF: bit field ${where} is wider than its type`);
      return { name: member.name, offset, bits, layout };
    });
    return { kind: type.kind === KIND.STRUCT ? 'struct' : 'union', name: type.name, size: type.size, members };
  }
}

// Old compilers describe a bit field by an integer of fewer bits than its size.
function bitField(offset: number, size: number, type: BtfType): { offset: number; size: number } | undefined {
  if (size !== 0) return { offset, size };
  if (type.kind === KIND.INT && (type.bits !== type.size * 8 || type.bitsOffset !== 0) && !isBool(type)) {
    return { offset: offset + type.bitsOffset, size: type.bits };
  }
  if (offset % 8 !== 0) throw objectError('BTF: a member that is no bit field does not start at a byte');
  return undefined;
}

const isBool = (type: BtfType) => (type.encoding & 4) !== 0;

function intLayout(type: BtfType): IntLayout {
  const isChar = (type.encoding & 2) !== 0 || type.name === 'char';
  return {
    kind: 'int',
    name: type.name,
    size: type.size,
    signed: (type.encoding & 1) !== 0,
    encoding: isBool(type) ? 'bool' : isChar ? 'char' : 'int',
    bigEndian: false,
  };
}

function enumLayout(type: BtfType): EnumLayout {
  if (![1, 2, 4, 8].includes(type.size)) throw objectError(`BTF: enum ${type.name} has an impossible size`);
  const signed = type.kindFlag || type.values.some(({ value }) => value < 0n);
  const values = type.values.map(({ name, value }) => ({ name, value: type.size === 8 ? value : Number(value) }));
  return { kind: 'enum', name: type.name, size: type.size, signed, values };
}
