/**
 * Reads options the way popt 1.19 does for ipvsadm: short options may be
 * combined and may carry their argument (`-Ln`, `-w5`, `-w=5`), long ones take
 * `--word=argument` or the next word, options and other words may be mixed,
 * `--` ends the options. Long options are not abbreviated.
 */

export interface OptionSpec<Name extends string> {
  readonly name: Name;
  readonly short?: string;
  /** `optional`: the next word is taken unless it begins with a dash. */
  readonly argument: 'none' | 'required' | 'optional';
}

export type Token<Name extends string> =
  | { readonly type: 'option'; readonly name: Name; readonly argument: string | undefined }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly reason: string };

const UNKNOWN = { type: 'error', reason: 'unknown option' } as const;
const MISSING = { type: 'error', reason: 'missing argument' } as const;
const UNWANTED = { type: 'error', reason: 'option does not take an argument' } as const;

export class OptionReader<Name extends string> {
  readonly #specs: readonly OptionSpec<Name>[];
  readonly #words: readonly string[];
  readonly #others: string[] = [];
  #next = 0;
  /** What is left of a word of combined short options. */
  #cluster = '';
  #optionsOver = false;

  constructor(specs: readonly OptionSpec<Name>[], words: readonly string[]) {
    this.#specs = specs;
    this.#words = words;
  }

  /** The word that was read last: the one that an error is about. */
  get word(): string {
    return this.#words[this.#next - 1] ?? '';
  }

  /** Takes the next word that is neither an option nor an option's argument; all are known after `end`. */
  takeOther(): string | undefined {
    return this.#others.shift();
  }

  next(): Token<Name> {
    while (this.#cluster === '') {
      const word = this.#words[this.#next];
      if (word === undefined) return { type: 'end' };
      this.#next += 1;
      if (this.#optionsOver || !word.startsWith('-') || word === '-') this.#others.push(word);
      else if (word === '--') this.#optionsOver = true;
      else if (word.startsWith('--')) return this.#long(word.slice(2));
      else this.#cluster = word.slice(1);
    }
    return this.#short();
  }

  #long(text: string): Token<Name> {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const spec = this.#specs.find((candidate) => candidate.name === name);
    if (spec === undefined) return UNKNOWN;
    const argument = equals < 0 ? undefined : text.slice(equals + 1);
    if (spec.argument !== 'none') return this.#withArgument(spec, argument);
    return argument === undefined ? option(spec) : UNWANTED;
  }

  #short(): Token<Name> {
    const letter = this.#cluster[0];
    const rest = this.#cluster.slice(1);
    this.#cluster = rest;
    const spec = this.#specs.find((candidate) => candidate.short === letter);
    if (spec === undefined) return UNKNOWN;
    if (spec.argument === 'none') return rest.startsWith('=') ? UNWANTED : option(spec);
    this.#cluster = '';
    return this.#withArgument(spec, rest === '' ? undefined : rest.replace(/^=/, ''));
  }

  #withArgument(spec: OptionSpec<Name>, attached: string | undefined): Token<Name> {
    if (attached !== undefined) return option(spec, attached);
    const word = this.#words[this.#next];
    if (spec.argument === 'optional' && (word === undefined || word.startsWith('-'))) return option(spec);
    if (word === undefined) return MISSING;
    this.#next += 1;
    return option(spec, word);
  }
}

function option<Name extends string>(spec: OptionSpec<Name>, argument?: string): Token<Name> {
  return { type: 'option', name: spec.name, argument };
}
