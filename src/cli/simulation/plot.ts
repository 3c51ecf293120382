/**
 * A simulation as a picture: for each real server a bar of what it gets (two,
 * with and without the one that goes) and a mark where its fair share ends.
 * The colours are of Okabe and Ito's palette, which colour-blind people can tell
 * apart; viewers that prefer dark get dark paper.
 */
import type { SimulationReport } from '../../api/protocol/simulation.ts';
import { serverKeyText } from '../../core/model/service-key.ts';
import { percent } from '../format/units.ts';
import { movedText, removedText, titleText, trafficText } from './text.ts';

type Distribution = SimulationReport['before'];
type Part = Distribution['servers'][number];

/** Bars of one kind. */
interface Series {
  readonly kind: 'before' | 'after';
  readonly legend: string;
  readonly parts: ReadonlyMap<string, Part>;
}

/** Pixels. */
const WIDTH = 900;
const EDGE = 28;
const BAR = 18;
/** From the lower edge of a row's last bar to the next row. */
const GAP = 20;
/** Right of the longest bar, for its figures. */
const FIGURES = 150;
/** Of a character of a label, about. */
const LETTER = 7.6;
const TICKS = 8;

const STYLE = `
    text { font-family: 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif; fill: #1b1f24; }
    .title { font-size: 21px; font-weight: bold; }
    .label { font-size: 14px; }
    .small { font-size: 12.5px; fill: #57606a; }
    .figures { paint-order: stroke; stroke: #ffffff; stroke-width: 5; }
    .paper { fill: #ffffff; }
    .grid { stroke: #d8dee4; }
    .before { fill: #0072b2; }
    .after { fill: #e69f00; }
    .fair { stroke: #1b1f24; stroke-width: 2.5; }
    .halo { stroke: #ffffff; stroke-width: 6; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .small { fill: #9da7b3; }
      .paper { fill: #0d1117; }
      .grid { stroke: #30363d; }
      .figures { stroke: #0d1117; }
      .before { fill: #56b4e9; }
      .fair { stroke: #e6edf3; }
      .halo { stroke: #0d1117; }
    }
  `;

/** The text of an SVG file. */
export function plot(report: SimulationReport): string {
  const { before, change } = report;
  const series = seriesOf(report);
  const names = before.servers.map(serverKeyText);
  const left = EDGE + Math.max(...names.map((name) => name.length), 'REAL SERVER'.length) * LETTER + 14;
  const top = 126 + series.length * 22;
  const row = BAR * series.length + GAP;
  const bottom = top + names.length * row;
  const height = bottom + (change === null ? 58 : 88);
  const scale = scaleOf(series, WIDTH - EDGE - FIGURES - left);
  const parts = [
    ...heading(report),
    ...legend(series),
    ...axis(scale, left, top, bottom),
    ...names.flatMap((name, index) => server(name, series, scale, left, top + index * row)),
    ...(change === null ? [] : [text(EDGE, height - 22, 'label', capital(movedText(change, total(report))))]),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `  <title>${escaped(titleText(report))}: share of connections by real server</title>`,
    `  <style>${STYLE}</style>`,
    `  <rect class="paper" width="${WIDTH}" height="${height}"/>`,
    ...parts.map((part) => `  ${part}`),
    '</svg>\n',
  ].join('\n');
}

function seriesOf({ before, change }: SimulationReport): Series[] {
  const byName = ({ servers }: Distribution) => new Map(servers.map((part) => [serverKeyText(part), part]));
  const skew = (distribution: Distribution) =>
    distribution.skew === null ? '' : `: skew ${distribution.skew.toFixed(3)}`;
  const refused = ({ refused_total: count, placed_total: placed }: Distribution) =>
    count === 0 ? '' : `, ${percent(count, count + placed)} refused`;
  const words = (distribution: Distribution) => `${skew(distribution)}${refused(distribution)}`;
  const all: Series = { kind: 'before', legend: `all real servers${words(before)}`, parts: byName(before) };
  if (change === null) return [all];
  const legend = `without ${removedText(change)}${words(change.after)}`;
  return [all, { kind: 'after', legend, parts: byName(change.after) }];
}

