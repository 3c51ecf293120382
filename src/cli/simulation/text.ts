/** A simulation as tables. */
import type { SimulationReport } from '../../api/protocol/simulation.ts';
import { schedulerText } from '../../core/model/scheduler-text.ts';
import { ignoresWeights } from '../../core/model/schedulers.ts';
import { serverKeyText } from '../../core/model/service-key.ts';
import { type Column, type Row, table } from '../format/table.ts';
import { tsv } from '../format/tsv.ts';
import { percent, si } from '../format/units.ts';
import type { View } from '../noun.ts';

type Distribution = SimulationReport['before'];
type Part = Distribution['servers'][number];
type Change = NonNullable<SimulationReport['change']>;

export function simulationText(report: SimulationReport, view: View): string {
  const { before, change, traffic } = report;
  const total = traffic.connections_total;
  const lines = [`${titleText(report)}\n${trafficText(traffic)}\n\n`, distributionText(before, total, view)];
  if (ignoresWeights(report.scheduler)) lines.push(`${report.scheduler} does not look at weights\n`);
  if (change === null) return lines.join('');
  lines.push(
    `\nWithout ${removedText(change)}\n`,
    distributionText(change.after, total, view),
    `${movedText(change, total)}\n`,
  );
  return lines.join('');
}

const TSV_TITLES = [
  ...(['when', 'server', 'weight', 'fair_share', 'share', 'ratio', 'connections_total', 'active_peak'] as const),
];

export function simulationTsv({ before, change }: SimulationReport): string {
  const records = (when: string, { servers }: Distribution) =>
    servers.map(({ address, port, ...part }) => ({ ...part, when, server: serverKeyText({ address, port }) }));
  return tsv(TSV_TITLES, [...records('before', before), ...(change === null ? [] : records('after', change.after))]);
}

/** `mh, ring of 4093`. */
export function titleText({ scheduler, options }: SimulationReport): string {
  return schedulerText({ scheduler, options: { ...options, ringSize: options.ring_size } });
}

/** `100 k connections of 100 k clients; 100 a second; open for 10 s in the mean; seed 1`. */
export function trafficText(traffic: SimulationReport['traffic']): string {
  const { connections_total: connections, clients_total: clients, destinations_total: goals } = traffic;
  const source = traffic.trace === null ? '' : ` from ${traffic.trace === '-' ? 'standard input' : traffic.trace}`;
  const to = goals === 1 ? '' : ` to ${si(goals)} addresses`;
  const from = `${counted(connections, 'connection')}${source} of ${counted(clients, 'client')}${to}`;
  return [from, ...paceTexts(traffic), `seed ${traffic.seed}`].join('; ');
}

/** What was drawn. */
function paceTexts({ connections_per_s: rate, duration_s: duration }: SimulationReport['traffic']): string[] {
  const pace = rate === null ? [] : [`${si(rate)} a second`];
  if (duration === null) return pace;
  return [...pace, duration === 'forever' ? 'staying open' : `open for ${si(duration)} s in the mean`];
}

/** `10.0.0.2:80, deleted`. */
export function removedText({ removed, by }: Pick<Change, 'removed' | 'by'>): string {
  const how = { delete: 'deleted', drain: 'drained', weight: 'its weight set to 0' }[by];
  return `${serverKeyText(removed)}, ${how}`;
}

const figure = (title: string, min: number): Column => ({ title, align: 'right', min });
const COLUMNS: readonly Column[] = [
  { title: 'REAL SERVER', min: 22 },
  figure('WEIGHT', 6),
  figure('FAIR', 7),
  figure('SHARE', 7),
  figure('RATIO', 7),
  figure('CONNS', 7),
  figure('PEAK', 7),
];

function distributionText(distribution: Distribution, total: number, view: View): string {
  const { servers, refused_total: refused } = distribution;
  const refusal = `refused ${percent(refused, total)}: no real server takes them`;
  return [
    table(COLUMNS, servers.map(row), view),
    sentence(skewTexts(distribution), view),
    ...(refused > 0 ? [`${view.paint('warn', refusal)}\n`] : []),
  ].join('');
}

function row(part: Part): Row {
  const { weight, fair_share: fair, share, ratio, connections_total: connections, active_peak: peak } = part;
  const name = serverKeyText(part);
  const shown = ratio === null ? '-' : ratio.toFixed(3);
  return [name, String(weight), percent(fair, 1), percent(share, 1), shown, si(connections), si(peak)];
}

/** Who is furthest from its fair share, either way. */
function skewTexts({ servers, skew }: Distribution): string[] {
  const parts = servers.filter(({ ratio }) => ratio !== null);
  const [first, ...others] = parts;
  if (skew === null || first === undefined) return ['skew -: no connection was placed'];
  const most = others.reduce((found, part) => (part.ratio! > found.ratio! ? part : found), first);
  const least = others.reduce((found, part) => (part.ratio! < found.ratio! ? part : found), first);
  const [more, less] = [most.ratio! - 1, 1 - least.ratio!].map((excess) => Number(excess.toFixed(3)));
  const texts = [
    ...(more! > 0 ? [`${serverKeyText(most)} gets ${percent(more!, 1)} more than its fair share`] : []),
    ...(less! > 0 ? [`${serverKeyText(least)} gets ${percent(less!, 1)} less`] : []),
  ];
  if (texts.length === 0) texts.push('every real server gets its fair share');
  return texts.with(0, `skew ${skew.toFixed(3)}: ${texts[0]}`);
}

/** On one line if it fits. */
function sentence(parts: readonly string[], { width }: View): string {
  const line = parts.join(', ');
  return line.length <= width ? `${line}\n` : `${parts.join(',\n  ')}\n`;
}

/** How many connections could not stay, and how many could have. */
export function movedText({ removed, moved_total: moved, unavoidable_total: own }: Change, total: number): string {
  const owned = `${percent(own, total)} unavoidable, those of ${serverKeyText(removed)}`;
  return `moved ${percent(moved, total)} of the connections: ${owned}; ${percent(moved - own, total)} others`;
}

function counted(count: number, word: string): string {
  return `${si(count)} ${word}${count === 1 ? '' : 's'}`;
}
