/** The two steps of a change to the VIP filter. */
import type { Operation } from './operations.ts';

/** Bits appear (`set`) before the services behind them, and go (`clear`) after them. */
export function filterOperations(
  before: ReadonlyMap<number, bigint>,
  after: ReadonlyMap<number, bigint>,
  step: 'set' | 'clear',
): Operation[] {
  if (before === after) return [];
  const operations: Operation[] = [];
  for (const word of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(word) ?? 0n;
    const next = after.get(word) ?? 0n;
    const both = old | next;
    if (step === 'set' && both !== old) operations.push({ op: 'write-filter', word, value: both });
    if (step === 'clear' && both !== next) operations.push({ op: 'write-filter', word, value: next });
  }
  return operations;
}
