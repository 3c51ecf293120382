/** Tables for people: columns as wide as they must be, two spaces between them. */
import type { Paint, Tone } from './colour.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand right. */
  readonly align?: 'right';
  /** Characters that the column has at least: keeps a table that comes in parts, or is watched, from jumping. */
  readonly min?: number;
}

export type Cell = string | { readonly text: string; readonly tone: Tone };

/** Cells by column; where there are fewer, the last one runs to the end of the line and wraps. */
export type Row = readonly Cell[];

export interface TableStyle {
  readonly paint: Paint;
  /** Characters of a line. What a first cell takes beyond its share stands on a line of its own. */
  readonly width: number;
}

/** Lines, each with its newline. */
export function table(columns: readonly Column[], rows: readonly Row[], style: TableStyle): string {
  const widths = measure(columns, rows, style.width);
  const header = columns.map(({ title }) => ({ text: title, tone: 'dim' as const }));
  return [header, ...rows].map((row) => line(columns, widths, row, style)).join('');
}

/** The same without the title line: what follows in a table that comes in parts. */
export function tableRows(columns: readonly Column[], rows: readonly Row[], style: TableStyle): string {
  const widths = measure(columns, rows, style.width);
  return rows.map((row) => line(columns, widths, row, style)).join('');
}

const GAP = 2;

function measure(columns: readonly Column[], rows: readonly Row[], lineWidth: number): number[] {
  const widths = columns.map(({ title, min = 0 }, index) => {
    const full = rows.filter((row) => index < row.length && !runsOn(columns, row, index));
    return Math.max(title.length, min, ...full.map((row) => textOf(row[index]).length));
  });
  const rest = widths.slice(1).reduce((sum, width) => sum + width + GAP, 0);
  const [first = 0] = widths;
  const [title = 0, min = 0] = [columns[0]?.title.length, columns[0]?.min];
  widths[0] = Math.max(title, Math.min(min, first), Math.min(first, lineWidth - rest));
  return widths;
}

function line(columns: readonly Column[], widths: readonly number[], row: Row, style: TableStyle): string {
  const cells = row.map((cell, index) =>
    runsOn(columns, row, index)
      ? wrapped(cell, indent(widths, index), style)
      : padded(cell, widths[index] ?? 0, columns[index], style),
  );
  const tooLong = row.length > 1 && textOf(row[0]).length > (widths[0] ?? 0);
  if (!tooLong) return `${cells.join(' '.repeat(GAP)).trimEnd()}\n`;
  const rest = [' '.repeat(widths[0] ?? 0), ...cells.slice(1)].join(' '.repeat(GAP));
  return `${cells[0]}\n${rest.trimEnd()}\n`;
}

/** A row's last cell, but for one under numbers, goes to the end of the line and wraps. */
function runsOn(columns: readonly Column[], row: Row, index: number): boolean {
  return index === row.length - 1 && (row.length < columns.length || columns[index]?.align !== 'right');
}

function padded(cell: Cell, width: number, column: Column | undefined, { paint }: TableStyle): string {
  const text = textOf(cell);
  const pad = ' '.repeat(Math.max(0, width - text.length));
  const painted = paint(toneOf(cell), text);
  return column?.align === 'right' ? pad + painted : painted + pad;
}

/** Where column `index` begins. */
function indent(widths: readonly number[], index: number): number {
  return widths.slice(0, index).reduce((sum, width) => sum + width + GAP, 0);
}

/** Goes on below itself. */
function wrapped(cell: Cell, start: number, { paint, width }: TableStyle): string {
  const room = Math.max(20, width - start);
  const lines = [''];
  for (const word of textOf(cell).split(' ')) {
    const current = lines.at(-1) ?? '';
    const joined = current === '' ? word : `${current} ${word}`;
    if (joined.length <= room || current === '') lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.map((text) => paint(toneOf(cell), text)).join(`\n${' '.repeat(start)}`);
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'object' ? cell.text : (cell ?? '');
}

function toneOf(cell: Cell): Tone {
  return typeof cell === 'object' ? cell.tone : 'plain';
}
