/** Random configurations, and random edits of them such as a controller makes. */
import { SCHEDULER_NAMES } from '../../../src/core/model/schedulers.ts';
import {
  ALL_ONES6,
  EMPTY,
  evenRing,
  hop,
  INGRESS,
  isEligible,
  type LimitConfig,
  type LocalConfig,
  type MarkConfig,
  type NextHopConfig,
  NO_LIMITS,
  OTHER_PORT,
  type ServerConfig,
  type ServiceConfig,
  server,
  type World,
  world,
} from '../world.ts';
import type { Random } from './random.ts';

export const VIPS = ['192.0.2.100', '192.0.2.101', '2001:db8::100', '2001:db8::101'];
export const PORTS = [80, 443, 53, 21, 0];
const MASKS4 = ['255.255.255.255', '255.255.255.0', '255.255.255.240', '0.0.0.7', '240.0.255.1'];
const MASKS6 = [ALL_ONES6, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0', 'ffff:ffff::'];
const SERVICES = 12;
/** Every world has these, each with a real server of the other family. */
const CROSSING = (['tcp', 'udp', 'sctp'] as const).flatMap((protocol) =>
  ['192.0.2.100', '2001:db8::100'].map((address) => ({ protocol, address })),
);
/** Mark 3 has no service. */
const MARKED = [
  { mark: 1, address: '0.0.0.0' },
  { mark: 2, address: '0.0.0.0' },
  { mark: 1, address: '::' },
];
const RULES = 9;
const DESTINATIONS = [
  ...['192.0.2.100', '192.0.2.100/31', '192.0.2.96/29', '192.0.2.99'],
  ...['2001:db8::100', '2001:db8::100/127', '2001:db8::/120', '2001:db8::99'],
];
const SOURCES4 = ['198.51.100.0/25', '198.51.100.64/26', '198.51.100.7'];
const SOURCES6 = ['2001:db8:1::/121', '2001:db8:1::40/122'];
const MARKED_PORTS: readonly MarkConfig['ports'][] = [
  ...([[], [], [[80, 80]], [[53, 443]], [[1, 1023]], [[1024, 65535]]] as const),
  [
    [21, 21],
    [80, 80],
    [8000, 8100],
  ],
];
/** Some are of one service alone, and some have fewer ports than their neighbours. */
const LOCALS: readonly LocalConfig[] = [
  ...[
    { address: '10.0.0.2', first: 5000, last: 5029 },
    { address: '10.0.0.3', first: 5000, last: 5004 },
    { address: '2001:db8:5::2', first: 5000, last: 5019 },
    { address: '2001:db8:5::3', first: 1024, last: 65535 },
  ],
  ...Array.from({ length: 4 }, (_, n) => ({ service: n + 1, address: '10.0.0.4', first: 6000, last: 6002 })),
];
const LISTED4 = ['198.51.100.0/25', '198.51.100.64/26', '198.51.100.128/25', '0.0.0.0/0'];
const LISTED6 = ['2001:db8:1::/121', '2001:db8:1::40/122', '2001:db8:1::/48', '::/0'];
const SERVERS = 6;
/** twos is not among them: it draws at random. */
const SCHEDULERS = SCHEDULER_NAMES.filter((name) => name !== 'twos');

export function randomWorld(random: Random): World {
  const services: ServiceConfig[] = [];
  const taken = new Set<string>();
  while (services.length < SERVICES) {
    const crossing = CROSSING[services.length];
    const config = crossing
      ? crossingService(random, services.length + 1, crossing)
      : randomService(random, services.length + 1);
    const key = `${config.protocol} ${config.address} ${config.port}`;
    if (!taken.has(key)) services.push(config);
    taken.add(key);
  }
  for (const { mark, address } of MARKED) {
    const service = randomService(random, services.length + 1, address);
    services.push({ ...service, protocol: 'fwmark', port: 0, mark, onePacket: random.once(3) });
  }
  return world(services, {
    marks: randomMarks(random),
    locals: randomLocals(random),
    limitOfAll: random.pick(['open', 'open', 'closed'] as const),
    nextHops: Array.from({ length: 16 }, (_, n) => randomHop(random, n)),
  });
}

/** One edit: a server comes, goes, returns or changes, a next hop moves, or a service is laid out anew. */
export function editWorld(random: Random, before: World): World {
  if (random.once(5)) {
    const n = random.below(before.nextHops.length);
    return { ...before, nextHops: before.nextHops.map((entry, index) => (index === n ? randomHop(random, n) : entry)) };
  }
  if (random.once(6)) return { ...before, marks: randomMarks(random) };
  if (random.once(8)) return { ...before, locals: randomLocals(random) };
  if (random.once(12)) return { ...before, limitOfAll: random.pick(['open', 'closed'] as const) };
  const chosen = random.below(before.services.length);
  const services = before.services.map((config, index) => (index === chosen ? editService(random, config) : config));
  return { ...before, services };
}

function randomLocals(random: Random): LocalConfig[] {
  return LOCALS.filter(() => !random.once(6));
}

/** Mostly none, and numbers that are reached. */
function randomLimits(random: Random, address: string): LimitConfig {
  if (!random.once(3)) return NO_LIMITS;
  const prefixes = random.once(3) ? (address.includes(':') ? LISTED6 : LISTED4) : [];
  const lists = prefixes.map((prefix) => ({ prefix, list: random.below(3) }));
  const named = (wanted: number): string[] => lists.filter(({ list }) => list === wanted).map(({ prefix }) => prefix);
  return {
    rate: random.pick(['none', 'none', 'open', 'closed'] as const),
    connections: random.pick([0, 0, 3, 10]),
    sourceRate: random.pick(['none', 'none', 'none', 'open', 'closed'] as const),
    sourceConnections: random.pick([0, 0, 1, 3]),
    allow: named(1),
    deny: named(2),
  };
}

/** Rules that can stand beside each other. */
function randomMarks(random: Random): MarkConfig[] {
  const rules: MarkConfig[] = [];
  for (let i = random.below(RULES); i > 0; i--) {
    const rule = randomMark(random);
    const taken = rules.some(({ destination, source }) => destination === rule.destination && source === rule.source);
    if (!taken || (rule.ports.length === 0 && rules.every(({ ports }) => ports.length > 0))) rules.push(rule);
  }
  return rules;
}

function randomMark(random: Random): MarkConfig {
  const destination = random.pick(DESTINATIONS);
  const sources = destination.includes(':') ? SOURCES6 : SOURCES4;
  return {
    destination,
    source: random.once(3) ? random.pick(sources) : null,
    protocols: random.pick([[], ['tcp'], ['udp'], ['tcp', 'udp'], ['sctp']] as const),
    ports: random.pick(MARKED_PORTS),
    mark: random.pick([1, 1, 2, 3]),
  };
}

type Protocol = 'tcp' | 'udp' | 'sctp';

function crossingService(
  random: Random,
  id: number,
  { address, protocol }: { address: string; protocol: Protocol },
): ServiceConfig {
  const config = randomService(random, id, address, protocol);
  const [, ...others] = config.servers;
  const crossing = randomServer(random, config, 0, { method: 'fullnat', family: address.includes(':') ? 4 : 6 });
  const servers = [{ ...crossing, weight: 2, available: true }, ...others];
  return withRing(random, { ...config, onePacket: false, servers });
}

function randomService(
  random: Random,
  id: number,
  address = random.pick(VIPS),
  protocol: Protocol = random.pick(['tcp', 'tcp', 'tcp', 'udp', 'udp', 'sctp', 'sctp'] as const),
): ServiceConfig {
  const servers = Array.from({ length: 1 + random.below(SERVERS) }, (_, slot) => {
    return randomServer(random, { id, address }, slot);
  });
  return withRing(random, {
    protocol,
    address,
    port: random.pick(PORTS),
    mark: 0,
    id,
    scheduler: random.pick(SCHEDULERS),
    hashPort: random.once(2),
    fallback: random.once(2),
    generation: 1,
    servers,
    ring: [],
    persistence: random.pick([0, 0, 2, 300]),
    mask: random.pick(address.includes(':') ? MASKS6 : MASKS4),
    onePacket: protocol === 'udp' && random.once(3),
    toa: random.once(2),
    limits: randomLimits(random, address),
  });
}

interface Reached {
  readonly method: ServerConfig['method'];
  readonly family: 4 | 6;
}

/** `nat` keeps the family; several services may have one real server. */
function randomReached(random: Random, address: string): Reached {
  const method = random.pick(['dr', 'tun', 'nat', 'fullnat'] as const);
  const own = address.includes(':') ? 6 : 4;
  const isOwn = method === 'nat' || random.once(2);
  return { method, family: isOwn ? own : own === 4 ? 6 : 4 };
}

function randomServer(
  random: Random,
  { id, address }: Pick<ServiceConfig, 'id' | 'address'>,
  slot: number,
  { method, family }: Reached = randomReached(random, address),
): ServerConfig {
  const widest = family === 4 ? 24 : 32;
  return server(slot + 1, {
    family,
    id: id * 16 + slot,
    port: random.pick([80, 8080, 0]),
    nextHop: random.below(16),
    mtu: random.pick([1500, 1500, 1500, 1280, 600]),
    method,
    weight: random.pick([0, 1, 1, 2, 3, 4, 6, 100]),
    available: !random.once(8),
    outerDf: random.pick(['copy', 'set', 'clear']),
    spreadBits: random.once(3) ? random.below(widest + 1) : 0,
    tunnel: random.pick(['ipip', 'ipip', 'gue', 'gre']),
    tunnelPort: random.pick([6080, 5555]),
    tunnelSum: random.once(2),
    ...randomThresholds(random),
  });
}

/** Small enough to be reached. */
function randomThresholds(random: Random): { upper: number; lower: number } {
  const upper = random.pick([0, 0, 1, 3, 6, 12]);
  return { upper, lower: random.once(2) ? random.below(upper + 1) : 0 };
}

function randomHop(random: Random, n: number): NextHopConfig {
  const tag = (): { tci: number; tpid: number } => ({ tci: random.below(65536), tpid: random.pick([0x8100, 0x88a8]) });
  const port = random.once(12) ? 0 : random.pick([INGRESS, INGRESS, OTHER_PORT]).ifindex + 1;
  const tags = random.once(2) ? null : [[], [tag()], [tag(), tag()]][random.below(3)];
  return hop(n, { mac: `02:00:00:00:${hexByte(random)}:${hexByte(random)}`, port, tags: tags ?? null });
}

function editService(random: Random, config: ServiceConfig): ServiceConfig {
  if (random.once(4)) return { ...config, limits: randomLimits(random, config.address) };
  const slot = random.below(config.servers.length);
  const change = (fields: Partial<ServerConfig>): ServerConfig[] =>
    config.servers.map((entry, index) => (index === slot ? { ...entry, ...fields } : entry));
  const entry = config.servers[slot] as ServerConfig;
  const next: (() => ServerConfig[])[] = [
    () => change({ available: !entry.available }),
    () => change({ weight: random.pick([0, 1, 2, 5]) }),
    () => change(randomThresholds(random)),
    () => change({ mtu: random.pick([1500, 1280, 600]), nextHop: random.below(16) }),
    () =>
      config.servers.length < SERVERS
        ? [...config.servers, randomServer(random, config, config.servers.length)]
        : config.servers.slice(0, 2),
  ];
  return withRing(random, { ...config, servers: random.pick(next)(), generation: (config.generation + 1) & 0xffff });
}

/** mh keeps slots of servers without weight, and its table may be empty in places; other rings hold eligible ones only. */
function withRing(random: Random, config: ServiceConfig): ServiceConfig {
  if (config.scheduler === 'sh' || config.scheduler === 'dh') {
    const ring = Array.from({ length: 256 }, () => random.below(config.servers.length));
    return { ...config, ring: config.servers.some(isEligible) ? ring : [] };
  }
  if (config.scheduler !== 'mh') return { ...config, ring: evenRing(config.servers, random.pick([7, 31, 40])) };
  if (!config.servers.some(isEligible) && random.once(2)) return { ...config, ring: [] };
  const ring = Array.from({ length: random.pick([7, 31, 61]) }, () => random.below(config.servers.length));
  return { ...config, ring: random.once(6) ? ring.map((slot, index) => (index % 3 === 0 ? EMPTY : slot)) : ring };
}

function hexByte(random: Random): string {
  return random.below(256).toString(16).padStart(2, '0');
}
