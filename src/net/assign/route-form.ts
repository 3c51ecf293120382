/** A route of the configuration as the kernel is to hold it. */
import { type Route, route as routeForm } from '../../core/config/forms/ip.ts';
import { addressFamily } from '../../core/model/address.ts';
import {
  type Destination,
  type NextHop,
  PROTOCOL_KEEPALIVED,
  type RouteAssignment,
  SCOPE,
  TABLE,
  type Untranslated,
} from './assignments.ts';
import { METRIC, metricWord } from './route-metrics.ts';
import {
  addressBits,
  addressWord,
  found,
  interfaceWord,
  type NamesContext,
  namedWord,
  numberWord,
  realmsWord,
  refuse,
  translated,
  U32_MAX,
} from './words.ts';

const TYPES = {
  ...{ unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5 },
  ...{ blackhole: 6, unreachable: 7, prohibit: 8, throw: 9, nat: 10 },
} as const;
const WITHOUT_HOPS: ReadonlySet<number> = new Set([TYPES.blackhole, TYPES.unreachable, TYPES.prohibit, TYPES.throw]);
const ON_THIS_MACHINE: ReadonlySet<number> = new Set([TYPES.local, TYPES.nat]);
const ON_THE_LINK: ReadonlySet<number> = new Set([TYPES.broadcast, TYPES.multicast, TYPES.anycast]);
const PREFERENCES = new Map([
  ['low', 3],
  ['medium', 0],
  ['high', 1],
]);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Hop = Mutable<NextHop>;

interface Draft extends Omit<Mutable<RouteAssignment>, 'family' | 'hops' | 'metrics' | 'scope' | 'table'> {
  family: 4 | 6 | null;
  table: number | null;
  scope: number | null;
  /** The first is the route's own; the others come after `nexthop` or `or`. */
  hops: Hop[];
  metrics: Map<number, number>;
  /** `or` in place of `nexthop`. */
  either: boolean;
}

/**
 * As ip(8) reads it, also where keepalived does not: an IPv4 route without a
 * gateway has the scope of the link, so that others may have their gateway behind
 * it; `local` goes to the table of that name; `rtt 20ms` are 20 ms.
 * `no_track` and `track_group` are the caller's matter.
 */
export function routeAssignment(form: Route, context: NamesContext): RouteAssignment | Untranslated {
  return translated(routeForm.print(form), () => {
    const draft = startDraft(form);
    for (const [word = '', ...values] of form.options) readWord(draft, word, values, context);
    return finish(draft, context);
  });
}

function startDraft({ type, to }: Route): Draft {
  return {
    family: to === null ? null : addressFamily(to.address),
    type: type === null ? TYPES.unicast : TYPES[type as keyof typeof TYPES],
    to: to === null ? null : destinationOf(to.address, to.length),
    ...{ table: null, protocol: PROTOCOL_KEEPALIVED, scope: null, tos: 0, metric: null, source: null },
    hops: [newHop()],
    metrics: new Map(),
    ...{ congestionControl: null, preference: null, expires: null, placing: 'replace', either: false },
  };
}

/** `0.0.0.0/0` is the default route by another name. */
function destinationOf(address: Destination['address'], length: number | null): Destination | null {
  return length === 0 ? null : { address, length: length ?? addressBits(address) };
}

function newHop(): Hop {
  return { gateway: null, ifindex: null, weight: 1, onlink: false, realms: null };
}

function readWord(draft: Draft, word: string, values: readonly string[], context: NamesContext): void {
  const locked = values.length > 1 && values[0] === 'lock';
  const text = values.at(-1) ?? '';
  const metric = metricWord(word, text);
  if (metric !== null) draft.metrics.set(metric.type, metric.value);
  else if (Object.hasOwn(WORDS, word)) WORDS[word]!(draft, text, word, context);
  else refuse(`found '${word}', expected a word of ip route that xlb can carry out`);
  if (locked) lock(draft, metric?.type ?? METRIC.CONGESTION_CONTROL);
}

function lock({ metrics }: Draft, type: number): void {
  metrics.set(METRIC.LOCK, (metrics.get(METRIC.LOCK) ?? 0) | (1 << type));
}

type Reader = (draft: Draft, text: string, word: string, context: NamesContext) => void;

const readVia: Reader = (draft, text, word) => {
  const gateway = addressWord(text, word);
  lastHop(draft).gateway = gateway;
  draft.family ??= addressFamily(gateway);
};
const readDevice: Reader = (draft, text, word, context) => {
  lastHop(draft).ifindex = interfaceWord(text, word, context);
};
const readMetric: Reader = (draft, text, word) => {
  draft.metric = numberWord(text, word);
};
const readProtocol: Reader = (draft, text, word, { names }) => {
  draft.protocol = namedWord(text, word, names.protocols, 255);
};
const readTos: Reader = (draft, text, word, { names }) => {
  draft.tos = namedWord(text, word, names.dsfields, 255);
};
const readRealms: Reader = (draft, text, word, { names }) => {
  lastHop(draft).realms = realmsWord(text, word, names.realms);
};
const ignore: Reader = () => {};

