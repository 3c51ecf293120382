/** `xlb vrrp`: what each instance is, since when, why, and how its priority came about. */
import { Command } from 'commander';
import type { VrrpInstance, VrrpReport } from '../api/protocol/vrrp.ts';
import { type Env, EXIT } from './env.ts';
import type { Tone } from './format/colour.ts';
import { type Cell, type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { age, secondsSince } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';

export function vrrpCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('vrrp'))
    .description('VRRP instances: state, cause, priority; exit code 1 where one is in FAULT')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, VRRP)));
}

const VRRP: Noun<VrrpReport> = {
  fetch: (client) => client.vrrp(),
  text: ({ instances }, view) => (instances.length === 0 ? 'no VRRP instance is configured\n' : text(instances, view)),
  tsv: ({ instances }) =>
    tsv(
      ['name', 'state', 'since', 'vrid', 'interface', 'priority', 'base_priority', 'master', 'addresses', 'reason'],
      instances.map(({ priority, master, addresses, ...rest }) => ({
        ...rest,
        priority: priority.effective,
        base_priority: priority.base,
        master: master?.address ?? '',
        addresses: addresses.join(','),
      })),
    ),
  exit: ({ instances }) => (instances.some(({ state }) => state === 'FAULT') ? EXIT.problem : EXIT.ok),
};

const COLUMNS: readonly Column[] = [
  { title: 'INSTANCE', min: 8 },
  { title: 'STATE', min: 6 },
  { title: 'SINCE', min: 6 },
  { title: 'VRID', align: 'right' },
  { title: 'IFACE' },
  { title: 'PRIORITY' },
  { title: 'MASTER' },
  { title: 'HEARD' },
  { title: 'VIPs' },
];
export const VRRP_TONES: Record<VrrpInstance['state'], Tone> = {
  MASTER: 'good',
  BACKUP: 'plain',
  INIT: 'warn',
  FAULT: 'bad',
};
/** That a person is shown, of all instances together. */
const SHOWN_TRANSITIONS = 10;

function text(instances: readonly VrrpInstance[], view: View): string {
  const lines = [...instances.flatMap(causeLines), ...instances.flatMap((each) => refusalLines(each, view))];
  const rows = instances.map((instance) => rowOf(instance, view));
  return [table(COLUMNS, rows, view), ...lines.map((line) => `${line}\n`), transitionsText(instances, view)].join('');
}

function rowOf(instance: VrrpInstance, { now }: View): Row {
  const { name, state, since, vrid, interface: device, priority, master, peers, addresses } = instance;
  const stateCell: Cell = { text: state, tone: VRRP_TONES[state] };
  const heard = peers.find(({ address }) => address === master?.address);
  return [
    name,
    stateCell,
    age(secondsSince(since, now)),
    String(vrid),
    device,
    priorityText(priority),
    state === 'MASTER' ? 'itself' : (master?.address ?? '-'),
    heard === undefined ? '-' : `${secondsSince(heard.heard_at, now).toFixed(1)} s ago`,
    addresses.length === 0 ? '-' : `${addresses[0]}${addresses.length > 1 ? ` +${addresses.length - 1}` : ''}`,
  ];
}

/** `100`, or `90 (100-10)`. */
function priorityText({ base, effective }: VrrpInstance['priority']): string {
  const difference = effective - base;
  return difference === 0 ? String(base) : `${effective} (${base}${difference > 0 ? '+' : ''}${difference})`;
}

/** What holds an instance in FAULT, and what moved its priority. */
function causeLines({ name, state, faults, trackers }: VrrpInstance): string[] {
  const moved = trackers.filter(({ adds }) => adds !== 0);
  return [
    ...(state === 'FAULT' ? [`${name} is in FAULT: ${faults.join(', ')}`] : []),
    ...moved.map(
      ({ kind, name: tracked, status, adds }) =>
        `${name}: ${adds > 0 ? '+' : ''}${adds} by ${kind} ${tracked} (${status})`,
    ),
  ];
}

function refusalLines({ name, refused, peers }: VrrpInstance, { now }: View): string[] {
  const reasons = Object.entries(refused).map(([reason, count]) => `${count} ${reason}`);
  if (reasons.length === 0) return [];
  const heard = peers.map((peer) => `${peer.address} ${age(secondsSince(peer.heard_at, now))} ago`).join(', ');
  return [`${name} refused advertisements: ${reasons.join(', ')} (heard: ${heard || 'nobody'})`];
}

function transitionsText(instances: readonly VrrpInstance[], { paint }: View): string {
  const all = instances.flatMap(({ name, transitions }) => transitions.map((each) => ({ instance: name, ...each })));
  const shown = all.sort((a, b) => b.time.localeCompare(a.time)).slice(0, SHOWN_TRANSITIONS);
  if (shown.length === 0) return '';
  const width = Math.max(...shown.map(({ instance }) => instance.length));
  const lines = shown.map(
    ({ time, instance, from, to, cause }) =>
      `  ${time.replace('T', ' ').replace('Z', '')}  ${instance.padEnd(width)}  ${from.padEnd(6)} -> ${to.padEnd(6)}  ${cause}\n`,
  );
  return `${paint('strong', 'Last transitions (UTC)')}\n${lines.join('')}`;
}
