import { statfsSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAP_FLAGS } from '../src/constants.ts';
import { possibleCpus } from '../src/cpus.ts';
import { BpfMap } from '../src/map.ts';
import { BpfObject } from '../src/object.ts';
import { mountBpffs as mount } from '../src/pin.ts';
import { compile } from './compile.ts';
import { type Bpffs, mountBpffs } from './host.ts';
import { thrown, u32 } from './layouts.ts';

interface Value {
  count: bigint;
  sum: number;
  note: Uint8Array;
}
const value = (count: number): Value => ({ count: BigInt(count), sum: count, note: Buffer.from([1, 2, 3]) });
const frame = Buffer.alloc(64);

let object: BpfObject;
let bpffs: Bpffs;
beforeAll(() => {
  bpffs = mountBpffs();
  object = BpfObject.open(compile('maps'));
  object.load();
});
afterAll(() => {
  object.close();
  bpffs[Symbol.dispose]();
});

describe.each(['hash', 'lru'])('%s', (name) => {
  it('holds entries', () => {
    const map = object.map<number, Value>(name);
    map.set(1, value(1), 'noexist');
    expect(map.get(1)).toEqual(value(1));
    expect(thrown(() => map.set(1, value(1), 'noexist'))).toMatchObject({ code: 'EEXIST', errno: 17 });
    expect(thrown(() => map.set(2, value(1), 'exist')).message).toContain('there is no such key');
    expect(map.take(1)).toEqual(value(1));
    expect(map.take(1)).toBeUndefined();
    expect(map.delete(1)).toBe(false);
  });

  it('reads and writes in batches', () => {
    const map = object.map<number, Value>(name);
    map.setBatch(Array.from({ length: 40 }, (_, key) => [key, value(key)] as const));
    expect(map.getBatch().sort(([a], [b]) => a - b)[39]).toEqual([39, value(39)]);
    expect(map.deleteBatch(map.keys())).toBe(40);
    expect([...map]).toEqual([]);
  });
});

it('a full hash says so', () => {
  const map = object.map<number, Value>('hash');
  const entries = Array.from({ length: 65 }, (_, key) => [key, value(key)] as const);
  const error = thrown(() => map.setBatch(entries));
  expect(error).toMatchObject({ code: 'E2BIG', errno: 7 });
  expect(error.message).toContain('it is full with 64 entries');
  map.deleteBatch(map.keys());
});

it('a full LRU hash makes room', () => {
  using map = BpfMap.create<number, number>({
    name: 'lru',
    type: 'lru_hash',
    keySize: 4,
    valueSize: 4,
    maxEntries: 256,
    key: u32,
    value: u32,
  });
  for (let key = 0; key < 2000; key++) map.set(key, key);
  expect(map.get(1999)).toBe(1999);
  expect(map.get(0)).toBeUndefined();
});

it('an array has all its entries', () => {
  const map = object.map<number, Value>('array');
  map.setBatch([
    [63, value(5)],
    [0, value(6)],
  ]);
  const all = map.getBatch();
  expect(all.length).toBe(64);
  expect(all[63]).toEqual([63, value(5)]);
  expect(map.get(64)).toBeUndefined();
  expect(thrown(() => map.set(64, value(1))).message).toContain('it has only 64 entries');
  expect(thrown(() => map.delete(1))).toMatchObject({ code: 'EINVAL' });
});

it('a large array comes in several runs', () => {
  const options = {
    name: 'large',
    type: 'array',
    keySize: 4,
    valueSize: 4,
    maxEntries: 20_000,
    key: u32,
    value: u32,
  } as const;
  using map = BpfMap.create<number, number>(options);
  map.setBatch(Array.from({ length: 20_000 }, (_, key) => [key, key * 2] as const));
  const all = map.getBatch();
  expect(all.length).toBe(20_000);
  expect(all.every(([key, found]) => found === key * 2)).toBe(true);
});

it('a crowded hash comes in runs that fit its buckets', () => {
  const options = {
    name: 'large',
    type: 'hash',
    keySize: 4,
    valueSize: 4,
    maxEntries: 30_000,
    key: u32,
    value: u32,
  } as const;
  using map = BpfMap.create<number, number>(options);
  map.setBatch(Array.from({ length: 30_000 }, (_, key) => [key, key] as const));
  expect(new Set([...map.entries()].map(([key]) => key)).size).toBe(30_000);
  expect([...map.keys()].length).toBe(30_000);
});

