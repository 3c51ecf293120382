// BpfMap: a map with keys and values of its BTF types, over the raw bytes of a NativeMap.

import { constants } from 'node:buffer';
import { requireInstance, requireInteger, requireIterable, requireObject, requireString, show } from './arguments.ts';
import { byIdFailure } from './by-fd.ts';
import { type Codec, codec } from './codec.ts';
import { isPerCpu, MAP_FLAGS, mapTypeNumber, UPDATE_FLAGS, type UpdateFlag } from './constants.ts';
import { argumentError, check, ERRNO, type FailureContext, systemError } from './error.ts';
import { checkMap, type LayoutCheck, specOf } from './map-check.ts';
import { createFailure, mapFailure, updateFailure } from './map-failure.ts';
import { isUnsupported, scan, scanKeys } from './map-scan.ts';
import { addon, ID_KIND } from './native.ts';
import { entryValueSize, KernelMap, type MapFacts, type NativeMap } from './native-map.ts';
import { type MapSpec, untyped } from './object-spec.ts';
import { openPin, pinAt, removePin } from './pin.ts';

/** What a new map is made of; layouts default to untyped bytes of the given sizes. */
export type NewMap = Omit<MapSpec, 'key' | 'value' | 'flags'> & Partial<Pick<MapSpec, 'key' | 'value' | 'flags'>>;

const BATCH_BYTES = 1 << 20;

/**
 * A map. `K` and `V` are what its codecs take and give: see {@link Codec}.
 *
 * Methods are synchronous system calls of under a microsecond. `close()` releases the descriptor
 * and may be called twice; any other use after it throws `CLOSED`. The map itself lives while a
 * program, a pin or another descriptor holds it.
 */
export class BpfMap<K = unknown, V = unknown> {
  readonly spec: MapSpec;
  readonly keyCodec: Codec<K>;
  readonly valueCodec: Codec<V>;
  /** How far the layout of a pinned map was compared; `btf` for maps of an own object. */
  readonly layoutCheck: LayoutCheck;
  readonly #native: NativeMap;
  readonly #key: Buffer;
  readonly #value: Buffer;
  readonly #perCpu: boolean;
  #pinPath: string | undefined;
  #memory: ArrayBuffer | undefined;

  /** Takes ownership of `native`. Sizes of the spec must be the map's; `fakeMap` gives a NativeMap without a kernel. */
  constructor(native: NativeMap, spec: MapSpec, layoutCheck: LayoutCheck = 'btf') {
    const { facts } = native;
    if (spec.key.size !== facts.keySize || spec.value.size !== facts.valueSize) {
      const sizes = `${spec.key.size} and ${spec.value.size}`;
      throw argumentError(
        `map ${spec.name}: its keys and values have ${facts.keySize} and ${facts.valueSize} bytes, the spec's ${sizes}`,
      );
    }
    this.#native = native;
    this.spec = spec;
    this.layoutCheck = layoutCheck;
    this.keyCodec = codec<K>(spec.key, `map ${spec.name} key`);
    this.valueCodec = codec<V>(spec.value, `map ${spec.name} value`);
    this.#key = Buffer.alloc(facts.keySize);
    this.#value = Buffer.alloc(entryValueSize(facts, native.cpus));
    this.#perCpu = isPerCpu(facts.type);
  }

