/** Forms of addresses. */
import { addressFamily, addressWords, parseAddress } from '../../model/address.ts';
import type { Address } from '../../model/model.ts';
import type { Args, Form } from '../form.ts';
import type { Word } from '../source/tokens.ts';
import { integer, PORT_MAX } from './numbers.ts';

export interface Prefix {
  readonly address: Address;
  /** null: not written. */
  readonly length: number | null;
}

export interface Endpoint {
  readonly address: Address;
  /** null: not written. */
  readonly port: number | null;
}

export const address: Form<Address> = {
  syntax: 'IP',
  read(args) {
    const word = args.take();
    return parsed(word) ?? args.fault(word, 'an IPv4 or IPv6 address');
  },
  print: String,
};

export function addressOf(family: 4 | 6): Form<Address> {
  return {
    syntax: `IPv${family}`,
    read(args) {
      const word = args.take();
      const value = parsed(word);
      return value !== null && addressFamily(value) === family ? value : args.fault(word, `an IPv${family} address`);
    },
    print: String,
  };
}

export function multicastOf(family: 4 | 6): Form<Address> {
  const any = addressOf(family);
  return {
    ...any,
    read(args) {
      const word = args.peek();
      const value = any.read(args);
      return value === undefined || isMulticast(value) ? value : args.fault(word, `an IPv${family} multicast address`);
    },
  };
}

export function isMulticast(value: Address): boolean {
  const first = addressWords(value)[0];
  return addressFamily(value) === 4 ? first >>> 28 === 0xe : first >>> 24 === 0xff;
}

export const endpoint: Form<Endpoint> = {
  syntax: 'IP [PORT]',
  read(args) {
    const value = address.read(args);
    if (value === undefined) return undefined;
    const port = args.peek() === undefined ? null : anyPort.read(args);
    return port === undefined ? undefined : { address: value, port };
  },
  print: ({ address: value, port }) => (port === null ? value : `${value} ${port}`),
};

/** Port 0 is every port. */
export const anyPort = integer(0, PORT_MAX, 'PORT');

/** `IP[/LENGTH]`. */
export function readPrefix(
  args: Args,
  word: Word | undefined,
  expected = 'an IPv4 or IPv6 address',
): Prefix | undefined {
  const slash = word?.text.indexOf('/') ?? -1;
  const value = parseAddress(slash < 0 ? (word?.text ?? '') : word!.text.slice(0, slash));
  if (value === null) return args.fault(word, expected);
  if (slash < 0) return { address: value, length: null };
  const max = addressFamily(value) === 4 ? 32 : 128;
  const length = word!.text.slice(slash + 1);
  if (/^\d{1,3}$/.test(length) && Number(length) <= max) return { address: value, length: Number(length) };
  return args.fault(word, `a prefix length from 0 to ${max} after the '/'`);
}

export function printPrefix({ address: value, length }: Prefix): string {
  return length === null ? value : `${value}/${length}`;
}

function parsed(word: Word | undefined): Address | null {
  return parseAddress(word?.text ?? '');
}
