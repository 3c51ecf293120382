/**
 * From files to one sequence of lines: `include`, `@id`, `$NAME=`, `$NAME`,
 * `~SEQ` and `~LST`. All of these work on text, before there is a tree: a
 * definition may hold half a block.
 */
import { type Position, place, type Report } from '../report.ts';
import { type Definition, substitute } from './definitions.ts';
import { type IncludeMode, includeMode, reportMissing } from './include.ts';
import { readLines } from './lines.ts';
import { readRepetition } from './sequence.ts';
import { Text } from './text.ts';

/** Files, as the shell gives them to the core. */
export interface ConfigFiles {
  /** Paths of the files that `pattern` names, seen from the directory of `from`; sorted as the shell does. */
  find(pattern: string, from: string): readonly string[];
  /** Null-prototype results are values: a text, or why there is none. */
  read(path: string): { readonly text: string } | { readonly error: string };
}

/** What the file may ask of its surroundings. */
export interface Surroundings {
  /** What `@id` is compared with. */
  readonly configId: string;
  /** What `${_INSTANCE}` stands for. */
  readonly instance: string;
  environment(name: string): string | undefined;
  /** An integer from `min` to `max`, both included. */
  random(min: number, max: number): number;
}

export interface Expanded {
  readonly lines: readonly Text[];
  /** The text of each file that was read, for showing where faults are. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Far beyond every use: a director of ten thousand virtual servers has 200,000. */
const MAX_LINES = 2_000_000;
const DEFINITION = /^\$([A-Za-z_]\w*)=(.*)$/s;
const INCLUDE = /^(include[rmwba]?)(?:\s+(.*))?$/;
const CHECK = /^include_check(?:\s+(.*))?$/;

/** `maxLines`: what is beyond it is left out, with an error. */
export function expand(
  file: string,
  files: ConfigFiles,
  surroundings: Surroundings,
  report: Report,
  maxLines = MAX_LINES,
): Expanded {
  const expander = new Expander(files, surroundings, report, maxLines);
  expander.file(file, null);
  return { lines: expander.lines, sources: expander.sources };
}

class Expander {
  readonly lines: Text[] = [];
  readonly sources = new Map<string, string>();
  readonly #files: ConfigFiles;
  readonly #surroundings: Surroundings;
  readonly #report: Report;
  readonly #definitions = new Map<string, Definition>();
  /** Files that are being read, each included by the one before. */
  readonly #open: string[] = [];
  /** Definitions whose lines are being read. */
  readonly #inside: string[] = [];
  readonly #maxLines: number;
  #saidFull = false;
  #checks: IncludeMode = { readable: false, match: false };

  constructor(files: ConfigFiles, surroundings: Surroundings, report: Report, maxLines: number) {
    this.#maxLines = maxLines;
    this.#files = files;
    this.#surroundings = surroundings;
    this.#report = report;
  }

  /** `at`: where it is included; null: it is the one that was asked for. */
  file(path: string, at: Position | null, mode = this.#checks): void {
    if (this.#open.includes(path)) {
      this.#report.error(at!, `found an include of ${path}, which is being read: files include each other in a circle`);
      return;
    }
    const found = this.#files.read(path);
    if ('error' in found) {
      const where = at ?? { file: path, line: 1, column: 1 };
      if (at === null || mode.readable) this.#report.error(where, `cannot read ${path}: ${found.error}`);
      else this.#report.warning(where, `cannot read ${path}: ${found.error}; it is left out`);
      return;
    }
    this.sources.set(path, found.text);
    this.#open.push(path);
    this.#run(readLines(path, found.text, this.#report));
    this.#open.pop();
  }

