/**
 * Keeps the connection table swept: every half second a pass over all buckets,
 * in the kernel, in pieces that leave this thread free in between. Now and then,
 * and soon after it is asked for, a pass counts the connections of every real
 * server anew.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LiveCounts } from './live-counts.ts';
import type { Dataplane } from './open.ts';
import { ConnectionLimit } from './types.gen.ts';

/** Milliseconds from the start of one pass to that of the next. */
const INTERVAL = 500;
/** Milliseconds between recounts; a requested one comes with the next pass. */
const RECOUNT_INTERVAL = 30_000;
/** Milliseconds that one piece should take. */
const PIECE = 1.5;
const MIN_BUCKETS = 256;
const MAX_BUCKETS = 1 << 17;

export interface Recount {
  /** When its pass began, in milliseconds of `now`. What lost its last connection later may still be in it. */
  readonly startedAt: number;
  /** Connections may hold this real server's slot. */
  isReferenced(realServer: number): boolean;
}

export interface SweeperOptions {
  readonly onRecount: (recount: Recount) => void;
  readonly onError: (error: unknown) => void;
  /** Real servers whose connections shall be freed: deleted ones, with expire_nodest_conn. */
  readonly goneServers: () => Iterable<number>;
  /** drop_entry is at work: the next pass takes some half-open connections out. */
  readonly shedsEntries: () => boolean;
  /** Milliseconds of a clock that never goes back; the one that core is given. */
  readonly now: () => number;
}

export interface Sweeper {
  /** Live entries as of the last pass. */
  readonly entries: number;
  /** Milliseconds that the last pass took; null: none yet. */
  readonly duration: number | null;
  /** Has the next pass count anew. */
  requestRecount(): void;
  [Symbol.dispose](): void;
}

/** The first pass comes after one interval: by then the start, which needs all processors, is over. */
export function startSweeper(
  { programs, sizes, adopted }: Pick<Dataplane, 'programs' | 'sizes' | 'adopted'>,
  counts: LiveCounts,
  { onRecount, onError, goneServers, shedsEntries, now }: SweeperOptions,
): Sweeper {
  const buckets = sizes.connections / ConnectionLimit.CONNECTION_WAYS;
  const state = {
    entries: 0,
    duration: null as number | null,
    wanted: adopted, // a table that was just made has nothing to count
    stopped: false,
    recountedAt: now(),
    passes: 0,
  };
  let piece = MIN_BUCKETS;
  let timer: NodeJS.Timeout | undefined;

  const pass = async (recount: boolean, sheds: boolean): Promise<void> => {
    let entries = 0;
    let spent = 0;
    for (let first = 0; first < buckets && !state.stopped; ) {
      const count = Math.min(piece, buckets - first);
      const start = performance.now();
      entries += programs.sweep(first, count, recount, sheds).alive;
      const took = performance.now() - start;
      spent += took;
      first += count;
      piece = nextPiece(piece, took);
      await nextTurn();
    }
    Object.assign(state, { entries, duration: spent });
  };

  const run = async (): Promise<void> => {
    const startedAt = now();
    const sheds = shedsEntries();
    const recount = state.wanted || startedAt - state.recountedAt >= RECOUNT_INTERVAL;
    try {
      if (recount) counts.beginRecount(goneServers());
      if (recount) state.wanted = false;
      await pass(recount, sheds);
      if (state.stopped) return; // the programs are closed by now
      if (recount || sheds || ++state.passes % 2 === 0) programs.sweepTemplates(recount, sheds);
      if (recount) {
        state.recountedAt = startedAt;
        counts.endRecount();
        onRecount({ startedAt, isReferenced: (id) => counts.isReferenced(id) });
      }
    } catch (error) {
      onError(error);
    }
    timer = setTimeout(run, Math.max(0, startedAt + INTERVAL - now()));
  };
  timer = setTimeout(run, INTERVAL);

  return {
    get entries() {
      return state.entries;
    },
    get duration() {
      return state.duration;
    },
    requestRecount: () => {
      state.wanted = true;
    },
    [Symbol.dispose]: () => {
      state.stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Twice or half as many buckets until a piece takes about as long as it should. */
function nextPiece(piece: number, took: number): number {
  if (took > PIECE * 1.3) return Math.max(MIN_BUCKETS, piece >> 1);
  return took < PIECE / 2 ? Math.min(MAX_BUCKETS, piece << 1) : piece;
}
