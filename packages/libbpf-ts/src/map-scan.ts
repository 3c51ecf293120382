// Reading a whole map: by batches where the map's type has them, else key by key.

import { BpfError, ERRNO, systemError } from './error.ts';
import { entryValueSize, type NativeMap } from './native-map.ts';

/** A run of entries, one after the other in shared buffers that the next run overwrites. */
export interface Run {
  keys: Buffer;
  values: Buffer;
  count: number;
}

const RUN_BYTES = 1 << 20;
const RUN_ENTRIES = 4096;
// The kernel says ENOSPC when one bucket of a hash has more entries than fit.
const LARGEST_RUN = 1 << 20;

/** Every entry, in runs. Entries written or deleted meanwhile may or may not appear. */
export function* scan(map: NativeMap): Generator<Run> {
  const { keySize, maxEntries } = map.facts;
  const valueSize = entryValueSize(map.facts, map.cpus);
  const fitting = Math.floor(RUN_BYTES / (keySize + valueSize));
  let capacity = Math.max(1, Math.min(fitting, RUN_ENTRIES, maxEntries));
  let run = allocate(capacity, keySize, valueSize);
  const tokens = [Buffer.alloc(Math.max(keySize, 4)), Buffer.alloc(Math.max(keySize, 4))] as const;
  const count = new Uint32Array(1);
  for (let step = 0; ; step++) {
    count[0] = capacity;
    const token = tokens[(step & 1) as 0 | 1];
    const previous = step === 0 ? null : tokens[((step + 1) & 1) as 0 | 1];
    const errno = -map.lookupBatch(previous, token, run.keys, run.values, count);
    if (errno === ERRNO.ENOSPC && capacity < LARGEST_RUN) {
      capacity *= 4;
      run = allocate(capacity, keySize, valueSize);
      step--;
      continue;
    }
    if (step === 0 && isUnsupported(errno)) return yield* scanByKey(map);
    if (errno !== 0 && errno !== ERRNO.ENOENT) throw scanError(map, errno, 'bpf(BPF_MAP_LOOKUP_BATCH)');
    run.count = count[0];
    if (run.count > 0) yield run;
    if (errno === ERRNO.ENOENT) return;
  }
}

/** Every key, in runs of one; `values` is empty. */
export function* scanKeys(map: NativeMap): Generator<Buffer> {
  const { keySize, maxEntries } = map.facts;
  let key: Buffer | undefined = nextKey(map, null, keySize);
  // A key that is deleted while the kernel stands on it starts the scan over.
  const limit = 2 * maxEntries + 1024;
  for (let steps = 0; key !== undefined; steps++) {
    if (steps > limit) throw new BpfError(`${map.facts.name} changes faster than it can be read`, { code: 'EAGAIN' });
    // Found before the caller sees this key, who may delete it.
    const next = nextKey(map, key, keySize);
    yield key;
    key = next;
  }
}

/** Whether an errno says that this type of map has no batches. */
export function isUnsupported(errno: number): boolean {
  return errno === ERRNO.ENOTSUPP || errno === ERRNO.EOPNOTSUPP || errno === ERRNO.EINVAL;
}

function* scanByKey(map: NativeMap): Generator<Run> {
  const values = Buffer.alloc(entryValueSize(map.facts, map.cpus));
  for (const keys of scanKeys(map)) {
    const errno = -map.lookup(keys, values);
    // Deleted meanwhile, or an empty slot.
    if (errno === ERRNO.ENOENT) continue;
    if (errno !== 0) throw scanError(map, errno, 'bpf(BPF_MAP_LOOKUP_ELEM)');
    yield { keys, values, count: 1 };
  }
}

function nextKey(map: NativeMap, key: Buffer | null, keySize: number): Buffer | undefined {
  const next = Buffer.allocUnsafe(keySize);
  const errno = -map.nextKey(key, next);
  if (errno === 0) return next;
  if (errno === ERRNO.ENOENT) return undefined;
  throw scanError(map, errno, 'bpf(BPF_MAP_GET_NEXT_KEY)');
}

function allocate(capacity: number, keySize: number, valueSize: number): Run {
  return { keys: Buffer.allocUnsafe(capacity * keySize), values: Buffer.allocUnsafe(capacity * valueSize), count: 0 };
}

function scanError(map: NativeMap, errno: number, syscall: string): BpfError {
  return systemError(errno, { doing: `read map ${map.facts.name}`, syscall });
}
