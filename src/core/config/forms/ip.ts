/** Addresses, routes and rules in the words of ip(8). */
import { parseAddress } from '../../model/address.ts';
import type { Address } from '../../model/model.ts';
import type { Args, Form } from '../form.ts';
import type { Word } from '../source/tokens.ts';
import { address, type Prefix, printPrefix, readPrefix } from './addresses.ts';
import { type Options, options } from './compose.ts';
import { integer } from './numbers.ts';
import { flag, interfaceName, name, quoted, word } from './words.ts';

const scope = word(
  'SCOPE',
  'global, site, link, host, nowhere or a number to 255',
  /^(global|site|link|host|nowhere|\d{1,3})$/,
);
const lifetime = word('SECONDS\\|forever', 'seconds or forever', /^(\d{1,10}|forever)$/);

const ADDRESS_OPTIONS = {
  brd: word('IP', "an address, '+' or '-'", /^([\d.]+|[+-])$/),
  broadcast: word('IP', "an address, '+' or '-'", /^([\d.]+|[+-])$/),
  dev: interfaceName,
  scope,
  label: name,
  peer: word('IP[/LENGTH]', 'an address', /^[0-9a-fA-F.:]+(\/\d{1,3})?$/),
  use_vmac: flag,
  home: flag,
  '-nodad': flag,
  nodad: flag,
  mngtmpaddr: flag,
  noprefixroute: flag,
  autojoin: flag,
  preferred_lft: lifetime,
  no_track: flag,
  track_group: name,
};
const addressOptions = options(ADDRESS_OPTIONS);

export interface InterfaceAddress extends Prefix {
  readonly options: Options<typeof ADDRESS_OPTIONS>;
}

export const interfaceAddress: Form<InterfaceAddress> = {
  syntax: 'IP[/LENGTH] [dev INTERFACE] [scope SCOPE] [label NAME] [brd IP] ...',
  read(args) {
    const prefix = readPrefix(args, args.take());
    const rest = prefix && addressOptions.read(args);
    return prefix && rest && { ...prefix, options: rest };
  },
  print: (value) => [printPrefix(value), addressOptions.print(value.options)].join(' ').trim(),
};

export interface PeerAddress {
  readonly address: Address;
  readonly options: Options<typeof TTL_OPTIONS>;
}

const TTL_OPTIONS = { min_ttl: integer(0, 255), max_ttl: integer(0, 255) };
const ttlOptions = options(TTL_OPTIONS);

export const peerAddress: Form<PeerAddress> = {
  syntax: 'IP [min_ttl N] [max_ttl N]',
  read(args) {
    const value = address.read(args);
    const rest = value && ttlOptions.read(args);
    return value && rest && { address: value, options: rest };
  },
  print: (value) => [value.address, ttlOptions.print(value.options)].join(' ').trim(),
};

/** A word of ip(8) and how many words it takes with it, less one that may stand before its value. */
const ROUTE_WORDS: Record<string, number> = {
  ...{ src: 1, via: 1, gw: 1, dev: 1, oif: 1, table: 1, metric: 1, priority: 1, preference: 1, scope: 1 },
  ...{ proto: 1, protocol: 1, tos: 1, dsfield: 1, hoplimit: 1, advmss: 1, rtt: 1, rttvar: 1, reordering: 1 },
  ...{ window: 1, cwnd: 1, ssthresh: 1, realms: 1, realm: 1, rto_min: 1, initcwnd: 1, initrwnd: 1, features: 1 },
  ...{ quickack: 1, pref: 1, expires: 1, fastopen_no_cookie: 1, 'ttl-propagate': 1, weight: 1, track_group: 1 },
  ...{ onlink: 0, nexthop: 0, no_track: 0, append: 0, prepend: 0, pervasive: 0, offload: 0, or: 1 },
  ...{ mtu: 1, congctl: 1, encap: 1, id: 1, ttl: 1, lock: 0, as: 0, to: 1 },
};
const ROUTE_TYPES = [
  ...['unicast', 'local', 'broadcast', 'multicast', 'anycast', 'throw', 'unreachable', 'prohibit', 'blackhole', 'nat'],
];

/** `via inet6 fe80::1`, `mtu lock 1400`. */
const BEFORE_VALUES: Record<string, readonly string[]> = {
  ...{ via: ['inet', 'inet6'], gw: ['inet', 'inet6'] },
  ...Object.fromEntries(
    ['mtu', 'advmss', 'rtt', 'rttvar', 'reordering', 'cwnd', 'ssthresh', 'rto_min', 'congctl', 'hoplimit'].map(
      (word) => [word, ['lock']],
    ),
  ),
};

