/** Which includes must find something. */
import type { Position, Report } from '../report.ts';

export interface IncludeMode {
  /** A file that is there must be readable. */
  readonly readable: boolean;
  /** A name, or a pattern, must stand for a file. */
  readonly match: boolean;
}

/** The letter of `includer` and its like, or the words of `include_check`, on top of what holds already. */
export function includeMode(words: string, base: IncludeMode): IncludeMode {
  switch (words) {
    case '':
      return base;
    case 'r':
      return { ...base, readable: true };
    case 'm':
    case 'w':
    case 'b':
      return { ...base, match: true };
    case 'a':
      return { readable: true, match: true };
    default:
      return words.split(/\s+/).reduce(checkWord, base);
  }
}

export function reportMissing(pattern: string, { match }: IncludeMode, at: Position, report: Report): void {
  const found = `no file is named '${pattern}'`;
  if (match) report.error(at, `${found}, expected at least one`);
  else report.warning(at, `${found}; nothing is included`);
}

function checkWord(mode: IncludeMode, word: string): IncludeMode {
  const value = !word.startsWith('-');
  const name = word.replace(/^[+-]/, '');
  if (name === 'read' || name === 'readable') return { ...mode, readable: value };
  if (name === 'match' || name === 'wildcard_match' || name === 'brace_match') return { ...mode, match: value };
  return mode;
}
