/** What limits the new connections of a service: made from what a command says, checked, compared, as text. */
import { addressFamily, addressFromWords, addressWords, parseAddress } from './address.ts';
import { below, checkInteger, fault, show } from './check.ts';
import type { CommandError } from './command.ts';
import type { Address, ServiceKey, ServiceLimits } from './model.ts';
import { prefixMask } from './netmask.ts';
import { formatServiceKey, serviceFamily } from './service-key.ts';

/** One connection's time is kept in whole nanoseconds: up to this rate that is wrong by 0.1 % at most. */
export const MAX_RATE = 1_000_000;
export const MAX_BURST = 10_000_000;
export const MAX_CONNECTIONS = 4294967295;

export const NO_LIMITS: ServiceLimits = {
  rate: 0,
  burst: 0,
  sourceRate: 0,
  sourceBurst: 0,
  connections: 0,
  sourceConnections: 0,
  allow: [],
  deny: [],
};

/** What is left out is no limit; a burst, what its rate makes in a second. Null: none at all. */
export type LimitsSpec = { readonly [Name in keyof ServiceLimits]?: ServiceLimits[Name] | undefined };

/** A range of addresses. */
export interface Prefix {
  readonly address: Address;
  /** Bits, 0 to 32 or 128. */
  readonly length: number;
}

export function makeLimits(spec: LimitsSpec): ServiceLimits {
  const { rate = 0, sourceRate = 0 } = spec;
  return {
    rate,
    burst: spec.burst ?? rate,
    sourceRate,
    sourceBurst: spec.sourceBurst ?? sourceRate,
    connections: spec.connections ?? 0,
    sourceConnections: spec.sourceConnections ?? 0,
    allow: canonical(spec.allow),
    deny: canonical(spec.deny),
  };
}

/** Null where nothing is limited: a service has no such limits then. */
export function limitsOrNull(limits: ServiceLimits): ServiceLimits | null {
  return sameLimits(limits, NO_LIMITS) ? null : limits;
}

/** `service` has been checked. */
export function checkLimits(service: ServiceKey, limits: ServiceLimits): CommandError | null {
  return (
    checkInteger('rate', limits.rate, 0, MAX_RATE) ??
    checkBurst('burst', limits.burst, limits.rate) ??
    checkInteger('sourceRate', limits.sourceRate, 0, MAX_RATE) ??
    checkBurst('sourceBurst', limits.sourceBurst, limits.sourceRate) ??
    checkInteger('connections', limits.connections, 0, MAX_CONNECTIONS) ??
    checkInteger('sourceConnections', limits.sourceConnections, 0, MAX_CONNECTIONS) ??
    checkList('allow', limits.allow, service) ??
    checkList('deny', limits.deny, service) ??
    checkTwice(limits)
  );
}

/** `10.0.0.0/8`, or an address alone; null where it is none. Bits behind the prefix may be set: see `checkList`. */
export function parsePrefix(text: string): Prefix | null {
  const [, host = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === null) return null;
  const most = addressFamily(address) === 4 ? 32 : 128;
  const length = bits === undefined ? most : Number(bits);
  return length > most ? null : { address, length };
}

export function prefixText({ address, length }: Prefix): string {
  return `${address}/${length}`;
}

export function sameLimits(a: ServiceLimits | undefined, b: ServiceLimits | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const numbers = ['rate', 'burst', 'sourceRate', 'sourceBurst', 'connections', 'sourceConnections'] as const;
  return numbers.every((name) => a[name] === b[name]) && sameList(a.allow, b.allow) && sameList(a.deny, b.deny);
}

/** Like `at most 100 new connections a second, bursts of 200`; empty: none. */
export function limitsText(limits: ServiceLimits | undefined): string {
  const { rate, burst, sourceRate, sourceBurst, connections, sourceConnections, allow, deny } = limits ?? NO_LIMITS;
  const words: string[] = [];
  if (rate > 0) words.push(`rate ${rate}/s burst ${burst}`);
  if (connections > 0) words.push(`connections ${connections}`);
  if (sourceRate > 0) words.push(`source rate ${sourceRate}/s burst ${sourceBurst}`);
  if (sourceConnections > 0) words.push(`source connections ${sourceConnections}`);
  if (allow.length > 0) words.push(`allow ${allow.join(' ')}`);
  if (deny.length > 0) words.push(`deny ${deny.join(' ')}`);
  return words.join(', ');
}

/** What was meant where bits behind the prefix are set; null: none are. */
export function checkPrefix(prefix: Prefix): string | null {
  const network = { ...prefix, address: networkOf(prefix) };
  if (network.address === prefix.address) return null;
  const host = { ...prefix, length: addressFamily(prefix.address) === 4 ? 32 : 128 };
  return `${prefixText(network)} or ${prefixText(host)}`;
}

function canonical(list: readonly string[] = []): readonly string[] {
  const texts = list.map((text) => {
    const prefix = typeof text === 'string' ? parsePrefix(text) : null;
    return prefix === null ? text : prefixText(prefix);
  });
  return [...new Set(texts)].sort();
}

function checkBurst(path: string, burst: number, rate: number): CommandError | null {
  if (rate === 0 && burst !== 0) return fault('invalid', path, `found ${show(burst)} without a rate, expected a rate`);
  return rate === 0 ? null : checkInteger(path, burst, 1, MAX_BURST);
}

function checkList(path: string, list: readonly string[], service: ServiceKey): CommandError | null {
  for (const [i, text] of list.entries()) {
    const error = checkListed(text, service);
    if (error !== null) return below(`${path}[${i}]`, error);
  }
  return null;
}

function checkListed(text: unknown, service: ServiceKey): CommandError | null {
  const prefix = typeof text === 'string' ? parsePrefix(text) : null;
  if (prefix === null) return fault('invalid', '', `found ${show(text)}, expected a prefix like 192.0.2.0/24`);
  const family = serviceFamily(service);
  if (addressFamily(prefix.address) !== family) {
    const message = `found ${prefixText(prefix)} for ${formatServiceKey(service)}, expected a prefix of IPv${family}`;
    return fault('invalid', '', message);
  }
  const expected = checkPrefix(prefix);
  return expected === null ? null : fault('invalid', '', `found ${prefixText(prefix)}, expected ${expected}`);
}

function networkOf({ address, length }: Prefix): Address {
  const mask = addressWords(prefixMask(length));
  return addressFromWords(
    addressFamily(address),
    addressWords(address).map((word, i) => (word & mask[i]!) >>> 0),
  );
}

function checkTwice({ allow, deny }: ServiceLimits): CommandError | null {
  const both = deny.find((prefix) => allow.includes(prefix));
  return both === undefined ? null : fault('invalid', 'deny', `found ${both} in both lists, expected it in one`);
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
