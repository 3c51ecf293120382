/** Timeouts of persistence and of --set, in seconds. */
import { fail } from './exit.ts';
import { parseInteger } from './numbers.ts';

/** 31 days. */
const MAX_TIMEOUT = 2678400;

export function parseTimeout(text: string, min: number): number {
  return parseInteger(text, min, MAX_TIMEOUT) ?? fail(`invalid timeout value \`${text}' specified`);
}
