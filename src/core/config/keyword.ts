/**
 * What a keyword is, as data. The tables in keywords/ are made of these; the tree,
 * the reader, the search for the nearest keyword, the printer and docs/configuration.md all read them.
 */
import type { Form } from './form.ts';
import type { Word } from './source/tokens.ts';

interface Common {
  /** A sentence for the reference. */
  readonly says: string;
  /** What it means that the keyword is recognised and nothing follows from it; left out: it acts. */
  readonly ignored?: string;
  /** Why a file with it is refused. */
  readonly refused?: string;
  /** The spelling that replaces it. */
  readonly replacedBy?: string;
  /** Not known to keepalived 2.2.7. */
  readonly since?: '2.4';
  /** Not known to keepalived at all. */
  readonly own?: boolean;
  /** May stand more than once in a block; otherwise the last one counts. */
  readonly many?: boolean;
}

export interface Plain<V> extends Common {
  readonly kind: 'plain';
  readonly form: Form<V>;
}

/** A keyword with a block of keywords. */
export interface Block<V, T extends Table> extends Common {
  readonly kind: 'block';
  /** What stands between the keyword and the brace. */
  readonly form: Form<V>;
  readonly keywords: T;
}

/** A keyword with a block of entries, one a line. */
export interface List<E> extends Common {
  readonly kind: 'list';
  readonly form: Form<void>;
  readonly entry: Form<E>;
  /** Entries are names that could be any word: none of them shows that a brace is missing. */
  readonly names: boolean;
}

/** Like `virtual_server_group NAME { entries }`. */
export interface NamedList<V, E> extends Omit<List<E>, 'kind' | 'form'> {
  readonly kind: 'named-list';
  readonly form: Form<V>;
}

// biome-ignore lint/suspicious/noExplicitAny: forms are read and printed, so no other type holds all of them.
export type Keyword = Plain<any> | Block<any, Table> | List<any> | NamedList<any, any>;
export type Table = { readonly [name: string]: Keyword };

/** A keyword with what stands after it. */
export interface Setting<V> {
  readonly keyword: Word;
  /** The words after it. */
  readonly words: readonly Word[];
  readonly value: V;
}

export interface BlockSetting<V, T extends Table> extends Setting<V> {
  readonly block: Settings<T>;
  /** Keywords that stand in the block with a wrong value: reported, and not missing. */
  readonly wrong: ReadonlySet<string>;
}

export interface ListSetting<V, E> extends Setting<V> {
  readonly entries: readonly Entry<E>[];
}

export interface Entry<E> {
  readonly words: readonly Word[];
  readonly value: E;
}

export type SettingOf<K> =
  K extends Block<infer V, infer T>
    ? BlockSetting<V, T>
    : K extends List<infer E>
      ? ListSetting<void, E>
      : K extends NamedList<infer V, infer E>
        ? ListSetting<V, E>
        : K extends Plain<infer V>
          ? Setting<V>
          : never;

/** A block as it was read: by keyword, in the order of the file. */
export type Settings<T extends Table> = { readonly [K in keyof T]?: readonly SettingOf<T[K]>[] };

type Extra = Pick<Common, 'since' | 'many' | 'own' | 'refused'>;

/** A keyword that acts. */
export function keyword<V>(form: Form<V>, says: string, extra: Extra = {}): Plain<V> {
  return { kind: 'plain', form, says, ...extra };
}

/** A keyword that is read and checked, and that nothing follows from. `ignored` says what that means. */
export function ignored<V>(form: Form<V>, says: string, meaning: string, extra: Extra = {}): Plain<V> {
  return { kind: 'plain', form, says, ignored: meaning, ...extra };
}

/** A spelling of older versions; it acts as `replacedBy` does. */
export function old<V>(form: Form<V>, replacedBy: string, extra: Extra = {}): Plain<V> {
  return { kind: 'plain', form, says: `Older spelling of \`${replacedBy}\`.`, replacedBy, ...extra };
}

type BlockExtra = Extra & Pick<Common, 'ignored' | 'replacedBy'>;

export function block<V, T extends Table>(
  form: Form<V>,
  says: string,
  keywords: T,
  extra: BlockExtra = {},
): Block<V, T> {
  return { kind: 'block', form, says, keywords, ...extra };
}

export function list<E>(entry: Form<E>, says: string, extra: BlockExtra & { names?: boolean } = {}): List<E> {
  return { kind: 'list', form: nothing, entry, says, names: false, many: true, ...extra };
}

export function namedList<V, E>(form: Form<V>, entry: Form<E>, says: string, extra: BlockExtra = {}): NamedList<V, E> {
  return { kind: 'named-list', form, entry, says, names: false, many: true, ...extra };
}

export function hasBody(known: Keyword): boolean {
  return known.kind !== 'plain';
}

export function keywordOf(table: Table, name: string): Keyword | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** No word at all. */
const nothing: Form<void> = { syntax: '', read: () => undefined, print: () => '' };

/** The setting that counts where a keyword may stand once: the last. */
export function last<S>(settings: readonly S[] | undefined): S | undefined {
  return settings?.[settings.length - 1];
}
