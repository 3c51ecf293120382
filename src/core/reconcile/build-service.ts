/** A service as the data plane reads it: its lines and its element, from model and network. */
import {
  AddressFamily,
  Method,
  RealServerFlag,
  type RealServer as RealServerSlot,
  ScheduleLimit,
  type ScheduleLine,
  Scheduler,
  type Service,
  ServiceFlag,
  type ServiceKey as ServiceMapKey,
  Tunnel,
} from '../../dataplane/types.gen.ts';
import { addressFamily, addressWords } from '../model/address.ts';
import type {
  Address,
  Encapsulation,
  MarkKey,
  RealServer,
  SchedulerName,
  ServiceKey,
  TunnelSettings,
  VirtualService,
} from '../model/model.ts';
import type { Resolution } from '../model/resolution.ts';
import { effectiveWeight } from '../model/server.ts';
import { PROTOCOL_NUMBERS } from '../model/service-key.ts';
import { ringOf } from '../scheduler/ring.ts';
import { gcdOfWeights } from '../scheduler/weights.ts';
import { type Slot, type Slots, standIn } from './slots.ts';

const UNKNOWN_MTU = 65535;
const NO_ADDRESS = { word: [0, 0, 0, 0] };
const METHOD_NUMBERS = {
  dr: Method.METHOD_DR,
  tun: Method.METHOD_TUN,
  nat: Method.METHOD_NAT,
  fullnat: Method.METHOD_FULLNAT,
};

/** `SCHEDULER_WLC` for wlc, and so on. */
export function schedulerNumber(scheduler: SchedulerName): number {
  return Scheduler[`SCHEDULER_${scheduler.toUpperCase() as Uppercase<SchedulerName>}`];
}

export interface ServiceContent {
  /** Slots, then turns, then the ring. */
  readonly lines: readonly ScheduleLine[];
  readonly slotCount: number;
  readonly turnCount: number;
  readonly turnLines: number;
  readonly ringSize: number;
  readonly weightMax: number;
  readonly weightGcd: number;
}

/** What a slot needs besides the model. */
export interface Reach {
  readonly resolution: Resolution;
  /** Index in next_hops; 0: not resolved. */
  readonly nextHop: number;
}

export function serviceMapKey(key: ServiceKey): ServiceMapKey {
  if (key.protocol === 'fwmark') return markMapKey(key);
  const { address, port, protocol } = key;
  return {
    address: { word: addressWords(address) },
    port,
    protocol: PROTOCOL_NUMBERS[protocol],
    family: familyNumber(address),
  };
}

function markMapKey({ family, mark }: MarkKey): ServiceMapKey {
  const number = family === 4 ? AddressFamily.FAMILY_IPV4 : AddressFamily.FAMILY_IPV6;
  return { address: { word: [mark, 0, 0, 0] }, port: 0, protocol: 0, family: number };
}

/** A value of enum address_family. */
export function familyNumber(address: Address): number {
  return addressFamily(address) === 4 ? AddressFamily.FAMILY_IPV4 : AddressFamily.FAMILY_IPV6;
}

export function buildContent(
  service: VirtualService,
  slots: Slots,
  order: readonly number[],
  reach: (server: RealServer) => Reach,
  tunnel: TunnelSettings,
): ServiceContent {
  const weights = service.servers.map(effectiveWeight);
  const turns = order
    .map((index, i) => ({ id: slots[index]!.id, weight: weights[i] ?? 0, index }))
    .filter(({ weight }) => weight > 0);
  const after = turnsAfter(order, weights);
  const bySlot = new Map(order.map((index, i) => [index, service.servers[i]]));
  const slotLines = slots.map((slot, index) => {
    if (slot === undefined) return { server: HOLE };
    const position = after.get(standIn(slots, index)) ?? 0;
    const server = bySlot.get(index);
    if (server === undefined) return { server: retiredSlot(slot, position) };
    return { server: liveSlot(slot, server, reach(server), position, tunnel) };
  });
  const ring = ringOf(service);
  const turnLines = chunks(turns, ScheduleLimit.TURNS_PER_LINE, { id: 0, weight: 0, index: 0 }).map((part) => ({
    turns: part,
  }));
  return {
    lines: [...slotLines, ...turnLines, ...ringLines(ring, order)],
    slotCount: slots.length,
    turnCount: turns.length,
    turnLines: turnLines.length,
    ringSize: ring.length,
    weightMax: Math.max(0, ...weights),
    weightGcd: gcdOfWeights(weights) || 1,
  };
}

