/** Values of a mapped array that differ from zero, found without looking at each: most of an array is never used. */

/** Bytes that are compared at once, at most. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);

/** Their indexes, ascending. `size`: bytes of a value, at most BLOCK. */
export function* usedValues(memory: Buffer, size: number): Generator<number> {
  const step = BLOCK - (BLOCK % size);
  for (let start = 0; start < memory.length; start += step) {
    const end = Math.min(start + step, memory.length);
    if (isZero(memory, start, end)) continue;
    for (let at = start; at < end; at += size) if (!isZero(memory, at, at + size)) yield at / size;
  }
}

function isZero(memory: Buffer, start: number, end: number): boolean {
  return memory.compare(ZEROS, 0, end - start, start, end) === 0;
}
