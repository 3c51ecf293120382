/** A configuration in one fixed way to write it: what two files mean alike, they print alike. */
import type { Entry, Keyword, Setting, Table } from './keyword.ts';
import { type File, ROOT } from './keywords/root.ts';

/** Reads as the same settings. Definitions, conditions and includes have been followed; comments are gone. */
export function printConfig(file: File): string {
  return printBlock(file as Block, ROOT, '')
    .join('\n')
    .trimStart();
}

type Block = { readonly [name: string]: readonly Body[] | undefined };

/** A setting with what its block may hold. */
interface Body extends Setting<unknown> {
  readonly block?: Block;
  readonly entries?: readonly Entry<unknown>[];
}

/** Keywords in the order of the table; of one that stands once, the last. */
function printBlock(block: Block, table: Table, indent: string): string[] {
  return Object.entries(table).flatMap(([name, known]) => {
    const settings = block[name] ?? [];
    const counting = known.many ? settings : settings.slice(-1);
    return counting.flatMap((setting) => printSetting(name, setting, known, indent));
  });
}

function printSetting(name: string, setting: Body, known: Keyword, indent: string): string[] {
  const head = indent + [name, known.form.print(setting.value)].filter((text) => text !== '').join(' ');
  if (known.kind === 'plain') return [head];
  const inside =
    known.kind === 'block'
      ? printBlock(setting.block ?? {}, known.keywords, `${indent}  `)
      : (setting.entries ?? []).map(({ value }) => `${indent}  ${known.entry.print(value)}`);
  return [...(indent === '' ? [''] : []), `${head} {`, ...inside, `${indent}}`];
}
