import { check } from './error.ts';
import { addon } from './native.ts';

let known: number | undefined;

/** Number of possible CPUs: how many values a per-CPU entry has. Never changes while the kernel runs. */
export function possibleCpus(): number {
  known ??= check(addon().possibleCpus(), () => ({ doing: 'count the possible CPUs', syscall: 'read' }));
  return known;
}
