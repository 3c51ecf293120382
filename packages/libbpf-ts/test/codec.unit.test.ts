import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Codec, codec } from '../src/codec.ts';
import type { Layout } from '../src/layout.ts';
import { readObjectSpec } from '../src/object-spec.ts';
import { compile } from './compile.ts';
import { array, be16, int, struct, thrown, u8, u16, u32, u64 } from './layouts.ts';

const make = (layout: Layout) => codec<unknown>(layout, 'sample');

describe('numbers', () => {
  const char = int(1, { encoding: 'char', signed: true });
  const rows: [string, Layout, unknown, string][] = [
    ['u8', u8, 255, 'ff'],
    ['s8', int(1, { signed: true }), -2, 'fe'],
    ['u16', u16, 0x1234, '3412'],
    ['s16', int(2, { signed: true }), -2, 'feff'],
    ['u32', u32, 0xfedcba98, '98badcfe'],
    ['s32', int(4, { signed: true }), -2147483648, '00000080'],
    ['u64', u64, 0xfedcba9876543210n, '1032547698badcfe'],
    ['s64', int(8, { signed: true }), -2n, 'feffffffffffffff'],
    ['be16', be16, 80, '0050'],
    ['be32', int(4, { bigEndian: true }), 0xc0a80001, 'c0a80001'],
    ['be64', int(8, { bigEndian: true }), 1n, '0000000000000001'],
    ['bool', int(1, { encoding: 'bool' }), true, '01'],
    ['float', { kind: 'float', name: 'float', size: 4 }, 0.5, '0000003f'],
    ['double', { kind: 'float', name: 'double', size: 8 }, -2, '00000000000000c0'],
    ['pointer', { kind: 'ptr', size: 8 }, 0xffffn, 'ffff000000000000'],
    ['enum', { kind: 'enum', name: 'e', size: 4, signed: true, values: [] }, -3, 'fdffffff'],
    ['u8 array', array(u8, 3), Buffer.from([1, 2, 3]), '010203'],
    ['char array', array(char, 4), Buffer.from('abc\0'), '61626300'],
    ['u16 array', array(u16, 2), [1, 2], '01000200'],
    ['be16 array', array(be16, 2), [1, 2], '00010002'],
    ['bool array', array(int(1, { encoding: 'bool' }), 2), [true, false], '0100'],
    ['bytes', { kind: 'bytes', size: 2 }, Buffer.from([9, 8]), '0908'],
  ];
  it.each(rows)('%s goes out and comes back', (_, layout, value, hex) => {
    expect(make(layout).encode(value).toString('hex')).toBe(hex);
    expect(make(layout).decode(Buffer.from(hex, 'hex'))).toEqual(value);
  });

  const also: [string, Layout, unknown, string][] = [
    ['a number for 64 bits', u64, 5, '0500000000000000'],
    ['a bigint for 32 bits', u32, 5n, '05000000'],
    ['zero and one for bool', int(1, { encoding: 'bool' }), 1, '01'],
    ['text for a char array', array(char, 4), 'abc', '61626300'],
    ['numbers for a u8 array', array(u8, 2), [1, 255], '01ff'],
    ['a typed array', array(u16, 2), Uint16Array.of(1, 2), '01000200'],
  ];
  it.each(also)('takes %s', (_, layout, value, hex) => {
    expect(make(layout).encode(value).toString('hex')).toBe(hex);
  });

  const refused: [string, Layout, unknown, string][] = [
    ['too large', u8, 256, 'sample: 256 is not an integer from 0 to 255'],
    ['negative', u16, -1, 'sample: -1 is not an integer from 0 to 65535'],
    ['a fraction', u32, 1.5, 'sample: 1.5 is not an integer from 0 to 4294967295'],
    ['too large for 64 bits', u64, 1n << 64n, 'from 0 to 18446744073709551615'],
    ['an unsafe integer', u64, 2 ** 53, 'is not an integer from 0'],
    ['NaN', u32, Number.NaN, 'sample: NaN is not an integer'],
    ['text', u32, '5', "sample: '5' is not an integer"],
    ['null', u64, null, 'sample: null is not an integer'],
    ['a number for bool', int(1, { encoding: 'bool' }), 2, 'sample: 2 is not true or false'],
    ['a short array', array(u8, 3), Buffer.alloc(2), 'sample: 2 elements; need exactly 3'],
    ['no array', array(u16, 3), 7, 'sample: 7 is not an array of 3 elements'],
    ['a bad element', array(u16, 2), [1, 70000], 'sample: [1]: 70000 is not'],
    ['a bad byte', array(u8, 2), [1, 300], 'sample: [1]: 300 is not a byte'],
    ['long text', array(char, 4), 'abcd', "sample: 'abcd' is longer than 3 bytes"],
    ['128 bits', int(16), 1, 'integers of 16 bytes are not supported'],
  ];
  it.each(refused)('refuses %s', (_, layout, value, message) => {
    const error = thrown(() => make(layout).encode(value));
    expect(error).toMatchObject({ name: 'BpfError', code: 'VALUE' });
    expect(error.message).toContain(message);
  });
});

