// Type tables made by hand, for what no compiler writes.

import { describe, expect, it } from 'vitest';
import { KIND, parseBtf } from '../src/btf.ts';
import { codec } from '../src/codec.ts';
import { type Layout, Layouts } from '../src/layout.ts';
import { layoutDifference } from '../src/layout-compare.ts';
import { thrown } from './layouts.ts';

/** A BTF blob of the given types; each is a kind, its words after `info`, and its flags. */
function btf(types: [kind: number, words: number[], count?: number, kindFlag?: boolean][], names = ''): Buffer {
  const words = types.flatMap(([kind, rest, count = 0, flag = false]) => [
    0,
    kind * 2 ** 24 + count + (flag ? 2 ** 31 : 0),
    ...rest,
  ]);
  const strings = Buffer.from(`\0${names}\0`);
  const header = Buffer.alloc(24);
  header.writeUInt16LE(0xeb9f, 0);
  header[2] = 1;
  const lengths = [24, 0, words.length * 4, words.length * 4, strings.length];
  for (const [i, word] of lengths.entries()) header.writeUInt32LE(word, 4 + i * 4);
  const table = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) table.writeUInt32LE(word >>> 0, i * 4);
  return Buffer.concat([header, table, strings]);
}

const U32_TYPE: [number, number[]] = [KIND.INT, [4, 32]];
const layoutOf = (blob: Buffer, id: number): Layout => new Layouts(parseBtf(blob)).of(id);

describe('BTF', () => {
  const rows: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['another magic', Buffer.alloc(64)],
    ['an unknown kind', btf([[20, [0]]])],
    ['a type that is cut off', btf([[KIND.INT, [4]]])],
    ['a member of an unknown type', btf([[KIND.STRUCT, [4, 0, 9, 0], 1]])],
    ['an integer of three bytes', btf([[KIND.INT, [3, 24]]])],
    ['an integer with more bits than room', btf([[KIND.INT, [4, 40]]])],
    ['a type that modifies itself', btf([[KIND.CONST, [1]]])],
    [
      'two types that modify each other',
      btf([
        [KIND.CONST, [2]],
        [KIND.TYPEDEF, [1]],
      ]),
    ],
    ['a section of something else than variables', btf([U32_TYPE, [KIND.DATASEC, [0, 1, 0, 4], 1]])],
    ['a name outside the strings', Buffer.from(btf([U32_TYPE])).fill(0x7f, 24, 28)],
    ['a name without an end', btf([U32_TYPE], 'x'.repeat(5000)).fill(1, 24, 25)],
  ];
  it.each(rows)('is refused: %s', (_, blob) => {
    expect(thrown(() => parseBtf(blob)).code).toBe('OBJECT');
  });

  it('has void as its first type', () => {
    expect(parseBtf(btf([U32_TYPE])).types.map(({ kind }) => kind)).toEqual([0, KIND.INT]);
  });
});

describe('a layout', () => {
  const refused: [string, Buffer, number][] = [
    ['of void', btf([U32_TYPE]), 0],
    ['of an unknown type', btf([U32_TYPE]), 7],
    ['of a function', btf([[KIND.FUNC_PROTO, [0]]]), 1],
    ['of a struct that holds itself', btf([[KIND.STRUCT, [4, 0, 1, 0], 1]]), 1],
    ['of a member outside its struct', btf([U32_TYPE, [KIND.STRUCT, [4, 0, 1, 32], 1]]), 2],
    ['of a member between two bytes', btf([U32_TYPE, [KIND.STRUCT, [8, 0, 1, 3], 1]]), 2],
    ['of a bit field wider than its type', btf([U32_TYPE, [KIND.STRUCT, [8, 0, 1, 2 ** 24 * 40], 1, true]]), 2],
    ['of an endless array', btf([U32_TYPE, [KIND.ARRAY, [0, 1, 1, 2 ** 31]]]), 2],
    ['of an enum of three bytes', btf([[KIND.ENUM, [3]]]), 1],
  ];
  it.each(refused)('is refused %s', (_, blob, id) => {
    expect(thrown(() => layoutOf(blob, id)).code).toBe('OBJECT');
  });

  it('is refused if unions repeat each other for ever', () => {
    const doubling = Array.from({ length: 30 }, (_, i): [number, number[], number] => [
      KIND.UNION,
      [4, 0, i + 1, 0, 0, i + 1, 0],
      2,
    ]);
    expect(thrown(() => layoutOf(btf([U32_TYPE, ...doubling]), 31)).message).toContain('too many parts');
    // Anonymous all the way: what is left of it must be quick to refuse as a value.
    const layout = layoutOf(btf([U32_TYPE, ...doubling]), 14);
    expect(thrown(() => codec(layout, 'x').decode(Buffer.alloc(4))).message).toContain('more than 4096 members');
    expect(layoutDifference(layout, layoutOf(btf([U32_TYPE, ...doubling]), 14))).toBeUndefined();
  });

  it('reads bit fields of old compilers, which hide in integers', () => {
    const blob = btf(
      [
        [KIND.INT, [4, 3]],
        [KIND.STRUCT, [4, 1, 1, 5], 1],
      ],
      'x',
    );
    expect(codec(layoutOf(blob, 2), 'x').decode(Buffer.from([0b1010_0000, 0, 0, 0]))).toEqual({ x: 5 });
  });
});
