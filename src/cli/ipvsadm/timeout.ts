/** Timeouts of persistence and of --set, in seconds. */
import { fail } from './exit.ts';
import { parseInteger } from './numbers.ts';

/** 31 days. */
const MAX_TIMEOUT = 2678400;

export function checkTimeout(text: string, min: number): void {
  if (parseInteger(text, min, MAX_TIMEOUT) === undefined) fail(`invalid timeout value \`${text}' specified`);
}
