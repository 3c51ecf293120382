/**
 * The connection table as a list: a scan over mapped memory that looks at the
 * hot word of each slot and, where one is in use and wanted, at its key. The
 * data plane goes on writing meanwhile; an entry that changes under the scan is
 * left out, its successor may or may not appear.
 */
import { PROTOCOL_NUMBERS } from '../core/model/service-key.ts';
import { indexOf } from './layout-view.ts';
import type { Maps } from './maps.ts';
import { ConnectionLimit, ConnectionState, EntryShift, ReplyShift } from './types.gen.ts';

export interface RawEndpoint {
  readonly address: readonly [number, number, number, number];
  readonly port: number;
}

/** A port of a local address that a connection holds, or held until the next sweep. */
export interface RawLocalPort extends RawEndpoint {
  readonly realServerId: number;
}

/** One connection, in numbers. Address words and ports are in host order. */
export interface RawConnection {
  readonly serviceId: number;
  readonly realServerId: number;
  /** Of the IP header. */
  readonly protocol: number;
  readonly source: readonly [number, number, number, number];
  readonly sourcePort: number;
  readonly destination: readonly [number, number, number, number];
  readonly destinationPort: number;
  /** fullnat: what its packets leave the director by; its family is the real server's. */
  readonly local?: RawEndpoint;
  /** A value of ConnectionState. */
  readonly state: number;
  /** Seconds until it expires. */
  readonly expires: number;
  /** Seconds since its first packet. */
  readonly age: number;
}

/** What can be told from a slot before its connection is made into an object. Left out: all. */
export interface RawFilter {
  /** Values of ConnectionState. */
  readonly states?: ReadonlySet<number>;
  readonly serviceId?: number;
  readonly realServerIds?: ReadonlySet<number>;
  readonly source?: readonly number[];
  readonly sourcePort?: number;
}

export interface ConnectionTable {
  /** Number of slots. */
  readonly slots: number;
  /** Live connections in slots [first, end) that pass the filter; `now`: seconds of the data plane's clock. */
  scan(first: number, end: number, now: number, filter?: RawFilter): RawConnection[];
  /** Slots in [first, end) with a live connection in one of these states, as the hot words say. */
  numbers(first: number, end: number, now: number, states: ReadonlySet<number>): number[];
  /** Ports of local addresses that entries in slots [first, end) hold. */
  localPorts(first: number, end: number): RawLocalPort[];
}

/** States of slots that hold no connection: free, being written, or only the way from a reply to one. */
const NO_CONNECTIONS: ReadonlySet<number> = new Set([
  ConnectionState.CONNECTION_FREE,
  ConnectionState.CONNECTION_BUSY,
  ConnectionState.CONNECTION_REPLY,
]);

/** Mapped when it is first looked at: most directors never list a connection, and mapping 64 bytes a slot takes its time. */
export function openConnectionTable(maps: Pick<Maps, 'connections' | 'connection_keys'>): ConnectionTable {
  let mapped: ConnectionTable | undefined;
  const table = () => {
    mapped ??= mapTable(maps);
    return mapped;
  };
  return {
    slots: maps.connection_keys.spec.maxEntries,
    scan: (...words) => table().scan(...words),
    numbers: (...words) => table().numbers(...words),
    localPorts: (...words) => table().localPorts(...words),
  };
}

function mapTable(maps: Pick<Maps, 'connections' | 'connection_keys'>): ConnectionTable {
  const memory = maps.connections.mmap();
  const hot = new Uint32Array(memory.buffer);
  const words = new BigUint64Array(memory.buffer);
  const readReply = replyReader(maps.connection_keys);
  const readKey = keyReader(maps.connection_keys);
  const slots = maps.connection_keys.spec.maxEntries;
  /** Seconds that a slot's connection has left; 0: it has none that is in one of these states. */
  const lifeOf = (low: number, now: number, states?: ReadonlySet<number>): number => {
    const state = stateOf(low);
    if (NO_CONNECTIONS.has(state) || states?.has(state) === false) return 0;
    return Math.max(0, (((low & 0xffff) - (now & 0xffff)) << 16) >> 16);
  };
  const numbers: ConnectionTable['numbers'] = (first, end, now, states) => {
    const found: number[] = [];
    for (let slot = first; slot < Math.min(end, slots); slot++) {
      if (lifeOf(hot[slot * 2]!, now, states) > 0) found.push(slot);
    }
    return found;
  };
  const scan: ConnectionTable['scan'] = (first, end, now, filter = {}) => {
    const found: RawConnection[] = [];
    for (let slot = first; slot < Math.min(end, slots); slot++) {
      const low = hot[slot * 2]!;
      const state = stateOf(low);
      const expires = lifeOf(low, now, filter.states);
      if (expires === 0) continue;
      const before = words[slot];
      const key = readKey(slot, filter);
      // The word's tag, server and state belong to the key only if no one replaced it meanwhile.
      if (key === undefined || !sameConnection(before, words[slot])) continue;
      const { created, reply, ...rest } = key;
      const local =
        reply < slots && stateOf(hot[reply * 2]!) === ConnectionState.CONNECTION_REPLY && readReply(reply, slot);
      const age = Math.max(0, now - created);
      found.push({ ...rest, protocol: protocolOf(state), ...(local && { local }), state, expires, age });
    }
    return found;
  };
  const localPorts: ConnectionTable['localPorts'] = (first, end) => {
    const found: RawLocalPort[] = [];
    for (let slot = first; slot < Math.min(end, slots); slot++) {
      const port = stateOf(hot[slot * 2]!) === ConnectionState.CONNECTION_REPLY && readReply(slot);
      if (port) found.push(port);
    }
    return found;
  };
  return { slots, numbers, scan, localPorts };
}

