/** What the translators of addresses, routes and rules share. */
import { addressFamily, parseAddress } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import type { Destination, Untranslated } from './assignments.ts';
import { type IpNames, numberOf, parseNumber } from './ip-names.ts';

/** What the words of a form refer to. */
export interface FormContext {
  readonly ifindexOf: (name: string) => number | undefined;
  /** Index of the instance's interface, for what names none. */
  readonly standard: number;
}

export interface NamesContext extends FormContext {
  readonly names: IpNames;
}

/** A word that cannot be carried out. Never leaves a translator. */
class WordError extends Error {}

/** `what`: the words themselves, for the error. */
export function translated<T>(what: string, translate: () => T): T | Untranslated {
  try {
    return translate();
  } catch (error) {
    if (error instanceof WordError) return { error: `'${what}': ${error.message}` };
    throw error;
  }
}

export function refuse(message: string): never {
  throw new WordError(message);
}

export function found(text: string, word: string, expected: string): never {
  return refuse(`found '${text}' after '${word}', expected ${expected}`);
}

export const U32_MAX = 0xffff_ffff;

/** In C's notation. */
export function numberWord(text: string, word: string, max = U32_MAX, min = 0): number {
  const value = parseNumber(text);
  if (value !== null && value >= min && value <= max) return value;
  return found(text, word, `a number from ${min} to ${max}`);
}

export function namedWord(text: string, word: string, names: ReadonlyMap<string, number>, max: number): number {
  const value = numberOf(names, text, max);
  if (value !== null) return value;
  const known = [...names.keys()].slice(0, 6);
  const examples = known.length === 0 ? 'a name that iproute2 knows' : `a name like ${known.join(', ')}`;
  return found(text, word, `a number from 0 to ${max} or ${examples}`);
}

export function interfaceWord(text: string, word: string, { ifindexOf }: FormContext): number {
  return ifindexOf(text) ?? found(text, word, 'an interface that is there');
}

export function addressWord(text: string, word: string): Address {
  return parseAddress(text) ?? found(text, word, 'an IPv4 or IPv6 address');
}

/** `IP[/LENGTH]` */
export function prefixWord(text: string, word: string): Destination {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const value = parseAddress(address);
  if (value === null) return found(text, word, 'an address, or one with a prefix length');
  const bits = addressBits(value);
  const wanted = length === undefined ? bits : Number(length);
  return wanted <= bits ? { address: value, length: wanted } : found(text, word, `a prefix of at most ${bits} bits`);
}

export function addressBits(address: Address): 32 | 128 {
  return addressFamily(address) === 4 ? 32 : 128;
}

/** `[FROM/]REALM` */
export function realmsWord(text: string, word: string, names: ReadonlyMap<string, number>): number {
  const [last = '', from] = text.split('/').reverse();
  const realm = (value: string) => namedWord(value, word, names, 0xffff);
  return (from === undefined ? 0 : realm(from) * 0x10000) + realm(last);
}
