/**
 * The real data plane, loaded for one test file: small tables, a clock that
 * only `advance` moves, a known hash key. Packets go through
 * BPF_PROG_TEST_RUN; counters are read back as differences.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BpfObject, type MapOptions, type OpenOptions, possibleCpus } from 'libbpf-ts';
import { NO_MARKS, setMarks } from '../../src/core/model/marks.ts';
import { parsePrefix } from '../../src/core/model/prefix.ts';
import { PROTOCOLS, serviceKeyText } from '../../src/core/model/service-key.ts';
import { adoptedMarks, markOperations, planMarks } from '../../src/core/reconcile/mark-plan.ts';
import { interfaceValue } from '../../src/core/reconcile/next-hop.ts';
import { QUARANTINE_MS } from '../../src/core/reconcile/pools.ts';
import { vipFilterWords } from '../../src/core/reconcile/vip-filter.ts';
import type { Template, TemplateKey } from '../../src/dataplane/types.gen.ts';
import { addressBytes, macBytes } from '../support/packet-bytes.ts';
import {
  addressValue,
  familyOf,
  limitValue,
  lineCounts,
  lineValues,
  listedValues,
  localPoolValue,
  nextHopValue,
  REPLY_FILTER,
  serviceKeyValue,
  serviceValue,
  vipFilterBit,
} from './encode.ts';
import { HASH_KEY, LOCALITY_SECONDS, OPTIONS, START, TIMEOUTS } from './settings.ts';
import { type ConnectionEntry, ConnectionTable } from './table.ts';
import {
  isTranslated,
  type LocalConfig,
  type MarkConfig,
  NO_LIMITS,
  type ServerConfig,
  type ServiceConfig,
  type World,
} from './world.ts';

export const OBJECT = fileURLToPath(new URL('../../build/bpf/xlb.bpf.o', import.meta.url));

export const VERDICTS = ['aborted', 'drop', 'pass', 'tx', 'redirect'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Outcome {
  readonly verdict: Verdict;
  /** The frame after the program: what is sent, or what the kernel gets. */
  readonly frame: Buffer;
}

export interface FixtureOptions {
  /** A power of two, at least 2. */
  readonly buckets?: number;
  readonly hashKey?: readonly bigint[];
  readonly program?: 'xlb' | 'xlb_frags';
  /** Loads `adopt_connection`, too. */
  readonly adopts?: boolean;
  readonly settings?: Record<string, unknown>;
  readonly open?: OpenOptions;
}

export interface LiveCount {
  readonly active: number;
  readonly inactive: number;
}

export interface Swept {
  readonly expired: number;
  readonly alive: number;
  readonly now: number;
}

export interface TemplateEntry {
  readonly key: TemplateKey;
  readonly value: Template;
}

type Fields = Record<string, unknown>;

const NO_MARK_CONFIGS: readonly MarkConfig[] = [];
/** Ids of services and of real servers that there is room for. */
const IDS = 256;
const NO_CONNECTIONS = {
  ...{ active: 0, inactive: 0, overloaded: 0, upper: 0, lower: 0, persistent: 0, gone: 0 },
};
const EMPTY_VALUES = {
  scheduler_states: { word: 0n, epoch: 0 },
  unrecorded: { placed_at: 0, followed_until: 0 },
  live_counts: NO_CONNECTIONS,
  recount: NO_CONNECTIONS,
  template_masks: { mask: { word: [0, 0, 0, 0] } },
  limit_states: { arrival: 0n, connections: 0, over_at: 0 },
};

export class DataPlane {
  readonly object: BpfObject;
  readonly buckets: number;
  readonly table: ConnectionTable;
  readonly #program: string;
  readonly #regions = new Map<string, { first: number; lines: number }>();
  #settings: Fields;
  #filter = new Set<number>();
  #services: readonly ServiceConfig[] = [];
  /** Those of them that the maps hold as they are: a random history changes one of many, a million times. */
  #written = new Set<ServiceConfig>();
  #markConfigs: readonly MarkConfig[] | undefined;
  #marks = adoptedMarks(new Map());
  /** Milliseconds, for the quarantine of marks. */
  #clock = 0;
  readonly #counterNames: readonly string[];
  #counted: number[];
  #freeLine = 0;

