/** `xlb sync`: what this director tells another one of connections, what it hears, and what that is worth. */
import { Command } from 'commander';
import type { SyncReport } from '../api/protocol/sync.ts';
import { type Env, EXIT } from './env.ts';
import { tsv } from './format/tsv.ts';
import { age, bytes, percent, secondsSince, si } from './format/units.ts';
import { type Noun, type NounOptions, showNoun, type View, withNounOptions } from './noun.ts';

export function syncCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('sync'))
    .description('synchronization of connections with another director, and how many would survive this one')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, SYNC)));
}

const SYNC: Noun<SyncReport> = {
  fetch: (client) => client.sync(),
  text: syncText,
  tsv: (report) =>
    tsv(
      ['name', 'value'],
      Object.entries(figuresOf(report)).map(([name, value]) => ({ name, value })),
    ),
  exit: ({ problems }) => (problems.length > 0 ? EXIT.problem : EXIT.ok),
};

/** What scripts ask for, by name. */
function figuresOf({ sent, received, survival }: SyncReport): Record<string, number> {
  const counts = (prefix: string, values: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
  return {
    'survival.connections': survival.connections,
    'survival.told': survival.told,
    ...(sent && counts('sent', { messages: sent.messages, connections: sent.connections, failed: sent.failed })),
    ...(received && { 'received.messages': received.messages }),
    ...(received && counts('received', received.records)),
    ...(received && counts('refused', received.refused)),
  };
}

function syncText(report: SyncReport, view: View): string {
  const lines = [
    ...daemonLines(report),
    ...report.problems.map((problem) => view.paint('bad', problem)),
    ...sentLines(report, view),
    ...receivedLines(report, view),
    ['survival', survivalText(report)] as const,
  ];
  return lines.map((line) => (typeof line === 'string' ? `${line}\n` : `${line[0].padEnd(10)}${line[1]}\n`)).join('');
}

type Line = readonly [title: string, text: string];

function daemonLines({ master, backup, peers, authenticated }: SyncReport): Line[] {
  const text = (daemon: NonNullable<SyncReport['master']>) => {
    const target = peers.length > 0 ? peers.join(', ') : daemon.group;
    const id = daemon.sync_id === 0 ? 'no id' : `id ${daemon.sync_id}`;
    const trust = authenticated ? 'authenticated' : 'not authenticated';
    return `${daemon.interface}, ${target} port ${daemon.port}, ${id}, ${trust}`;
  };
  if (master === null && backup === null)
    return [['daemons', 'none runs (xlb ipvsadm --start-daemon, or lvs_sync_daemon in a file)']];
  return [
    ...(master === null ? [] : [['master', text(master)] as const]),
    ...(backup === null ? [] : [['backup', text(backup)] as const]),
  ];
}

function sentLines({ sent }: SyncReport, { now }: View): Line[] {
  if (sent === null) return [];
  const last = sent.last_at === null ? 'nothing yet' : `last ${age(secondsSince(sent.last_at, now))} ago`;
  const failed = sent.failed === 0 ? '' : `, ${si(sent.failed)} not taken by the kernel`;
  const counts = `${si(sent.connections)} connections and ${si(sent.templates)} templates`;
  const table =
    sent.telling === null
      ? `the whole table ${si(sent.tables)} times`
      : `the whole table: ${percent(sent.telling, 1)} by now`;
  return [
    ['sent', `${counts} in ${si(sent.messages)} messages (${bytes(sent.bytes)}), ${last}${failed}`],
    ['', table],
  ];
}

function receivedLines({ received }: SyncReport, { now }: View): Line[] {
  if (received === null) return [];
  const lines: Line[] = [['received', `${si(received.messages)} messages (${bytes(received.bytes)})`]];
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${si(count)} ${name}`)
      .join(', ');
  if (Object.keys(received.records).length > 0)
    lines.push(['', `connections and templates: ${counted(received.records)}`]);
  for (const { address, messages, last_at } of received.senders)
    lines.push(['', `from ${address}: ${si(messages)} messages, last ${age(secondsSince(last_at, now))} ago`]);
  if (Object.keys(received.refused).length > 0) lines.push(['refused', counted(received.refused)]);
  return lines;
}

function survivalText({ survival: { connections, told }, master }: SyncReport): string {
  if (master === null) return `0 of ${connections} connections: without a master daemon nobody is told of them`;
  return `${told} of ${connections} connections (${percent(told, connections)}) would go on if this director died now`;
}