  /** Makes a map that belongs to no object, such as a new inner map. Needs CAP_BPF. */
  static create<K, V>(spec: NewMap, inner?: BpfMap): BpfMap<K, V> {
    requireObject('spec', spec);
    const { name, type, keySize, valueSize, maxEntries, flags = 0 } = spec;
    requireString('name', name);
    for (const [what, value] of Object.entries({ keySize, valueSize, maxEntries, flags })) {
      requireInteger(what, value, 0, 0xffff_ffff);
    }
    if (inner !== undefined) requireInstance('inner', inner, BpfMap);
    const short = name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15);
    const number = mapTypeNumber(type);
    const fd = addon().mapCreate(number, short, keySize, valueSize, maxEntries, flags, inner?.fd ?? -1);
    check(fd, () => createFailure(name, type));
    return new BpfMap(new KernelMap(fd, `map ${name}`), {
      ...spec,
      flags,
      key: spec.key ?? untyped(keySize),
      value: spec.value ?? untyped(valueSize),
    });
  }

  /**
   * Opens a pinned map. With a spec (`obj.mapSpec(name)`), throws `LAYOUT` unless type, sizes,
   * flags, number of entries and, where the kernel lets the map's BTF be read (CAP_SYS_ADMIN),
   * every field agree; `layoutCheck` says how far it got. Without a spec, layouts come from the
   * map's BTF, or keys and values are bytes. `ENOENT`: nothing is pinned there.
   */
  static openPinned<K, V>(path: string, options: { spec?: MapSpec } = {}): BpfMap<K, V> {
    const map = fromFd<K, V>(openPin(path, 'map'), `the map pinned at ${path}`, options.spec);
    map.#pinPath = path;
    return map;
  }

  /** Opens a map by id, as `program.mapIds()` gives them. Needs CAP_SYS_ADMIN. */
  static fromId<K, V>(id: number, options: { spec?: MapSpec } = {}): BpfMap<K, V> {
    requireInteger('an id', id, 1, 0xffff_ffff);
    const fd = addon().fdById(ID_KIND.map, id);
    check(fd, () => byIdFailure(`open map ${id}`, 'bpf(BPF_MAP_GET_FD_BY_ID)'));
    return fromFd<K, V>(fd, `map ${id}`, options.spec);
  }

  get name(): string {
    return this.spec.name;
  }

  /** The map's descriptor, still owned by this object; the value to set in a map of maps. */
  get fd(): number {
    return this.#native.fd;
  }

  /** What the kernel says of the map: id, type, sizes in bytes, number of entries, flags. */
  info(): MapFacts {
    void this.#native.fd;
    return { ...this.#native.facts };
  }

  /** The value of a key, or undefined. For maps of maps and program arrays: the id. */
  get(key: K): V | undefined {
    this.#refusePerCpu('getPerCpu');
    this.keyCodec.encode(key, this.#key);
    return this.#lookup(this.#key) ? this.valueCodec.decode(this.#value) : undefined;
  }

  /**
   * Writes one entry. `noexist` throws EEXIST if the key is there, `exist` ENOENT if it is not;
   * E2BIG: the map is full, or the index is past the end of an array.
   */
  set(key: K, value: V, flags: UpdateFlag = 'any'): void {
    this.#refusePerCpu('setPerCpu');
    this.keyCodec.encode(key, this.#key);
    this.valueCodec.encode(value, this.#value);
    this.#update(this.#key, this.#value, flags);
  }

  /** Deletes an entry; false if there was none. Entries of arrays cannot be deleted (EINVAL). */
  delete(key: K): boolean {
    return this.deleteRaw(this.keyCodec.encode(key, this.#key));
  }

  /** Reads and deletes an entry in one step. Hash maps: Linux 5.14. */
  take(key: K): V | undefined {
    this.#refusePerCpu('getPerCpu');
    this.keyCodec.encode(key, this.#key);
    const result = this.#native.lookupAndDelete(this.#key, this.#value);
    if (result === -ERRNO.ENOENT) return undefined;
    check(result, () => this.#failure('take from', 'bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM)'));
    return this.valueCodec.decode(this.#value);
  }

  /** One value for each possible CPU, or undefined. Only per-CPU maps. */
  getPerCpu(key: K): V[] | undefined {
    this.#requirePerCpu('getPerCpu');
    this.keyCodec.encode(key, this.#key);
    return this.#lookup(this.#key) ? this.#decodePerCpu(this.#value, 0) : undefined;
  }

  /** Writes the values of all possible CPUs; as many as `possibleCpus()`. Only per-CPU maps. */
  setPerCpu(key: K, values: V[], flags: UpdateFlag = 'any'): void {
    this.#requirePerCpu('setPerCpu');
    const { cpus } = this.#native;
    if (!Array.isArray(values) || values.length !== cpus) {
      throw argumentError(`map ${this.name}: need an array of ${cpus} values, one for each possible CPU`);
    }
    this.keyCodec.encode(key, this.#key);
    const stride = this.#value.length / cpus;
    this.#value.fill(0);
    values.forEach((value, cpu) => {
      this.valueCodec.encode(value, this.#value, cpu * stride);
    });
    this.#update(this.#key, this.#value, flags);
  }

  /** Every entry; entries written or deleted meanwhile may or may not appear. Reads in batches; ends with `CLOSED` if the map is closed meanwhile. */
  entries(): Generator<[K, V]> {
    return this.#decoded(null);
  }

  /** The same but for entries whose value is all zeros, as most of an array's are: those are not decoded. */
  usedEntries(): Generator<[K, V]> {
    return this.#decoded(Buffer.alloc(this.#value.length));
  }

  *#decoded(unused: Buffer | null): Generator<[K, V]> {
    this.#refusePerCpu('entriesPerCpu');
    const size = this.#value.length;
    for (const { keys, values, count } of scan(this.#native)) {
      for (let i = 0; i < count; i++) {
        void this.fd;
        if (unused !== null && values.compare(unused, 0, size, i * size, (i + 1) * size) === 0) continue;
        yield [this.keyCodec.decode(keys, i * this.#key.length), this.valueCodec.decode(values, i * size)];
      }
    }
  }

  /** Every entry of a per-CPU map, with one value for each possible CPU. */
  *entriesPerCpu(): Generator<[K, V[]]> {
    this.#requirePerCpu('entriesPerCpu');
    for (const run of scan(this.#native)) {
      for (let i = 0; i < run.count; i++) {
        void this.fd;
        const key = this.keyCodec.decode(run.keys, i * this.#key.length);
        yield [key, this.#decodePerCpu(run.values, i * this.#value.length)];
      }
    }
  }

  *keys(): Generator<K> {
    for (const key of scanKeys(this.#native)) yield this.keyCodec.decode(key);
  }

  *values(): Generator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[K, V]> {
    return this.entries();
  }

  /** Every entry at once. */
  getBatch(): [K, V][] {
    return [...this.entries()];
  }

  /**
   * Writes many entries, by batches where the map's type has them (hash and array types of
   * Linux 5.6; others one by one). Not atomic: on an error, the entries before it are written.
   */
  setBatch(entries: Iterable<readonly [K, V]>, flags: UpdateFlag = 'any'): void {
    this.#refusePerCpu('setPerCpu');
    requireIterable('entries', entries);
    // No more room than entries that are known to come: a few would not be worth a megabyte of zeros.
    const expected = Array.isArray(entries) ? Math.max(1, entries.length) : Number.POSITIVE_INFINITY;
    const capacity = Math.min(this.#batchCapacity(), expected);
    const keys = Buffer.alloc(capacity * this.#key.length);
    const values = Buffer.alloc(capacity * this.#value.length);
    let count = 0;
    for (const entry of entries) {
      requireIterable('an entry', entry);
      const [key, value] = entry;
      this.keyCodec.encode(key, keys, count * this.#key.length);
      this.valueCodec.encode(value, values, count * this.#value.length);
      count++;
      if (count < capacity) continue;
      this.setRawBatch(keys, values, count, flags);
      count = 0;
    }
    this.setRawBatch(keys, values, count, flags);
  }

  /** Deletes many entries; those that are not there are passed over. Returns how many were there. */
  deleteBatch(keys: Iterable<K>): number {
    requireIterable('keys', keys);
    void this.fd;
    let deleted = 0;
    for (const key of keys) if (this.delete(key)) deleted++;
    return deleted;
  }

  /** The bytes of a value; all CPUs' values in a row, each on a multiple of 8 bytes, for per-CPU maps. */
  getRaw(key: Uint8Array): Buffer | undefined {
    this.#checkBytes('key', key, this.#key.length);
    return this.#lookup(key) ? Buffer.from(this.#value) : undefined;
  }

  setRaw(key: Uint8Array, value: Uint8Array, flags: UpdateFlag = 'any'): void {
    this.#checkBytes('key', key, this.#key.length);
    this.#checkBytes('value', value, this.#value.length);
    this.#update(key, value, flags);
  }

  deleteRaw(key: Uint8Array): boolean {
    this.#checkBytes('key', key, this.#key.length);
    const result = this.#native.delete(key);
    if (result === -ERRNO.ENOENT) return false;
    check(result, () =>
      this.#failure('delete from', 'bpf(BPF_MAP_DELETE_ELEM)', {
        EINVAL: 'entries of this type of map cannot be deleted',
      }),
    );
    return true;
  }

  /** Writes the first `count` entries of two buffers that hold keys and values without gaps. */
  setRawBatch(keys: Uint8Array, values: Uint8Array, count: number, flags: UpdateFlag = 'any'): void {
    requireInteger('count', count, 0, 0xffff_ffff);
    this.#checkRoom('keys', keys, count * this.#key.length);
    this.#checkRoom('values', values, count * this.#value.length);
    if (count === 0) return void this.fd;
    const done = new Uint32Array([count]);
    // The kernel's batches know no flags.
    const errno = flags === 'any' ? -this.#native.updateBatch(keys, values, done, 0) : ERRNO.ENOTSUPP;
    if (errno === 0) return;
    if (!isUnsupported(errno)) {
      const doing = `write entry ${done[0]} of ${count} to`;
      throw systemError(errno, updateFailure(this.name, this.#native.facts, doing, 'bpf(BPF_MAP_UPDATE_BATCH)'));
    }
    for (let i = 0; i < count; i++) {
      const key = keys.subarray(i * this.#key.length, (i + 1) * this.#key.length);
      this.#update(key, values.subarray(i * this.#value.length, (i + 1) * this.#value.length), flags);
    }
  }

  /**
   * The memory of an array map with BPF_F_MMAPABLE (Linux 5.5): element i starts at i times the
   * value size rounded up to 8. The Buffer starts its page-aligned ArrayBuffer and stays valid as
   * long as it lives, also after close(). Writes are seen by programs at once. It is mapped once:
   * every call answers the same memory.
   */
  mmap(): Buffer {
    void this.fd;
    this.#memory ??= this.#mapped();
    return Buffer.from(this.#memory);
  }

  #mapped(): ArrayBuffer {
    const { type, flags, valueSize, maxEntries } = this.#native.facts;
    if (type !== 'array' || (flags & MAP_FLAGS.MMAPABLE) === 0) {
      throw argumentError(`map ${this.name}: only arrays with BPF_F_MMAPABLE can be mapped into memory`);
    }
    const length = Math.ceil(valueSize / 8) * 8 * maxEntries;
    if (length > constants.MAX_LENGTH)
      throw argumentError(`map ${this.name}: ${length} bytes are too many for a Buffer`);
    const memory = this.#native.mmap(length);
    if (typeof memory !== 'number') return memory;
    throw systemError(-memory, this.#failure('mmap', 'mmap', { EPERM: 'it is frozen or read-only' }));
  }

  /** Makes the map read-only for user space, for good. Linux 5.2. */
  freeze(): void {
    check(this.#native.freeze(), () =>
      this.#failure('freeze', 'bpf(BPF_MAP_FREEZE)', { EBUSY: 'it is mapped into memory' }),
    );
  }

  /** Pins the map in a BPF file system; it lives on as long as the pin. Throws EEXIST if the path is taken. */
  pin(path: string): void {
    pinAt(path, `map ${this.name}`, (checked) => this.#native.pin(checked));
    this.#pinPath = path;
  }

  /** Removes the pin that `pin` or `openPinned` named. */
  unpin(): void {
    void this.fd;
    if (this.#pinPath === undefined) throw argumentError(`map ${this.name} was not pinned through this object`);
    removePin(this.#pinPath, `map ${this.name}`);
    this.#pinPath = undefined;
  }

  close(): void {
    this.#memory = undefined;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #lookup(key: Uint8Array): boolean {
    const result = this.#native.lookup(key, this.#value);
    if (result === -ERRNO.ENOENT) return false;
    check(result, () => this.#failure('read', 'bpf(BPF_MAP_LOOKUP_ELEM)'));
    return true;
  }

  #update(key: Uint8Array, value: Uint8Array, flags: UpdateFlag): void {
    const number = typeof flags === 'string' ? UPDATE_FLAGS[flags] : undefined;
    if (number === undefined) throw argumentError(`map ${this.name}: unknown flag ${show(flags)}`);
    const result = this.#native.update(key, value, number);
    if (result >= 0) return;
    throw systemError(-result, updateFailure(this.name, this.#native.facts, 'write to', 'bpf(BPF_MAP_UPDATE_ELEM)'));
  }

  #decodePerCpu(values: Buffer, offset: number): V[] {
    const stride = this.#value.length / this.#native.cpus;
    return Array.from({ length: this.#native.cpus }, (_, cpu) => this.valueCodec.decode(values, offset + cpu * stride));
  }

  #batchCapacity(): number {
    const entry = this.#key.length + this.#value.length;
    return Math.max(1, Math.min(Math.floor(BATCH_BYTES / entry), this.#native.facts.maxEntries));
  }

  #failure(doing: string, syscall: string, advice: FailureContext['advice'] = {}): FailureContext {
    return mapFailure(this.name, doing, syscall, advice);
  }

  #checkBytes(what: string, bytes: Uint8Array, size: number): void {
    if (bytes instanceof Uint8Array && bytes.length === size) return;
    const found = bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof bytes;
    throw argumentError(`map ${this.name}: a ${what} is a Uint8Array of ${size} bytes, not ${found}`);
  }

  #checkRoom(what: string, bytes: Uint8Array, size: number): void {
    if (bytes instanceof Uint8Array && bytes.length >= size) return;
    throw argumentError(`map ${this.name}: ${what} must be a Uint8Array of at least ${size} bytes`);
  }

  #refusePerCpu(instead: string): void {
    if (this.#perCpu) throw argumentError(`map ${this.name} has a value for each CPU; use ${instead}`);
  }

  #requirePerCpu(method: string): void {
    if (!this.#perCpu) throw argumentError(`map ${this.name} is not a per-CPU map; ${method} does not apply`);
  }
}

function fromFd<K, V>(fd: number, what: string, spec: MapSpec | undefined): BpfMap<K, V> {
  const native = new KernelMap(fd, what);
  try {
    if (spec === undefined) return new BpfMap(native, specOf(fd, native.facts));
    return new BpfMap(native, spec, checkMap(fd, native.facts, spec, what));
  } catch (error) {
    native.close();
    throw error;
  }
}
