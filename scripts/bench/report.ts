/** From samples to the table that a person reads and the file that a script reads. */
import type { BenchCase } from './cases.ts';

/** Nanoseconds a packet, and those of the IPIP floor between its slices. */
export interface Sample {
  readonly ns: number;
  readonly floor: number;
}

export interface Row {
  readonly name: string;
  /** Nanoseconds a packet: median, least and most of the rounds. */
  readonly ns: number;
  readonly least: number;
  readonly most: number;
  /** To the IPIP floor of the same measurement: median of the rounds. */
  readonly ratio: number;
  readonly limit: number | undefined;
  readonly katran: number | undefined;
  readonly more: More | undefined;
}

/** What a case takes more than another one, nanoseconds: by the medians of their ratios, at the floor's median. */
interface More {
  readonly than: string;
  readonly ns: number;
  readonly limit: number | undefined;
}

/** The rows of `build/bench.json`, in this order. */
const REPORTED = [
  'tun v4 found 1 flow',
  'dr v4 found 1 flow',
  'tun v4 found 1M flows',
  'tun v4 found 8M flows',
  'tun v4 new recorded',
  'v4 not ours',
];

export function toRows(cases: readonly BenchCase[], samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  return cases.map(({ name, limit, katran, more }) => {
    const times = samplesOf(samples, name).map(({ ns }) => ns);
    const range = { ns: median(times), least: Math.min(...times), most: Math.max(...times) };
    const ratio = ratioOf(samples, name);
    return { name, ...range, ratio, limit, katran, more: more && moreOf(name, more, samples) };
  });
}

function moreOf(
  name: string,
  { than, limit }: NonNullable<BenchCase['more']>,
  samples: ReadonlyMap<string, readonly Sample[]>,
): More {
  const floor = median([name, than].flatMap((each) => samplesOf(samples, each).map((sample) => sample.floor)));
  return { than, ns: (ratioOf(samples, name) - ratioOf(samples, than)) * floor, limit };
}

function ratioOf(samples: ReadonlyMap<string, readonly Sample[]>, name: string): number {
  return median(samplesOf(samples, name).map(({ ns, floor }) => ns / floor));
}

function samplesOf(samples: ReadonlyMap<string, readonly Sample[]>, name: string): readonly Sample[] {
  const found = samples.get(name);
  if (found === undefined) throw new Error(`no measurement of "${name}"`);
  return found;
}

export function toJson(rows: readonly Row[]): string {
  const cases = REPORTED.map((name) => {
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) throw new Error(`no measurement of "${name}"`);
    return { name, ns: round(row.ns, 2), ratio: round(row.ratio, 3) };
  });
  return `${JSON.stringify({ cases }, null, 2)}\n`;
}

/** A Markdown table of all cases. */
export function toTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.ns.toFixed(1),
    `${row.least.toFixed(1)} .. ${row.most.toFixed(1)}`,
    row.ratio.toFixed(2),
    row.limit === undefined ? '' : row.limit.toFixed(1),
    row.katran === undefined ? '' : row.katran.toFixed(1),
    verdictOn(row.ratio, row.limit),
  ]);
  return table(['case', 'ns', 'least .. most', 'x IPIP floor', 'limit', 'Katran', ''], cells);
}

/** The same of what some take more than others. */
export function toMoreTable(rows: readonly Row[]): string {
  const cells = rows.flatMap(({ name, more }) => {
    if (more === undefined) return [];
    const { than, ns, limit } = more;
    return [[name, than, ns.toFixed(1), limit === undefined ? '' : limit.toFixed(1), verdictOn(ns, limit)]];
  });
  return table(['case', 'than', 'ns more', 'limit', ''], cells);
}

function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...cells.map(line)].join('\n');
}

function verdictOn(value: number, limit: number | undefined): string {
  if (limit === undefined) return '';
  return value <= limit ? 'ok' : 'OVER';
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('a case without a measurement');
  return middle;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
