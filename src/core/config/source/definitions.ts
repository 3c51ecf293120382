/** `$NAME` and `${NAME}`: what they stand for, put in where they stand. */
import { type Position, place, type Report } from '../report.ts';
import { Text } from './text.ts';

export interface Definition {
  /** Usually one line. */
  readonly lines: readonly Text[];
  /** null: a variable of ~SEQ or ~LST. */
  readonly at: Position | null;
}

export type Scope = ReadonlyMap<string, Definition>;

/** What predefined variables stand for; null where there is no such variable. */
export type Predefined = (name: string, argument: string, at: Position) => string | null;

/** A definition that stands for itself would go on for ever. */
const MAX_DEPTH = 32;
/** Of one line: definitions that stand for each other several times grow without end. */
const MAX_LENGTH = 65536;
const USE = /\$(?:\{([A-Za-z_]\w*)((?:\s+[^}\s]+)*)\s*\}|([A-Za-z_]\w*))/;

/** One line, with everything put in that is defined: several lines where a definition has several. */
export function substitute(text: Text, scope: Scope, predefined: Predefined, report: Report, depth = 0): Text[] {
  const done: Text[] = [];
  let lines: Text[] = [Text.empty];
  let rest = text;
  for (let match = USE.exec(rest.text); match !== null; match = USE.exec(rest.text)) {
    const at = rest.positionOf(match.index, match[0].length);
    const before = rest.slice(0, match.index);
    rest = rest.slice(match.index + match[0].length);
    const name = match[1] ?? match[3]!;
    const definition = scope.get(name);
    const value =
      definition === undefined
        ? [literal(match[0], predefined(name, match[2]?.trim() ?? '', at), at)]
        : definition.lines.flatMap((line) =>
            depth < MAX_DEPTH
              ? substitute(moved(line, name, definition, at), scope, predefined, report, depth + 1)
              : [Text.standIn('', at)],
          );
    if (depth === MAX_DEPTH && definition !== undefined) {
      report.error(at, `$${name} stands for itself, by way of what it is defined as`);
    }
    lines = append(append(lines, [before]), value);
    done.push(...lines.splice(0, lines.length - 1));
    if (lines[0]!.text.length > MAX_LENGTH) {
      report.error(at, `$${name} makes a line of more than ${MAX_LENGTH} characters`);
      return [];
    }
  }
  return [...done, ...append(lines, [rest])];
}

/** What nobody defined stays as it stands. */
function literal(written: string, value: string | null, at: Position): Text {
  return value === null ? Text.verbatim(written, at) : Text.standIn(value, at);
}

/** The last line goes on with the first of `more`. */
function append(lines: Text[], more: Text[]): Text[] {
  if (more.length === 0) return lines;
  return [...lines.slice(0, -1), Text.join([lines[lines.length - 1]!, more[0]!]), ...more.slice(1)];
}

/** What is put in stands where the name stands, and tells where it is defined. */
function moved(line: Text, name: string, definition: Definition, at: Position): Text {
  const where = line.text === '' || definition.at === null ? definition.at : line.positionOf(0);
  const own = where === null ? `$${name} = ${line.text}` : `$${name}, defined at ${place(where)}`;
  const via = at.via === undefined ? own : `${at.via}, ${own}`;
  return Text.standIn(line.text, { ...at, via });
}
