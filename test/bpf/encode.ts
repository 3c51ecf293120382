/** From a World to the bytes of the maps. Offsets come from the object's BTF; only meanings stand here. */
import { addressBytes, macBytes, onesSum } from '../support/packet-bytes.ts';
import { PROTOCOL } from '../support/packet-layers.ts';
import {
  EMPTY,
  hasLimits,
  hasList,
  isEligible,
  type LimitConfig,
  type LocalConfig,
  type NextHopConfig,
  NO_LIMITS,
  type Rate,
  type ServerConfig,
  type ServiceConfig,
  turnsOf,
} from './world.ts';

const SCHEDULER_NUMBERS = {
  ...{ rr: 1, wrr: 2, mh: 3, lc: 4, wlc: 5, lblc: 6, lblcr: 7, dh: 8, sh: 9 },
  ...{ sed: 10, nq: 11, fo: 12, ovf: 13, twos: 14 },
};

/** `struct address` as the codec takes it: four words in network order. */
export function addressValue(text: string): { word: number[] } {
  const bytes = Buffer.alloc(16);
  addressBytes(text).copy(bytes);
  return { word: [0, 4, 8, 12].map((at) => bytes.readUInt32BE(at)) };
}

export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

type Key = Pick<ServiceConfig, 'address' | 'port' | 'protocol'> & Partial<Pick<ServiceConfig, 'mark'>>;

export function serviceKeyValue(config: Key): Record<string, unknown> {
  if (config.protocol === 'fwmark') {
    return { address: { word: [config.mark, 0, 0, 0] }, port: 0, protocol: 0, family: familyOf(config.address) };
  }
  return {
    address: addressValue(config.address),
    port: config.port,
    protocol: PROTOCOL[config.protocol],
    family: familyOf(config.address),
  };
}

/** Lines that a service takes in `schedules`, in order: slots, turns, ring. */
export function lineCounts(config: ServiceConfig): { slots: number; turns: number; ring: number } {
  return {
    slots: config.servers.length,
    turns: Math.ceil(turnsOf(config).length / 4),
    ring: Math.ceil(config.ring.length / 32),
  };
}

export function serviceValue(config: ServiceConfig, firstLine: number): Record<string, unknown> {
  const counts = lineCounts(config);
  const weights = config.servers.filter(isEligible).map((entry) => entry.weight);
  return {
    key: serviceKeyValue(config),
    id: config.id,
    schedule: firstLine,
    slot_count: counts.slots,
    turns_line: firstLine + counts.slots,
    turn_count: turnsOf(config).length,
    ring_line: firstLine + counts.slots + counts.turns,
    ring_size: config.ring.length,
    weight_max: Math.max(0, ...weights),
    weight_gcd: weights.reduce(gcd, 0),
    generation: config.generation,
    scheduler: SCHEDULER_NUMBERS[config.scheduler],
    flags: serviceFlags(config),
    persistence: config.persistence,
    mask: addressValue(config.mask),
  };
}

function serviceFlags({ hashPort, fallback, toa, onePacket, limits = NO_LIMITS }: ServiceConfig): number {
  const limited = (hasLimits(limits) ? 4 : 0) | (hasList(limits) ? 8 : 0);
  return (hashPort ? 1 : 0) | (fallback ? 2 : 0) | limited | (toa ? 16 : 0) | (onePacket ? 128 : 0);
}

/** `struct limit`. */
export function limitValue({ rate, connections, sourceRate, sourceConnections, allow }: LimitConfig): object {
  const [own, each] = [rateValue(rate), rateValue(sourceRate)];
  return {
    ...{ window: own.window, source_window: each.window, interval: own.interval, source_interval: each.interval },
    ...{ connections, source_connections: sourceConnections, options: allow.length > 0 ? 1 : 0, pad: 0 },
  };
}

/** None of this depends on how fast the test is. */
function rateValue(rate: Rate): { interval: number; window: bigint } {
  if (rate === 'none') return { interval: 0, window: 0n };
  return rate === 'open' ? { interval: 1, window: 1n << 62n } : { interval: 0xffffffff, window: 0n };
}

/** Elements of the trie of listed sources: `struct listed_key`, and 1 for allowed or 2 for denied. */
export function listedValues({ id, limits = NO_LIMITS }: ServiceConfig): [key: object, verdict: number][] {
  const key = (prefix: string): object => {
    const [address = '', length] = prefix.split('/');
    const bits = length === undefined ? addressBytes(address).length * 8 : Number(length);
    return { length: 32 + bits, service: id, source: addressValue(address) };
  };
  const allowed = limits.allow.map((prefix): [object, number] => [key(prefix), 1]);
  return [...allowed, ...limits.deny.map((prefix): [object, number] => [key(prefix), 2])];
}

