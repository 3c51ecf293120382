import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codec } from '../src/codec.ts';
import { layoutDifference, layoutHash } from '../src/layout-compare.ts';
import { type MapSpec, objectName, readObjectSpec } from '../src/object-spec.ts';
import { compile } from './compile.ts';
import { array, be16, int, spec, struct, thrown, u16, u32 } from './layouts.ts';

const read = (name: string) => readObjectSpec(readFileSync(compile(name)), name);

describe('an object file', () => {
  it('declares its maps', () => {
    const { maps } = read('maps');
    expect(maps.get('hash')).toMatchObject({ type: 'hash', keySize: 4, valueSize: 16, maxEntries: 64, flags: 0 });
    expect(maps.get('shared')).toMatchObject({ type: 'array', flags: 1 << 10 });
    expect(maps.get('programs')).toMatchObject({ type: 'prog_array', key: { kind: 'int' }, value: { kind: 'int' } });
    expect(maps.get('array_of_maps')?.inner).toMatchObject({ type: 'array', maxEntries: 4, flags: 1 << 12 });
    expect(maps.get('events')).toMatchObject({ type: 'ringbuf', keySize: 0, maxEntries: 4096 });
  });

  it('declares its variables, with their place', () => {
    const { variables, maps } = read('types');
    const limit = variables.get('limit');
    expect(limit).toMatchObject({ section: '.rodata', layout: { size: 4 } });
    expect(variables.get('counter')?.section).toBe('.data');
    expect(variables.get('zeroed')?.section).toBe('.bss');
    expect(maps.get('.rodata')).toMatchObject({ type: 'array', maxEntries: 1, flags: 1152 });
    expect(maps.get('untyped')).toMatchObject({ key: { kind: 'bytes', size: 6 } });
  });

  it('names its enums and structs', () => {
    const { enums, types } = read('types');
    expect(enums.map(({ name }) => name)).toEqual(['colour', 'temperature']);
    expect(types.get('scalars')).toMatchObject({ kind: 'struct' });
  });

  it('gives its variables in an order that a codec can use', () => {
    const rodata = read('types').maps.get('.rodata') as MapSpec;
    const value = { limit: 1, secret: [1n, 2n], pair: { a: 1, b: 2 }, enabled: true };
    expect(codec(rodata.value, 'rodata').decode(codec(rodata.value, 'rodata').encode(value))).toEqual(value);
  });

  it('is named after its file', () => {
    expect(objectName('/a/b/xlb.bpf.o')).toBe('xlb');
    expect(objectName('.hidden')).toBe('object');
  });

  it('is refused without BTF, with a way out', () => {
    const file = readFileSync(compile('xdp', { btf: false }));
    expect(thrown(() => readObjectSpec(file, 'xdp'))).toMatchObject({
      code: 'OBJECT',
      message: 'xdp: no BTF; compile with clang -g -target bpf',
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello '.repeat(40))],
    ['a program for this machine', readFileSync(process.execPath).subarray(0, 4096)],
  ])('is refused if it is %s', (_, file) => {
    expect(thrown(() => readObjectSpec(file, 'sample')).code).toBe('OBJECT');
  });

  it('is refused wherever it is cut off', () => {
    const file = readFileSync(compile('layout_a'));
    for (let length = 0; length < file.length; length += 7) {
      expect(thrown(() => readObjectSpec(Buffer.from(file.subarray(0, length)), 'sample')).code).toBe('OBJECT');
    }
  });
});

describe('two layouts', () => {
  const base = struct({ a: u32, b: u16, list: array(u16, 2) });
  const rows: [string, ReturnType<typeof struct>, string | undefined][] = [
    ['the same', struct({ a: u32, b: u16, list: array(u16, 2) }), undefined],
    ['another order', struct({ b: u16, a: u32, list: array(u16, 2) }), 'value.a stands where value.b was'],
    ['another name', struct({ a: u32, c: u16, list: array(u16, 2) }), 'value.b stands where value.c was'],
    [
      'another sign',
      struct({ a: u32, b: int(2, { signed: true }), list: array(u16, 2) }),
      'value.b is signed integer of 2 bytes, not unsigned integer of 2 bytes',
    ],
    [
      'another byte order',
      struct({ a: u32, b: be16, list: array(u16, 2) }),
      'value.b is unsigned integer of 2 bytes in network byte order, not unsigned integer of 2 bytes',
    ],
    [
      'other elements',
      struct({ a: u32, b: u16, list: array(be16, 2) }),
      'value.list[] is unsigned integer of 2 bytes in network byte order, not unsigned integer of 2 bytes',
    ],
    [
      'another kind',
      struct({ a: u32, b: u16, list: u32 }),
      'value.list is unsigned integer of 4 bytes, not array of 4 bytes',
    ],
    ['another size', struct({ a: u32, b: u16 }), 'value has 6 bytes, not 10'],
  ];
  it.each(rows)('differ: %s', (_, found, message) => {
    expect(layoutDifference(base, found, 'value')).toBe(message);
    const same = layoutHash(spec({ value: base })) === layoutHash(spec({ value: found }));
    expect(same).toBe(message === undefined);
  });

  it('hash alike whatever the number of entries and the flags', () => {
    expect(layoutHash(spec({ maxEntries: 1, flags: 1 }))).toBe(layoutHash(spec({ maxEntries: 2 })));
    expect(layoutHash(spec({ type: 'lru_hash' }))).not.toBe(layoutHash(spec()));
    expect(layoutHash(spec())).toMatch(/^[0-9a-f]{64}$/);
  });

  it('hash as they always did: hashes stand beside pins that outlive a version of this package', () => {
    expect(layoutHash(spec({ value: base }))).toBe('fdd24ce45dbd748e9ba54d8d745302c28840071f5fc43cab4ef9907992bf89b0');
  });
});