describe.each(['percpu_hash', 'percpu_array', 'lru_percpu'])('%s', (name) => {
  it('has a value for each CPU', () => {
    const map = object.map<number, Value>(name);
    const values = Array.from({ length: possibleCpus() }, (_, cpu) => value(cpu + 1));
    map.setPerCpu(1, values);
    expect(map.getPerCpu(1)).toEqual(values);
    expect([...map.entriesPerCpu()].find(([key]) => key === 1)?.[1]).toEqual(values);
    expect(map.getRaw(Buffer.from([1, 0, 0, 0]))?.length).toBe(16 * possibleCpus());
  });
});

describe('shared memory', () => {
  it('shows what programs write, and the other way round', () => {
    const map = object.map<number, Value>('shared');
    const memory = map.mmap();
    expect(memory.byteOffset).toBe(0);
    expect(memory.length).toBe(64 * 16);
    const words = new BigUint64Array(memory.buffer);
    words[3 * 2] = 100n;
    object.program('count').testRun({ dataIn: frame, repeat: 5 });
    expect(words[3 * 2]).toBe(105n);
    expect(map.get(3)?.count).toBe(105n);
    expect(map.mmap().buffer).toBe(memory.buffer);
  });

  it('outlives the map', () => {
    let memory: Buffer;
    {
      using other = BpfObject.open(compile('maps'));
      other.load();
      other.map<number, Value>('shared').set(1, value(7));
      memory = other.map('shared').mmap();
      other.map('shared').close();
      expect(thrown(() => other.map('shared').mmap()).code).toBe('CLOSED');
    }
    expect(memory.readBigUInt64LE(16)).toBe(7n);
    memory.writeBigUInt64LE(8n, 16);
  });

  it('is refused for frozen maps and maps without the flag', () => {
    using map = BpfMap.create({ name: 'x', type: 'array', keySize: 4, valueSize: 8, maxEntries: 4, flags: 1 << 10 });
    map.freeze();
    expect(thrown(() => map.mmap())).toMatchObject({ code: 'EPERM', syscall: 'mmap' });
    expect(thrown(() => map.setRaw(Buffer.alloc(4), Buffer.alloc(8))).message).toContain('it is frozen');
    expect(thrown(() => object.map('array').mmap()).code).toBe('ARGUMENT');
  });
});

describe('maps of maps', () => {
  it('swap an inner map for a new one at once', () => {
    const outer = object.map<number, number>('array_of_maps');
    const inner = object.mapSpec('array_of_maps').inner;
    if (inner === undefined) throw new Error('no inner spec');
    expect(object.program('read_inner').testRun({ dataIn: frame }).retval).toBe(0);
    using fresh = BpfMap.create<number, number>({ ...inner, name: 'fresh', maxEntries: 100 });
    fresh.set(0, 42);
    outer.set(0, fresh.fd);
    expect(object.program('read_inner').testRun({ dataIn: frame }).retval).toBe(42);
    expect(outer.get(0)).toBe(fresh.info().id);
    outer.delete(0);
    expect(object.program('read_inner').testRun({ dataIn: frame }).retval).toBe(1000);
  });

  it('may be hashes', () => {
    const outer = object.map<number, number>('hash_of_maps');
    outer.set(5, object.map('first_inner').fd);
    expect(outer.getBatch()).toEqual([[5, object.map('first_inner').info().id]]);
    expect(thrown(() => outer.set(6, object.map('hash').fd)).code).toBe('EINVAL');
  });

  it('can be made without an object', () => {
    using inner = BpfMap.create({ name: 'in', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    using outer = BpfMap.create<number, number>(
      { name: 'out', type: 'array_of_maps', keySize: 4, valueSize: 4, maxEntries: 2, key: u32, value: u32 },
      inner,
    );
    outer.set(1, inner.fd);
    expect([...outer]).toEqual([[1, inner.info().id]]);
  });
});

it('a device map holds interfaces', () => {
  const map = object.map<number, number>('devmap');
  // The loopback interface has index 1 in every namespace.
  map.setBatch([[2, 1]]);
  expect(map.getBatch()).toEqual([[2, 1]]);
  expect([...map.keys()].length).toBe(8);
  expect(thrown(() => map.set(1, 99999))).toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('its values name interfaces of this network namespace'),
  });
  expect(map.delete(2)).toBe(true);
});

it('a program array jumps', () => {
  const map = object.map<number, number>('programs');
  expect(object.program('jump').testRun({ dataIn: frame }).retval).toBe(99);
  map.set(1, object.program('count').fd);
  expect(object.program('jump').testRun({ dataIn: frame }).retval).toBe(2);
  expect(map.get(1)).toBe(object.program('count').info().id);
  expect(thrown(() => map.set(1, 99_999)).message).toContain('descriptors (program.fd)');
  expect(thrown(() => map.set(1, object.program('send').fd)).message).toContain('of the type that uses it');
});

