/** A file as lines without their comments. */
import type { Position, Report } from '../report.ts';
import { Text } from './text.ts';

/** Line ends of Unix, Windows and old Macs; a byte order mark is no text. */
export function rawLines(source: string): string[] {
  return source.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
}

export function readLines(file: string, source: string, report: Report): Text[] {
  return rawLines(source).map((raw, i) => withoutComment(raw, { file, line: i + 1, column: 1 }, report));
}

/** `#` and `!` begin a comment anywhere but in quotes; `\#` and `\!` stand for themselves. */
function withoutComment(raw: string, at: Position, report: Report): Text {
  const parts: Text[] = [];
  let from = 0;
  let quote = '';
  const upTo = (end: number) => parts.push(Text.verbatim(raw.slice(from, end), { ...at, column: from + 1 }));
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!;
    const next = raw[i + 1];
    if (char === '\\') {
      if (quote === '' && (next === '#' || next === '!')) {
        upTo(i);
        from = i + 1;
      }
      i++;
    } else if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '#' || char === '!') {
      warnOfGlued(raw, i, at, report);
      upTo(i);
      return Text.join(parts);
    }
  }
  upTo(raw.length);
  return Text.join(parts);
}

/** `auth_pass ab!cd` is the password `ab`: nobody means that. */
function warnOfGlued(raw: string, index: number, at: Position, report: Report): void {
  if (!/[^\s{}]/.test(raw[index - 1] ?? ' ') || !/\S/.test(raw[index + 1] ?? ' ')) return;
  const char = raw[index]!;
  const glued = /^\S*/.exec(raw.slice(index))?.[0] ?? char;
  report.warning(
    { ...at, column: index + 1, length: glued.length },
    `found '${glued}' after a word: '${char}' begins a comment, so the word ends there`,
    `write \\${char}, or put the word in quotes, if it belongs to it`,
  );
}
