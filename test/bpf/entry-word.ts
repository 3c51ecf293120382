/** A hot entry of the connection table as one 64-bit word (`enum entry_shift` of bpf/types.h). */
import { EntryShift } from '../../src/dataplane/types.gen.ts';
import { STATES, type State } from './settings.ts';

const TAG = BigInt(EntryShift.ENTRY_TAG_SHIFT);
const CONFIRM = BigInt(EntryShift.ENTRY_CONFIRM_SHIFT);
const INDEX = BigInt(EntryShift.ENTRY_INDEX_SHIFT);
const STATE = BigInt(EntryShift.ENTRY_STATE_SHIFT);
/** State and deadline. */
const LIFE = (1n << INDEX) - 1n;

export interface EntryFields {
  readonly tag: number;
  readonly confirm: boolean;
  readonly slot: number;
  readonly state: State;
  /** Seconds modulo 2^16. */
  readonly deadline: number;
}

export function packEntry({ tag, confirm, slot, state, deadline }: EntryFields): bigint {
  return (BigInt(tag) << TAG) | (BigInt(confirm) << CONFIRM) | (BigInt(slot) << INDEX) | life(state, deadline);
}

export function unpackEntry(word: bigint): EntryFields {
  const low = Number(word & LIFE);
  return {
    tag: Number(word >> TAG),
    confirm: ((word >> CONFIRM) & 1n) === 1n,
    slot: Number((word >> INDEX) & 0xffffn),
    state: STATES[low >> EntryShift.ENTRY_STATE_SHIFT] as State,
    deadline: low & 0xffff,
  };
}

/** The entry in another state, with another deadline. */
export function withLife(word: bigint, state: State, deadline: number): bigint {
  return (word & ~LIFE) | life(state, deadline);
}

function life(state: State, deadline: number): bigint {
  return (BigInt(STATES.indexOf(state)) << STATE) | BigInt(deadline & 0xffff);
}
