/** The reference of all keywords, as Markdown, made from the table that files are read with. */
import type { Keyword, Table } from './keyword.ts';

/** A section for the top of the file and for each block. Checkers share most of their words, not their sections. */
export function keywordReference(root: Table): string {
  return [section('The top of a file', '', root), ...sectionsOf(root, [])].join('\n');
}

function sectionsOf(table: Table, path: readonly string[]): string[] {
  return Object.entries(table).flatMap(([name, known]) => {
    if (known.kind !== 'block' || known.replacedBy !== undefined) return [];
    const here = [...path, name];
    const title = [name, known.form.syntax].filter((text) => text !== '').join(' ');
    const place = path.length === 0 ? '' : `, in \`${path.join(' > ')}\``;
    return [section(`\`${plain(title)}\`${place}`, known.says, known.keywords), ...sectionsOf(known.keywords, here)];
  });
}

function section(title: string, says: string, table: Table): string {
  const rows = Object.entries(table).map(([name, known]) => row(name, known));
  const head = ['| keyword | | what it does | in xlb |', '|---|---|---|---|'];
  return [`### ${title}`, '', ...(says === '' ? [] : [says, '']), ...head, ...rows, ''].join('\n');
}

function row(name: string, known: Keyword): string {
  return `| \`${name}\` | ${syntaxOf(known)} | ${known.says} | ${statusOf(known)} |`;
}

/** In a table, `|` is escaped inside code, too. */
function syntaxOf(known: Keyword): string {
  if (known.kind === 'list') return `\`{ ${known.entry.syntax} }\``;
  if (known.kind === 'named-list') return `\`${known.form.syntax} { ${known.entry.syntax} }\``;
  const syntax = known.kind === 'block' ? `${known.form.syntax} { }`.trim() : known.form.syntax;
  return syntax === '' ? '' : `\`${syntax}\``;
}

function plain(syntax: string): string {
  return syntax.replaceAll('\\|', '|');
}

function statusOf({ ignored, refused, replacedBy, since, own }: Keyword): string {
  const parts: string[] = [];
  if (refused !== undefined) parts.push(`**error**: ${refused}`);
  else if (ignored !== undefined) parts.push(`*not acted on*: ${ignored}`);
  else if (replacedBy !== undefined) parts.push(`read as \`${replacedBy}\`, with a warning`);
  else parts.push('works');
  if (since !== undefined) parts.push(`since keepalived ${since}`);
  if (own === true) parts.push('not in keepalived');
  return parts.join('; ');
}