export function serviceElement(
  service: VirtualService,
  id: number,
  generation: number,
  line: number,
  content: ServiceContent,
): Service {
  const turnsLine = line + content.slotCount;
  return {
    key: serviceMapKey(service.key),
    id,
    schedule: line,
    slot_count: content.slotCount,
    turns_line: turnsLine,
    turn_count: content.turnCount,
    ring_line: turnsLine + content.turnLines,
    ring_size: content.ringSize,
    weight_max: content.weightMax,
    weight_gcd: content.weightGcd,
    generation,
    scheduler: schedulerNumber(service.scheduler),
    flags: serviceFlags(service),
    persistence: service.persistence?.timeout ?? 0,
    mask: { word: service.persistence === null ? NO_ADDRESS.word : addressWords(service.persistence.netmask) },
  };
}

function serviceFlags({ options: { port, fallback }, onePacket, limits, toa }: VirtualService): number {
  let flags = 0;
  if (port) flags |= ServiceFlag.SERVICE_HASH_PORT;
  if (fallback) flags |= ServiceFlag.SERVICE_HASH_FALLBACK;
  if (limits !== undefined) flags |= ServiceFlag.SERVICE_LIMITED;
  if (limits !== undefined && limits.allow.length + limits.deny.length > 0) flags |= ServiceFlag.SERVICE_LISTED;
  if (onePacket) flags |= ServiceFlag.SERVICE_ONE_PACKET;
  if (toa) flags |= ServiceFlag.SERVICE_TOA;
  return flags;
}

/** For each slot in the list, how many turns stand at or before it. */
function turnsAfter(order: readonly number[], weights: readonly number[]): Map<number, number> {
  const after = new Map<number, number>();
  let position = 0;
  order.forEach((index, i) => {
    if ((weights[i] ?? 0) > 0) position++;
    after.set(index, position);
  });
  return after;
}

/** Positions in the list become slots. */
function ringLines(ring: Uint16Array, order: readonly number[]): ScheduleLine[] {
  const lines: ScheduleLine[] = [];
  for (let start = 0; start < ring.length; start += ScheduleLimit.RING_SLOTS_PER_LINE) {
    const slots: number[] = [];
    for (let i = start; i < start + ScheduleLimit.RING_SLOTS_PER_LINE; i++)
      slots.push(i < ring.length ? order[ring[i]!]! : ScheduleLimit.RING_EMPTY);
    lines.push({ ring: slots });
  }
  return lines;
}

const HOLE: RealServerSlot = {
  address: NO_ADDRESS,
  outer_source: NO_ADDRESS,
  id: 0,
  next_hop: 0,
  port: 0,
  mtu: 0,
  turns_after: 0,
  method: 0,
  family: 0,
  flags: 0,
  spread_bits: 0,
  outer_sum: 0,
  weight: 0,
  tunnel_port: 0,
  tunnel: 0,
  overhead: 0,
};

function retiredSlot(slot: Slot, turns_after: number): RealServerSlot {
  const { address, port } = slot.key;
  return {
    ...HOLE,
    address: { word: addressWords(address) },
    id: slot.id,
    port,
    turns_after,
    family: familyNumber(address),
  };
}

