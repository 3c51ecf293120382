/** The list of mark rules, and what commands make of it. */
import { below, fault } from './check.ts';
import type { CommandError } from './command.ts';
import {
  conflictOf,
  type MarkRuleSpec,
  type MarkSelectorSpec,
  makeMarkRule,
  makeMarkSelector,
  markSelectorText,
} from './mark-rule.ts';
import type { MarkRule, Model } from './model.ts';
import { prefixText } from './prefix.ts';

export type Marks = Model['marks'];

export const NO_MARKS: Marks = new Map();

export function addMark(marks: Marks, spec: MarkRuleSpec): Marks | CommandError {
  const rule = makeMarkRule(spec);
  if ('code' in rule) return under('rule', rule);
  const name = markSelectorText(rule);
  const there = marks.get(name);
  if (there !== undefined) return fault('mark-exists', 'rule', `'${name}' has mark ${there.mark} already`);
  for (const other of marks.values()) {
    const conflict = conflictOf(rule, other);
    if (conflict !== null) return under('rule', conflict);
  }
  return new Map(marks).set(name, rule);
}

export function deleteMark(marks: Marks, spec: MarkSelectorSpec): Marks | CommandError {
  const selector = makeMarkSelector(spec);
  if ('code' in selector) return under('rule', selector);
  const name = markSelectorText(selector);
  const rest = new Map(marks);
  return rest.delete(name) ? rest : fault('no-such-mark', 'rule', `there is no mark rule '${name}'`);
}

/** The whole list; the one that is there where nothing differs. */
export function setMarks(before: Marks, specs: readonly MarkRuleSpec[]): Marks | CommandError {
  const marks = new Map<string, MarkRule>();
  const byPlace = new Map<string, MarkRule[]>();
  for (const [i, spec] of specs.entries()) {
    const rule = makeMarkRule(spec);
    if ('code' in rule) return under(`rules[${i}]`, rule);
    const name = markSelectorText(rule);
    if (marks.has(name)) return fault('mark-exists', `rules[${i}]`, `'${name}' stands in the list twice`);
    const place = placeOf(rule);
    const others = byPlace.get(place) ?? [];
    const conflict = others.map((other) => conflictOf(rule, other)).find((found) => found !== null);
    if (conflict) return under(`rules[${i}]`, conflict);
    byPlace.set(place, [...others, rule]);
    marks.set(name, rule);
  }
  return sameMarks(before, marks) ? before : marks;
}

/** Where only one mark may win: rules of other places never meet as equals. */
function placeOf({ destination, source }: MarkRule): string {
  return `${prefixText(destination)} ${source && prefixText(source)}`;
}

export function sameMarks(a: Marks, b: Marks): boolean {
  if (a.size !== b.size) return false;
  const other = [...b];
  return [...a].every(([name, { mark }], i) => other[i]![0] === name && other[i]![1].mark === mark);
}

function under(path: string, error: CommandError): CommandError {
  return below(path, error) ?? error;
}
