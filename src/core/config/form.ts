/** What may stand after a keyword: how it is read, written and described. */
import type { Report } from './report.ts';
import type { Word } from './source/tokens.ts';

export interface Form<V> {
  /** For people: `NUMBER`, `IP [PORT]`; empty where nothing may stand. */
  readonly syntax: string;
  /** Takes its words; undefined where they are wrong, which has been reported. */
  read(args: Args): V | undefined;
  /** What `read` reads as the same value. */
  print(value: V): string;
}

/** The words after a keyword, taken one by one. */
export class Args {
  readonly keyword: Word;
  /** Words of an entry stand in the block of the keyword, others after it. */
  readonly isEntry: boolean;
  readonly report: Report;
  readonly #words: readonly Word[];
  #next = 0;
  #failed = false;

  constructor(keyword: Word, words: readonly Word[], report: Report, isEntry = false) {
    this.keyword = keyword;
    this.isEntry = isEntry;
    this.report = report;
    this.#words = words;
  }

  get failed(): boolean {
    return this.#failed;
  }

  peek(): Word | undefined {
    return this.#words[this.#next];
  }

  take(): Word | undefined {
    const word = this.#words[this.#next];
    if (word !== undefined) this.#next++;
    return word;
  }

  /** The next word is this one, and is taken. */
  takeIf(...texts: string[]): Word | undefined {
    const word = this.peek();
    return word !== undefined && texts.includes(word.text) ? this.take() : undefined;
  }

  rest(): Word[] {
    const words = this.#words.slice(this.#next);
    this.#next = this.#words.length;
    return words;
  }

  /** The word is wrong, or missing where there is none. Always undefined. */
  fault(word: Word | undefined, expected: string, hint?: string): undefined {
    this.#failed = true;
    const found = word === undefined ? 'nothing' : `'${word.text}'`;
    const where = this.#where(word);
    this.report.error(
      (word ?? this.#lastWord()).at,
      `found ${found} ${where}, expected ${expected}`,
      hint ?? undefinedName(word),
    );
    return undefined;
  }

  /** What is left over is wrong; called when everything is read. */
  finish(): void {
    const word = this.peek();
    if (word === undefined || this.#failed) return;
    const before = this.#words[this.#next - 1] ?? this.keyword;
    this.report.error(
      word.at,
      `found '${word.text}' after '${before.text}', expected the end of the line`,
      word.text.endsWith(';') || before.text.endsWith(';') ? 'lines end without a semicolon here' : undefined,
    );
  }

  #where(word: Word | undefined): string {
    const before = this.#words[(word === undefined ? this.#words.length : this.#words.indexOf(word)) - 1];
    if (before !== undefined) return `after '${before.text}'`;
    return `${this.isEntry ? 'in' : 'after'} '${this.keyword.text}'`;
  }

  #lastWord(): Word {
    return this.#words[this.#words.length - 1] ?? this.keyword;
  }
}

/** A `$NAME` that nobody defined stays as it is written. */
function undefinedName(word: Word | undefined): string | undefined {
  const name = /\$\{?([A-Za-z_]\w*)/.exec(word?.text ?? '')?.[1];
  return name === undefined ? undefined : `$${name} is not defined above this line`;
}
