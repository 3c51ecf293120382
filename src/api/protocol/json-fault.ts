/**
 * Where JSON text is broken. `JSON.parse` says so only sometimes, and in words
 * that change between versions of Node; this scanner always does.
 */

export interface JsonFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** What stands there, like `"}"` or `end of text`. */
  readonly found: string;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Parses, or says where it cannot. Throws nothing. */
export function parseJson(text: string): { value: unknown } | { fault: JsonFault } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: describe(text, faultOffset(text)) };
  }
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'next';

/** Offset of the first character that cannot stand where it does. Iterative: nesting may be a million deep. */
function faultOffset(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = endOf(SPACE, text, 0); ; at = endOf(SPACE, text, at)) {
    const char = text[at] ?? '';
    if (char === open.at(-1) && (expected === 'next' || expected.endsWith(char))) {
      open.pop();
      expected = 'next';
      at += 1;
    } else if (expected === ':' || expected === 'next') {
      if (char !== (expected === ':' ? ':' : ',') || (expected === 'next' && open.length === 0)) return at;
      expected = expected === 'next' && open.at(-1) === '}' ? 'key' : 'value';
      at += 1;
    } else if (char === '"') {
      const { end, closed } = readString(text, at);
      if (!closed) return end;
      expected = expected.startsWith('key') ? ':' : 'next';
      at = end;
    } else if (expected.startsWith('key')) {
      return at;
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']');
      expected = char === '{' ? 'key or }' : 'value or ]';
      at += 1;
    } else {
      const end = endOf(SCALAR, text, at);
      if (end === at) return at;
      expected = 'next';
      at = end;
    }
  }
}

/** Where a match of `pattern` at `at` ends; `at` itself where there is none. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The offset after a string's closing quote, or, not closed, that of the character that breaks it. */
function readString(text: string, start: number): { end: number; closed: boolean } {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) >= 0x20) {
    if (text[at] === '"') return { end: at + 1, closed: true };
    const next: number = text[at] === '\\' ? endOf(ESCAPE, text, at) : at + 1;
    if (next === at) break;
    at = next;
  }
  return { end: at, closed: false };
}

function describe(text: string, offset: number): JsonFault {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const found =
    offset >= text.length ? 'end of text' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
  return { line, column: offset - before.lastIndexOf('\n'), found };
}
