/**
 * Mark rules as the data plane looks them up: for each destination prefix, for each
 * protocol and prefix of ports, the mark; where it depends on the source, for each
 * prefix of sources. Each part says all that holds there, rules of shorter prefixes
 * included: see `narrower` for which wins.
 */
import { protocolsOf, rangesOf } from '../model/mark-rule.ts';
import type { Marks } from '../model/marks.ts';
import type { MarkRule, PortRange, Prefix, Protocol } from '../model/model.ts';
import { covers, masked, prefixText } from '../model/prefix.ts';
import { PROTOCOLS } from '../model/service-key.ts';

/** `mark`: of sources without one of their own; 0: none. */
export interface SourceMarks {
  readonly mark: number;
  readonly sources: readonly { readonly source: Prefix; readonly mark: number }[];
}

export interface PortMarks extends SourceMarks {
  readonly protocol: Protocol;
  /** Host order; the bits beyond `length` are 0. */
  readonly port: number;
  /** 0 to 16. */
  readonly length: number;
}

export interface DestinationMarks {
  readonly destination: Prefix;
  readonly ports: readonly PortMarks[];
}

const END = 65536;

/** In the order of the rules. */
export function markTables(marks: Marks): DestinationMarks[] {
  const byDestination = new Map<string, MarkRule[]>();
  for (const rule of marks.values()) {
    const name = prefixText(rule.destination);
    const rules = byDestination.get(name);
    if (rules === undefined) byDestination.set(name, [rule]);
    else rules.push(rule);
  }
  const lengths = [...new Set([...marks.values()].map(({ destination }) => destination.length))];
  return [...byDestination.values()].map(([first]) => {
    const { destination } = first!;
    const rules = lengths
      .filter((length) => length <= destination.length)
      .flatMap(
        (length) => byDestination.get(prefixText({ address: masked(destination.address, length), length })) ?? [],
      );
    return { destination, ports: PROTOCOLS.flatMap((protocol) => portMarks(protocol, rules)) };
  });
}

function portMarks(protocol: Protocol, all: readonly MarkRule[]): PortMarks[] {
  const rules = all.filter((rule) => protocolsOf(rule).includes(protocol));
  if (rules.length === 0) return [];
  const bounds = new Set([
    0,
    ...rules.flatMap((rule) => rangesOf(rule).flatMap(({ first, last }) => [first, last + 1])),
  ]);
  const starts = [...bounds].filter((port) => port < END).sort((a, b) => a - b);
  const spans: (SourceMarks & { readonly first: number })[] = [];
  for (const first of starts) {
    const found = marksAt(first, rules);
    const before = spans.at(-1);
    if (before === undefined || !sameMarks(before, found)) spans.push({ first, ...found });
  }
  return spans.flatMap(({ first, ...found }, i) => {
    if (found.mark === 0 && found.sources.length === 0) return [];
    return portPrefixes(first, (spans[i + 1]?.first ?? END) - 1).map((prefix) => ({ protocol, ...prefix, ...found }));
  });
}

interface Candidate {
  readonly rule: MarkRule;
  /** The one of the rule's that has the port. */
  readonly range: PortRange;
}

function marksAt(port: number, rules: readonly MarkRule[]): SourceMarks {
  const candidates = rules
    .flatMap((rule): Candidate[] => {
      const range = rangesOf(rule).find(({ first, last }) => first <= port && port <= last);
      return range === undefined ? [] : [{ rule, range }];
    })
    .sort(narrower);
  const anywhere = candidates.findIndex(({ rule }) => rule.source === null);
  const mark = candidates[anywhere]?.rule.mark ?? 0;
  // What is wider than a rule for every source never wins.
  const bound = (anywhere < 0 ? candidates : candidates.slice(0, anywhere)).map(({ rule }) => rule);
  const places = new Map(bound.map(({ source }) => [prefixText(source!), source!]));
  const sources = [...places.values()].map((source) => {
    const winner = bound.find((rule) => covers(rule.source!, source));
    return { source, mark: winner?.mark ?? mark };
  });
  return sources.every((each) => each.mark === mark) ? { mark, sources: [] } : { mark, sources };
}

/** The narrowest first; equals have the same mark. */
function narrower(a: Candidate, b: Candidate): number {
  const size = ({ first, last }: PortRange) => last - first;
  return (
    b.rule.destination.length - a.rule.destination.length ||
    sourceLength(b.rule) - sourceLength(a.rule) ||
    size(a.range) - size(b.range) ||
    protocolsOf(a.rule).length - protocolsOf(b.rule).length
  );
}

function sourceLength({ source }: MarkRule): number {
  return source?.length ?? 0;
}

function sameMarks(a: SourceMarks, b: SourceMarks): boolean {
  const text = ({ mark, sources }: SourceMarks) =>
    JSON.stringify([mark, sources.map((each) => [prefixText(each.source), each.mark]).sort()]);
  return text(a) === text(b);
}

/** The fewest prefixes that together are these ports. */
function portPrefixes(first: number, last: number): Pick<PortMarks, 'port' | 'length'>[] {
  const prefixes: Pick<PortMarks, 'port' | 'length'>[] = [];
  for (let port = first; port <= last; ) {
    let length = 16;
    while (length > 0 && port % 2 ** (17 - length) === 0 && port + 2 ** (17 - length) - 1 <= last) length--;
    prefixes.push({ port, length });
    port += 2 ** (16 - length);
  }
  return prefixes;
}
