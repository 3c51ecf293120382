/**
 * Rules that give packets a firewall mark, from what a command says.
 *
 * Of the rules that a packet meets the narrowest wins: the longest destination
 * prefix, then the longest source prefix, then the narrower ports, then fewer
 * protocols. Two rules with other marks of which neither is narrower are refused.
 */
import { addressFamily, parseAddress } from './address.ts';
import { below, checkChoice, checkInteger, fault, show } from './check.ts';
import type { CommandError } from './command.ts';
import type { MarkRule, MarkSelector, PortRange, Prefix, Protocol } from './model.ts';
import { checkPrefix, prefixText } from './prefix.ts';
import { MAX_MARK, PROTOCOLS } from './service-key.ts';

/** What is left out: from anywhere, every protocol, every port. */
export interface MarkSelectorSpec {
  readonly destination: Prefix;
  readonly source?: Prefix | null | undefined;
  readonly protocols?: readonly Protocol[] | undefined;
  /** In any order; they may overlap. */
  readonly ports?: readonly PortRange[] | undefined;
}

export interface MarkRuleSpec extends MarkSelectorSpec {
  readonly mark: number;
}

const ALL_PORTS: PortRange = { first: 0, last: 65535 };

export function makeMarkRule(spec: MarkRuleSpec): MarkRule | CommandError {
  const selector = makeMarkSelector(spec);
  if ('code' in selector) return selector;
  return checkInteger('mark', spec.mark, 1, MAX_MARK) ?? { ...selector, mark: spec.mark };
}

export function makeMarkSelector(spec: MarkSelectorSpec): MarkSelector | CommandError {
  const { destination, source = null, protocols = [], ports = [] } = spec;
  const error =
    below('destination', checkPrefix(destination)) ??
    (source === null ? null : (below('source', checkPrefix(source)) ?? checkFamily(destination, source))) ??
    checkProtocols(protocols) ??
    checkPorts(ports);
  if (error !== null) return error;
  return {
    destination: canonicalPrefix(destination),
    source: source === null || source.length === 0 ? null : canonicalPrefix(source),
    protocols: protocols.length === PROTOCOLS.length ? [] : PROTOCOLS.filter((name) => protocols.includes(name)),
    ports: merged(ports),
  };
}

/** The key of `Model.marks`, like `203.0.113.0/24 tcp 80,443,8000-8100 from 10.0.0.0/8`. */
export function markSelectorText({ destination, source, protocols, ports }: MarkSelector): string {
  const words = [prefixText(destination)];
  if (protocols.length > 0) words.push(protocols.join(','));
  if (ports.length > 0) words.push(portsText(ports));
  if (source !== null) words.push(`from ${prefixText(source)}`);
  return words.join(' ');
}

/** `80,443,8000-8100`. */
export function portsText(ports: readonly PortRange[]): string {
  return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** The inverse of `portsText`; null where the text is none. */
export function parsePorts(text: string): PortRange[] | null {
  const ranges: PortRange[] = [];
  for (const part of text.split(',')) {
    const [, from, to = from] = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(part) ?? [];
    const range = { first: Number(from), last: Number(to) };
    if (from === undefined || range.last > 65535 || range.first > range.last) return null;
    ranges.push(range);
  }
  return ranges;
}

/** Ranges of a rule: never empty. */
export function rangesOf({ ports }: Pick<MarkSelector, 'ports'>): readonly PortRange[] {
  return ports.length === 0 ? [ALL_PORTS] : ports;
}

export function protocolsOf({ protocols }: Pick<MarkSelector, 'protocols'>): readonly Protocol[] {
  return protocols.length === 0 ? PROTOCOLS : protocols;
}

/** Where two rules meet and neither is narrower, with other marks; null: they do not. */
export function conflictOf(a: MarkRule, b: MarkRule): CommandError | null {
  if (a.mark === b.mark || !samePlace(a, b)) return null;
  const [first, second] = [protocolsOf(a), protocolsOf(b)];
  const shared = first.filter((name) => second.includes(name));
  if (shared.length === 0) return null;
  const nested = shared.length === Math.min(first.length, second.length) && first.length !== second.length;
  for (const range of rangesOf(a)) {
    const other = rangesOf(b).find((found) => clash(range, found, nested));
    if (other !== undefined) return ambiguous(a, b, `${shared.join(',')} ${portsText([overlap(range, other)])}`);
  }
  return null;
}

function samePlace(a: MarkSelector, b: MarkSelector): boolean {
  const place = ({ destination, source }: MarkSelector) => `${prefixText(destination)} ${source && prefixText(source)}`;
  return place(a) === place(b);
}

/** `nested`: the protocols of one are some of the other's, which tells equal ranges apart. */
function clash(a: PortRange, b: PortRange, nested: boolean): boolean {
  if (a.last < b.first || b.last < a.first) return false;
  if (a.first === b.first && a.last === b.last) return !nested;
  const contains = (outer: PortRange, inner: PortRange) => outer.first <= inner.first && inner.last <= outer.last;
  return !contains(a, b) && !contains(b, a);
}

function overlap(a: PortRange, b: PortRange): PortRange {
  return { first: Math.max(a.first, b.first), last: Math.min(a.last, b.last) };
}

function ambiguous(a: MarkRule, b: MarkRule, where: string): CommandError {
  const found = `'${markSelectorText(a)}' has mark ${a.mark}, and '${markSelectorText(b)}' has mark ${b.mark}`;
  return fault('mark-ambiguous', '', `${found}: neither is narrower for ${where}, expected one mark there`);
}

function canonicalPrefix({ address, length }: Prefix): Prefix {
  return { address: parseAddress(address)!, length };
}

function checkFamily(destination: Prefix, source: Prefix): CommandError | null {
  const family = addressFamily(destination.address);
  if (addressFamily(source.address) === family) return null;
  return fault(
    'invalid',
    'source',
    `found ${prefixText(source)}, expected an IPv${family} prefix as the destination is`,
  );
}

function checkProtocols(protocols: readonly Protocol[]): CommandError | null {
  for (const [i, name] of protocols.entries()) {
    const error = checkChoice(`protocols[${i}]`, name, PROTOCOLS);
    if (error !== null) return error;
    if (protocols.indexOf(name) < i) return fault('invalid', `protocols[${i}]`, `found ${show(name)} twice`);
  }
  return null;
}

function checkPorts(ports: readonly PortRange[]): CommandError | null {
  for (const [i, { first, last }] of ports.entries()) {
    const error =
      checkInteger(`ports[${i}].first`, first, 1, 65535) ?? checkInteger(`ports[${i}].last`, last, first, 65535);
    if (error !== null) return error;
  }
  return null;
}

function merged(ports: readonly PortRange[]): PortRange[] {
  const ranges: PortRange[] = [];
  for (const { first, last } of [...ports].sort((a, b) => a.first - b.first)) {
    const before = ranges.at(-1);
    if (before === undefined || before.last + 1 < first) ranges.push({ first, last });
    else ranges[ranges.length - 1] = { first: before.first, last: Math.max(before.last, last) };
  }
  return ranges;
}
