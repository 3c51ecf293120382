/** `xlb interfaces`: where the data plane is attached. */
import { Command } from 'commander';
import type { InterfaceReport, InterfacesReport } from '../api/protocol/interfaces.ts';
import type { Env } from './env.ts';
import { type Cell, type Column, type Row, table } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { type Noun, type NounOptions, showNoun, withNounOptions } from './noun.ts';

export function interfacesCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('interfaces'))
    .description('interfaces that the data plane is attached to')
    .action(async (options: NounOptions) => exit(await showNoun(env, options, INTERFACES)));
}

const INTERFACES: Noun<InterfacesReport> = {
  fetch: (client) => client.interfaces(),
  text: ({ interfaces }, view) =>
    interfaces.length === 0
      ? 'not attached to any interface (xlb attach IFACE)\n'
      : table(COLUMNS, interfaces.map(interfaceRow), view),
  tsv: ({ interfaces }) =>
    tsv(['name', 'ifindex', 'mode', 'requested', 'up', 'mtu', 'mac', 'fragments', 'problem'], interfaces),
};

const COLUMNS: readonly Column[] = [
  { title: 'INTERFACE', min: 9 },
  { title: 'MODE', min: 8 },
  { title: 'LINK' },
  { title: 'MTU', align: 'right' },
  { title: 'MAC', min: 17 },
  { title: 'NOTES' },
];

function interfaceRow({ name, mode, up, mtu, mac, fragments, problem }: InterfaceReport): Row {
  const modeCell: Cell = mode === null ? { text: 'detached', tone: 'bad' } : { text: mode, tone: modeTone(mode) };
  const link: Cell = up ? { text: 'up', tone: 'good' } : { text: 'down', tone: 'bad' };
  const notes = [problem, fragments ? 'takes frames of several pages' : null].filter((note) => note !== null);
  return [name, modeCell, link, String(mtu ?? '-'), mac ?? '-', notes.join('; ')];
}

function modeTone(mode: 'native' | 'generic'): 'good' | 'warn' {
  return mode === 'native' ? 'good' : 'warn';
}
