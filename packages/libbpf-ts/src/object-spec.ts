// What an object file declares: maps with their layouts, programs, global variables. Read from the
// file alone, so that it needs no privileges and no kernel, and gives the same answer everywhere.

import { basename } from 'node:path';
import { requireInstance } from './arguments.ts';
import { type Btf, type BtfType, KIND, parseBtf, skipModifiers, typeById } from './btf.ts';
import { MAP_FLAGS, type MapType, mapTypeName } from './constants.ts';
import { type Elf, type ElfSymbol, findSection, parseElf, SECTION_TYPE } from './elf.ts';
import { objectError } from './error.ts';
import { type EnumLayout, type Layout, Layouts, type StructLayout, U32 } from './layout.ts';

/** A map as declared. Sizes in bytes. */
export interface MapSpec {
  name: string;
  type: MapType;
  keySize: number;
  /** Of one CPU's value for per-CPU maps. */
  valueSize: number;
  maxEntries: number;
  /** `map_flags`; see MAP_FLAGS. */
  flags: number;
  key: Layout;
  value: Layout;
  /** Of maps of maps: what their elements must be. */
  inner?: MapSpec;
}

/** A global variable and where it lives. */
export interface VariableSpec {
  name: string;
  /** `.rodata`, `.data` or `.bss`, with any suffix. */
  section: string;
  offset: number;
  layout: Layout;
}

export interface ObjectSpec {
  name: string;
  maps: Map<string, MapSpec>;
  variables: Map<string, VariableSpec>;
  /** Every type with a name, for generators. The first one wins a name. */
  types: Map<string, Layout>;
  enums: EnumLayout[];
  btf: Btf;
}

/** Reads an object file's declarations; throws `OBJECT` if it is malformed or has no BTF. */
export function readObjectSpec(file: Uint8Array, name: string): ObjectSpec {
  requireInstance('file', file, Uint8Array);
  const elf = parseElf(Buffer.from(file.buffer, file.byteOffset, file.length));
  const section = findSection(elf, '.BTF');
  if (section === undefined) throw objectError(`${name}: no BTF; compile with clang -g -target bpf`);
  checkBtfExt(elf);
  const btf = parseBtf(section.data);
  const reader = new Reader(elf, btf);
  return {
    name,
    maps: reader.maps(),
    variables: reader.variables(),
    types: namedTypes(btf, reader.layouts),
    enums: [...namedTypes(btf, reader.layouts, true).values()] as EnumLayout[],
    btf,
  };
}

/** The object's name, as libbpf makes it of a path: up to the first dot. */
export function objectName(path: string): string {
  return basename(path).replace(/\..*$/s, '') || 'object';
}

const DATA_SECTION = /^\.(rodata|data|bss)(\.|$)/;

class Reader {
  readonly layouts: Layouts;
  readonly #elf: Elf;
  readonly #btf: Btf;
  /** Symbols by section and name. */
  readonly #symbols: Map<string, ElfSymbol>;

  constructor(elf: Elf, btf: Btf) {
    this.#symbols = new Map(elf.symbols.map((symbol) => [`${symbol.section} ${symbol.name}`, symbol]));
    this.#elf = elf;
    this.#btf = btf;
    this.layouts = new Layouts(btf);
  }

