/** What names a virtual service, and how its packets reach real servers. */
import type { Address } from '../../model/model.ts';
import { MAX_MARK } from '../../model/service-key.ts';
import type { Args, Form } from '../form.ts';
import { ADDRESS_RANGE, type AddressRange, printAddressRange, readAddressRange } from './address-range.ts';
import { anyPort, endpoint } from './addresses.ts';
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
  | (AddressRange & { readonly ports: PortRange | null })
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family: InetFamily | null };

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `IP`, `IP-LAST`, `IP/LENGTH`, each with a port or a range of ports; or `fwmark N`. */
export const groupMember: Form<GroupMember> = {
  syntax: `${ADDRESS_RANGE} [PORT[-LAST]] \\| fwmark MARK`,
  read(args) {
    if (args.takeIf('fwmark')) return readMark(args);
    const addresses = readAddressRange(args, "an IPv4 or IPv6 address, a range, a prefix or 'fwmark'");
    if (addresses === undefined) return undefined;
    const ports = args.peek() === undefined ? null : readPorts(args);
    return ports === undefined ? undefined : { ...addresses, ports };
  },
  print(value) {
    if (value.kind === 'fwmark') return printMark(value);
    const addresses = printAddressRange(value);
    if (value.ports === null) return addresses;
    const { first, last } = value.ports;
    return `${addresses} ${first === last ? first : `${first}-${last}`}`;
  },
};

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

/** `FNAT` is what DPVS's keepalived says. */
const METHODS: Readonly<Record<string, MethodName>> = {
  NAT: 'NAT',
  DR: 'DR',
  TUN: 'TUN',
  FULLNAT: 'FULLNAT',
  FNAT: 'FULLNAT',
};

export const method: Form<MethodSetting> = {
  syntax: 'NAT\\|DR\\|FULLNAT\\|FNAT\\|TUN [type ipip\\|gre\\|gue port PORT] [nocsum\\|csum\\|remcsum]',
  read(args) {
    const word = args.take();
    const found = methodOf(word?.text);
    if (found === undefined) {
      const meant = methodOf(word?.text.toUpperCase());
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

function methodOf(text: string | undefined): MethodName | undefined {
  return text !== undefined && Object.hasOwn(METHODS, text) ? METHODS[text] : undefined;
}

function readTunnel(args: Args): MethodSetting['tunnel'] | undefined {
  const word = args.take();
  if (word?.text === 'ipip' || word?.text === 'gre') return { type: word.text };
  if (word?.text !== 'gue') return args.fault(word, 'ipip, gre or gue');
  if (!args.takeIf('port')) return args.fault(args.peek(), "'port' and a number, which gue needs");
  const value = port.read(args);
  return value === undefined ? undefined : { type: 'gue', port: value };
}
