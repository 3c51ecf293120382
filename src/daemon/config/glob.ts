/** File names by patterns as a shell has them: `*`, `?`, `[a-z]` and `{a,b}`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths that are there, sorted within each alternative. `pattern` is absolute. */
export function glob(pattern: string): string[] {
  return [...new Set(alternatives(pattern).flatMap(expandWildcards))];
}

/** Each way to choose from `{a,b}`; nested ones, too. */
function alternatives(pattern: string): string[] {
  const open = pattern.indexOf('{');
  const close = open < 0 ? -1 : matchingBrace(pattern, open);
  if (close < 0) return [pattern];
  const before = pattern.slice(0, open);
  const after = pattern.slice(close + 1);
  return choices(pattern.slice(open + 1, close)).flatMap((choice) => alternatives(before + choice + after));
}

function matchingBrace(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === '{') depth++;
    if (pattern[i] === '}' && --depth === 0) return i;
  }
  return -1;
}

/** Separated by commas that are in no inner braces. */
function choices(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === ',' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found;
}

function expandWildcards(pattern: string): string[] {
  let paths = ['/'];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    paths = paths.flatMap((path) => (/[*?[]/.test(part) ? matches(path, part) : [join(path, part)]));
  }
  return paths.filter((path) => existsSync(path));
}

function matches(directory: string, part: string): string[] {
  const wanted = patternOf(part);
  const names = namesIn(directory).filter(
    (name) => wanted.test(name) && (!name.startsWith('.') || part.startsWith('.')),
  );
  return names.sort().map((name) => join(directory, name));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function patternOf(part: string): RegExp {
  const source = part.replace(/\[[!^]?[^\]]*\]|[*?]|[.+^$(){}|\\]|\[/g, (found) => {
    if (found === '*') return '.*';
    if (found === '?') return '.';
    if (found.length > 1 && found.startsWith('['))
      return `[${found.slice(1, -1).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`;
    return `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su');
}
