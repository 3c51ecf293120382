/** `xlb connections`: single connections, filtered by the daemon. */
import { Command } from 'commander';
import type { Client } from '../api/client.ts';
import { FILTER_WORDS, type FilterWord, parseFilterWord } from '../api/protocol/connection-filter.ts';
import type { Connection } from '../api/protocol/connections.ts';
import { serverKeyText } from '../core/model/service-key.ts';
import { connect } from './connect.ts';
import { type Env, EXIT } from './env.ts';
import { type Column, type Row, table, tableRows } from './format/table.ts';
import { tsv } from './format/tsv.ts';
import { age } from './format/units.ts';
import { formatOf, type NounOptions, repeat, viewOf, withNounOptions } from './noun.ts';
import { numberArgument, UsageError } from './usage.ts';

interface ConnectionsOptions extends NounOptions {
  readonly limit?: number;
}

export function connectionsCommand(env: Env, exit: (code: number) => void): Command {
  return withNounOptions(new Command('connections'))
    .description('connections in the table, those that every word of the filter holds for')
    .argument('[filter...]', "words like real=10.0.0.11, client=198.51.100.7, state=ESTABLISHED, 'age>1h'")
    .option('-n, --limit <number>', 'at most so many', numberArgument(1, 999_999_999))
    .addHelpText('after', `\nFilter:\n${filterHelp()}`)
    .action(async (words: readonly string[], options: ConnectionsOptions) => {
      const query = { ...filterQuery(words), ...(options.limit !== undefined && { limit: String(options.limit) }) };
      exit(await repeat(env, options, (begin) => list(env, options, query, begin)));
    });
}

function filterHelp(): string {
  const states = 'state, as IPVS names it: ESTABLISHED, SYN_RECV, TIME_WAIT, UDP ...';
  const words = Object.entries({ ...FILTER_WORDS, state: states, min_age: 'at least this old: 90, 90s, 5min, 1h, 2d' });
  return words.map(([word, text]) => `  ${(word === 'min_age' ? 'age>' : `${word}=`).padEnd(11)}${text}\n`).join('');
}

/** The filter's words as query parameters; throws UsageError. */
export function filterQuery(words: readonly string[]): Record<string, string> {
  const query: Record<string, string> = {};
  for (const text of words.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '')) {
    const [word, value] = filterWord(text);
    if (parseFilterWord(word, value) === undefined) {
      throw new UsageError(`'${text}': expected ${word === 'min_age' ? 'a time like 1h' : FILTER_WORDS[word]}.`);
    }
    query[word] = value;
  }
  return query;
}

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, min: 60, h: 3600, d: 86400 };

function filterWord(text: string): [FilterWord, string] {
  const [, number, unit] = /^age>(\d{1,9})([a-z]*)$/.exec(text) ?? [];
  const scale = SECONDS[unit ?? ''];
  if (number !== undefined && scale !== undefined) return ['min_age', String(Number(number) * scale)];
  const [, name = '', value = ''] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (Object.hasOwn(FILTER_WORDS, name) && name !== 'min_age') return [name as FilterWord, value];
  const known = Object.keys(FILTER_WORDS).filter((word) => word !== 'min_age');
  throw new UsageError(
    `'${text}' is no word of a filter. Expected ${known.map((word) => `${word}=`).join(' ')} or age>.`,
  );
}

/** Prints while it reads, so that a million connections need no memory. */
async function list(env: Env, options: ConnectionsOptions, query: Record<string, string>, begin: () => void) {
  const client = connect(env);
  if (formatOf(options) === 'json') return await passThrough(client, env, query);
  const textOf = formatOf(options) === 'tsv' ? tsvOf : tableOf;
  const batches = client.connections(query);
  for (let first = true; ; first = false) {
    const { value, done } = await batches.next();
    if (first) begin();
    if (done) {
      if (first) env.stdout.write(textOf(env, [], true));
      if (value) env.stderr.write('xlb: there are more connections than --limit\n');
      return EXIT.ok;
    }
    env.stdout.write(textOf(env, value, first));
  }
}

async function passThrough(client: Client, env: Env, query: Record<string, string>): Promise<number> {
  for await (const text of client.connectionsText(query)) env.stdout.write(text);
  return EXIT.ok;
}

const COLUMNS: readonly Column[] = [
  { title: 'CLIENT', min: 21 },
  { title: 'VIRTUAL SERVICE', min: 20 },
  { title: 'REAL SERVER', min: 16 },
  { title: 'STATE', min: 11 },
  { title: 'EXPIRES', align: 'right' },
  { title: 'AGE', align: 'right', min: 6 },
];

function tableOf(env: Env, connections: readonly Connection[], first: boolean): string {
  const rows = connections.map(
    ({ protocol, client, virtual, server, local, state, expires_s, age_s }): Row => [
      serverKeyText(client),
      `${serverKeyText(virtual)}/${protocol}`,
      local === undefined ? serverKeyText(server) : `${serverKeyText(local)} > ${serverKeyText(server)}`,
      state,
      age(expires_s),
      age(age_s),
    ],
  );
  if (first && rows.length === 0) return 'no connections\n';
  return (first ? table : tableRows)(COLUMNS, rows, viewOf(env));
}

const TSV_TITLES = [
  'protocol',
  'client',
  'virtual',
  'server',
  'service',
  'state',
  'expires_s',
  'age_s',
  'local',
] as const;

function tsvOf(_env: Env, connections: readonly Connection[], first: boolean): string {
  const records = connections.map((connection) => ({
    ...connection,
    client: serverKeyText(connection.client),
    virtual: serverKeyText(connection.virtual),
    server: serverKeyText(connection.server),
    local: connection.local === undefined ? null : serverKeyText(connection.local),
  }));
  return tsv(TSV_TITLES, records, first);
}
