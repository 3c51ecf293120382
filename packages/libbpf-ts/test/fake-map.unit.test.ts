import { describe, expect, it } from 'vitest';
import { fakeMap } from '../src/fake-map.ts';
import { BpfMap } from '../src/map.ts';
import type { MapSpec } from '../src/object-spec.ts';
import { be16, spec, struct, thrown, u32 } from './layouts.ts';

function open<K, V>(options: Partial<MapSpec> = {}): BpfMap<K, V> {
  const made = spec(options);
  return new BpfMap<K, V>(fakeMap(made, { cpus: 3 }), made);
}

describe('a fake hash', () => {
  it('reads, writes and deletes typed entries', () => {
    using map = open<{ port: number }, { id: number }>({ key: struct({ port: be16 }), value: struct({ id: u32 }) });
    expect(map.get({ port: 80 })).toBeUndefined();
    map.set({ port: 80 }, { id: 1 });
    expect(map.get({ port: 80 })).toEqual({ id: 1 });
    expect([...map]).toEqual([[{ port: 80 }, { id: 1 }]]);
    expect(map.getRaw(Buffer.from([0, 80]))).toEqual(Buffer.from([1, 0, 0, 0]));
    expect(map.take({ port: 80 })).toEqual({ id: 1 });
    expect(map.delete({ port: 80 })).toBe(false);
  });

  it('keeps to its flags and its size', () => {
    using map = open<number, bigint>();
    expect(thrown(() => map.set(1, 1n, 'exist')).code).toBe('ENOENT');
    map.set(1, 1n, 'noexist');
    expect(thrown(() => map.set(1, 1n, 'noexist'))).toMatchObject({ code: 'EEXIST', errno: 17 });
    map.setBatch([
      [2, 2n],
      [3, 3n],
      [4, 4n],
    ]);
    const error = thrown(() => map.set(5, 5n));
    expect(error).toMatchObject({ code: 'E2BIG', syscall: 'bpf(BPF_MAP_UPDATE_ELEM)' });
    expect(error.message).toContain('it is full with 4 entries');
    map.set(4, 5n);
    expect(map.deleteBatch([1, 9, 2])).toBe(2);
    expect([...map.keys()]).toEqual([3, 4]);
  });

  it('drops the oldest entry of a full LRU hash', () => {
    using map = open<number, bigint>({ type: 'lru_hash' });
    for (const key of [1, 2, 3, 4, 1, 5]) map.set(key, 0n);
    expect([...map.keys()]).toEqual([3, 4, 1, 5]);
  });

  it('may be changed while it is read', () => {
    using map = open<number, bigint>({ maxEntries: 1000 });
    map.setBatch(Array.from({ length: 1000 }, (_, key) => [key, 0n] as const));
    let seen = 0;
    for (const key of map.keys()) {
      seen++;
      map.delete(key);
    }
    expect(seen).toBe(1000);
    expect(map.getBatch()).toEqual([]);
  });
});

describe('a fake array', () => {
  it('has every entry from the start', () => {
    using map = open<number, bigint>({ type: 'array' });
    expect(map.getBatch().map(([key]) => key)).toEqual([0, 1, 2, 3]);
    map.set(3, 7n);
    expect([...map.values()]).toEqual([0n, 0n, 0n, 7n]);
    expect(map.get(4)).toBeUndefined();
    expect(thrown(() => map.set(4, 1n)).message).toContain('it has only 4 entries');
    expect(thrown(() => map.delete(1)).code).toBe('EINVAL');
  });

  it('can be mapped into memory', () => {
    using map = open<number, bigint>({ type: 'array', flags: 1 << 10 });
    const memory = map.mmap();
    map.set(2, 9n);
    expect(new BigUint64Array(memory.buffer)[2]).toBe(9n);
    using plain = open({ type: 'array' });
    expect(thrown(() => plain.mmap()).code).toBe('ARGUMENT');
  });
});