function liveSlot(
  slot: Slot,
  server: RealServer,
  { resolution, nextHop }: Reach,
  turns_after: number,
  tunnel: TunnelSettings,
): RealServerSlot {
  let flags: number = RealServerFlag.REAL_SERVER_AVAILABLE;
  if (effectiveWeight(server) > 0) flags |= RealServerFlag.REAL_SERVER_ELIGIBLE;
  const base = {
    ...retiredSlot(slot, turns_after),
    next_hop: nextHop,
    mtu: resolution.state === 'resolved' ? Math.min(resolution.mtu, UNKNOWN_MTU) : UNKNOWN_MTU,
    method: METHOD_NUMBERS[server.method],
    flags,
    weight: effectiveWeight(server),
  };
  if (server.method !== 'tun') return base;
  const outer = outerHeader(server.key.address, resolution, tunnel);
  // Without a source of its own the director sends nothing: a packet from 0.0.0.0 would be lost on the way unseen.
  const next_hop = outer.outer_source.word.every((word) => word === 0) ? 0 : nextHop;
  const shim = tunnelShim(server);
  return { ...base, ...outer, ...shim, next_hop, flags: flags | shim.flags | outerFlags(tunnel) };
}

/** UDP's and GUE's headers; GRE's. */
const GUE_BYTES = 8 + 4;
const GRE_BYTES = { none: 4, full: 8 };

/** Bytes that a tunnel puts before the packet inside: the outer IP header, and what stands behind it. */
export function tunnelOverhead({ key, encapsulation }: Pick<RealServer, 'key' | 'encapsulation'>): number {
  const ip = addressFamily(key.address) === 4 ? 20 : 40;
  if (encapsulation === undefined) return ip;
  return ip + (encapsulation.type === 'gre' ? GRE_BYTES[encapsulation.checksum] : GUE_BYTES);
}

function tunnelShim(server: RealServer) {
  const { encapsulation } = server;
  const overhead = tunnelOverhead(server);
  if (encapsulation === undefined) return { tunnel: Tunnel.TUNNEL_IPIP, tunnel_port: 0, overhead, flags: 0 };
  const flags = sumFlag(encapsulation);
  if (encapsulation.type === 'gre') return { tunnel: Tunnel.TUNNEL_GRE, tunnel_port: 0, overhead, flags };
  return { tunnel: Tunnel.TUNNEL_GUE, tunnel_port: encapsulation.port, overhead, flags };
}

/** `remote` asks for it, too: IPVS leaves to the receiver only sums that the sender has not made. */
function sumFlag({ checksum }: Encapsulation): number {
  return checksum === 'none' ? 0 : RealServerFlag.REAL_SERVER_TUNNEL_SUM;
}

function outerFlags({ outerDf }: TunnelSettings): number {
  if (outerDf === 'copy') return RealServerFlag.REAL_SERVER_COPY_DF;
  return outerDf === 'set' ? RealServerFlag.REAL_SERVER_OUTER_DF : 0;
}

/** The source, spread over a prefix where that is asked for, and the sum of what never changes in an IPv4 header. */
function outerHeader(address: Address, resolution: Resolution, { spread4, spread6 }: TunnelSettings) {
  const over4 = addressFamily(address) === 4;
  const spread = over4 ? spread4 : spread6;
  const source = spread?.address ?? (resolution.state === 'resolved' ? resolution.source : null);
  const spread_bits =
    spread === null ? 0 : over4 ? Math.min(16, 32 - spread.prefix) : Math.min(32, 128 - spread.prefix);
  const words = source === null ? NO_ADDRESS.word : addressWords(source);
  const fixed = [words[0] ?? 0, addressWords(address)[0]];
  const outer_sum = over4 ? headerSum(spread_bits > 0 ? fixed.slice(1) : fixed) : 0;
  return { outer_source: { word: words }, spread_bits, outer_sum };
}

/** Ones'-complement sum, as a little-endian machine loads the words, of version and header length and of these addresses. */
function headerSum(words: readonly number[]): number {
  const swap = (half: number) => ((half & 255) << 8) | (half >>> 8);
  let sum = 0x0045;
  for (const word of words) sum += swap(word >>> 16) + swap(word & 0xffff);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** Parts of `size`, the last one filled up. */
function chunks<T>(values: readonly T[], size: number, filler: T): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < values.length; at += size) {
    const part = values.slice(at, at + size);
    while (part.length < size) part.push(filler);
    parts.push(part);
  }
  return parts;
}
