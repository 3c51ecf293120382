/** Statements as settings: each keyword looked up in its table, its words read by its form. */
import { Args, type Form } from './form.ts';
import { type Entry, type Keyword, keywordOf, type Setting, type Settings, type Table } from './keyword.ts';
import { nearest } from './nearest.ts';
import { place, type Report } from './report.ts';
import type { Word } from './source/tokens.ts';
import type { Statement } from './source/tree.ts';

/** `root` is where a keyword is looked for that stands in the wrong block. */
export function readSettings<T extends Table>(statements: readonly Statement[], table: T, report: Report): Settings<T> {
  return new Reader(table, report).block(statements, table, 'the file').block as unknown as Settings<T>;
}

type Mutable = Record<string, Setting<unknown>[]>;

interface ReadBlock {
  readonly block: Mutable;
  readonly wrong: ReadonlySet<string>;
}

class Reader {
  readonly #homes: ReadonlyMap<string, readonly string[]>;
  readonly #report: Report;

  constructor(root: Table, report: Report) {
    this.#homes = homesOf(root);
    this.#report = report;
  }

  block(statements: readonly Statement[], table: Table, title: string): ReadBlock {
    const block: Mutable = {};
    const wrong = new Set<string>();
    for (const statement of statements) {
      const name = statement.words[0]!;
      const known = keywordOf(table, name.text);
      if (known === undefined) wrong.add(this.#unknown(name, table, title) ?? name.text);
      else {
        const setting = this.#setting(statement, known);
        this.#warn(name, known, block[name.text]);
        if (setting === null) wrong.add(name.text);
        else {
          block[name.text] ??= [];
          block[name.text]!.push(setting);
        }
      }
    }
    return { block, wrong };
  }

  #setting(statement: Statement, known: Keyword): Setting<unknown> | null {
    const [keyword, ...words] = statement.words as readonly [Word, ...Word[]];
    const { value, failed } = this.#value(keyword, words, known.form);
    // What stands in a block is read even where its head is wrong: it may have faults of its own.
    const setting = { keyword, words, value, ...this.#inside(statement.body ?? [], known, keyword) };
    return failed ? null : setting;
  }

  #inside(body: readonly Statement[], known: Keyword, keyword: Word): object | null {
    if (known.kind === 'plain') return null;
    if (known.kind === 'block') return this.block(body, known.keywords, keyword.text);
    return { entries: this.#entries(body, known.entry, keyword) };
  }

  #entries(body: readonly Statement[], entry: Form<unknown>, keyword: Word): Entry<unknown>[] {
    return body.flatMap(({ words, body: inner }) => {
      if (inner !== undefined) {
        this.#report.error(
          words[0]!.at,
          `found a block '${words[0]!.text}' in ${keyword.text}, expected ${entry.syntax}`,
        );
        return [];
      }
      const value = this.#value(keyword, words, entry, true);
      return value.failed ? [] : [{ words, value: value.value }];
    });
  }

  #value(
    keyword: Word,
    words: readonly Word[],
    form: Form<unknown>,
    isEntry = false,
  ): { value: unknown; failed: boolean } {
    if (words.some((word) => word.broken)) return { value: undefined, failed: true };
    const args = new Args(keyword, words, this.#report, isEntry);
    const value = form.read(args);
    args.finish();
    return { value, failed: args.failed };
  }

  #warn(name: Word, known: Keyword, before: readonly Setting<unknown>[] | undefined): void {
    const { ignored, refused, replacedBy, many } = known;
    if (refused !== undefined) this.#report.error(name.at, `found '${name.text}', which xlb does not have: ${refused}`);
    if (ignored !== undefined)
      this.#report.warning(name.at, `'${name.text}' is recognised and not acted on: ${ignored}`);
    if (replacedBy !== undefined)
      this.#report.warning(
        name.at,
        `found '${name.text}', expected '${replacedBy}', which replaces it; it is read as that`,
      );
    if (before === undefined || many) return;
    const first = before[before.length - 1]!.keyword.at;
    this.#report.warning(
      name.at,
      `found '${name.text}' again, expected it once; this one counts, not that at ${place(first)}`,
    );
  }

  /** Answers the keyword that was meant, if one is near: it is wrong then, not missing. */
  #unknown(name: Word, table: Table, title: string): string | null {
    if (name.broken) return null;
    const where = title === 'the file' ? 'at the top of the file' : `in ${title}`;
    const homes = this.#homes.get(name.text);
    if (homes !== undefined) {
      const near = nearest(name.text.replace(/^nb_get_/, ''), Object.keys(table));
      const meant = near === null ? undefined : `did you mean '${near}'?`;
      this.#report.error(name.at, `found '${name.text}' ${where}, expected it in ${list(homes)}`, meant);
      return near;
    }
    const near = nearest(name.text, Object.keys(table));
    const known = where.startsWith('in') ? `a keyword of ${title}` : TOP;
    const expected = near === null ? `, expected ${known}` : `; did you mean '${near}'?`;
    this.#report.error(name.at, `found unknown keyword '${name.text}' ${where}${expected}`);
    return near;
  }
}

const TOP = 'a block like global_defs, vrrp_instance or virtual_server';

function list(homes: readonly string[]): string {
  return homes.length < 2 ? homes.join() : `${homes.slice(0, -1).join(', ')} or ${homes[homes.length - 1]}`;
}

/** Keyword -> the blocks that know it. */
function homesOf(root: Table): Map<string, string[]> {
  const homes = new Map<string, string[]>();
  const visit = (table: Table, title: string) => {
    for (const [name, known] of Object.entries(table)) {
      const titles = homes.get(name) ?? [];
      if (!titles.includes(title)) homes.set(name, [...titles, title]);
      if (known.kind === 'block') visit(known.keywords, name);
    }
  };
  visit(root, 'the top of the file');
  return homes;
}