it('maps of maps take descriptors of maps that fit', () => {
  const outer = object.map<number, number>('array_of_maps');
  for (const fd of [99_999, object.map('hash').fd]) {
    expect(thrown(() => outer.set(2, fd)).message).toContain('descriptors (map.fd) of maps like the inner map');
  }
});

it('a closed map ends what was reading it', () => {
  const spec = { name: 'closed', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4, key: u32, value: u32 } as const;
  for (const read of ['entries', 'keys', 'values'] as const) {
    const map = BpfMap.create<number, number>(spec);
    map.setBatch([1, 2, 3].map((key) => [key, key] as const));
    const entries = map[read]();
    entries.next();
    map.close();
    expect(thrown(() => [...entries])).toMatchObject({ code: 'CLOSED', message: 'map closed is closed' });
    expect(thrown(() => map.deleteBatch([])).code).toBe('CLOSED');
    expect(thrown(() => map.unpin()).code).toBe('CLOSED');
  }
});

it('a map that is memory cannot be frozen', () => {
  const spec = {
    name: 'x',
    type: 'array',
    keySize: 4,
    valueSize: 4,
    maxEntries: 1,
    flags: MAP_FLAGS.MMAPABLE,
  } as const;
  using map = BpfMap.create(spec);
  const memory = map.mmap();
  expect(thrown(() => map.freeze()).message).toContain('it is mapped into memory (bpf(BPF_MAP_FREEZE): EBUSY)');
  expect(memory.length).toBe(8);
});

describe('a BPF file system', () => {
  it('is mounted for its owner alone', () => {
    const { type } = statfsSync(bpffs.path('.'));
    expect([type, statSync(bpffs.path('.')).mode & 0o777]).toEqual([0xcafe4a11, 0o700]);
  });

  it.each([
    ['/no/where', { code: 'ENOENT', syscall: 'mount' }, 'cannot mount a BPF file system at /no/where: nothing is at'],
    ['/dev/null', { code: 'ENOTDIR' }, 'it is not a directory (mount: ENOTDIR)'],
    ['', { code: 'ARGUMENT' }, 'not empty'],
  ])('is not mounted at %j', (directory, details, words) => {
    const error = thrown(() => mount(directory));
    expect(error).toMatchObject(details);
    expect(error.message).toContain(words);
  });
});

describe('a pin', () => {
  it('opens again, with its types', () => {
    const map = object.map<number, Value>('hash');
    const path = bpffs.path('hash');
    map.pin(path);
    map.set(9, value(9));
    using typed = BpfMap.openPinned<number, Value>(path, { spec: object.mapSpec('hash') });
    expect(typed.layoutCheck).toBe('btf');
    expect(typed.get(9)).toEqual(value(9));
    using guessed = BpfMap.openPinned<number, Value>(path);
    expect(guessed.get(9)).toEqual(value(9));
    expect(thrown(() => map.pin(path))).toMatchObject({ code: 'EEXIST', syscall: 'bpf(BPF_OBJ_PIN)' });
    map.unpin();
    expect(thrown(() => map.unpin()).code).toBe('ARGUMENT');
    const error = thrown(() => BpfMap.openPinned(path));
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'bpf(BPF_OBJ_GET)' });
    expect(error.message).toContain(`nothing is pinned at ${path}`);
  });

  it('must be of a map, in a BPF file system', () => {
    const path = bpffs.path('program');
    object.program('count').pin(path);
    expect(thrown(() => BpfMap.openPinned(path)).message).toContain('is not a map but a program');
    object.program('count').unpin();
    expect(thrown(() => object.map('hash').pin('/tmp/x')).message).toContain('not in a BPF file system');
    expect(thrown(() => object.map('hash').pin(bpffs.path('a.b'))).message).toContain('cannot have a dot');
    expect(thrown(() => object.map('hash').pin(bpffs.path('no/where'))).message).toContain(
      'its directory does not exist',
    );
  });

  it('is compared with the spec', () => {
    const path = bpffs.path('compared');
    object.map('array').pin(path);
    const rows: [string, string][] = [
      ['hash', 'its type is array, not hash'],
      ['shared', 'its flags is 0, not 1024'],
    ];
    for (const [name, message] of rows) {
      const error = thrown(() => BpfMap.openPinned(path, { spec: object.mapSpec(name) }));
      expect(error).toMatchObject({ code: 'LAYOUT' });
      expect(error.message).toContain(message);
    }
    object.map('array').unpin();
  });
});

it('opens by id, for root', () => {
  const ids = object.program('count').mapIds();
  const names = ids.map((id) => {
    using map = BpfMap.fromId(id);
    return map.name;
  });
  expect(names.sort()).toEqual(['percpu_array', 'shared']);
  expect(thrown(() => BpfMap.fromId(0xffff_fff0))).toMatchObject({ code: 'ENOENT' });
});