describe('a fake per-CPU map', () => {
  it.each(['percpu_array', 'percpu_hash'] as const)('%s has a value for each CPU', (type) => {
    using map = open<number, number>({ type, value: u32 });
    map.setPerCpu(1, [1, 2, 3]);
    expect(map.getPerCpu(1)).toEqual([1, 2, 3]);
    expect(map.getRaw(Buffer.from([1, 0, 0, 0]))?.length).toBe(24);
    expect([...map.entriesPerCpu()].find(([key]) => key === 1)?.[1]).toEqual([1, 2, 3]);
    expect(thrown(() => map.setPerCpu(1, [1])).message).toContain('need an array of 3 values');
    expect(thrown(() => map.get(1)).message).toContain('use getPerCpu');
    expect(thrown(() => [...map.entries()]).message).toContain('use entriesPerCpu');
  });

  it('is what the per-CPU methods are for', () => {
    using map = open<number, bigint>();
    expect(thrown(() => map.getPerCpu(1)).code).toBe('ARGUMENT');
    expect(thrown(() => map.setPerCpu(1, [])).code).toBe('ARGUMENT');
  });
});

describe('used entries', () => {
  it('are those that differ from zero', () => {
    using map = open<number, bigint>({ type: 'array' });
    map.set(1, 1n << 63n);
    map.set(3, 7n);
    expect([...map.usedEntries()]).toEqual([
      [1, 1n << 63n],
      [3, 7n],
    ]);
    map.set(1, 0n);
    expect([...map.usedEntries()]).toEqual([[3, 7n]]);
  });

  it('of a map by CPU are none', () => {
    using map = open<number, number>({ type: 'percpu_array', value: u32 });
    expect(thrown(() => [...map.usedEntries()]).message).toContain('use entriesPerCpu');
  });
});

describe('fake slots', () => {
  it('may be empty, and have no batches', () => {
    using map = open<number, number>({ type: 'devmap', value: u32 });
    map.setBatch([
      [0, 10],
      [2, 12],
    ]);
    expect([...map.entries()]).toEqual([
      [0, 10],
      [2, 12],
    ]);
    expect([...map.keys()]).toEqual([0, 1, 2, 3]);
    expect(thrown(() => map.set(4, 1)).code).toBe('E2BIG');
    expect(map.delete(0)).toBe(true);
  });
});

describe('a map', () => {
  it('is closed once, and says so', () => {
    const map = open<number, bigint>();
    map.close();
    map.close();
    const uses = [
      () => map.get(1),
      () => map.set(1, 1n),
      () => map.delete(1),
      () => map.take(1),
      () => map.getBatch(),
      () => [...map.keys()],
      () => map.setBatch([]),
      () => map.setBatch([[1, 1n]]),
      () => map.getRaw(Buffer.alloc(4)),
      () => map.info(),
      () => map.fd,
      () => map.freeze(),
      () => map.pin('/nowhere'),
    ];
    for (const use of uses) expect(thrown(use)).toMatchObject({ code: 'CLOSED', message: 'map sample is closed' });
  });

  it('refuses buffers of another size', () => {
    using map = open<number, bigint>();
    const bad = [Buffer.alloc(3), Buffer.alloc(5), 'text', null, undefined, new Uint16Array(2), new ArrayBuffer(4)];
    for (const key of bad as Uint8Array[]) {
      expect(thrown(() => map.getRaw(key)).code).toBe('ARGUMENT');
      expect(thrown(() => map.setRaw(key, Buffer.alloc(8))).code).toBe('ARGUMENT');
      expect(thrown(() => map.deleteRaw(key)).code).toBe('ARGUMENT');
    }
    expect(thrown(() => map.setRaw(Buffer.alloc(4), Buffer.alloc(7))).code).toBe('ARGUMENT');
    expect(thrown(() => map.setRawBatch(Buffer.alloc(7), Buffer.alloc(16), 2)).code).toBe('ARGUMENT');
    expect(thrown(() => map.setRawBatch(Buffer.alloc(8), Buffer.alloc(16), -1)).code).toBe('ARGUMENT');
    expect(thrown(() => map.set(1, 1n, 'sometimes' as 'any')).code).toBe('ARGUMENT');
  });

  it('refuses a spec of another size', () => {
    const wrong = spec({ value: u32 });
    expect(thrown(() => new BpfMap(fakeMap(spec()), wrong)).code).toBe('ARGUMENT');
  });

  it('becomes read-only when frozen', () => {
    using map = open<number, bigint>();
    map.freeze();
    expect(thrown(() => map.set(1, 1n)).message).toContain('it is frozen or read-only');
  });
});

it('has no fake of other types', () => {
  expect(thrown(() => fakeMap(spec({ type: 'ringbuf' }))).message).toContain("no fake for maps of type 'ringbuf'");
});