export interface Route {
  /** `blackhole` and its like; null: a route to somewhere. */
  readonly type: string | null;
  /** null: default. */
  readonly to: Prefix | null;
  /** What else ip(8) is told, each word with what belongs to it, in order. */
  readonly options: readonly (readonly string[])[];
}

export const route: Form<Route> = {
  syntax: '[TYPE] [src IP] DESTINATION [via IP] [dev INTERFACE] [table TABLE] [metric N] ...',
  read(args) {
    let type: string | null = null;
    let to: Prefix | null | undefined;
    const found: string[][] = [];
    for (let next = args.take(); next !== undefined; next = args.take()) {
      const isTo = next.text === 'to';
      const target: Word | undefined = isTo ? args.take() : next;
      if (ROUTE_TYPES.includes(next.text) && type === null && to === undefined) type = next.text;
      else if (!isTo && Object.hasOwn(ROUTE_WORDS, next.text)) {
        const option = ROUTE_WORDS[next.text] === 0 ? [next.text] : readRouteOption(args, next.text);
        if (option === undefined) return undefined;
        found.push(option);
      } else if (to === undefined) {
        to =
          target?.text === 'default'
            ? null
            : readPrefix(args, target, "a destination: an address, a prefix or 'default'");
        if (to === undefined) return undefined;
      } else return args.fault(next, 'a word of ip route, like via, dev or table');
    }
    if (to === undefined) return args.fault(undefined, "a destination: an address, a prefix or 'default'");
    return { type, to, options: found };
  },
  print: ({ type, to, options: found }) =>
    [...(type === null ? [] : [type]), to === null ? 'default' : printPrefix(to), ...found.flat().map(quoted)].join(
      ' ',
    ),
};

function readRouteOption(args: Args, word: string): string[] | undefined {
  const option = [word];
  if (BEFORE_VALUES[word]?.includes(args.peek()?.text ?? '')) option.push(args.take()!.text);
  const value = args.take();
  if (value === undefined) return args.fault(undefined, 'a value');
  const fault = addressFault(word, value);
  if (fault !== null) return args.fault(value, fault);
  return [...option, value.text];
}

const RULE_WORDS: Record<string, number> = {
  ...{ from: 1, to: 1, iif: 1, dev: 1, oif: 1, table: 1, lookup: 1, priority: 1, preference: 1, pref: 1, order: 1 },
  ...{ fwmark: 1, tos: 1, dsfield: 1, realms: 1, goto: 1, suppress_prefixlength: 1, suppress_ifgroup: 1, tun_id: 1 },
  ...{ uidrange: 1, ipproto: 1, sport: 1, dport: 1, protocol: 1, proto: 1, track_group: 1, nat: 1 },
  ...{ not: 0, l3mdev: 0, nop: 0, no_track: 0, blackhole: 0, prohibit: 0, unreachable: 0, inet: 0, inet6: 0 },
};

export interface Rule {
  readonly options: readonly (readonly string[])[];
}

export const rule: Form<Rule> = {
  syntax: '[from PREFIX] [to PREFIX] [iif INTERFACE] [fwmark MARK] [table TABLE] [priority N] ...',
  read(args) {
    const found: string[][] = [];
    for (let next = args.take(); next !== undefined; next = args.take()) {
      if (!Object.hasOwn(RULE_WORDS, next.text))
        return args.fault(next, 'a word of ip rule, like from, to, table or priority');
      const value = RULE_WORDS[next.text] === 0 ? undefined : args.take();
      if (value === undefined && RULE_WORDS[next.text] !== 0) return args.fault(undefined, 'a value');
      const fault = value && addressFault(next.text, value);
      if (fault) return args.fault(value, fault);
      found.push(value === undefined ? [next.text] : [next.text, value.text]);
    }
    return found.length === 0 ? args.fault(undefined, 'a rule') : { options: found };
  },
  print: ({ options: found }) => found.flat().map(quoted).join(' '),
};

/** What was expected after a word that takes an address; null: it is right, or takes none. */
function addressFault(option: string, value: Word): string | null {
  if (!['src', 'via', 'gw', 'from', 'to'].includes(option)) return null;
  if (['default', 'any', 'all', 'inet', 'inet6'].includes(value.text)) return null;
  const [, text = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(value.text) ?? [];
  const fits =
    parseAddress(text) !== null && (length === undefined || Number(length) <= (text.includes(':') ? 128 : 32));
  return fits ? null : 'an address';
}
