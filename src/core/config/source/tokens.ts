/** Lines as words, braces and line ends. */
import type { Position, Report } from '../report.ts';
import type { Text } from './text.ts';

export interface Word {
  readonly kind: 'word';
  /** Without quotes; backslashes as they stand. */
  readonly text: string;
  /** A quote is never closed: reported, and nothing that follows from it should be. */
  readonly broken: boolean;
  readonly at: Position;
}

export interface Mark {
  readonly kind: 'open' | 'close' | 'end';
  readonly at: Position;
  /** First on its line, so that its column tells what it is meant to close. */
  readonly isFirst: boolean;
}

export type Token = Word | Mark;

export function tokenize(lines: readonly Text[], report: Report): Token[] {
  const tokens: Token[] = [];
  for (const line of lines) addTokens(line, tokens, report);
  return tokens;
}

function addTokens(line: Text, tokens: Token[], report: Report): void {
  const { text } = line;
  const before = tokens.length;
  let i = 0;
  while (i < text.length) {
    const char = text[i]!;
    if (/\s/.test(char)) i++;
    else if (char === '{' || char === '}') {
      const kind = char === '{' ? 'open' : 'close';
      tokens.push({ kind, at: line.positionOf(i), isFirst: tokens.length === before });
      i++;
    } else {
      const end = wordEnd(text, i);
      tokens.push(readWord(line, i, end, report));
      i = end;
    }
  }
  if (tokens.length > before) tokens.push({ kind: 'end', at: line.positionOf(text.length), isFirst: false });
}

/** Braces end a word, but for `${NAME}` that is not defined, which stays as it stands. */
function wordEnd(text: string, start: number): number {
  let quote = '';
  for (let i = start; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') i++;
    else if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '$' && text[i + 1] === '{') i = Math.max(text.indexOf('}', i), i + 1);
    else if (/[\s{}]/.test(char)) return i;
  }
  return text.length;
}

function readWord(line: Text, start: number, end: number, report: Report): Word {
  const raw = line.text.slice(start, end);
  const at = line.positionOf(start, end - start);
  if (!/["']/.test(raw)) return { kind: 'word', text: raw, broken: false, at };
  let text = '';
  let quote = '';
  let opened = 0;
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!;
    if (char === '\\' && i + 1 < raw.length) {
      text += char + raw[++i]!;
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      opened = i;
    } else if (char === quote) quote = '';
    else text += char;
  }
  const broken = quote !== '';
  if (broken) {
    const where = line.positionOf(start + opened, end - start - opened);
    report.error(where, `found ${raw.slice(opened)}, expected a closing ${quote} on the same line`);
  }
  return { kind: 'word', text, broken, at };
}
