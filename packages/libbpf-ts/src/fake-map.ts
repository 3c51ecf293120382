// A map in memory that answers as the kernel's maps do, for tests without root. Hash types, arrays,
// per-CPU and LRU variants, tries, and index maps whose slots may be empty (devmap, maps of maps).

import { requireObject, show } from './arguments.ts';
import { isPerCpu, MAP_FLAGS, type MapType, UPDATE_FLAGS } from './constants.ts';
import { argumentError, closedError, ERRNO } from './error.ts';
import type { Result } from './native.ts';
import { entryValueSize, type MapFacts, type NativeMap } from './native-map.ts';
import type { MapSpec } from './object-spec.ts';

export interface FakeOptions {
  /** Values of an entry of a per-CPU map; default 4. */
  cpus?: number;
}

/**
 * A NativeMap without a kernel: `new BpfMap(fakeMap(spec), spec)`. A full hash answers E2BIG, a
 * full LRU hash drops its oldest entry; `noexist` and `exist`, missing keys and indexes past the
 * end answer as the kernel does. Throws `ARGUMENT` for types that it does not know.
 */
export function fakeMap(spec: Omit<MapSpec, 'key' | 'value' | 'inner'>, options: FakeOptions = {}): NativeMap {
  requireObject('spec', spec);
  const { type } = spec;
  if (ARRAYS.has(type)) return new FakeArray(spec, options);
  if (type === 'lpm_trie') return new FakeTrie(spec, options);
  if (HASHES.has(type) || SLOTS.has(type)) return new FakeHash(spec, options);
  throw argumentError(`there is no fake for maps of type ${show(type)}`);
}

const ARRAYS = new Set<MapType>(['array', 'percpu_array']);
const HASHES = new Set<MapType>(['hash', 'percpu_hash', 'lru_hash', 'lru_percpu_hash', 'hash_of_maps', 'devmap_hash']);
/** Indexed, but a slot may be empty. */
const SLOTS = new Set<MapType>(['array_of_maps', 'prog_array', 'devmap', 'cpumap', 'xskmap']);
const WITHOUT_BATCH = new Set<MapType>(['prog_array', 'devmap', 'devmap_hash', 'cpumap', 'xskmap']);

let lastId = 0;

abstract class FakeBase implements NativeMap {
  readonly facts: MapFacts;
  readonly cpus: number;
  protected readonly valueSize: number;
  #open = true;
  #frozen = false;

  constructor(spec: Omit<MapSpec, 'key' | 'value' | 'inner'>, { cpus = 4 }: FakeOptions) {
    const { name, type, keySize, valueSize, maxEntries, flags } = spec;
    lastId++;
    this.facts = { id: lastId, name, type, keySize, valueSize, maxEntries, flags };
    this.cpus = isPerCpu(type) ? cpus : 1;
    this.valueSize = entryValueSize(this.facts, this.cpus);
  }

