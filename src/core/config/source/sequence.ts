/** `~SEQ` and `~LST`: a line for each value of a variable. */
import type { Report } from '../report.ts';
import type { Definition } from './definitions.ts';
import { Text } from './text.ts';

export interface Repetition {
  /** What is defined, one map for each time that the line is read. */
  readonly rounds: readonly ReadonlyMap<string, Definition>[];
  readonly rest: Text;
}

/** Far beyond every use, and far below what would fill the memory. */
const MAX_ROUNDS = 65536;
const HEAD = /^~(SEQx?|LST)\s*\(/;
const NAME = /^[A-Za-z_]\w*$/;

/** null: the line is none, or a wrong one, which is reported. */
export function readRepetition(line: Text, report: Report): Repetition | 'none' | 'wrong' {
  if (!line.text.startsWith('~')) return 'none';
  const head = HEAD.exec(line.text);
  const end = line.text.indexOf(')');
  const at = line.positionOf(0, end < 0 ? line.text.length : end + 1);
  if (head === null) return 'none';
  if (end < 0) {
    report.error(at, `found '${line.text}', expected ')' at the end of ~${head[1]}(...)`);
    return 'wrong';
  }
  const inside = line.text.slice(head[0].length, end);
  const rounds = head[1] === 'LST' ? listRounds(inside) : sequenceRounds(inside, head[1] === 'SEQx');
  if (typeof rounds === 'string') {
    report.error(at, `found '${line.text.slice(0, end + 1)}', expected ${rounds}`);
    return 'wrong';
  }
  const define = (text: string): Definition => ({ lines: [Text.standIn(text, at)], at: null });
  return {
    rounds: rounds.map((round) => new Map(round.map(([name, text]) => [name, define(text)]))),
    rest: line.slice(end + 1).trim(),
  };
}

type Round = readonly (readonly [string, string])[];

/** Text: what was expected. */
function sequenceRounds(inside: string, isHex: boolean): Round[] | string {
  const [name = '', ...texts] = inside.split(',').map((part) => part.trim());
  const numbers = texts.map(readInteger);
  if (!NAME.test(name) || numbers.length < 1 || numbers.length > 3 || numbers.some(Number.isNaN)) {
    return '~SEQ(variable, start, step, end), where start and step may be left out';
  }
  const end = numbers[numbers.length - 1]!;
  const start = numbers.length > 1 ? numbers[0]! : end < 0 ? -1 : 1;
  const step = numbers.length > 2 ? numbers[1]! : end < start ? -1 : 1;
  if (step === 0 || Math.abs(end - start) / Math.abs(step) > MAX_ROUNDS) {
    return `a step that leads from ${start} to ${end} within ${MAX_ROUNDS} lines`;
  }
  const rounds: Round[] = [];
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) {
    rounds.push([[name, value.toString(isHex ? 16 : 10)]]);
  }
  return rounds;
}

function readInteger(text: string): number {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  if (!/^(?:0[xX][0-9a-fA-F]+|[0-9]+)$/.test(digits)) return Number.NaN;
  return negative ? -Number(digits) : Number(digits);
}

function listRounds(inside: string): Round[] | string {
  const [names, ...values] = listItems(inside);
  const expected = '~LST(variable, value, ...) or ~LST({variable, ...}, {value, ...}, ...)';
  if (names === undefined || values.length === 0 || !names.every((name) => NAME.test(name))) return expected;
  if (values.some((value) => value.length !== names.length)) {
    return `${expected} with as many values as variables in each {...}`;
  }
  return values.map((value) => names.map((name, i) => [name, value[i]!] as const));
}

function listItems(inside: string): string[][] {
  const items = inside.match(/\{[^}]*\}|[^,{}]+/g) ?? [];
  return items
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => (item.startsWith('{') ? item.slice(1, -1).split(',') : [item]).map((part) => part.trim()));
}
