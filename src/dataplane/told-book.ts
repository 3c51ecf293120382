/**
 * What another director was told of each connection last, by the number of its
 * entry: which connection, in which state, and until when the copy lives that it
 * then has. Eleven bytes a slot, kept only while a master daemon runs.
 */
import type { Maps } from './maps.ts';
import { ConnectionLimit, ConnectionState, EntryShift } from './types.gen.ts';

export interface Survival {
  /** Established connections here; of UDP every one. */
  readonly connections: number;
  /** Those of them that were told of in the state that they have, and whose copy has not run out. */
  readonly told: number;
}

export interface ToldBook {
  /** What tells the entry's connection from others. */
  identity(number: number): Identity;
  /** It was told of in this state; `ends`: when the copy's timer ends, in seconds of the data plane's clock. */
  note(number: number, identity: Identity, state: number, ends: number): void;
  /** `now`: seconds of the data plane's clock. */
  survival(now: number): Survival;
}

export interface Identity {
  readonly tag: number;
  readonly index: number;
}

const LASTING: ReadonlySet<number> = new Set([
  ConnectionState.CONNECTION_ESTABLISHED,
  ConnectionState.CONNECTION_UDP,
  ConnectionState.CONNECTION_SCTP_ESTABLISHED,
]);

/** Of the upper half of an entry. */
const TAG_SHIFT = EntryShift.ENTRY_TAG_SHIFT - 32;
const HIGH_INDEX_BITS = 32 - EntryShift.ENTRY_INDEX_SHIFT;

export function openToldBook(maps: Pick<Maps, 'connections'>): ToldBook {
  const hot = hotWords(maps);
  const slots = hot.length / 2;
  const tags = new Uint32Array(slots);
  const indexes = new Uint16Array(slots);
  const states = new Uint8Array(slots);
  const ends = new Uint32Array(slots);
  const tagOf = (number: number) => hot[number * 2 + 1]! >>> TAG_SHIFT;
  const indexOf = (number: number) =>
    (hot[number * 2]! >>> EntryShift.ENTRY_INDEX_SHIFT) | ((hot[number * 2 + 1]! << HIGH_INDEX_BITS) & 0xffff);
  return {
    identity: (number) => ({ tag: tagOf(number), index: indexOf(number) }),
    note(number, { tag, index }, state, end) {
      tags[number] = tag;
      indexes[number] = index;
      states[number] = state;
      ends[number] = end;
    },
    survival(now) {
      let told = 0;
      const connections = eachLasting(hot, now, (number, state) => {
        const known = tags[number] === tagOf(number) && indexes[number] === indexOf(number);
        if (known && states[number] === state && ((ends[number]! - now) | 0) > 0) told++;
      });
      return { connections, told };
    },
  };
}

/** Without a master daemon nothing is told. */
export function untold(maps: Pick<Maps, 'connections'>, now: number): Survival {
  return { connections: eachLasting(hotWords(maps), now, () => {}), told: 0 };
}

function hotWords(maps: Pick<Maps, 'connections'>): Uint32Array {
  const memory = maps.connections.mmap();
  return new Uint32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4);
}

/** Visits every established connection; answers how many there are. */
function eachLasting(hot: Uint32Array, now: number, visit: (number: number, state: number) => void): number {
  let count = 0;
  for (let number = 0; number < hot.length / 2; number++) {
    const low = hot[number * 2]!;
    if (low === 0) continue;
    const state = (low >>> EntryShift.ENTRY_STATE_SHIFT) & (ConnectionLimit.CONNECTION_STATES - 1);
    if (!LASTING.has(state) || (((low & 0xffff) - (now & 0xffff)) << 16) >> 16 <= 0) continue;
    count++;
    visit(number, state);
  }
  return count;
}
