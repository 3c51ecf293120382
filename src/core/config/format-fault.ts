/** Faults as text for people. */
import type { Loaded } from './load.ts';
import type { Fault } from './report.ts';
import { rawLines } from './source/lines.ts';

/** Columns of a terminal that a long line is cut to, around its caret. */
const WIDTH = 100;

/** Each fault: what and where, the line, a caret below what is meant, and a hint. */
export function formatFaults(faults: readonly Fault[], sources: ReadonlyMap<string, string>): string[] {
  const linesOf = new Map([...sources].map(([file, text]) => [file, rawLines(text)]));
  return faults.map((fault) => formatFault(fault, linesOf));
}

function formatFault({ severity, at, text, hint }: Fault, linesOf: ReadonlyMap<string, readonly string[]>): string {
  const lines = [`${at.file}:${at.line}:${at.column}: ${severity}: ${harmless(text)}`];
  const raw = linesOf.get(at.file)?.[at.line - 1];
  if (raw !== undefined && raw.trim() !== '') lines.push(...quote(raw, at.line, at.column, at.length ?? 1));
  if (at.via !== undefined) lines.push(`      = by way of ${at.via}`);
  if (hint !== undefined) lines.push(`      = ${harmless(hint)}`);
  return lines.join('\n');
}

/** All faults, and a last line that counts them. `strict`: warnings count as errors. */
export function formatReport(path: string, { faults, sources }: Pick<Loaded, 'faults' | 'sources'>, strict = false) {
  const hasErrors = faults.some(({ severity }) => severity === 'error');
  const forbidden = strict && !hasErrors && faults.length > 0;
  const count = `${countFaults(faults)}${forbidden ? ', which --strict forbids' : ''}`;
  const verdict = `${path}: ${count}; the file ${hasErrors || forbidden ? 'cannot' : 'can'} be used\n`;
  return [...formatFaults(faults, sources), verdict].join('\n');
}

/** `2 errors and 1 warning`. */
function countFaults(faults: readonly Fault[]): string {
  const errors = faults.filter(({ severity }) => severity === 'error').length;
  const warnings = faults.length - errors;
  const parts = [counted(errors, 'error'), counted(warnings, 'warning')].filter((part) => part !== '');
  return parts.length === 0 ? 'no faults' : parts.join(' and ');
}

/** A file may hold anything, and terminals obey control characters. */
function harmless(text: string): string {
  return text.replace(/(?!\t)\p{Cc}/gu, '\uFFFD');
}

function quote(raw: string, line: number, column: number, length: number): string[] {
  const start = Math.max(0, column - 1 - WIDTH / 2);
  const shown = harmless(raw.slice(start, start + WIDTH).trimEnd());
  const before = shown.slice(0, column - 1 - start).replace(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(length, shown.length - before.length)));
  return [`${String(line).padStart(5)} | ${shown}`, `      | ${before}${carets}`];
}

function counted(n: number, word: string): string {
  return n === 0 ? '' : `${n} ${word}${n === 1 ? '' : 's'}`;
}