  /** Not a descriptor of anything: the map's id. */
  get fd(): number {
    if (!this.#open) throw closedError(`map ${this.facts.name}`);
    return this.facts.id;
  }

  protected abstract find(key: Uint8Array): Uint8Array | undefined;
  protected abstract store(key: Uint8Array, value: Uint8Array): Result;
  protected abstract remove(key: Uint8Array): Result;
  protected abstract next(key: Uint8Array | null): Uint8Array | undefined;
  abstract mmap(length: number): ArrayBuffer | Result;

  lookup(key: Uint8Array, value: Uint8Array): Result {
    void this.fd;
    const found = this.find(key);
    if (found === undefined) return -ERRNO.ENOENT;
    value.set(found);
    return 0;
  }

  lookupAndDelete(key: Uint8Array, value: Uint8Array): Result {
    return this.lookup(key, value) || this.delete(key);
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): Result {
    void this.fd;
    if (this.#frozen) return -ERRNO.EPERM;
    if (ARRAYS.has(this.facts.type) && readIndex(key) >= this.facts.maxEntries) return -ERRNO.E2BIG;
    const exists = this.find(key) !== undefined;
    if (flags === UPDATE_FLAGS.noexist && exists) return -ERRNO.EEXIST;
    if (flags === UPDATE_FLAGS.exist && !exists) return -ERRNO.ENOENT;
    return this.store(key, value);
  }

  delete(key: Uint8Array): Result {
    void this.fd;
    return this.#frozen ? -ERRNO.EPERM : this.remove(key);
  }

  nextKey(key: Uint8Array | null, next: Uint8Array): Result {
    void this.fd;
    const found = this.next(key);
    if (found === undefined) return -ERRNO.ENOENT;
    next.set(found);
    return 0;
  }

  /** The token is the last key of the run before. */
  lookupBatch(
    tokenIn: Uint8Array | null,
    tokenOut: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint32Array,
  ): Result {
    void this.fd;
    if (WITHOUT_BATCH.has(this.facts.type)) return -ERRNO.ENOTSUPP;
    const { keySize } = this.facts;
    const wanted = count[0] ?? 0;
    let key = tokenIn === null ? null : tokenIn.subarray(0, keySize);
    for (let done = 0; done < wanted; ) {
      const next = this.next(key);
      count[0] = done;
      if (next === undefined) return -ERRNO.ENOENT;
      key = next;
      const value = this.find(next);
      if (value === undefined) continue;
      keys.set(next, done * keySize);
      values.set(value, done * this.valueSize);
      done++;
      count[0] = done;
    }
    if (key !== null) tokenOut.set(key);
    return 0;
  }

  updateBatch(keys: Uint8Array, values: Uint8Array, count: Uint32Array, flags: number): Result {
    return this.#each(count, (i) =>
      this.update(part(keys, i, this.facts.keySize), part(values, i, this.valueSize), flags),
    );
  }

  deleteBatch(keys: Uint8Array, count: Uint32Array): Result {
    return this.#each(count, (i) => this.delete(part(keys, i, this.facts.keySize)));
  }

  freeze(): Result {
    void this.fd;
    this.#frozen = true;
    return 0;
  }

  /** There is no file system to pin in. */
  pin(): Result {
    void this.fd;
    return -ERRNO.EPERM;
  }

  close(): void {
    this.#open = false;
  }

  #each(count: Uint32Array, act: (index: number) => Result): Result {
    void this.fd;
    if (WITHOUT_BATCH.has(this.facts.type)) return -ERRNO.ENOTSUPP;
    const wanted = count[0] ?? 0;
    for (let i = 0; i < wanted; i++) {
      count[0] = i;
      const result = act(i);
      if (result !== 0) return result;
    }
    count[0] = wanted;
    return 0;
  }
}

class FakeArray extends FakeBase {
  readonly #memory: Uint8Array;
  readonly #stride: number;

  constructor(spec: Omit<MapSpec, 'key' | 'value' | 'inner'>, options: FakeOptions) {
    super(spec, options);
    this.#stride = Math.ceil(this.valueSize / 8) * 8;
    this.#memory = new Uint8Array(this.#stride * spec.maxEntries);
  }

  override mmap(length: number): ArrayBuffer | Result {
    void this.fd;
    if ((this.facts.flags & MAP_FLAGS.MMAPABLE) === 0) return -ERRNO.ENOTSUPP;
    return length > this.#memory.length ? -ERRNO.EINVAL : (this.#memory.buffer as ArrayBuffer);
  }

  protected override find(key: Uint8Array): Uint8Array | undefined {
    const index = readIndex(key);
    if (index >= this.facts.maxEntries) return undefined;
    return this.#memory.subarray(index * this.#stride, index * this.#stride + this.valueSize);
  }

  protected override store(key: Uint8Array, value: Uint8Array): Result {
    this.#memory.set(value, readIndex(key) * this.#stride);
    return 0;
  }

