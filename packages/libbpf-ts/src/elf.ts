// A defensive reader of what a BPF object file needs of ELF: 64-bit, little-endian, relocatable.
// Every offset is checked here, because libbpf and libelf are not proof against all files.

import { objectError } from './error.ts';

export interface ElfSection {
  index: number;
  name: string;
  type: number;
  offset: number;
  size: number;
  link: number;
  info: number;
  entrySize: number;
  /** Empty for sections without bytes in the file (`.bss`). */
  data: Buffer;
}

export interface ElfSymbol {
  name: string;
  /** STT_*: 1 object, 2 function, 3 section. */
  type: number;
  /** STB_*: 0 local, 1 global. */
  binding: number;
  section: number;
  value: number;
  size: number;
}

export interface Elf {
  sections: ElfSection[];
  symbols: ElfSymbol[];
}

export const SECTION_TYPE = { NULL: 0, PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const;

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const MACHINE_BPF = 247;
const TYPE_RELOCATABLE = 1;
const MAX_SECTIONS = 4096;
const MAX_NAME = 4096;
const RESERVED_SECTION_INDEX = 0xff00;

/** Reads sections and symbols; throws `OBJECT` for anything that is not a well-formed BPF object. */
export function parseElf(file: Buffer): Elf {
  const header = readHeader(file);
  const raw = readSectionHeaders(file, header);
  const names = raw[header.namesIndex];
  if (names === undefined || names.type !== SECTION_TYPE.STRTAB) throw objectError('ELF: no section name table');
  const text = textOf(names.data);
  const sections = raw.map((section) => ({ ...section, name: stringAt(text, section.nameOffset) }));
  const symbols = readSymbols(sections);
  for (const section of sections) checkRelocations(section, sections, symbols.length);
  return { sections, symbols };
}

export function findSection(elf: Elf, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name);
}

interface Header {
  sectionsOffset: number;
  sectionCount: number;
  namesIndex: number;
}

function readHeader(file: Buffer): Header {
  if (file.length < HEADER_SIZE) throw objectError(`ELF: ${file.length} bytes are too few for a header`);
  if (file.readUInt32BE(0) !== 0x7f454c46) throw objectError('not an ELF file');
  if (file[4] !== 2) throw objectError('ELF: not a 64-bit file');
  if (file[5] !== 1) throw objectError('ELF: not little-endian; compile with -target bpfel');
  if (file[6] !== 1 || file.readUInt32LE(20) !== 1) throw objectError('ELF: unknown version');
  if (file.readUInt16LE(16) !== TYPE_RELOCATABLE) throw objectError('ELF: not a relocatable object file');
  if (file.readUInt16LE(18) !== MACHINE_BPF) throw objectError('ELF: not compiled for BPF; use clang -target bpf');
  if (file.readUInt16LE(58) !== SECTION_HEADER_SIZE) throw objectError('ELF: unknown size of a section header');
  const header = {
    sectionsOffset: offsetAt(file, 40),
    sectionCount: file.readUInt16LE(60),
    namesIndex: file.readUInt16LE(62),
  };
  if (header.sectionCount === 0) throw objectError('ELF: no sections');
  if (header.sectionCount > MAX_SECTIONS) throw objectError('ELF: too many sections');
  return header;
}

type RawSection = Omit<ElfSection, 'name'> & { nameOffset: number };

function readSectionHeaders(file: Buffer, header: Header): RawSection[] {
  const end = header.sectionsOffset + header.sectionCount * SECTION_HEADER_SIZE;
  if (header.sectionsOffset < HEADER_SIZE || end > file.length) throw objectError('ELF: the section table is cut off');
  if (header.sectionsOffset % 8 !== 0) throw objectError('ELF: the section table is not aligned');
  return Array.from({ length: header.sectionCount }, (_, index) =>
    readSection(file, header.sectionsOffset + index * SECTION_HEADER_SIZE, index),
  );
}