/** A pool of local addresses of one family. */
export function localPoolValue(locals: readonly LocalConfig[]): Record<string, unknown> {
  const addresses = locals.map(({ address, first: first_port, last: last_port }) => ({
    ...{ address: addressValue(address), first_port, last_port },
  }));
  const empty = { address: { word: [0, 0, 0, 0] }, first_port: 0, last_port: 0 };
  return {
    count: locals.length,
    ports: Math.max(...locals.map(({ first, last }) => last - first + 1)),
    address: Array.from({ length: 64 }, (_, i) => addresses[i] ?? empty),
  };
}

/** Every line of a service, one member of the union each. */
export function lineValues(config: ServiceConfig): Record<string, unknown>[] {
  const turns = turnsOf(config).map((slot) => {
    const { id = 0, weight = 0 } = config.servers[slot] ?? {};
    return { id, weight, index: slot };
  });
  return [
    ...config.servers.map((entry, slot) => ({ server: serverValue(config, entry, slot) })),
    ...chunks(turns, 4, { id: 0, weight: 0, index: 0 }).map((chunk) => ({ turns: chunk })),
    ...chunks(config.ring, 32, EMPTY).map((chunk) => ({ ring: chunk })),
  ];
}

export function nextHopValue(config: NextHopConfig): Record<string, unknown> {
  const tags = config.tags ?? [];
  return {
    mac: macBytes(config.mac),
    port: config.port,
    vlan_mode: config.tags === null ? 0 : 1,
    vlan_count: tags.length,
    vlan_tci: [tags[0]?.tci ?? 0, tags[1]?.tci ?? 0],
    vlan_tpid: tags[0]?.tpid ?? 0x8100,
  };
}

/** The first word of the filter over source addresses. */
export const REPLY_FILTER = 1024;

/**
 * Place of an address (4 or 16 bytes) in the VIP filter; the hash reads words
 * as a little-endian machine loads them.
 */
export function vipFilterBit(address: Buffer): number {
  let folded = 0;
  for (let at = 0; at < address.length; at += 4) folded ^= address.readUInt32LE(at);
  return Math.imul(folded, 0x9e3779b1) >>> 16;
}

function serverValue(config: ServiceConfig, entry: ServerConfig, slot: number): Record<string, unknown> {
  const df = { copy: 8, set: 4, clear: 0 }[entry.outerDf];
  return {
    address: addressValue(entry.address),
    outer_source: addressValue(entry.outerSource),
    id: entry.id,
    next_hop: entry.nextHop,
    port: entry.port,
    mtu: entry.mtu,
    turns_after: turnsOf(config).filter((turn) => turn <= slot).length,
    method: { dr: 1, tun: 2, nat: 3, fullnat: 4 }[entry.method],
    family: familyOf(entry.address),
    flags: (entry.available ? 1 : 0) | (isEligible(entry) ? 2 : 0) | df | (entry.tunnelSum ? 16 : 0),
    spread_bits: entry.spreadBits,
    outer_sum: entry.method === 'tun' && familyOf(entry.address) === 4 ? outerSum(entry) : 0,
    weight: entry.available ? entry.weight : 0,
    ...tunnelFields(entry),
    pad: Buffer.alloc(4),
  };
}

/** Bytes that the method puts in front of the packet. */
export function overheadOf({ method, address, tunnel, tunnelSum }: ServerConfig): number {
  if (method !== 'tun') return 0;
  const shim = { ipip: 0, gue: 12, gre: tunnelSum ? 8 : 4 }[tunnel];
  return (familyOf(address) === 4 ? 20 : 40) + shim;
}

function tunnelFields(entry: ServerConfig): Record<string, number> {
  const tunnel = entry.method === 'tun' ? { ipip: 0, gue: 17, gre: 47 }[entry.tunnel] : 0;
  return { tunnel, tunnel_port: tunnel === 17 ? entry.tunnelPort : 0, overhead: overheadOf(entry) };
}

/** Over the words of an outer IPv4 header that no packet changes, loaded as little-endian. */
function outerSum(entry: ServerConfig): number {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  if (entry.spreadBits === 0) addressBytes(entry.outerSource).copy(header, 12);
  addressBytes(entry.address).copy(header, 16);
  return onesSum(header.swap16());
}

function chunks<T>(items: readonly T[], size: number, filler: T): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, n) =>
    Array.from({ length: size }, (_unused, i) => items[n * size + i] ?? filler),
  );
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