describe('structs', () => {
  const layout = struct({ a: u32, inner: struct({ b: u16, list: array(u16, 2) }), pad0: u16, _pad: u8, reserved: u8 });

  it('names the path of a value that does not fit', () => {
    const value = { a: 1, inner: { b: 2, list: [1, 70000] } };
    expect(thrown(() => make(layout).encode(value)).message).toBe(
      'sample: inner.list[1]: 70000 is not an integer from 0 to 65535',
    );
  });

  it('names a missing field', () => {
    expect(thrown(() => make(layout).encode({ a: 1, inner: { list: [1, 2] } })).message).toBe(
      'sample: inner.b: missing',
    );
    expect(thrown(() => make(layout).encode(undefined)).message).toBe('sample: undefined is not an object');
  });

  it('fills padding with zero, whatever the buffer held', () => {
    const buffer = Buffer.alloc(20, 0xff);
    make(layout).encode({ a: 1, inner: { b: 2, list: [3, 4] } }, buffer, 2);
    expect(buffer.toString('hex')).toBe('ffff0100000002000300040000000000ffffffff');
  });

  it('refuses a buffer without room', () => {
    const value = { a: 1, inner: { b: 2, list: [3, 4] } };
    for (const [size, offset] of [
      [13, 0],
      [20, 7],
      [20, -1],
      [20, 0.5],
    ] as const) {
      expect(thrown(() => make(layout).encode(value, Buffer.alloc(size), offset)).code).toBe('ARGUMENT');
      expect(thrown(() => make(layout).decode(Buffer.alloc(size), offset)).code).toBe('ARGUMENT');
    }
  });

  it('shares no memory with the buffer that it reads', () => {
    const buffer = Buffer.from([1, 2]);
    const value = make({ kind: 'bytes', size: 2 }).decode(buffer) as Buffer;
    buffer[0] = 9;
    expect(value[0]).toBe(1);
  });
});

describe('unions', () => {
  const layout = struct({ word: u32, bytes: array(u8, 4), half: u16 }, 'union');

  it('decodes every member', () => {
    expect(make(layout).decode(Buffer.from([1, 2, 3, 4]))).toEqual({
      word: 0x04030201,
      bytes: Buffer.from([1, 2, 3, 4]),
      half: 0x0201,
    });
  });

  it('encodes the one that is given, and zero for the rest', () => {
    expect([...make(layout).encode({ half: 1 })]).toEqual([1, 0, 0, 0]);
  });

  it('encodes what it decoded', () => {
    const bytes = Buffer.from([1, 2, 3, 4]);
    expect(make(layout).encode(make(layout).decode(bytes))).toEqual(bytes);
  });

  it('refuses members that disagree, and none', () => {
    expect(thrown(() => make(layout).encode({ word: 1, half: 2 })).message).toContain(
      'word and half share bytes and disagree',
    );
    expect(thrown(() => make(layout).encode({})).message).toContain('missing; give one of word, bytes, half');
  });
});

describe('types of a compiled object', () => {
  const codecs = new Map<string, Codec<Record<string, unknown>>>();
  beforeAll(() => {
    const { maps } = readObjectSpec(readFileSync(compile('types')), 'types');
    for (const [name, { value }] of maps) codecs.set(name, codec(value, name));
  });
  const of = (name: string) => codecs.get(name) as Codec<Record<string, unknown>>;

  it('reads every scalar', () => {
    const value = {
      u8: 1,
      s8: -1,
      u16: 2,
      s16: -2,
      u32: 3,
      s32: -3,
      u64: 4n,
      s64: -4n,
      be16: 80,
      be32: 0x0a000001,
      be64: 5n,
      yes: true,
      ratio: 1.25,
      pointer: 6n,
    };
    const bytes = of('scalars').encode(value);
    expect(of('scalars').decode(bytes)).toEqual(value);
    expect(bytes.readUInt16BE(32)).toBe(80);
  });

  it('reads enums, byte arrays, text and nested structs', () => {
    const value = {
      colour: 5,
      temperature: -3,
      mac: Buffer.from('020000000001', 'hex'),
      name: 'eth0',
      list: [1, 2, 3],
      pairs: [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
      tags: [1, 4094],
    };
    const decoded = of('nested').decode(of('nested').encode(value));
    expect(decoded).toEqual({ ...value, name: Buffer.from('eth0\0\0\0\0\0\0'), pad: [0, 0] });
    const { layout } = of('nested');
    const colour = layout.kind === 'struct' ? layout.members[0]?.layout : undefined;
    expect(colour).toMatchObject({
      kind: 'enum',
      values: [
        { name: 'RED', value: 0 },
        { name: 'GREEN', value: 5 },
        { name: 'BLUE', value: 6 },
      ],
    });
  });

  it('folds anonymous members into their parent', () => {
    const bytes = of('folded').encode({ family: 4, low: 1, high: 2, port: 80, named: { word: 7 } });
    const decoded = of('folded').decode(bytes);
    expect(decoded).toMatchObject({ family: 4, v4: 0x01000000, low: 1, high: 2, port: 80, named: { word: 7 } });
    expect(of('folded').encode(decoded)).toEqual(bytes);
    expect(thrown(() => of('folded').encode({ family: 4, low: 1, port: 1, named: { word: 1 } })).message).toContain(
      'high: missing',
    );
  });

  it('reads and writes bit fields', () => {
    const value = { three: 5, seven: 100, negative: -9, after: 7, wide: 0xff_ffff_fff1n, flag: true };
    expect(of('bits').decode(of('bits').encode(value))).toEqual(value);
    expect(of('bits').encode(value).readUInt32LE(0) & 0x1ffff).toBe(5 | (100 << 5) | ((-9 & 0x1f) << 12));
    expect(thrown(() => of('bits').encode({ ...value, three: 8 })).message).toContain(
      'three: 8 is not an integer from 0 to 7',
    );
  });
});
