/**
 * Active and inactive connections by real server: two mapped arrays, the one
 * that the data plane keeps up to date and the one that a sweep counts anew.
 */
import { overloadedAfterClosing } from '../core/scheduler/overload.ts';
import { indexOf } from './layout-view.ts';
import type { Maps } from './maps.ts';

export interface ConnectionCounts {
  readonly active: number;
  readonly inactive: number;
  /** Templates of persistence. */
  readonly persistent: number;
}

export interface LiveCounts {
  of(realServer: number): ConnectionCounts;
  /** Clears what a sweep counts into, and marks real servers whose connections it shall free. */
  beginRecount(gone: Iterable<number>): void;
  /** Compares the counts with what the sweep found, and mends those that differ time and again. */
  endRecount(): void;
  /** Whether the last recount, or the live count, has connections of it. */
  isReferenced(realServer: number): boolean;
}

/** A difference is mended when as many recounts in a row found the same: packets in flight make others. */
const PERSISTENT = 3;

export function openLiveCounts(maps: Pick<Maps, 'live_counts' | 'recount'>): LiveCounts {
  const live = new Int32Array(maps.live_counts.mmap().buffer);
  const counted = new Int32Array(maps.recount.mmap().buffer);
  const { layout } = maps.live_counts.valueCodec;
  const stride = layout.size / 4;
  const at32 = (name: string) => indexOf(layout, name, 4);
  const fields = [at32('active'), at32('inactive'), at32('persistent')] as const;
  const [overloaded, upper, lower, gone] = [at32('overloaded'), at32('upper'), at32('lower'), at32('gone')];
  const drift = new Map<number, { difference: number; times: number }>();

  const mend = (at: number): void => {
    const difference = live[at]! - counted[at]!;
    if (difference === 0) {
      drift.delete(at);
      return;
    }
    const before = drift.get(at);
    const times = before?.difference === difference ? before.times + 1 : 1;
    if (times < PERSISTENT) {
      drift.set(at, { difference, times });
      return;
    }
    Atomics.sub(live, at, difference);
    drift.delete(at);
    forgive(at - (at % stride));
  };
  /** A count that was too high may have held a server back: as ip_vs_unbind_dest. */
  const forgive = (first: number): void => {
    const total = live[first + fields[0]]! + live[first + fields[1]]!;
    const thresholds = { upperThreshold: live[first + upper]!, lowerThreshold: live[first + lower]! };
    if (!overloadedAfterClosing(thresholds, total, true)) Atomics.store(live, first + overloaded, 0);
  };
  const read = (memory: Int32Array, id: number, field: number): number => Math.max(0, memory[id * stride + field] ?? 0);

  return {
    of: (id) => ({
      active: read(live, id, fields[0]),
      inactive: read(live, id, fields[1]),
      persistent: read(live, id, fields[2]),
    }),
    beginRecount: (ids) => {
      counted.fill(0);
      for (const id of ids) counted[id * stride + gone] = 1;
    },
    endRecount: () => {
      for (let at = 0; at < live.length; at += stride) for (const field of fields) mend(at + field);
    },
    isReferenced: (id) => fields.some((field) => read(counted, id, field) + read(live, id, field) > 0),
  };
}