function heading(report: SimulationReport): string[] {
  return [
    text(EDGE, 44, 'title', `${titleText(report)}: who gets the connections`),
    text(EDGE, 68, 'small', capital(trafficText(report.traffic))),
  ];
}

function legend(series: readonly Series[]): string[] {
  const lines = series.flatMap(({ kind, legend: words }, index) => {
    const y = 96 + index * 22;
    return [
      `<rect class="${kind}" x="${EDGE}" y="${y - 12}" width="22" height="14" rx="2"/>`,
      text(EDGE + 32, y, 'label', words),
    ];
  });
  const y = 96 + series.length * 22;
  return [...lines, ...mark(EDGE + 11, y - 13, 16), text(EDGE + 32, y, 'label', 'fair share, by weight')];
}

interface Scale {
  /** Pixels of a share of 1. */
  readonly unit: number;
  /** Shares at which the axis is labelled. */
  readonly ticks: readonly number[];
}

/** As long as the longest bar or mark needs. */
function scaleOf(series: readonly Series[], room: number): Scale {
  const values = series.flatMap(({ parts }) =>
    [...parts.values()].flatMap(({ share, fair_share: fair }) => [share, fair]),
  );
  const most = values.reduce((max, value) => Math.max(max, value), 0.001);
  const steps = [1, 2, 5, 10].map((digit) => digit * 10 ** Math.floor(Math.log10(most / TICKS)));
  const step = steps.find((size) => most / size <= TICKS)!;
  const ticks = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => index * step);
  return { unit: room / most, ticks };
}

function axis({ unit, ticks }: Scale, left: number, top: number, bottom: number): string[] {
  const lines = ticks.flatMap((tick) => {
    const x = round(left + tick * unit);
    const label = `<text class="small" x="${x}" y="${bottom + 14}" text-anchor="middle">${percent(tick, 1)}</text>`;
    return [`<line class="grid" x1="${x}" y1="${top - 6}" x2="${x}" y2="${bottom - 4}"/>`, label];
  });
  return [...lines, text(left, bottom + 34, 'small', 'share of the connections that were placed')];
}

function server(name: string, series: readonly Series[], scale: Scale, left: number, y: number): string[] {
  const height = BAR * series.length;
  const weight = series[0]!.parts.get(name)!.weight;
  const bars = series.flatMap(({ kind, parts }, index) => bar(parts.get(name), kind, scale, left, y + index * BAR));
  return [
    `<text class="label" x="${round(left - 12)}" y="${y + height / 2 - 1}" text-anchor="end">${escaped(name)}</text>`,
    `<text class="small" x="${round(left - 12)}" y="${y + height / 2 + 14}" text-anchor="end">weight ${weight}</text>`,
    ...bars,
  ];
}

function bar(part: Part | undefined, kind: Series['kind'], { unit }: Scale, left: number, y: number): string[] {
  const baseline = y + BAR / 2 + 4.5;
  if (part === undefined) return [text(left + 6, baseline, 'small figures', 'gone')];
  const { share, fair_share: fair, ratio } = part;
  const figures = `${percent(share, 1)}${ratio === null ? '' : `, ratio ${ratio.toFixed(3)}`}`;
  const end = left + Math.max(share, fair) * unit;
  return [
    `<rect class="${kind}" x="${round(left)}" y="${y + 1}" width="${round(share * unit)}" height="${BAR - 2}" rx="2"/>`,
    ...(fair === 0 ? [] : mark(left + fair * unit, y - 1, BAR + 2)),
    text(end + 9, baseline, 'small figures', figures),
  ];
}

/** Where a fair share ends; on bars and on paper alike. */
function mark(x: number, y: number, height: number): string[] {
  const line = `x1="${round(x)}" y1="${y}" x2="${round(x)}" y2="${y + height}"`;
  return [`<line class="halo" ${line}/>`, `<line class="fair" ${line}/>`];
}

function text(x: number, y: number, style: string, words: string): string {
  return `<text class="${style}" x="${round(x)}" y="${y}">${escaped(words)}</text>`;
}

function total({ traffic }: SimulationReport): number {
  return traffic.connections_total;
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escaped(words: string): string {
  return words.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
