/**
 * Words and braces as a tree of statements. The keyword table says which keyword
 * opens a block, so that a brace that is missing, or one too many, is found where it
 * is, and what stands around it is still read.
 */
import { hasBody, type Keyword, keywordOf, type Table } from '../keyword.ts';
import { type Position, place, type Report } from '../report.ts';
import type { Mark, Token, Word } from './tokens.ts';

export interface Statement {
  /** At least one. */
  readonly words: readonly Word[];
  /** Undefined: no braces. */
  readonly body?: readonly Statement[];
}

export function parseTree(tokens: readonly Token[], table: Table, report: Report): Statement[] {
  return new TreeParser(tokens, table, report).root();
}

/** A block that is being read. */
interface Frame {
  readonly words: readonly Word[];
  /** null: its keyword is not known, so nothing is known of what is in it. */
  readonly keyword: Keyword | null;
  readonly table: Table;
  readonly open: Position;
}

class TreeParser {
  readonly #tokens: readonly Token[];
  readonly #report: Report;
  readonly #rootTable: Table;
  readonly #frames: Frame[] = [];
  #next = 0;
  /** The frame that is taken for closed although its brace is missing: everything up to it is left. */
  #leaving: Frame | null = null;
  /** A block whose closing brace seems to be another one's. */
  #suspect: { readonly frame: Frame; readonly close: Mark } | null = null;
  #lastClosed: Frame | null = null;

  constructor(tokens: readonly Token[], table: Table, report: Report) {
    this.#tokens = tokens;
    this.#rootTable = table;
    this.#report = report;
  }

  root(): Statement[] {
    const statements: Statement[] = [];
    while (this.#next < this.#tokens.length) {
      const token = this.#tokens[this.#next]!;
      if (token.kind === 'close') this.#extraClose(token);
      else statements.push(...this.#statement(this.#rootTable, null));
      this.#leaving = null;
    }
    return statements;
  }

  #extraClose(token: Mark): void {
    this.#next++;
    const closed = this.#lastClosed;
    const hint =
      closed === null
        ? undefined
        : `the last block, ${title(closed)}, is closed already; it began at ${place(closed.open)}`;
    this.#report.error(token.at, "found '}', but no block is open", hint);
  }

