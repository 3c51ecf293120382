/** What the data plane says while a master daemon runs: which connections another director is to be told of. */
import { type BpfRingBuffer, ringBuffer } from 'libbpf-ts';
import type { Maps } from './maps.ts';
import { SyncShift } from './types.gen.ts';

export interface SyncEvents {
  /** Numbers of entries, each once; at most `limit` events are taken out of the ring. */
  drain(limit: number): Set<number>;
  /** Packets that were counted of an entry's connection; 0: it is older than the counting. */
  packets(number: number): number;
  [Symbol.dispose](): void;
}

/** Counting begins anew. */
export function openSyncEvents(maps: Pick<Maps, 'sync_events' | 'sync_progress'>): SyncEvents {
  const memory = maps.sync_progress.mmap();
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4);
  const step = maps.sync_progress.spec.valueSize / 4;
  words.fill(0);
  const ring: BpfRingBuffer = ringBuffer(maps.sync_events);
  return {
    drain(limit) {
      const numbers = new Set<number>();
      for (let i = 0; i < limit; i++) {
        const record = ring.poll();
        if (record === undefined) break;
        numbers.add(record.readUInt32LE(0));
      }
      return numbers;
    },
    packets: (number) => (words[number * step] ?? 0) & SyncShift.SYNC_PACKETS_MASK,
    [Symbol.dispose]: () => ring.close(),
  };
}
