/** What names a virtual service, and how its packets reach real servers. */
import { addressFamily, addressWords, parseAddress } from '../../model/address.ts';
import type { Address } from '../../model/model.ts';
import { MAX_MARK } from '../../model/service-key.ts';
import type { Args, Form } from '../form.ts';
import type { Word } from '../source/tokens.ts';
import { anyPort, endpoint, type Prefix, printPrefix, readPrefix } from './addresses.ts';
import { integer, port } from './numbers.ts';
import { name } from './words.ts';

/** `inet` is IPv4. */
export type InetFamily = 'inet' | 'inet6';

export type ServiceName =
  | { readonly kind: 'address'; readonly address: Address; readonly port: number | null }
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family: InetFamily | null }
  | { readonly kind: 'group'; readonly group: string };

const mark = integer(1, MAX_MARK, 'MARK');

export const serviceName: Form<ServiceName> = {
  syntax: 'IP [PORT] \\| fwmark MARK [inet\\|inet6] \\| group NAME',
  read(args) {
    if (args.takeIf('fwmark')) return readMark(args);
    if (args.takeIf('group')) {
      const group = name.read(args);
      return group === undefined ? undefined : { kind: 'group', group };
    }
    const value = endpoint.read(args);
    return value === undefined ? undefined : { kind: 'address', ...value };
  },
  print(value) {
    if (value.kind === 'group') return `group ${name.print(value.group)}`;
    return value.kind === 'address' ? endpoint.print(value) : printMark(value);
  },
};

export type GroupMember =
  | { readonly kind: 'range'; readonly first: Address; readonly last: Address; readonly ports: PortRange | null }
  | { readonly kind: 'prefix'; readonly prefix: Prefix; readonly ports: PortRange | null }
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family: InetFamily | null };

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `IP`, `IP-LAST`, `IP/LENGTH`, each with a port or a range of ports; or `fwmark N`. */
export const groupMember: Form<GroupMember> = {
  syntax: 'IP[-LAST\\|/LENGTH] [PORT[-LAST]] \\| fwmark MARK',
  read(args) {
    if (args.takeIf('fwmark')) return readMark(args);
    const word = args.take();
    const addresses = word?.text.includes('-') ? readRange(args, word) : readMemberPrefix(args, word);
    if (addresses === undefined) return undefined;
    const ports = args.peek() === undefined ? null : readPorts(args);
    return ports === undefined ? undefined : { ...addresses, ports };
  },
  print(value) {
    if (value.kind === 'fwmark') return printMark(value);
    const addresses = value.kind === 'prefix' ? printPrefix(value.prefix) : `${value.first}-${value.last}`;
    if (value.ports === null) return addresses;
    const { first, last } = value.ports;
    return `${addresses} ${first === last ? first : `${first}-${last}`}`;
  },
};

function readMemberPrefix(args: Args, word: Word | undefined) {
  const prefix = readPrefix(args, word, "an IPv4 or IPv6 address, a range, a prefix or 'fwmark'");
  return prefix && ({ kind: 'prefix', prefix } as const);
}

/** `192.168.200.1-10`, `2001:db8::1-ff` or whole addresses on both sides. */
function readRange(args: Args, word: Word) {
  const [from = '', to = ''] = word.text.split(/-(.*)/s);
  const first = parseAddress(from);
  const tail = /[.:]/.test(to) || first === null ? to : from.replace(/[^.:]*$/, to);
  const end = parseAddress(tail);
  const isRange = first !== null && end !== null && addressFamily(first) === addressFamily(end) && isBelow(first, end);
  if (!isRange) return args.fault(word, 'a range of addresses, like 192.0.2.1-10, whose last is not below its first');
  return { kind: 'range', first, last: end } as const;
}

function isBelow(first: Address, end: Address): boolean {
  const a = addressWords(first);
  const b = addressWords(end);
  const i = a.findIndex((word, place) => word !== b[place]);
  return i < 0 || a[i]! < b[i]!;
}

function readPorts(args: Args): PortRange | undefined {
  const word = args.peek();
  const range = /^(\d{1,5})-(\d{1,5})$/.exec(word?.text ?? '');
  if (range === null) {
    const value = anyPort.read(args);
    return value === undefined ? undefined : { first: value, last: value };
  }
  args.take();
  const [first, end] = [Number(range[1]), Number(range[2])];
  return first >= 1 && first <= end && end <= 65535
    ? { first, last: end }
    : args.fault(word, 'a range of ports from 1 to 65535, whose last is not below its first');
}

function readMark(args: Args) {
  const value = mark.read(args);
  if (value === undefined) return undefined;
  const family = args.takeIf('inet', 'inet6')?.text as InetFamily | undefined;
  return { kind: 'fwmark', mark: value, family: family ?? null } as const;
}

function printMark(value: { readonly mark: number; readonly family: InetFamily | null }): string {
  return value.family === null ? `fwmark ${value.mark}` : `fwmark ${value.mark} ${value.family}`;
}

export type MethodName = 'NAT' | 'DR' | 'TUN' | 'FULLNAT';

export interface MethodSetting {
  readonly method: MethodName;
  readonly tunnel: { readonly type: 'ipip' | 'gre' } | { readonly type: 'gue'; readonly port: number } | null;
  readonly checksum: 'nocsum' | 'csum' | 'remcsum' | null;
}

const METHODS: readonly MethodName[] = ['NAT', 'DR', 'TUN', 'FULLNAT'];

export const method: Form<MethodSetting> = {
  syntax: 'NAT\\|DR\\|FULLNAT\\|TUN [type ipip\\|gre\\|gue port PORT] [nocsum\\|csum\\|remcsum]',
  read(args) {
    const word = args.take();
    const found = METHODS.find((each) => each === word?.text);
    if (found === undefined) {
      const meant = METHODS.find((each) => each === word?.text.toUpperCase());
      return args.fault(word, 'NAT, DR, TUN or FULLNAT', meant && `did you mean '${meant}'? Capitals count`);
    }
    if (found !== 'TUN') return { method: found, tunnel: null, checksum: null };
    const tunnel = args.takeIf('type') ? readTunnel(args) : null;
    if (tunnel === undefined) return undefined;
    const checksum = args.takeIf('nocsum', 'csum', 'remcsum')?.text as MethodSetting['checksum'] | undefined;
    return { method: found, tunnel, checksum: checksum ?? null };
  },
  print({ method: found, tunnel, checksum }) {
    const type = tunnel === null ? [] : tunnel.type === 'gue' ? ['type gue port', tunnel.port] : ['type', tunnel.type];
    return [found, ...type, ...(checksum === null ? [] : [checksum])].join(' ');
  },
};

function readTunnel(args: Args): MethodSetting['tunnel'] | undefined {
  const word = args.take();
  if (word?.text === 'ipip' || word?.text === 'gre') return { type: word.text };
  if (word?.text !== 'gue') return args.fault(word, 'ipip, gre or gue');
  if (!args.takeIf('port')) return args.fault(args.peek(), "'port' and a number, which gue needs");
  const value = port.read(args);
  return value === undefined ? undefined : { type: 'gue', port: value };
}