  private constructor(object: BpfObject, options: FixtureOptions) {
    this.object = object;
    this.buckets = options.buckets ?? 1024;
    this.#program = options.program ?? 'xlb';
    this.table = new ConnectionTable(object);
    const { layout } = object.map('counters').valueCodec;
    this.#counterNames = layout.kind === 'struct' ? layout.members.map((member) => member.name) : [];
    this.#counted = this.#counterNames.map(() => 0);
    this.#settings = {
      hash_key: options.hashKey ?? HASH_KEY,
      timeout: TIMEOUTS,
      clock_offset: START,
      hertz: 250,
      jiffy_scale: 0, // the clock stands still: only clock_offset counts
      bucket_mask: this.buckets - 1,
      icmp_rate: 1_000_000,
      icmp_burst: 1_000_000,
      lblc_expiration: LOCALITY_SECONDS,
      lblcr_expiration: LOCALITY_SECONDS,
      options: OPTIONS,
      drop_rate: 0,
      sync_threshold: 3,
      sync_period: 50,
      sync_refresh: 0,
      sync_retries: 0,
      ...options.settings,
    };
    this.set({});
  }

  static load(options: FixtureOptions = {}): DataPlane {
    if (!existsSync(OBJECT)) throw new Error(`${OBJECT} is not built: run make build`);
    const buckets = options.buckets ?? 1024;
    const sizes: Record<string, number> = {
      services: IDS,
      schedules: 65536,
      next_hops: 256,
      connections: buckets,
      connection_keys: buckets * 8,
      sync_progress: buckets * 8,
      scheduler_states: IDS,
      unrecorded: IDS,
      live_counts: IDS,
      recount: IDS,
      template_masks: IDS,
      limits: IDS,
      limit_states: IDS,
      limit_counts: IDS,
      templates: 512,
      service_traffic: IDS * possibleCpus(),
      server_traffic: IDS * possibleCpus(),
      nat_servers: IDS,
    };
    const maps: Record<string, MapOptions> = { ...options.open?.maps };
    for (const [name, maxEntries] of Object.entries(sizes)) maps[name] = { maxEntries, ...maps[name] };
    const isFrags = options.program === 'xlb_frags';
    const idle = [
      ...(isFrags ? ['xlb', 'xlb_nat'] : ['xlb_frags', 'xlb_nat_frags']),
      ...(options.adopts ? [] : ['adopt_connection']),
    ];
    const programs = Object.fromEntries(idle.map((name) => [name, { autoload: false }]));
    const rodata = { service_ids: IDS, real_server_ids: IDS };
    const object = BpfObject.open(OBJECT, { ...options.open, maps, programs, rodata });
    object.load();
    const [next, nat] = isFrags
      ? (['next_program_frags', 'xlb_nat_frags'] as const)
      : (['next_program', 'xlb_nat'] as const);
    object.map(next).set(0, object.program(nat).fd);
    return new DataPlane(object, options);
  }

  /** Changes settings; the rest keeps its values. */
  set(fields: Fields): void {
    this.#settings = { ...this.#settings, ...fields };
    this.object.map('settings').set(0, this.#settings);
    this.#beginEpoch(); // the switch for FTP says which service a packet has
  }

  get now(): number {
    return this.#settings['clock_offset'] as number;
  }

  /** Moves the data plane's clock. */
  advance(seconds: number): void {
    this.set({ clock_offset: (this.now + seconds) >>> 0 });
  }

  /** As just loaded: no connection, no count, no cursor; the clock back at its start. Then `configure`. */
  reset(world: World): void {
    this.table.clear();
    for (const name of Object.keys(EMPTY_VALUES)) this.#zero(name as keyof typeof EMPTY_VALUES);
    for (const name of ['service_traffic', 'server_traffic']) this.object.map(name).mmap().fill(0);
    for (const name of ['services', 'fragments', 'localities', 'locality_sets', 'source_states']) {
      const map = this.object.map(name);
      for (const key of [...map.keys()]) map.delete(key);
    }
    this.#services = [];
    this.#written.clear();
    for (const { key } of this.templates()) this.object.map('templates').delete(key);
    this.set({ clock_offset: START, options: OPTIONS, drop_rate: 0, timeout: TIMEOUTS });
    this.configure(world);
    this.counted();
  }

  /** Makes the maps hold exactly this world. Connections, counts and cursors stay. */
  configure(world: World): void {
    world.nextHops.forEach((hop, index) => void this.object.map('next_hops').set(index, nextHopValue(hop)));
    for (const { ifindex, mac, routers = [] } of world.interfaces) {
      this.object
        .map('interfaces')
        .set(ifindex % 1024, interfaceValue({ ifindex, mac: macBytes(mac), attached: true, routers }));
      this.object.map('tx_ports').set(ifindex % 1024, 1); // the loopback: entries must name a real device
    }
    const kept = new Set(world.services.map(keyText));
    for (const config of this.#services) {
      if (!kept.has(keyText(config))) this.object.map('services').delete(serviceKeyValue(config));
    }
    this.#beginEpoch();
    this.#writeMarks(world.marks ?? NO_MARK_CONFIGS);
    for (const config of world.services) {
      if (this.#written.has(config)) continue;
      this.#writeService(config);
      for (const entry of config.servers) this.#writeThresholds(entry);
    }
    this.#written = new Set(world.services);
    this.#services = world.services;
    this.#writeFilter();
    this.#writeNatServers();
    this.#writeLocalPools(world.locals ?? []);
    this.#writeLimits(world);
  }

  /** Sets bits of the flags of a service; they go with the next `configure`. */
  flag(id: number, bits: number): void {
    const services = this.object.map<unknown, { id: number; flags: number }>('services');
    const found = [...services.entries()].find(([, value]) => value.id === id);
    if (found === undefined) throw new Error(`there is no service ${id}`);
    services.set(found[0], { ...found[1], flags: found[1].flags | bits });
    this.#written.clear();
    this.#beginEpoch();
  }

  /** One packet in on the loopback, addressed as it is. */
  run(frame: Uint8Array, room?: number): Outcome {
    const size = room === undefined ? {} : { dataOutSize: room };
    const result = this.object.program(this.#program).testRun({ dataIn: frame, ...size });
    return { verdict: VERDICTS[result.retval] ?? 'aborted', frame: result.dataOut };
  }

  /** Counters that moved since the last call, summed over the CPUs. */
  counted(): Record<string, number> {
    const total = this.#sumCounters();
    const moved: Record<string, number> = {};
    this.#counterNames.forEach((name, index) => {
      const change = (total[index] as number) - (this.#counted[index] as number);
      if (change !== 0) moved[name] = change;
    });
    this.#counted = total;
    return moved;
  }

  /** Replies only where there were any. */
  traffic(map: 'service_traffic' | 'server_traffic', id: number): Record<string, number> {
    const cpus = Array.from({ length: possibleCpus() }, (_, cpu) => {
      return this.object.map<number, Fields>(map).get(cpu * IDS + id) ?? {};
    });
    const { out_packets = 0, out_bytes = 0, ...requests } = sumCpus(cpus);
    return out_packets === 0 ? requests : { ...requests, out_packets, out_bytes };
  }

  /** Active and inactive connections of a real server, as the data plane counts them. */
  live(id: number): LiveCount {
    return this.#liveCount('live_counts', id);
  }

  /** Whether a real server has reached its upper threshold. */
  overloaded(id: number): boolean {
    return this.object.map<number, { overloaded: number }>('live_counts').get(id)?.overloaded === 1;
  }

  /** The same, as the last sweep with `recount` found them. */
  recounted(id: number): LiveCount {
    return this.#liveCount('recount', id);
  }

  /** Everything in the connection table, expired entries included. */
  entries(): ConnectionEntry[] {
    return this.table.entries();
  }

  /** Clients bound to real servers. */
  templates(): TemplateEntry[] {
    return [...this.object.map<TemplateKey, Template>('templates').entries()].map(([key, value]) => ({ key, value }));
  }

  /** Frees what has expired, all buckets; with `recount`, counts every live entry anew. */
  sweep(recount = false, { shed = false, gone = [] as readonly number[] } = {}): Swept {
    if (recount) this.#zero('recount');
    for (const id of gone) this.object.map('recount').set(id, { ...NO_CONNECTIONS, gone: 1 });
    const ctxIn = Buffer.alloc(28);
    ctxIn.writeUInt32LE(this.buckets, 4);
    ctxIn.writeUInt32LE(recount ? 1 : 0, 8);
    ctxIn.writeUInt32LE(shed ? 1 : 0, 12);
    const out = this.object.program('sweep').testRun({ ctxIn }).ctxOut ?? Buffer.alloc(28);
    return { now: out.readUInt32LE(16), expired: out.readUInt32LE(20), alive: out.readUInt32LE(24) };
  }

  /** Frees templates that have expired; after a sweep with `recount`, compares their connections. */
  sweepTemplates(recount = false, shed = false): { expired: number; alive: number } {
    const ctxIn = Buffer.alloc(16);
    ctxIn.writeUInt32LE(recount ? 1 : 0);
    ctxIn.writeUInt32LE(shed ? 1 : 0, 4);
    const out = this.object.program('sweep_templates').testRun({ ctxIn }).ctxOut ?? Buffer.alloc(16);
    return { expired: out.readUInt32LE(8), alive: out.readUInt32LE(12) };
  }

  /** Templates that name a real server, as they are counted. */
  persistent(id: number): number {
    return this.object.map<number, { persistent: number }>('live_counts').get(id)?.persistent ?? -1;
  }

  close(): void {
    this.object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Read as bare words, since it happens for every packet: struct counters holds 64-bit counts only. */
  #sumCounters(): number[] {
    const bytes = this.object.map('counters').getRaw(Buffer.alloc(4)) as Buffer;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const sums = this.#counterNames.map(() => 0);
    for (let at = 0; at < words.length; at += 2) sums[(at / 2) % sums.length]! += words[at]! + words[at + 1]! * 2 ** 32;
    return sums;
  }

  #zero(name: keyof typeof EMPTY_VALUES): void {
    const value = EMPTY_VALUES[name];
    this.object.map<number, unknown>(name).setBatch(Array.from({ length: IDS }, (_, id) => [id, value]));
  }

  #liveCount(map: 'live_counts' | 'recount', id: number): LiveCount {
    const { active, inactive } = this.object.map<number, LiveCount>(map).get(id) ?? { active: -1, inactive: -1 };
    return { active, inactive };
  }

  #writeService(config: ServiceConfig): void {
    const lines = lineValues(config);
    const { first } = this.#region(config);
    this.object.map('schedules').setBatch(lines.map((line, index) => [first + index, line]));
    const services = this.object.map<unknown, { generation: number }>('services');
    const key = serviceKeyValue(config);
    const before = services.get(key)?.generation;
    services.set(key, serviceValue(config, first) as Fields & { generation: number });
    this.#beginEpoch();
    if (before !== config.generation)
      this.object.program('settle').testRun({ ctxIn: Buffer.concat([services.keyCodec.encode(key), Buffer.alloc(4)]) });
  }

  /** Ends the time of copies that CPUs keep of services. */
  #beginEpoch(): void {
    const epoch = this.object.map<number, number>('service_epoch');
    epoch.set(0, (epoch.get(0) ?? 0) + 1); // onwards, whoever else has counted: copies of an old epoch stay old
  }

  /** A higher upper threshold, or none, forgives. */
  #writeThresholds({ id, upper, lower }: ServerConfig): void {
    const map = this.object.map<number, typeof NO_CONNECTIONS>('live_counts');
    const before = map.get(id);
    if (before === undefined || (before.upper === upper && before.lower === lower)) return;
    const overloaded = upper === 0 || upper > before.upper ? 0 : before.overloaded;
    map.set(id, { ...before, overloaded, upper, lower });
  }

  /** Nothing else runs while a test configures, so a region is written in place while it is large enough. */
  #region(config: ServiceConfig): { first: number; lines: number } {
    const counts = lineCounts(config);
    const lines = counts.slots + counts.turns + counts.ring;
    const key = keyText(config);
    let region = this.#regions.get(key);
    if (region === undefined || region.lines < lines) {
      region = { first: this.#freeLine, lines };
      this.#freeLine += lines;
      this.#regions.set(key, region);
    }
    return region;
  }

  #writeFilter(): void {
    const words = new Map<number, bigint>();
    for (const bit of this.#filter) words.set(bit >> 6, 0n);
    const replying = this.#services.flatMap(({ servers }) => servers.filter(isTranslated));
    this.#filter = new Set([
      ...this.#services.flatMap(({ protocol, address }) =>
        protocol === 'fwmark' ? [] : [vipFilterBit(addressBytes(address))],
      ),
      ...this.#markedBits(),
      ...replying.map(({ address }) => REPLY_FILTER * 64 + vipFilterBit(addressBytes(address))),
    ]);
    for (const bit of this.#filter) words.set(bit >> 6, (words.get(bit >> 6) ?? 0n) | (1n << BigInt(bit & 63)));
    for (const [word, bits] of words) this.object.map('vip_filter').set(word, bits);
  }

  #writeLocalPools(locals: readonly LocalConfig[]): void {
    const map = this.object.map<unknown, unknown>('local_pools');
    for (const key of [...map.keys()]) map.delete(key);
    const pools = new Map<string, LocalConfig[]>();
    for (const local of locals) {
      const name = `${local.service ?? 0} ${familyOf(local.address)}`;
      pools.set(name, [...(pools.get(name) ?? []), local]);
    }
    for (const [name, members] of pools) {
      const [service, family] = name.split(' ').map(Number);
      map.set({ service, family }, localPoolValue(members));
    }
    this.object.map<number, number>('local_cursor').setPerCpu(0, new Array(possibleCpus()).fill(0));
  }

  #writeLimits({ services, limitOfAll = 'none' }: World): void {
    const [limits, listed] = [this.object.map('limits'), this.object.map<unknown, number>('sources')];
    const wanted = new Map(
      services.flatMap(listedValues).map(([key, verdict]) => [JSON.stringify(key), { key, verdict }]),
    );
    for (const key of [...listed.keys()]) if (!wanted.has(JSON.stringify(key))) listed.delete(key);
    for (const { key, verdict } of wanted.values()) listed.set(key, verdict);
    limits.set(0, limitValue({ ...NO_LIMITS, rate: limitOfAll }));
    for (const { id, limits: own = NO_LIMITS } of services) limits.set(id, limitValue(own));
  }

  /** Compiled by the product, and put to the test by the reference model. */
  #writeMarks(configs: readonly MarkConfig[]): void {
    if (configs === this.#markConfigs) return;
    this.#markConfigs = configs;
    const rules = configs.map(markSpec);
    const marks = setMarks(NO_MARKS, rules);
    if ('code' in marks) throw new Error(marks.message);
    this.#clock += QUARANTINE_MS;
    const after = planMarks(this.#marks, marks, this.#clock);
    for (const operation of markOperations(this.#marks.elements, after.elements)) {
      if (operation.op !== 'set-mark' && operation.op !== 'delete-mark') continue;
      const { map, key, value } = operation.element;
      if (operation.op === 'set-mark') this.object.map(map).set(key, value);
      else this.object.map(map).delete(key);
    }
    this.#marks = after;
  }

  /** As the product has them: of marks that have a service. */
  #markedBits(): number[] {
    const marked = this.#services.filter(({ protocol }) => protocol === 'fwmark');
    const keys = marked.map(({ mark, address }) => ({ protocol: 'fwmark', family: familyOf(address), mark }) as const);
    const services = new Map(keys.map((key) => [serviceKeyText(key), { key, servers: [] }]));
    const words = vipFilterWords({ services: services as never, marks: this.#marks.marks ?? NO_MARKS }, []);
    return [...words].flatMap(([word, bits]) => bitsOf(bits).map((bit) => word * 64 + bit));
  }

  #writeNatServers(): void {
    const map = this.object.map<unknown, unknown>('nat_servers');
    for (const key of [...map.keys()]) map.delete(key);
    for (const { protocol, servers } of this.#services) {
      for (const { address, port, method, available, outerSource } of servers) {
        if (method !== 'nat' || !available) continue;
        for (const name of protocol === 'fwmark' ? PROTOCOLS : [protocol])
          map.set(serviceKeyValue({ protocol: name, address, port }), { source: addressValue(outerSource) });
      }
    }
  }
}

function keyText(config: ServiceConfig): string {
  return `${config.protocol} ${config.protocol === 'fwmark' ? familyOf(config.address) : config.address} ${config.port} ${config.mark}`;
}

function sumCpus(values: readonly Fields[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const value of values) {
    for (const [name, field] of Object.entries(value)) total[name] = (total[name] ?? 0) + Number(field);
  }
  return total;
}

function markSpec({ destination, source, protocols, ports, mark }: MarkConfig) {
  const range = ([first, last]: readonly [number, number]) => ({ first, last });
  const prefix = source === null ? null : parsePrefix(source)!;
  return { destination: parsePrefix(destination)!, source: prefix, protocols, ports: ports.map(range), mark };
}

function bitsOf(word: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => (word >> BigInt(bit)) & 1n);
}
