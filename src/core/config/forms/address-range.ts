/** Addresses that stand together in one word: `192.0.2.1-10`, `192.0.2.0/28`, or one alone. */
import { addressFamily, addressWords, parseAddress } from '../../model/address.ts';
import type { Address } from '../../model/model.ts';
import type { Args } from '../form.ts';
import type { Word } from '../source/tokens.ts';
import { type Prefix, printPrefix, readPrefix } from './addresses.ts';

export type AddressRange =
  | { readonly kind: 'range'; readonly first: Address; readonly last: Address }
  | { readonly kind: 'prefix'; readonly prefix: Prefix };

export const ADDRESS_RANGE = 'IP[-LAST\\|/LENGTH]';

/** Takes one word. */
export function readAddressRange(args: Args, expected: string): AddressRange | undefined {
  const word = args.take();
  if (word?.text.includes('-')) return readRange(args, word);
  const prefix = readPrefix(args, word, expected);
  return prefix && { kind: 'prefix', prefix };
}

export function printAddressRange(range: AddressRange): string {
  return range.kind === 'prefix' ? printPrefix(range.prefix) : `${range.first}-${range.last}`;
}

/** `192.168.200.1-10`, `2001:db8::1-ff` or whole addresses on both sides. */
function readRange(args: Args, word: Word): AddressRange | undefined {
  const [from = '', to = ''] = word.text.split(/-(.*)/s);
  const first = parseAddress(from);
  const tail = /[.:]/.test(to) || first === null ? to : from.replace(/[^.:]*$/, to);
  const end = parseAddress(tail);
  const isRange = first !== null && end !== null && addressFamily(first) === addressFamily(end) && isBelow(first, end);
  if (!isRange) return args.fault(word, 'a range of addresses, like 192.0.2.1-10, whose last is not below its first');
  return { kind: 'range', first, last: end };
}

function isBelow(first: Address, end: Address): boolean {
  const a = addressWords(first);
  const b = addressWords(end);
  const i = a.findIndex((word, place) => word !== b[place]);
  return i < 0 || a[i]! < b[i]!;
}
