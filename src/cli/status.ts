/** `xlb status`: one screen of state, causes and next steps. */
import { Command } from 'commander';
import type { Problem, StatusReport } from '../api/protocol/status.ts';
import { type Env, EXIT } from './env.ts';
import type { Tone } from './format/colour.ts';
import { tsv } from './format/tsv.ts';
import { age, longAge, percent, secondsSince, si } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';
import { VRRP_TONES } from './vrrp.ts';

export function statusCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('status'))
    .description('state, traffic and problems of the director; exit code 1 where there is a problem')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, STATUS)));
}

const STATUS: Noun<StatusReport> = {
  fetch: (client) => client.status(),
  text: statusText,
  tsv: (report) => tsv(['name', 'value'], statusRecords(report)),
  exit: (report) => (report.health === 'ok' && report.problems.length === 0 ? EXIT.ok : EXIT.problem),
};

const TONES: Record<StatusReport['health'], Tone> = { ok: 'good', degraded: 'warn', down: 'bad' };
const HALF = 49;
/** That a person is shown; the rest is counted. */
const MAX_PROBLEMS = 20;
const MAX_INSTANCES = 3;

function statusText(report: StatusReport, view: View): string {
  const { traffic, table, services, servers } = report;
  const drops = report.drops.reduce((sum, { per_s }) => sum + per_s, 0);
  const active = si(traffic.connections_active);
  const lines = [
    headline(report, view),
    ...configText(report, view),
    pair('services', counts(services), 'real servers', counts(servers)),
    pair(
      'traffic',
      `${si(traffic.packets_per_s, 'pps')}  ${si(traffic.bits_per_s, 'bit/s')}`,
      'new',
      `${si(traffic.connections_new_per_s, 'conn/s')}, ${active} active`,
    ),
    pair(
      'table',
      `${percent(table.entries, table.capacity)} of ${si(table.capacity)} entries`,
      'drops',
      `${si(drops)} /s (${percent(drops, traffic.packets_per_s + drops)})`,
    ),
    `  ${'data plane'.padEnd(13)}${interfacesText(report)}`,
    ...vrrpText(report, view),
    ...(report.problems.length > 0 ? [view.paint('strong', 'Problems')] : []),
    ...report.problems.slice(0, MAX_PROBLEMS).flatMap((problem) => problemLines(problem, view)),
    ...(report.problems.length > MAX_PROBLEMS
      ? [`  and ${report.problems.length - MAX_PROBLEMS} more`, '      -> xlb status -o tsv']
      : []),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function headline(report: StatusReport, { paint, now, width }: View): string {
  const { changed_at: changed } = report.state;
  const since = changed === null ? '' : ` (changed ${age(secondsSince(changed, now))} ago)`;
  const up = longAge(secondsSince(report.started_at, now));
  const left = `xlbd ${report.version}  up ${up}   epoch ${report.epoch}${since}`;
  const word = report.health.toUpperCase();
  return left.padEnd(Math.min(width, 2 * HALF) - word.length) + paint(TONES[report.health], word);
}

function configText({ config }: StatusReport, { now }: View): string[] {
  if (config === null) return [];
  return [`  ${'config'.padEnd(13)}${config.file}, read ${age(secondsSince(config.loaded_at, now))} ago`];
}

/** Two facts a line. */
function pair(first: string, firstText: string, second: string, secondText: string): string {
  return `  ${`${first.padEnd(13)}${firstText}`.padEnd(HALF)}${second.padEnd(14)}${secondText}`;
}

/** `12 up, 1 degraded`: zeros are left out, but for the first. */
function counts(numbers: Readonly<Record<string, number>>): string {
  const parts = Object.entries(numbers).filter(([, count], index) => index === 0 || count > 0);
  return parts.map(([name, count]) => `${count} ${name}`).join(', ');
}

function interfacesText({ interfaces }: StatusReport): string {
  if (interfaces.length === 0) return 'not attached to any interface (xlb attach IFACE)';
  return interfaces.map(({ name, mode }) => `${name} ${mode ?? 'not attached'}`).join(', ');
}

/** `VI_1 MASTER 12 d, VI_2 BACKUP 3 min`. */
function vrrpText({ vrrp }: StatusReport, { now, paint }: View): string[] {
  if (vrrp.length === 0) return [];
  const text = (each: StatusReport['vrrp'][number]) =>
    `${each.name} ${paint(VRRP_TONES[each.state], each.state)} ${age(secondsSince(each.since, now))}`;
  const shown = vrrp.slice(0, MAX_INSTANCES).map(text);
  const more = vrrp.length > MAX_INSTANCES ? [`and ${vrrp.length - MAX_INSTANCES} more (xlb vrrp)`] : [];
  return [`  ${'vrrp'.padEnd(13)}${[...shown, ...more].join(', ')}`];
}

function problemLines(problem: Problem, { paint, now }: View): string[] {
  const since = problem.since === null ? '' : ` for ${age(secondsSince(problem.since, now))}`;
  const mark = paint(problem.severity === 'error' ? 'bad' : 'warn', '!');
  const first = `  ${mark} ${problem.subject}${since}: ${problem.text}`;
  return problem.next === null ? [first] : [first, `      -> ${problem.next}`];
}

function statusRecords(report: StatusReport): { name: string; value: string | number }[] {
  const groups = { services: report.services, servers: report.servers, traffic: report.traffic, table: report.table };
  const numbers = Object.entries(groups).flatMap(([group, values]) =>
    Object.entries(values).map(([name, value]) => ({ name: `${group}.${name}`, value })),
  );
  return [
    { name: 'health', value: report.health },
    { name: 'version', value: report.version },
    { name: 'started_at', value: report.started_at },
    { name: 'epoch', value: report.epoch },
    ...(report.config === null ? [] : [{ name: 'config', value: report.config.file }]),
    ...numbers,
    ...report.drops.map(({ reason, total }) => ({ name: `drops.${reason}`, value: total })),
    ...report.vrrp.map(({ name, state }) => ({ name: `vrrp.${name}`, value: state })),
    ...report.interfaces.map(({ name, mode }) => ({ name: `interfaces.${name}`, value: mode ?? 'detached' })),
    ...report.problems.map(({ id, subject, text }) => ({ name: `problems.${id}`, value: `${subject}: ${text}` })),
  ];
}
