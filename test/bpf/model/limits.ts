/** Which new connections a service takes: lists of sources, what a source may have, what the service may have, rates. */
import { Option } from '../../../src/dataplane/types.gen.ts';
import { addressBytes } from '../../support/packet-bytes.ts';
import { hasLimits, hasList, type LimitConfig, NO_LIMITS, type Rate, type ServiceConfig } from '../world.ts';
import type { Entry } from './connections.ts';
import type { ModelDataPlane } from './data-plane.ts';
import type { Packet } from './read-packet.ts';

/** As the maps have it, of a service. */
export interface LimitState {
  /** That count. */
  connections: number;
  /** Seconds of the data plane's clock: the last opening packet over the rate; 0: none. */
  overAt: number;
  /** Opening packets that met each limit. */
  readonly met: Record<
    'over_rate' | 'over_connections' | 'over_source_rate' | 'over_source_connections' | 'denied',
    number
  >;
}

export interface Admission {
  /** Over the rate: no entry. */
  readonly over: boolean;
  /** The connection counts. */
  readonly limited: boolean;
}

export const ADMITTED: Admission = { over: false, limited: false };

export class Limits {
  readonly #plane: ModelDataPlane;
  readonly #states = new Map<number, LimitState>();
  /** Connections that count, by service and source. */
  readonly #sources = new Map<string, number>();
  ofAll: Rate = 'none';

  constructor(plane: ModelDataPlane) {
    this.#plane = plane;
  }

  stateOf(service: number): LimitState {
    const met = { over_rate: 0, over_connections: 0, over_source_rate: 0, over_source_connections: 0, denied: 0 };
    const state = this.#states.get(service) ?? { connections: 0, overAt: 0, met };
    this.#states.set(service, state);
    return state;
  }

  /** An opening packet; 'drop': counted. */
  admit(service: ServiceConfig, packet: Packet): Admission | 'drop' {
    const limits = service.limits ?? NO_LIMITS;
    const isLimited = hasLimits(limits);
    const hasAll = this.#plane.has(Option.OPTION_LIMIT_ALL);
    if (packet.quoted || (!isLimited && !hasAll)) return ADMITTED;
    if (this.isDenied(service, packet)) return 'drop';
    const state = this.stateOf(service.id);
    if (isLimited) {
      if (this.#sourceObjects(service.id, limits, packet)) return 'drop';
      if (limits.connections > 0 && state.connections >= limits.connections) {
        this.#plane.sending.count('drop_connection_limit');
        state.met.over_connections++;
        return 'drop';
      }
    }
    const over = this.#isOver(service.id, limits.rate) || (hasAll && this.#isOver(0, this.ofAll));
    if (over) state.met.over_rate++;
    return { over, limited: isLimited };
  }

  /** By its lists, and counted; a service without lists denies nobody. */
  isDenied(service: ServiceConfig, { source }: Packet): boolean {
    const limits = service.limits ?? NO_LIMITS;
    if (!hasList(limits) || !isRefused(limits, source)) return false;
    this.#plane.sending.count('drop_denied');
    this.stateOf(service.id).met.denied++;
    return true;
  }

  /** A new connection of a limited service. */
  opened(service: number, source: Buffer): void {
    this.stateOf(service).connections++;
    const key = sourceKey(service, source);
    const known = this.#sources.get(key);
    if (known !== undefined) this.#sources.set(key, known + 1);
  }

  /** It closes or its entry goes: once. */
  closed(entry: Entry): void {
    if (!entry.limited) return;
    entry.limited = false;
    const [source = '', , , , service = ''] = entry.key.split(' ');
    const state = this.stateOf(Number(service));
    state.connections = Math.max(0, state.connections - 1);
    const key = sourceKey(Number(service), Buffer.from(source, 'hex'));
    const known = this.#sources.get(key);
    if (known !== undefined) this.#sources.set(key, Math.max(0, known - 1));
  }

  /** Connections by source, as the map has them. */
  get sources(): ReadonlyMap<string, number> {
    return this.#sources;
  }

  #sourceObjects(service: number, { sourceConnections, sourceRate }: LimitConfig, { source }: Packet): boolean {
    if (sourceConnections === 0 && sourceRate === 'none') return false;
    const { sending } = this.#plane;
    const { met } = this.stateOf(service);
    const key = sourceKey(service, source);
    const connections = this.#sources.get(key) ?? 0;
    this.#sources.set(key, connections);
    if (sourceConnections > 0 && connections >= sourceConnections) {
      sending.count('drop_source_limit');
      met.over_source_connections++;
      return true;
    }
    if (sourceRate !== 'closed') return false;
    sending.count('drop_source_rate');
    met.over_source_rate++;
    return true;
  }

  #isOver(id: number, rate: Rate): boolean {
    if (rate === 'closed') this.stateOf(id).overAt = this.#plane.now;
    return rate === 'closed';
  }
}

/** Of IPv6 its network of 64 bits; as `struct source_key` has it, in hexadecimal. */
export function sourceKey(service: number, source: Buffer): string {
  const bytes = Buffer.alloc(16);
  source.copy(bytes, 0, 0, Math.min(source.length, 8));
  return `${service} ${bytes.toString('hex')}`;
}

/** The longest prefix decides; without one, whether there is a list of those that are allowed. */
function isRefused({ allow, deny }: LimitConfig, source: Buffer): boolean {
  const longest = (prefixes: readonly string[]): number =>
    Math.max(-1, ...prefixes.filter((prefix) => isIn(prefix, source)).map((prefix) => lengthOf(prefix)));
  const [allowed, denied] = [longest(allow), longest(deny)];
  return allowed === -1 && denied === -1 ? allow.length > 0 : denied > allowed;
}

function isIn(prefix: string, source: Buffer): boolean {
  const bytes = addressBytes(prefix.split('/')[0] ?? '');
  if (bytes.length !== source.length) return false;
  const bit = (of: Buffer, n: number): number => (of.readUInt8(n >> 3) >> (7 - (n & 7))) & 1;
  return Array.from({ length: lengthOf(prefix) }, (_, n) => n).every((n) => bit(bytes, n) === bit(source, n));
}

function lengthOf(prefix: string): number {
  const [address = '', length] = prefix.split('/');
  return length === undefined ? addressBytes(address).length * 8 : Number(length);
}
