/** `xlb stats`: what became of every packet, and why. */
import { Command } from 'commander';
import type { Counter, StatsReport } from '../api/protocol/stats.ts';
import type { Env } from './env.ts';
import { type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { bytes, percent, si } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';

export function statsCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('stats'))
    .description('what became of every packet of a virtual service, by reason')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, STATS)));
}

const STATS: Noun<StatsReport> = {
  fetch: (client) => client.stats(),
  text: statsText,
  tsv: ({ counters }) => tsv(['reason', 'kind', 'total', 'per_s'], counters),
};

const GROUPS: readonly (readonly [Counter['kind'], string])[] = [
  ['forward', 'FORWARDED'],
  ['pass', 'TO THE KERNEL'],
  ['drop', 'DROPPED'],
  ['event', 'EVENTS'],
];

function statsText(report: StatsReport, view: View): string {
  const { totals, rates, table: entries, counters } = report;
  const head =
    `all services  ${si(totals.connections_total)} connections, ${si(totals.packets_in_total)} packets, ` +
    `${bytes(totals.bytes_in_total)} in\n` +
    `now           ${si(rates.connections_per_s, 'conn/s')}, ${si(rates.packets_in_per_s, 'pps')}, ` +
    `${si(rates.bytes_in_per_s * 8, 'bit/s')}\n` +
    `table         ${entries.entries} of ${entries.capacity} entries (${percent(entries.entries, entries.capacity)})\n`;
  const groups = GROUPS.map(([kind, title]) => {
    const rows = counters.filter((counter) => counter.kind === kind).map(counterRow);
    return table(columns(title), rows, view);
  });
  return [head, ...groups].join('\n');
}

const columns = (title: string): readonly Column[] => [
  { title, min: 24 },
  { title: 'TOTAL', align: 'right', min: 9 },
  { title: 'PER S', align: 'right', min: 8 },
  { title: 'MEANING' },
];

function counterRow({ reason, total, per_s, text }: Counter): Row {
  const row = [reason, si(total), si(per_s), text];
  return total === 0 ? row.map((cell) => ({ text: cell, tone: 'dim' })) : row;
}