const WORDS: Readonly<Record<string, Reader>> = {
  ...{ via: readVia, gw: readVia, dev: readDevice, oif: readDevice },
  ...{ metric: readMetric, priority: readMetric, preference: readMetric },
  ...{ proto: readProtocol, protocol: readProtocol, tos: readTos, dsfield: readTos },
  ...{ realms: readRealms, realm: readRealms, no_track: ignore, track_group: ignore },
  src(draft, text, word) {
    draft.source = addressWord(text, word);
    draft.family ??= addressFamily(draft.source);
  },
  table(draft, text, word, { names }) {
    draft.table = namedWord(text, word, names.tables, U32_MAX);
    if (draft.table === 0) found(text, word, 'a table, from 1 on');
  },
  scope(draft, text, word, { names }) {
    draft.scope = namedWord(text, word, names.scopes, 255);
  },
  congctl(draft, text) {
    draft.congestionControl = text;
  },
  pref(draft, text, word) {
    draft.preference = PREFERENCES.get(text) ?? found(text, word, 'low, medium or high');
    draft.family ??= 6;
  },
  expires(draft, text, word) {
    draft.expires = numberWord(text, word);
    draft.family ??= 6;
  },
  onlink(draft) {
    lastHop(draft).onlink = true;
  },
  weight(draft, text, word) {
    if (draft.hops.length === 1) refuse("found 'weight', expected it after 'nexthop' only");
    lastHop(draft).weight = numberWord(text, word, 256, 1);
  },
  nexthop(draft) {
    draft.hops.push(newHop());
  },
  or(draft, text, word) {
    draft.hops.push({ ...newHop(), gateway: addressWord(text, word) });
    draft.either = true;
  },
  append(draft) {
    draft.placing = 'append';
  },
  prepend(draft) {
    draft.placing = 'prepend';
  },
};

function lastHop({ hops }: Draft): Hop {
  return hops[hops.length - 1]!;
}

function finish({ either, ...draft }: Draft, context: NamesContext): RouteAssignment {
  const family = draft.family ?? 4;
  const hops = WITHOUT_HOPS.has(draft.type) ? noHops(draft.hops) : hopsOf(draft.hops, either, context);
  checkFamilies(family, draft, hops);
  const table = draft.table ?? (ON_THIS_MACHINE.has(draft.type) ? TABLE.LOCAL : TABLE.MAIN);
  return { ...draft, family, hops, table, scope: draft.scope ?? scopeOf(family, draft.type, hops) };
}

function noHops(hops: readonly Hop[]): [] {
  const [own] = hops;
  if (hops.length === 1 && own!.gateway === null && own!.ifindex === null) return [];
  return refuse("found 'via', 'dev' or 'nexthop', expected none of them: this type of route leads nowhere");
}

function hopsOf([own, ...others]: readonly Hop[], either: boolean, context: NamesContext): Hop[] {
  const first = own!;
  const isOwn = first.gateway !== null || first.ifindex !== null;
  if (others.length > 0 && !either) {
    return isOwn ? refuse("found 'nexthop' beside 'via' or 'dev', expected one or the other") : others;
  }
  if (either && first.gateway === null) return refuse("found 'or', expected 'via' before it");
  // By itself the kernel finds the interface of a gateway only, and not that of a link-local one.
  const needsDevice = first.ifindex === null && (first.gateway === null || isLinkLocal(first.gateway));
  const ifindex = needsDevice ? context.standard : first.ifindex;
  return [first, ...others].map((hop) => ({ ...hop, ifindex: hop.ifindex ?? ifindex }));
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address);
}

function checkFamilies(family: 4 | 6, { source, preference, expires }: Omit<Draft, 'either'>, hops: readonly Hop[]) {
  const foreign = (address: Hop['gateway']) => address !== null && addressFamily(address) !== family;
  if (foreign(source)) refuse(`found '${source}' after 'src', expected an IPv${family} address`);
  const hop = hops.find(({ gateway }) => foreign(gateway));
  if (hop !== undefined && family === 6) refuse(`found '${hop.gateway}' after 'via', expected an IPv6 address`);
  if (family === 6 && hops.some(({ realms }) => realms !== null)) refuse("found 'realms', expected an IPv4 route");
  if (family === 4 && preference !== null) refuse("found 'pref', expected an IPv6 route");
  if (family === 4 && expires !== null) refuse("found 'expires', expected an IPv6 route");
}

/** As ip(8) does; IPv6 has one scope only. */
function scopeOf(family: 4 | 6, type: number, hops: readonly Hop[]): number {
  if (family === 6) return SCOPE.GLOBAL;
  if (ON_THIS_MACHINE.has(type)) return SCOPE.HOST;
  if (ON_THE_LINK.has(type)) return SCOPE.LINK;
  return hops.length > 0 && hops.every(({ gateway }) => gateway === null) ? SCOPE.LINK : SCOPE.GLOBAL;
}
