// Damage to object files: aimed at what parsers trust, so that most of it gets past the first check.

import { parseElf } from '../src/elf.ts';
import type { Random } from './random.ts';

const EDGES = [
  0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/** A damaged copy. */
export function mutate(original: Buffer, random: Random): Buffer {
  let file: Buffer = Buffer.from(original);
  const times = 1 + random.below(4);
  for (let i = 0; i < times; i++) file = random.pick(DAMAGES)(file, random, original);
  return file;
}

type Damage = (file: Buffer, random: Random, original: Buffer) => Buffer;

const flipBits: Damage = (file, random) => {
  for (let i = 0; i <= random.below(8) && file.length > 0; i++) {
    const at = random.below(file.length);
    file[at] = (file[at] as number) ^ (1 << random.below(8));
  }
  return file;
};

const truncate: Damage = (file, random) => Buffer.from(file.subarray(0, random.below(file.length + 1)));

const extend: Damage = (file, random) => Buffer.concat([file, Buffer.alloc(random.below(64), random.below(256))]);

const copyWithin: Damage = (file, random) => {
  if (file.length === 0) return file;
  const from = random.below(file.length);
  file.copy(file, random.below(file.length), from, from + random.below(64));
  return file;
};

// One word of the ELF header or of a section header.
const header: Damage = (file, random) => {
  if (file.length < 64) return file;
  const table = Number(file.readBigUInt64LE(40) % BigInt(file.length));
  const count = file.readUInt16LE(60);
  const start = random.below(4) === 0 ? 0 : table + random.below(Math.max(count, 1)) * 64;
  return poke(file, start + 4 * random.below(16), random);
};

// One word inside a section: tables of types, symbols, relocations, strings, instructions.
const inside: Damage = (file, random, original) => {
  const { sections } = parseElf(original);
  const names = ['.BTF', '.BTF', '.BTF', '.BTF.ext', '.symtab', '.symtab', '.strtab', '.maps', 'xdp', '.rodata'];
  const wanted = random.pick(names);
  const found = sections.filter(({ name }) => name === wanted || (wanted === '.symtab' && name.startsWith('.rel')));
  const section = found[random.below(found.length || 1)];
  if (section === undefined || section.size < 4) return file;
  return poke(file, section.offset + 4 * random.below(Math.floor(section.size / 4)), random);
};

const swapSections: Damage = (file, random, original) => {
  const { sections } = parseElf(original);
  const a = random.pick(sections);
  const b = random.pick(sections);
  if (a.offset + a.size <= file.length) file.copy(file, b.offset, a.offset, a.offset + Math.min(a.size, b.size));
  return file;
};

const DAMAGES: readonly Damage[] = [
  flipBits,
  flipBits,
  header,
  header,
  header,
  inside,
  inside,
  inside,
  inside,
  inside,
  swapSections,
  copyWithin,
  truncate,
  extend,
];

function poke(file: Buffer, at: number, random: Random): Buffer {
  if (at + 4 > file.length) return file;
  const old = file.readUInt32LE(at);
  const choices = [
    random.pick(EDGES),
    old + 1,
    old - 1,
    old * 2,
    old ^ (1 << random.below(32)),
    random.below(256),
    random.next(),
  ];
  file.writeUInt32LE(random.pick(choices) >>> 0, at);
  return file;
}
