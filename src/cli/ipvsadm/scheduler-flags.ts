/** `-b`: flags of a scheduler. */
import { fail } from './exit.ts';
import { DEFAULT_SCHEDULER } from './schedulers.ts';

/** Longest text that ipvsadm keeps; the rest is cut off. */
const MAX_LENGTH = 127;

/** The words between the commas, checked against the scheduler they are for. */
export function schedulerFlags(scheduler: string, text: string): readonly string[] {
  const flags = text
    .slice(0, MAX_LENGTH)
    .split(',')
    .filter((flag) => flag !== '');
  for (const flag of flags) check(flag, scheduler || DEFAULT_SCHEDULER);
  return flags;
}

function check(flag: string, scheduler: string): void {
  if (/^flag-[123]$/.test(flag)) return;
  const match = /^(sh|mh)-(?:fallback|port)$/.exec(flag);
  if (match === null) fail(`invalid scheduler flag \`${flag}'`);
  if (match[1] !== scheduler) fail(`incompatible scheduler flag \`${flag}'`);
}
