// The seam between BpfMap and the kernel: a map on raw bytes. KernelMap is the real one, fakeMap
// (fake-map.ts) the one for tests. Nothing here checks sizes; BpfMap does.

import { requireKind } from './by-fd.ts';
import { isPerCpu, type MapType, mapTypeName } from './constants.ts';
import { possibleCpus } from './cpus.ts';
import { closedError, systemError } from './error.ts';
import { addon, type NativeFd, ownFd, type Result } from './native.ts';

/** What is true of a map itself, whatever its object file says. Sizes in bytes. */
export interface MapFacts {
  id: number;
  name: string;
  type: MapType;
  keySize: number;
  /** Of one CPU's value for per-CPU maps. */
  valueSize: number;
  maxEntries: number;
  flags: number;
}

/**
 * A map on raw bytes. Keys and values have exactly the map's sizes; the values of a per-CPU map
 * are `cpus` values, each on a multiple of 8 bytes. Results are zero or -errno. Batch functions
 * take the number of entries in `count[0]` and leave there how many were done.
 */
export interface NativeMap {
  readonly facts: MapFacts;
  /** Values per entry: possible CPUs for a per-CPU map, else 1. */
  readonly cpus: number;
  /** The descriptor; throws `CLOSED` after close. */
  readonly fd: number;
  lookup(key: Uint8Array, value: Uint8Array): Result;
  lookupAndDelete(key: Uint8Array, value: Uint8Array): Result;
  update(key: Uint8Array, value: Uint8Array, flags: number): Result;
  delete(key: Uint8Array): Result;
  nextKey(key: Uint8Array | null, next: Uint8Array): Result;
  lookupBatch(
    tokenIn: Uint8Array | null,
    tokenOut: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint32Array,
  ): Result;
  updateBatch(keys: Uint8Array, values: Uint8Array, count: Uint32Array, flags: number): Result;
  deleteBatch(keys: Uint8Array, count: Uint32Array): Result;
  freeze(): Result;
  mmap(length: number): ArrayBuffer | Result;
  pin(path: string): Result;
  close(): void;
}

/** Bytes of one entry's values, as lookups and updates need them. */
export function entryValueSize(facts: MapFacts, cpus: number): number {
  return isPerCpu(facts.type) ? Math.ceil(facts.valueSize / 8) * 8 * cpus : facts.valueSize;
}

/** A map of the kernel. Owns its descriptor. */
export class KernelMap implements NativeMap {
  readonly facts: MapFacts;
  readonly cpus: number;
  readonly #handle: NativeFd;
  readonly #native = addon();
  // Kept here too: asking the handle would cost as much as a lookup.
  #fd: number;

  /** Takes ownership of `fd`, also when it throws. */
  constructor(fd: number, what: string) {
    this.#handle = ownFd(fd);
    this.#fd = fd;
    try {
      this.facts = mapFacts(fd, what);
    } catch (error) {
      this.#handle.close();
      throw error;
    }
    this.cpus = isPerCpu(this.facts.type) ? possibleCpus() : 1;
  }

  get fd(): number {
    if (this.#fd < 0) throw closedError(`map ${this.facts.name}`);
    return this.#fd;
  }

  lookup(key: Uint8Array, value: Uint8Array): Result {
    return this.#native.mapLookup(this.fd, key, value, 0);
  }

  lookupAndDelete(key: Uint8Array, value: Uint8Array): Result {
    return this.#native.mapLookupAndDelete(this.fd, key, value);
  }

  update(key: Uint8Array, value: Uint8Array, flags: number): Result {
    return this.#native.mapUpdate(this.fd, key, value, flags);
  }

  delete(key: Uint8Array): Result {
    return this.#native.mapDelete(this.fd, key);
  }

  nextKey(key: Uint8Array | null, next: Uint8Array): Result {
    return this.#native.mapNextKey(this.fd, key, next);
  }

  lookupBatch(
    tokenIn: Uint8Array | null,
    tokenOut: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint32Array,
  ): Result {
    return this.#native.mapLookupBatch(this.fd, tokenIn, tokenOut, keys, values, count);
  }

  updateBatch(keys: Uint8Array, values: Uint8Array, count: Uint32Array, flags: number): Result {
    return this.#native.mapUpdateBatch(this.fd, keys, values, count, flags);
  }

  deleteBatch(keys: Uint8Array, count: Uint32Array): Result {
    return this.#native.mapDeleteBatch(this.fd, keys, count);
  }

  freeze(): Result {
    return this.#native.mapFreeze(this.fd);
  }

  mmap(length: number): ArrayBuffer | Result {
    return this.#native.mapMmap(this.fd, length);
  }

  pin(path: string): Result {
    return this.#native.pin(this.fd, path);
  }

  close(): void {
    this.#fd = -1;
    this.#handle.close();
  }
}

function mapFacts(fd: number, what: string): MapFacts {
  requireKind(fd, 'map', what);
  const info = addon().mapInfo(fd);
  if (typeof info === 'number') {
    throw systemError(-info, { doing: `read what ${what} is`, syscall: 'bpf(BPF_OBJ_GET_INFO_BY_FD)' });
  }
  const { id, name, keySize, valueSize, maxEntries, flags } = info;
  return { id, name, type: mapTypeName(info.type), keySize, valueSize, maxEntries, flags };
}