  protected override remove(): Result {
    return -ERRNO.EINVAL;
  }

  protected override next(key: Uint8Array | null): Uint8Array | undefined {
    return nextIndex(key, this.facts.maxEntries);
  }
}

class FakeHash extends FakeBase {
  // A JavaScript Map keeps the order of insertion: the first entry is the oldest.
  readonly #entries = new Map<string, Uint8Array>();
  // The order of keys while a scan goes on: without it, every step would search from the start.
  #order: string[] = [];
  #position = 0;

  override mmap(): Result {
    return -ERRNO.ENOTSUPP;
  }

  protected override find(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(nameOf(key));
  }

  protected override store(key: Uint8Array, value: Uint8Array): Result {
    const { type, maxEntries } = this.facts;
    if (SLOTS.has(type) && readIndex(key) >= maxEntries) return -ERRNO.E2BIG;
    const name = nameOf(key);
    const isLru = type.startsWith('lru_');
    if (!this.#entries.has(name) && this.#entries.size >= maxEntries) {
      if (!isLru) return -ERRNO.E2BIG;
      this.#entries.delete(this.#entries.keys().next().value as string);
    }
    if (isLru) this.#entries.delete(name);
    this.#entries.set(name, Uint8Array.from(value));
    return 0;
  }

  protected override remove(key: Uint8Array): Result {
    return this.#entries.delete(nameOf(key)) ? 0 : -ERRNO.ENOENT;
  }

  protected override next(key: Uint8Array | null): Uint8Array | undefined {
    const { type, maxEntries } = this.facts;
    if (SLOTS.has(type)) return nextIndex(key, maxEntries);
    if (key === null) this.#restart();
    else this.#seek(nameOf(key));
    while (this.#position < this.#order.length && !this.#entries.has(this.#order[this.#position] as string)) {
      this.#position++;
    }
    const next = this.#order[this.#position];
    return next === undefined ? undefined : Buffer.from(next, 'latin1');
  }

  protected get entries(): ReadonlyMap<string, Uint8Array> {
    return this.#entries;
  }

  #restart(): void {
    this.#order = [...this.#entries.keys()];
    this.#position = 0;
  }

  // As in the kernel, a key that is gone starts over.
  #seek(name: string): void {
    if (this.#order[this.#position] !== name || !this.#entries.has(name)) this.#restart();
    while (this.#position < this.#order.length && this.#order[this.#position] !== name) this.#position++;
    if (this.#position === this.#order.length && !this.#entries.has(name)) this.#position = -1;
    this.#position++;
  }
}

/** Keys are told apart by their bytes: those of one prefix have the same bits beyond it. */
class FakeTrie extends FakeHash {
  override lookup(key: Uint8Array, value: Uint8Array): Result {
    void this.fd;
    let length = -1;
    for (const [name, found] of this.entries) {
      const prefix = Buffer.from(name, 'latin1');
      const bits = readIndex(prefix);
      if (bits <= length || bits > readIndex(key) || !sameBits(prefix, key, bits)) continue;
      length = bits;
      value.set(found);
    }
    return length < 0 ? -ERRNO.ENOENT : 0;
  }
}

/** Of what follows the prefix length. */
function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = 4 + (bits >> 3);
  for (let at = 4; at < whole; at++) if (a[at] !== b[at]) return false;
  return bits % 8 === 0 || ((a[whole] ?? 0) ^ (b[whole] ?? 0)) >> (8 - (bits % 8)) === 0;
}

const nameOf = (key: Uint8Array) => Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
const part = (bytes: Uint8Array, index: number, size: number) => bytes.subarray(index * size, (index + 1) * size);

function readIndex(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUInt32LE();
}

function nextIndex(key: Uint8Array | null, maxEntries: number): Uint8Array | undefined {
  const index = key === null ? 0 : readIndex(key);
  const next = key === null || index >= maxEntries ? 0 : index + 1;
  if (next >= maxEntries) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(next);
  return bytes;
}