  /** One statement, or none where a line end or a stray brace was passed over. */
  #statement(table: Table, frame: Frame | null): Statement[] {
    const token = this.#tokens[this.#next]!;
    if (token.kind === 'open') this.#report.error(token.at, "found '{' without a keyword before it");
    if (token.kind !== 'word') {
      this.#next++;
      return [];
    }
    const words = this.#words();
    const known = this.#knownIn(table, frame, words[0]!);
    const brace = this.#peekBrace();
    if (this.#closesEnclosing(words, known, brace !== null)) return [];
    if (known !== null && !hasBody(known)) return [this.#plain(words, brace)];
    if (brace !== null) return [this.#withBody(words, known, brace)];
    return [known === null ? { words } : this.#withoutBrace(words, known)];
  }

  /** In a list nothing is a keyword. */
  #knownIn(table: Table, frame: Frame | null, word: Word): Keyword | null {
    if (frame !== null && frame.keyword?.kind !== 'block') return null;
    return keywordOf(table, word.text) ?? null;
  }

  #words(): Word[] {
    const words: Word[] = [];
    for (let token = this.#tokens[this.#next]; token?.kind === 'word'; token = this.#tokens[++this.#next])
      words.push(token);
    return words;
  }

  /** The brace that opens a block may stand on a line of its own. */
  #peekBrace(): number | null {
    let i = this.#next;
    while (this.#tokens[i]?.kind === 'end') i++;
    return this.#tokens[i]?.kind === 'open' ? i : null;
  }

  #plain(words: readonly Word[], brace: number | null): Statement {
    if (brace === null) return { words };
    const open = this.#tokens[brace]!;
    this.#report.error(
      open.at,
      `found '{' after '${spoken(words)}', which opens no block`,
      'it is read as if the brace were not there',
    );
    this.#next = brace + 1;
    let after = this.#next;
    while (this.#tokens[after]?.kind === 'end') after++;
    if (this.#tokens[after]?.kind === 'close') this.#next = after + 1;
    return { words };
  }

  #withBody(words: readonly Word[], keyword: Keyword | null, brace: number): Statement {
    this.#next = brace + 1;
    return { words, body: this.#body(words, keyword, this.#tokens[brace]!.at) };
  }

  /** The brace is missing. If what follows belongs into the block, it is taken for opened. */
  #withoutBrace(words: readonly Word[], keyword: Keyword): Statement {
    const at = words[words.length - 1]!.at;
    if (!words.some((word) => word.broken)) {
      this.#report.error(at, `found no '{' after '${spoken(words)}', expected it there or on the next line`);
    }
    let next = this.#next;
    while (this.#tokens[next]?.kind === 'end') next++;
    const token = this.#tokens[next];
    const belongs =
      keyword.kind === 'block'
        ? token?.kind === 'word' && keywordOf(keyword.keywords, token.text)
        : token?.kind === 'word';
    return belongs ? { words, body: this.#body(words, keyword, at) } : { words, body: [] };
  }

  #body(words: readonly Word[], keyword: Keyword | null, open: Position): Statement[] {
    const table = keyword?.kind === 'block' ? keyword.keywords : {};
    const frame: Frame = { words, keyword, table, open };
    this.#frames.push(frame);
    const statements: Statement[] = [];
    while (this.#leaving === null) {
      const token = this.#tokens[this.#next];
      if (token === undefined) {
        this.#neverClosed(frame, null);
        this.#leaving = this.#frames[0]!;
      } else if (token.kind === 'close') {
        this.#next++;
        this.#closed(frame, token);
        break;
      } else statements.push(...this.#statement(table, frame));
    }
    this.#frames.pop();
    if (this.#leaving === frame) this.#leaving = null;
    return statements;
  }

  #closed(frame: Frame, close: Mark): void {
    this.#lastClosed = frame;
    const first = frame.words[0]!.at;
    const isOther = close.isFirst && close.at.column < first.column && close.at.file === first.file;
    if (isOther && this.#suspect === null) this.#suspect = { frame, close };
  }

  /** A keyword that only an enclosing block, or the file, knows: the blocks between lack their braces. */
  #closesEnclosing(words: readonly Word[], known: Keyword | null, hasBrace: boolean): boolean {
    const inner = this.#frames[this.#frames.length - 1];
    if (known !== null || inner === undefined || this.#frames.some(({ keyword }) => keyword === null)) return false;
    const name = words[0]!.text;
    const isNamesList = 'names' in inner.keyword! && inner.keyword.names;
    const depth = this.#frames.findLastIndex(({ table }, i) => i < this.#frames.length - 1 && keywordOf(table, name));
    const isRoot = depth < 0 && keywordOf(this.#rootTable, name);
    const found = depth < 0 ? isRoot : keywordOf(this.#frames[depth]!.table, name);
    if (!found || !this.#proves(found, inner, hasBrace, isNamesList)) return false;
    const outermost = this.#frames[depth + 1]!;
    this.#neverClosed(outermost, words[0]!);
    this.#leaving = outermost;
    this.#next -= words.length;
    return true;
  }

  /** A block does; a plain keyword only where an entry of a list could not be one. */
  #proves(found: Keyword, inner: Frame, hasBrace: boolean, isNamesList: boolean): boolean {
    if (hasBody(found)) return hasBrace;
    return inner.keyword?.kind === 'list' && !isNamesList;
  }

  #neverClosed(frame: Frame, before: Word | null): void {
    const end = this.#tokens[this.#tokens.length - 1]!.at;
    const until = before === null ? `the end of the file (${place(end)})` : `'${before.text}' (${place(before.at)})`;
    this.#report.error(
      frame.open,
      `found no '}' that closes ${title(frame)}, expected one before ${until}`,
      this.#suspicion(frame),
    );
  }

  /** Where indentation tells that the brace of an inner block was taken for another's. */
  #suspicion(frame: Frame): string | undefined {
    if (this.#suspect === null || this.#suspect.frame === frame) return undefined;
    const { frame: inner, close } = this.#suspect;
    this.#suspect = null;
    return `perhaps ${title(inner)}, opened at ${place(inner.open)}, lacks its '}': the one at ${place(close.at)} stands further left than it`;
  }
}

function title(frame: Frame): string {
  return `'${spoken(frame.words)}'`;
}

function spoken(words: readonly Word[]): string {
  return words.map(({ text }) => text).join(' ');
}