  maps(): Map<string, MapSpec> {
    const maps = new Map<string, MapSpec>();
    for (const type of this.#btf.types) {
      if (type.kind !== KIND.DATASEC) continue;
      if (type.name === '.maps') this.#declaredMaps(type, maps);
      else if (DATA_SECTION.test(type.name)) maps.set(type.name, this.#dataMap(type));
    }
    return maps;
  }

  variables(): Map<string, VariableSpec> {
    const variables = new Map<string, VariableSpec>();
    for (const section of this.#btf.types) {
      if (section.kind !== KIND.DATASEC || !DATA_SECTION.test(section.name)) continue;
      for (const { name, offset, layout } of this.#dataLayout(section).members) {
        variables.set(name, { name, section: section.name, offset, layout });
      }
    }
    return variables;
  }

  #declaredMaps(section: BtfType, maps: Map<string, MapSpec>): void {
    for (const entry of section.variables) {
      const variable = typeById(this.#btf, entry.type);
      const definition = skipModifiers(this.#btf, variable.type);
      if (definition.kind !== KIND.STRUCT) throw objectError(`map ${variable.name} is not declared as a struct`);
      maps.set(variable.name, this.#mapSpec(variable.name, definition, 0));
    }
  }

  #mapSpec(name: string, definition: BtfType, depth: number): MapSpec {
    const number = (field: string) => this.#numberField(name, definition, field);
    const type = mapTypeName(number('type') ?? 0);
    const key = this.#pointedLayout(definition, 'key');
    const value = this.#pointedLayout(definition, 'value');
    const keySize = number('key_size') ?? key?.size ?? 0;
    const valueSize = number('value_size') ?? value?.size ?? (holdsDescriptors(type) ? 4 : 0);
    const spec: MapSpec = {
      name,
      type,
      keySize,
      valueSize,
      maxEntries: number('max_entries') ?? 0,
      flags: number('map_flags') ?? 0,
      key: key ?? untyped(keySize),
      value: value ?? untyped(valueSize),
    };
    const inner = type.endsWith('_of_maps') && depth === 0 ? this.#innerDefinition(definition) : undefined;
    if (inner !== undefined) spec.inner = this.#mapSpec(`${name}.inner`, inner, depth + 1);
    return spec;
  }

  // __uint(name, N) is a pointer to an array of N elements.
  #numberField(map: string, definition: BtfType, field: string): number | undefined {
    const member = definition.members.find(({ name }) => name === field);
    if (member === undefined) return undefined;
    const pointer = skipModifiers(this.#btf, member.type);
    const array = pointer.kind === KIND.PTR ? skipModifiers(this.#btf, pointer.type) : pointer;
    if (array.kind !== KIND.ARRAY) throw objectError(`map ${map}: ${field} is not declared with __uint`);
    return array.length;
  }

  // __type(name, T) is a pointer to T.
  #pointedLayout(definition: BtfType, field: string): Layout | undefined {
    const member = definition.members.find(({ name }) => name === field);
    if (member === undefined) return undefined;
    const pointer = skipModifiers(this.#btf, member.type);
    if (pointer.kind !== KIND.PTR) throw objectError(`${field} of a map is not declared with __type`);
    return this.layouts.of(pointer.type);
  }

  // __array(values, struct { ... }) is an array of pointers to the inner map's definition.
  #innerDefinition(definition: BtfType): BtfType | undefined {
    const member = definition.members.find(({ name }) => name === 'values');
    if (member === undefined) return undefined;
    const array = skipModifiers(this.#btf, member.type);
    const pointer = array.kind === KIND.ARRAY ? skipModifiers(this.#btf, array.type) : array;
    const inner = pointer.kind === KIND.PTR ? skipModifiers(this.#btf, pointer.type) : pointer;
    return inner.kind === KIND.STRUCT ? inner : undefined;
  }

  #dataMap(section: BtfType): MapSpec {
    const value = this.#dataLayout(section);
    const readOnly = section.name.startsWith('.rodata');
    return {
      name: section.name,
      type: 'array',
      keySize: 4,
      valueSize: value.size,
      maxEntries: 1,
      flags: MAP_FLAGS.MMAPABLE | (readOnly ? MAP_FLAGS.RDONLY_PROG : 0),
      key: U32,
      value,
    };
  }

  // Compilers leave the size and the offsets of global variables to the ELF file.
  #dataLayout(section: BtfType): StructLayout {
    const index = this.#elf.sections.findIndex(({ name }) => name === section.name);
    const size = this.#elf.sections[index]?.size ?? section.size;
    const members = section.variables.map((entry) => {
      const variable = typeById(this.#btf, entry.type);
      // The compiler knows where a static variable is, and its name may not be the only one.
      const symbol = variable.linkage === 0 ? undefined : this.#symbols.get(`${index} ${variable.name}`);
      const layout = this.layouts.of(variable.type);
      const offset = symbol?.value ?? entry.offset;
      if (offset + layout.size > size) throw objectError(`variable ${variable.name} is outside ${section.name}`);
      return { name: variable.name, offset, layout };
    });
    return { kind: 'struct', name: section.name, size, members };
  }
}

function holdsDescriptors(type: MapType): boolean {
  return type === 'prog_array' || type === 'perf_event_array' || type === 'cgroup_array' || type.endsWith('_of_maps');
}

/** What is assumed of a key or value without a type. */
export function untyped(size: number): Layout {
  return size === 4 ? U32 : { kind: 'bytes', size };
}

function namedTypes(btf: Btf, layouts: Layouts, enumsOnly = false): Map<string, Layout> {
  const types = new Map<string, Layout>();
  for (const type of btf.types) {
    const isEnum = type.kind === KIND.ENUM || type.kind === KIND.ENUM64;
    const isStruct = type.kind === KIND.STRUCT || type.kind === KIND.UNION;
    const key = type.name || (enumsOnly && isEnum ? `#${type.id}` : '');
    if (key === '' || types.has(key) || !(isEnum || (isStruct && !enumsOnly))) continue;
    try {
      types.set(key, layouts.of(type.id));
    } catch {
      // A type that cannot be stored in a map is of no use to a generator.
    }
  }
  return types;
}

// libbpf trusts the counts in .BTF.ext more than it should.
function checkBtfExt(elf: Elf): void {
  const section = findSection(elf, '.BTF.ext');
  if (section === undefined) return;
  const { data } = section;
  if (section.type !== SECTION_TYPE.PROGBITS || data.length < 24) throw objectError('.BTF.ext: cut off');
  if (data.readUInt16LE(0) !== 0xeb9f || data[2] !== 1) throw objectError('.BTF.ext: unknown format');
  const headerSize = data.readUInt32LE(4);
  if (headerSize < 24 || headerSize > data.length) throw objectError('.BTF.ext: impossible header');
  for (let at = 8; at + 8 <= Math.min(headerSize, 32); at += 8) {
    const start = headerSize + data.readUInt32LE(at);
    if (start + data.readUInt32LE(at + 4) > data.length) throw objectError('.BTF.ext: cut off');
  }
}