function stateOf(low: number): number {
  return (low >>> EntryShift.ENTRY_STATE_SHIFT) & (ConnectionLimit.CONNECTION_STATES - 1);
}

/** A service by mark has connections of every protocol: the state tells which. */
function protocolOf(state: number): number {
  if (state >= ConnectionState.CONNECTION_SCTP_NONE) return PROTOCOL_NUMBERS.sctp;
  return state === ConnectionState.CONNECTION_UDP ? PROTOCOL_NUMBERS.udp : PROTOCOL_NUMBERS.tcp;
}

/** State and deadline may move on; tag and server may not. */
function sameConnection(before: bigint | undefined, after: bigint | undefined): boolean {
  const lasting = (word = 0n) => word >> BigInt(EntryShift.ENTRY_INDEX_SHIFT);
  return lasting(before) === lasting(after);
}

/** `reply`: slot of the entry with the local port, or none of the table's. */
type RawKey = Omit<RawConnection, 'protocol' | 'state' | 'expires' | 'age' | 'local'> & {
  readonly created: number;
  readonly reply: number;
};

/** Undefined: the filter does not want it. */
function keyReader(map: Maps['connection_keys']): (slot: number, filter: RawFilter) => RawKey | undefined {
  const { layout } = map.valueCodec;
  const memory = map.mmap();
  const wide = new Uint32Array(memory.buffer);
  const narrow = new Uint16Array(memory.buffer);
  const at32 = (name: string) => indexOf(layout, name, 4);
  const source = at32('source');
  const destination = at32('destination');
  const [service, realServer, created] = [at32('service'), at32('real_server'), at32('created')];
  const reply = at32('reply');
  const sourcePort = indexOf(layout, 'source_port', 2);
  const destinationPort = indexOf(layout, 'destination_port', 2);
  const address = (at: number) =>
    [swap32(wide[at]!), swap32(wide[at + 1]!), swap32(wide[at + 2]!), swap32(wide[at + 3]!)] as const;
  return (slot, filter) => {
    const base = (slot * layout.size) / 4;
    if (filter.serviceId !== undefined && wide[base + service] !== filter.serviceId) return undefined;
    if (filter.realServerIds !== undefined && !filter.realServerIds.has(wide[base + realServer]!)) return undefined;
    const port = swap16(narrow[base * 2 + sourcePort]!);
    if (filter.sourcePort !== undefined && filter.sourcePort !== port) return undefined;
    const from = address(base + source);
    if (filter.source?.some((word, i) => word !== from[i])) return undefined;
    return {
      serviceId: wide[base + service]!,
      realServerId: wide[base + realServer]!,
      source: from,
      sourcePort: port,
      destination: address(base + destination),
      destinationPort: swap16(narrow[base * 2 + destinationPort]!),
      created: wide[base + created]!,
      reply: wide[base + reply]!,
    };
  };
}

/** Reads a reply entry of fullnat; undefined: it is none, or not that of the connection in slot `owner`. */
function replyReader(map: Maps['connection_keys']): (slot: number, owner?: number) => RawLocalPort | undefined {
  const { layout } = map.valueCodec;
  const [destination, destinationPort] = [indexOf(layout, 'destination', 4), indexOf(layout, 'destination_port', 2)];
  // A reply_key's `server`, `connection` and `port` stand where a connection_key has these (bpf/reply.h).
  const [server, connection] = [indexOf(layout, 'service', 4), indexOf(layout, 'real_server', 4)];
  const flags = indexOf(layout, 'flags', 2);
  const memory = map.mmap();
  const wide = new Uint32Array(memory.buffer);
  const narrow = new Uint16Array(memory.buffer);
  return (slot, owner) => {
    const base = (slot * layout.size) / 4;
    if ((narrow[base * 2 + flags]! & ReplyShift.REPLY_LOCAL) === 0) return undefined;
    if (owner !== undefined && wide[base + connection] !== owner) return undefined;
    const word = (i: number) => swap32(wide[base + destination + i]!);
    return {
      address: [word(0), word(1), word(2), word(3)],
      port: swap16(narrow[base * 2 + destinationPort]!),
      realServerId: wide[base + server]! & ReplyShift.REPLY_SERVER_MASK,
    };
  };
}

// Keys hold network order; the data plane runs on little-endian machines only.
function swap16(value: number): number {
  return ((value & 255) << 8) | (value >>> 8);
}

function swap32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