function readSection(file: Buffer, at: number, index: number): RawSection {
  const type = file.readUInt32LE(at + 4);
  const section = {
    index,
    nameOffset: file.readUInt32LE(at),
    type,
    offset: offsetAt(file, at + 24),
    size: offsetAt(file, at + 32),
    link: file.readUInt32LE(at + 40),
    info: file.readUInt32LE(at + 44),
    entrySize: offsetAt(file, at + 56),
  };
  if (section.size > 0x7fff_ffff) throw objectError(`ELF: section ${index} is too large`);
  const hasBytes = type !== SECTION_TYPE.NULL && type !== SECTION_TYPE.NOBITS;
  if (hasBytes && section.offset + section.size > file.length) {
    throw objectError(`ELF: section ${index} is cut off`);
  }
  const alignment = file.readUInt32LE(at + 48);
  if (file.readUInt32LE(at + 52) !== 0 || alignment > 4096 || (alignment & (alignment - 1)) !== 0) {
    throw objectError(`ELF: section ${index} has an impossible alignment`);
  }
  if (hasBytes && alignment > 1 && section.offset % alignment !== 0) {
    throw objectError(`ELF: section ${index} is not aligned`);
  }
  const data = hasBytes ? file.subarray(section.offset, section.offset + section.size) : Buffer.alloc(0);
  if (type === SECTION_TYPE.STRTAB && (data.length === 0 || data[data.length - 1] !== 0)) {
    throw objectError(`ELF: string table ${index} does not end with a zero byte`);
  }
  return { ...section, data };
}

function readSymbols(sections: ElfSection[]): ElfSymbol[] {
  const tables = sections.filter((section) => section.type === SECTION_TYPE.SYMTAB);
  const table = tables[0];
  if (tables.length !== 1 || table === undefined) throw objectError(`ELF: ${tables.length} symbol tables; need one`);
  const strings = sections[table.link];
  if (strings?.type !== SECTION_TYPE.STRTAB) throw objectError('ELF: the symbol table has no string table');
  if (table.entrySize !== SYMBOL_SIZE || table.size % SYMBOL_SIZE !== 0) {
    throw objectError('ELF: unknown size of a symbol');
  }
  const text = textOf(strings.data);
  return Array.from({ length: table.size / SYMBOL_SIZE }, (_, index) =>
    readSymbol(table.data, index * SYMBOL_SIZE, text, sections),
  );
}

function readSymbol(data: Buffer, at: number, strings: string, sections: ElfSection[]): ElfSymbol {
  const info = data.readUInt8(at + 4);
  const symbol = {
    name: stringAt(strings, data.readUInt32LE(at)),
    type: info & 0xf,
    binding: info >> 4,
    section: data.readUInt16LE(at + 6),
    value: offsetAt(data, at + 8),
    size: offsetAt(data, at + 16),
  };
  if (symbol.section >= RESERVED_SECTION_INDEX) return symbol;
  const section = sections[symbol.section];
  if (section === undefined) throw objectError(`ELF: symbol ${symbol.name} is in no section`);
  const placed = symbol.section !== 0 && symbol.type <= 3;
  if (placed && symbol.value + symbol.size > section.size) {
    throw objectError(`ELF: symbol ${symbol.name} is outside its section`);
  }
  return symbol;
}

function checkRelocations(section: ElfSection, sections: ElfSection[], symbolCount: number): void {
  if (section.type === SECTION_TYPE.RELA) throw objectError('ELF: relocations with addends are not used by BPF');
  if (section.type !== SECTION_TYPE.REL) return;
  if (section.entrySize !== 16 || section.size % 16 !== 0) throw objectError('ELF: unknown size of a relocation');
  const target = sections[section.info];
  if (target === undefined || section.info === 0) throw objectError(`ELF: ${section.name} relocates no section`);
  if (sections[section.link]?.type !== SECTION_TYPE.SYMTAB) throw objectError(`ELF: ${section.name} has no symbols`);
  for (let at = 0; at < section.size; at += 16) {
    const offset = offsetAt(section.data, at);
    const symbol = section.data.readUInt32LE(at + 12);
    if (offset + 4 > target.size) throw objectError(`ELF: ${section.name} points outside its section`);
    if (symbol >= symbolCount) throw objectError(`ELF: ${section.name} names an unknown symbol`);
  }
}

/** A string table as one string, in which names are found faster than in bytes. */
function textOf(table: Buffer): string {
  return table.toString('latin1');
}

function stringAt(text: string, offset: number): string {
  if (offset >= text.length) throw objectError('ELF: a name is outside its string table');
  const end = text.indexOf('\0', offset);
  if (end < 0 || end - offset > MAX_NAME) throw objectError('ELF: a name does not end');
  return text.slice(offset, end);
}

// A 64-bit file offset or size. Larger than any file: an error at once, so that sums stay exact.
function offsetAt(data: Buffer, at: number): number {
  if (data.readUInt32LE(at + 4) !== 0) throw objectError('ELF: an offset or size is impossible');
  return data.readUInt32LE(at);
}
