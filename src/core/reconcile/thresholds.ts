/** Connection thresholds, which stand beside the live counts of each real server. */
import type { RealServer } from '../model/model.ts';
import type { Operation } from './operations.ts';
import type { Slots } from './slots.ts';

/** 0: none. */
export interface Thresholds {
  readonly upper: number;
  readonly lower: number;
}

const NONE: Thresholds = { upper: 0, lower: 0 };

/** By real-server id; only those that have one. */
export type ThresholdMap = ReadonlyMap<number, Thresholds>;

/** One plan's changes, on a copy that is made when the first one comes. */
export class ThresholdPlan {
  readonly operations: Operation[] = [];
  #values: ThresholdMap;
  #own: Map<number, Thresholds> | null = null;

  constructor(before: ThresholdMap) {
    this.#values = before;
  }

  /** The servers of a service, with their slots in list order; `newIds` have none yet. */
  place(servers: readonly RealServer[], slots: Slots, order: readonly number[], newIds: readonly number[]): void {
    for (const id of newIds) this.#keep(id, NONE);
    servers.forEach(({ upperThreshold: upper, lowerThreshold: lower }, i) => {
      const { id } = slots[order[i]!]!;
      if (same(this.#values.get(id), { upper, lower })) return;
      this.#keep(id, { upper, lower });
      this.operations.push({ op: 'set-thresholds', id, upper, lower });
    });
  }

  finish(): ThresholdMap {
    return this.#values;
  }

  #keep(id: number, value: Thresholds): void {
    if (same(this.#values.get(id), value)) return;
    this.#own ??= new Map(this.#values);
    this.#values = this.#own;
    if (same(NONE, value)) this.#own.delete(id);
    else this.#own.set(id, value);
  }
}

/** What makes `found` the thresholds that were written. */
export function repairThresholds(wanted: ThresholdMap, found: ThresholdMap): Operation[] {
  const ids = [...new Set([...wanted.keys(), ...found.keys()])];
  return ids
    .filter((id) => !same(wanted.get(id), found.get(id) ?? NONE))
    .map((id) => ({ op: 'set-thresholds', id, ...(wanted.get(id) ?? NONE) }));
}

function same(a: Thresholds = NONE, b: Thresholds): boolean {
  return a.upper === b.upper && a.lower === b.lower;
}
