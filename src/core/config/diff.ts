/**
 * What another file says in another way, keyword by keyword. Of virtual servers
 * only what the model does not hold: the difference of two models tells the rest.
 */
import type { Entry, Keyword, Setting, Table } from './keyword.ts';
import { type File, ROOT } from './keywords/root.ts';

export interface SettingChange {
  readonly action: 'add' | 'change' | 'delete';
  /** The block, like `vrrp_instance VI_1 > virtual_ipaddress`; empty: the top of the file. */
  readonly block: string;
  /** `priority 100 -> 50`, or the line that comes or goes; empty: the block as a whole. */
  readonly text: string;
}

export function diffConfig(before: File, after: File): SettingChange[] {
  return diffBlock(before as Block, after as Block, ROOT, '', HIDDEN['']);
}

type Block = { readonly [name: string]: readonly Body[] | undefined };

interface Body extends Setting<unknown> {
  readonly block?: Block;
  readonly entries?: readonly Entry<unknown>[];
}

const METHOD = ['lvs_method', 'lb_kind', 'weight'];

/** What the model holds, by the keyword of its block. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  '': ['virtual_server_group', 'local_address_group'],
  xlb: ['mark', 'local_address'],
  virtual_server: [
    ...['lvs_sched', 'lb_algo', 'protocol', 'ip_family', 'persistence_timeout', 'persistence_granularity'],
    ...['conn_rate', 'max_connections', 'source_conn_rate', 'source_connections', 'allow_source', 'deny_source'],
    ...['persistence_engine', 'ops', 'flag-1', 'flag-2', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'],
    ...['laddr_group_name', 'toa'],
    ...METHOD,
  ],
  real_server: ['uthreshold', 'lthreshold', ...METHOD],
  global_defs: ['lvs_timeouts'],
};
/** Blocks that come and go with objects of the model. */
const OBJECTS = ['virtual_server', 'real_server'];

function diffBlock(
  before: Block,
  after: Block,
  table: Table,
  path: string,
  hidden: readonly string[] = [],
): SettingChange[] {
  return Object.entries(table).flatMap(([name, known]) => {
    const [was, is] = [before[name] ?? [], after[name] ?? []];
    if (hidden.includes(name) || (was.length === 0 && is.length === 0)) return [];
    return known.kind === 'plain'
      ? diffPlain(name, was, is, known, path)
      : diffBodies(bodiesOf(name, was, known), bodiesOf(name, is, known), { name, known, path });
  });
}

function diffPlain(
  name: string,
  was: readonly Body[],
  is: readonly Body[],
  known: Keyword,
  path: string,
): SettingChange[] {
  const line = ({ value }: Body) => [name, known.form.print(value)].filter((text) => text !== '').join(' ');
  if (known.many) return diffLines(was.map(line), is.map(line), path);
  const [old, fresh] = [was.at(-1), is.at(-1)];
  if (old === undefined || fresh === undefined) return diffLines(was.map(line).slice(-1), is.map(line).slice(-1), path);
  if (line(old) === line(fresh)) return [];
  const value = known.form.print(fresh.value);
  return [{ action: 'change', block: path, text: `${line(old)} -> ${value === '' ? name : value}` }];
}

/** Lines in another order are the same lines. */
function diffLines(was: readonly string[], is: readonly string[], block: string): SettingChange[] {
  return [
    ...is.filter((text) => !was.includes(text)).map((text) => ({ action: 'add' as const, block, text })),
    ...was.filter((text) => !is.includes(text)).map((text) => ({ action: 'delete' as const, block, text })),
  ];
}

/** Settings by their first line; of blocks that stand in several parts, all parts. */
function bodiesOf(name: string, settings: readonly Body[], known: Keyword): Map<string, readonly Body[]> {
  const bodies = new Map<string, readonly Body[]>();
  for (const setting of settings) {
    const head = [name, known.form.print(setting.value)].filter((text) => text !== '').join(' ');
    bodies.set(head, [...(bodies.get(head) ?? []), setting]);
  }
  return bodies;
}

interface Place {
  readonly name: string;
  readonly known: Exclude<Keyword, { kind: 'plain' }>;
  readonly path: string;
}

function diffBodies(
  was: ReadonlyMap<string, readonly Body[]>,
  is: ReadonlyMap<string, readonly Body[]>,
  { name, known, path }: Place,
): SettingChange[] {
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((head): SettingChange[] => {
    const [old, fresh] = [was.get(head), is.get(head)];
    const block = path === '' ? head : `${path} > ${head}`;
    if (old === undefined || fresh === undefined) {
      if (OBJECTS.includes(name)) return [];
      return [{ action: old === undefined ? 'add' : 'delete', block, text: '' }];
    }
    if (known.kind === 'block') return diffBlock(merged(old), merged(fresh), known.keywords, block, HIDDEN[name]);
    const lines = (bodies: readonly Body[]) =>
      bodies.flatMap(({ entries = [] }) => entries.map(({ value }) => known.entry.print(value)));
    return diffLines(lines(old), lines(fresh), block);
  });
}

function merged(bodies: readonly Body[]): Block {
  const block: Record<string, readonly Body[]> = {};
  for (const body of bodies) {
    for (const [name, settings = []] of Object.entries(body.block ?? {})) {
      block[name] = [...(block[name] ?? []), ...settings];
    }
  }
  return block;
}