  #run(lines: readonly Text[]): void {
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!.trim();
      const continued = line.text.endsWith('\\') && /^(@\S+\s+)?\$[A-Za-z_]\w*=/.test(line.text);
      if (!continued) {
        this.#line(line, new Map());
        continue;
      }
      const { body, last } = readBody(lines, i);
      i = last;
      this.#define(line, body);
    }
  }

  /** `$NAME= \` and the lines that belong to it. */
  #define(line: Text, body: readonly Text[]): void {
    const rest = this.#ifMeant(line);
    const match = rest && DEFINITION.exec(rest.text);
    if (rest === null || match === null) return;
    const at = rest.positionOf(0, match![1]!.length + 1);
    const first = rest.slice(rest.text.indexOf('=') + 1, rest.text.length - 1).trim();
    this.#definitions.set(match![1]!, { lines: first.text === '' ? body : [first, ...body], at });
  }

  #line(line: Text, scope: ReadonlyMap<string, Definition>): void {
    if (this.#isFull(line)) return;
    const rest = this.#ifMeant(line);
    if (rest === null || rest.text === '') return;
    const definition = DEFINITION.exec(rest.text);
    if (definition !== null) {
      const at = rest.positionOf(0, definition[1]!.length + 1);
      const value = rest.slice(rest.text.indexOf('=') + 1).trim();
      this.#definitions.set(definition[1]!, { lines: [this.#frozen(value, scope)], at });
      return;
    }
    const repetition = readRepetition(rest, this.#report);
    if (repetition === 'wrong') return;
    if (repetition !== 'none') {
      for (const round of repetition.rounds) {
        if (this.#saidFull) break;
        this.#line(repetition.rest, new Map([...scope, ...round]));
      }
      return;
    }
    if (this.#include(rest)) return;
    this.#substituted(rest, scope);
  }

  /** Said once, at the line that is one too many. */
  #isFull(line: Text): boolean {
    if (this.lines.length < this.#maxLines || line.text === '') return false;
    if (!this.#saidFull)
      this.#report.error(line.positionOf(0), `found more than ${this.#maxLines} lines, expected fewer`);
    this.#saidFull = true;
    return true;
  }

  #substituted(line: Text, scope: ReadonlyMap<string, Definition>): void {
    if (!line.text.includes('$')) {
      this.lines.push(line);
      return;
    }
    const known = new Map([...this.#definitions, ...scope]);
    if (this.#block(line, known, scope)) return;
    const lines = substitute(line, known, (...use) => this.#predefined(...use), this.#report);
    // A condition, or a whole line, may have come in by a name.
    const [first] = lines;
    if (lines.length === 1 && /^[@~]|^include/.test(first!.text.trimStart()) && first!.text !== line.text) {
      this.#line(first!.trim(), scope);
    } else this.lines.push(...lines);
  }

  /**
   * A name alone, of a definition with several lines. They are read one after the
   * other: what one of them defines is there for the next.
   */
  #block(line: Text, known: ReadonlyMap<string, Definition>, scope: ReadonlyMap<string, Definition>): boolean {
    const alone = /^\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})$/.exec(line.text);
    const name = alone?.[1] ?? alone?.[2] ?? '';
    const definition = known.get(name);
    if (definition === undefined || definition.lines.length < 2) return false;
    const at = line.positionOf(0, line.text.length);
    if (this.#inside.includes(name)) {
      this.#report.error(at, `found $${name} in what it stands for itself`);
      return true;
    }
    this.#inside.push(name);
    for (const part of definition.lines) {
      const via = `${at.via === undefined ? '' : `${at.via}, `}$${name}, defined at ${place(part.positionOf(0))}`;
      this.#line(Text.standIn(part.text, { ...at, via }), scope);
    }
    this.#inside.pop();
    return true;
  }

  /** In a line of ~SEQ, what a definition gets is the variable's value of that round. */
  #frozen(value: Text, scope: ReadonlyMap<string, Definition>): Text {
    if (scope.size === 0) return value;
    return Text.join(substitute(value, scope, () => null, this.#report));
  }

  /** What stands after `@id`; null: not for this machine. */
  #ifMeant(line: Text): Text | null {
    const match = /^@(\^?)([^\s]*)\s*/.exec(line.text);
    if (match === null) return line;
    const isEqual = match[2] === this.#surroundings.configId;
    if (match[2] === '') {
      this.#report.error(line.positionOf(0), "found '@' alone, expected @ID or @^ID, as of --config-id");
      return null;
    }
    return isEqual === (match[1] === '') ? this.#ifMeant(line.slice(match[0].length)) : null;
  }

  #include(line: Text): boolean {
    const check = CHECK.exec(line.text);
    if (check !== null) this.#checks = includeMode(check[1] ?? '', this.#checks);
    const match = INCLUDE.exec(line.text);
    if (match === null) return false;
    const at = line.positionOf(0, line.text.length);
    const pattern = this.#pattern(line, match[2]);
    if (pattern === '') {
      this.#report.error(at, `found ${match[1]} alone, expected the name of a file, or a pattern`);
      return true;
    }
    const mode = includeMode(match[1]!.slice('include'.length), this.#checks);
    const paths = this.#files.find(pattern, this.#open[this.#open.length - 1]!);
    if (paths.length === 0) reportMissing(pattern, mode, at, this.#report);
    const before = this.#checks;
    for (const path of paths) this.file(path, at, mode);
    this.#checks = before;
    return true;
  }

  #pattern(line: Text, written = ''): string {
    const text = Text.standIn(written, line.positionOf(0));
    const known = substitute(text, this.#definitions, (...use) => this.#predefined(...use), this.#report);
    return (known[0]?.text ?? '').trim().replace(/^(["'])(.*)\1$/, '$2');
  }

  #predefined(name: string, argument: string, at: Position): string | null {
    switch (name) {
      case '_HASH':
        return '#';
      case '_BANG':
        return '!';
      case '_PWD':
        return directoryOf(this.#open[this.#open.length - 1]!);
      case '_INSTANCE':
        return this.#surroundings.instance;
      case '_ENV':
        return this.#environment(argument, at);
      case '_RANDOM':
        return this.#random(argument, at);
      default:
        return null;
    }
  }

  #environment(name: string, at: Position): string {
    const value = this.#surroundings.environment(name);
    if (value === undefined)
      this.#report.warning(at, `the environment has no ${name || 'variable without a name'}; nothing is put in`);
    return value ?? '';
  }

  #random(argument: string, at: Position): string {
    const [min = 0, max = 32767, ...more] = argument === '' ? [] : argument.split(/\s+/).map(Number);
    if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < min || more.length > 0) {
      this.#report.error(at, `found '${argument}' in \${_RANDOM}, expected its least and its greatest number`);
      return '0';
    }
    return String(this.#surroundings.random(min, max));
  }
}

/** The lines of a definition whose first ends in `\`, and the index of the last. */
function readBody(lines: readonly Text[], first: number): { body: Text[]; last: number } {
  const body: Text[] = [];
  let i = first + 1;
  for (; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line.text === '') continue;
    const goesOn = line.text.endsWith('\\');
    body.push(goesOn ? line.slice(0, line.text.length - 1).trim() : line);
    if (!goesOn) break;
  }
  return { body: body.filter(({ text }) => text !== ''), last: i };
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : end === 0 ? '/' : path.slice(0, end);
}
