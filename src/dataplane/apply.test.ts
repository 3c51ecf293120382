/** Operations reach the maps: fake ones, with the layouts of the compiled object. */
import { readFileSync } from 'node:fs';
import { BpfMap, fakeMap, possibleCpus, readObjectSpec } from 'libbpf-ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { NO_MARKS, setMarks } from '../core/model/marks.ts';
import { parsePrefix } from '../core/model/prefix.ts';
import { NO_LIMIT, NO_LIMIT_MAPS } from '../core/reconcile/limits.ts';
import { adoptedMarks, markOperations, planMarks } from '../core/reconcile/mark-plan.ts';
import { NO_INTERFACE } from '../core/reconcile/next-hop.ts';
import type { Operation } from '../core/reconcile/operations.ts';
import { type Apply, createApply } from './apply.ts';
import { readHave } from './have.ts';
import type { Maps } from './maps.ts';
import { ScheduleMemory } from './schedule-memory.ts';
import { type NextHop, type RealServer, type Service, type ServiceKey, VipFilterLimit } from './types.gen.ts';

const SPEC = readObjectSpec(readFileSync(new URL('../../build/bpf/xlb.bpf.o', import.meta.url)), 'xlb');
const LINES = 256;
const REPLY_WORD = VipFilterLimit.REPLY_FILTER + 5;

function fakeMaps(): Maps {
  const fakable = [...SPEC.maps.values()].filter(({ type }) => type !== 'ringbuf');
  const entries = fakable.map((declared) => {
    const spec = {
      ...declared,
      // Of the trie only what a hash has, too, is used here.
      type: declared.type === 'lpm_trie' ? ('hash' as const) : declared.type,
      maxEntries: declared.name === 'schedules' ? LINES : Math.min(declared.maxEntries, 4096),
    };
    return [spec.name, new BpfMap(fakeMap(spec), spec)] as const;
  });
  return Object.fromEntries(entries) as unknown as Maps;
}

/** Keys of an id's entries, one for each CPU. */
function trafficOf(id: number): number[] {
  const ids = Math.floor(maps.server_traffic.spec.maxEntries / possibleCpus());
  return Array.from({ length: possibleCpus() }, (_, cpu) => cpu * ids + id);
}

let maps: Maps;
let schedules: ScheduleMemory;
let settled: [ServiceKey, string][];
let apply: Apply;
/** What the filter held each time that the programs of NAT were asked for. */
let asked: bigint[];
beforeEach(() => {
  maps = fakeMaps();
  schedules = new ScheduleMemory(maps.schedules);
  settled = [];
  asked = [];
  const programs = {
    settle: (key: ServiceKey, reason: string) => void settled.push([key, reason]),
    translate: () => void asked.push(maps.vip_filter.get(REPLY_WORD) as bigint),
  };
  apply = createApply(maps, programs, schedules);
});

const key: ServiceKey = { address: { word: [0xc0000264, 0, 0, 0] }, port: 80, protocol: 6, family: 4 };
const service = (schedule: number): Service => ({
  ...{ key, id: 1, schedule, slot_count: 1, turns_line: 1, turn_count: 1, ring_line: 2, ring_size: 32 },
  ...{ weight_max: 1, weight_gcd: 1, generation: 1, scheduler: 2, flags: 0 },
  ...{ persistence: 0, mask: { word: [0, 0, 0, 0] } },
});
const NO_CONNECTIONS = { active: 0, inactive: 0, overloaded: 0, upper: 0, lower: 0, persistent: 0, gone: 0 };
const hop = (last: number, port = 4): NextHop => ({
  ...{ mac: Buffer.from([2, 0, 0, 0, 0, last]), port, vlan_mode: 0, vlan_count: 0, vlan_tci: [0, 0], vlan_tpid: 0 },
});
const server = (id: number): RealServer => ({
  ...{ address: { word: [7, 0, 0, 0] }, outer_source: { word: [0, 0, 0, 0] }, id, next_hop: 2, port: 80, mtu: 1500 },
  ...{
    turns_after: 1,
    method: 1,
    family: 4,
    flags: 3,
    spread_bits: 0,
    outer_sum: 0,
    tunnel_port: 0,
    tunnel: 0,
    overhead: 0,
    weight: 1,
  },
});

describe('apply', () => {
  it('asks for what translates before the first real server whose replies are', () => {
    const words = [REPLY_WORD - VipFilterLimit.VIP_FILTER_WORDS, REPLY_WORD + VipFilterLimit.VIP_FILTER_WORDS];
    apply([...words, REPLY_WORD].map((word, i) => ({ op: 'write-filter', word, value: BigInt(i < 2) })));
    expect(asked).toEqual([]);
    apply([
      { op: 'write-lines', line: 10, lines: [] },
      { op: 'write-filter', word: REPLY_WORD, value: 1n },
    ]);
    expect(asked).toEqual([0n]);
  });

  it('writes what readHave reads', () => {
    const value = { ...NO_INTERFACE, ifindex: 3, mac: Buffer.from([2, 0, 0, 0, 0, 9]), flags: 1 };
    const operations: Operation[] = [
      { op: 'write-interface', slot: 3, value },
      { op: 'set-tx-port', slot: 3, ifindex: 3 },
      { op: 'write-next-hop', id: 2, value: hop(1) },
      { op: 'write-filter', word: 5, value: 1n << 63n },
      { op: 'set-service', key, value: service(0), settle: null },
      { op: 'set-nat-server', key, value: { source: { word: [7, 0, 0, 0] } } },
    ];
    apply(operations);
    const have = readHave(maps, schedules);
    expect(have.interfaces.get(3)).toMatchObject(value);
    expect(have.txPorts).toEqual(new Map([[3, 3]]));
    expect(have.nextHops).toEqual(new Map([[2, hop(1)]]));
    expect(have.filter).toEqual(new Map([[5, 1n << 63n]]));
    expect(have.services).toEqual([service(0)]);
    expect([...have.natServers.values()]).toEqual([{ key, value: { source: { word: [7, 0, 0, 0] } } }]);
    const limit = { ...NO_LIMIT, interval: 1000, window: 5000n };
    const listed = { length: 40, service: 3, source: { word: [0x0a000000, 0, 0, 0] } };
    apply([
      { op: 'set-limit', id: 3, value: limit },
      { op: 'set-listed', key: listed, value: 2 },
    ]);
    expect([...readHave(maps, schedules).limits.limits]).toMatchObject([[3, limit]]);
    expect([...readHave(maps, schedules).limits.listed.values()]).toEqual([{ key: listed, value: 2 }]);
    apply([
      { op: 'set-limit', id: 3, value: NO_LIMIT },
      { op: 'delete-listed', key: listed },
    ]);
    expect(readHave(maps, schedules).limits).toEqual(NO_LIMIT_MAPS);
    apply([{ op: 'delete-nat-server', key }]);
    expect([...maps.nat_servers.keys()]).toEqual([]);
    expect(settled).toEqual([]);
  });

  it('writes marks so that readHave finds them as they were meant', () => {
    const rule = {
      destination: parsePrefix('192.0.2.0/24')!,
      ports: [{ first: 80, last: 99 }],
      mark: 5,
    };
    const source = parsePrefix('10.0.0.0/8')!;
    const marks = setMarks(NO_MARKS, [rule, { ...rule, source, mark: 6 }]);
    if ('code' in marks) throw new Error(marks.message);
    const { elements } = planMarks(adoptedMarks(new Map()), marks, 0);
    apply(markOperations(new Map(), elements));
    const found = readHave(maps, schedules).marks;
    expect(found.size).toBeGreaterThan(3);
    expect(markOperations(found, elements)).toEqual([]);
    expect(markOperations(found, planMarks(adoptedMarks(found), marks, 0).elements)).toEqual([]);
  });

  it('stores MAC and port alone, and leaves the tags', () => {
    apply([
      {
        op: 'write-next-hop',
        id: 2,
        value: { ...hop(1), vlan_mode: 1, vlan_count: 1, vlan_tci: [7, 0], vlan_tpid: 0x8100 },
      },
    ]);
    apply([{ op: 'store-next-hop', id: 2, value: hop(5, 6) }]);
    expect(maps.next_hops.get(2)).toEqual({
      ...hop(5, 6),
      vlan_mode: 1,
      vlan_count: 1,
      vlan_tci: [7, 0],
      vlan_tpid: 0x8100,
    });
    expect(maps.next_hops.get(1)).toMatchObject({ port: 0, mac: Buffer.alloc(6) });
  });

  it('settles after the service is there', () => {
    apply([{ op: 'set-service', key, value: service(0), settle: 'restart' }]);
    expect(settled).toEqual([[key, 'restart']]);
    apply([{ op: 'delete-service', key }]);
    expect([...maps.services.keys()]).toEqual([]);
  });

  it('zeroes ids on all CPUs and leaves the others', () => {
    for (const id of [1, 2]) {
      maps.live_counts.set(id, { ...NO_CONNECTIONS, active: 5, inactive: 6, overloaded: 1, upper: 4, lower: 2 });
      for (const at of trafficOf(id)) {
        maps.server_traffic.set(at, { connections: 1n, packets: 2n, bytes: 3n, out_packets: 0n, out_bytes: 0n });
      }
      maps.unrecorded.set(id, { placed_at: 9, followed_until: 10 });
    }
    apply([{ op: 'zero', serviceIds: [2], serverIds: [1] }]);
    expect(maps.live_counts.get(1)).toMatchObject({ active: 0, inactive: 0, overloaded: 0, upper: 0, lower: 0 });
    expect(maps.live_counts.get(2)).toMatchObject({ active: 5, inactive: 6 });
    const packets = (id: number) => new Set(trafficOf(id).map((at) => maps.server_traffic.get(at)?.packets));
    expect([packets(1), packets(2)]).toEqual([new Set([0n]), new Set([2n])]);
    expect([maps.unrecorded.get(1)?.placed_at, maps.unrecorded.get(2)?.placed_at]).toEqual([9, 0]);
  });
});

describe('thresholds', () => {
  const live = () => maps.live_counts.get(2);

  it('are what readHave reads, and leave the counts', () => {
    maps.live_counts.set(2, { ...NO_CONNECTIONS, active: 5, inactive: 6, overloaded: 1, upper: 0, lower: 0 });
    apply([{ op: 'set-thresholds', id: 2, upper: 11, lower: 3 }]);
    expect(readHave(maps, schedules).thresholds).toEqual(new Map([[2, { upper: 11, lower: 3 }]]));
    expect(live()).toMatchObject({ active: 5, inactive: 6, upper: 11, lower: 3 });
  });

  it.each([
    // before, after, still overloaded
    [8, 8, 1],
    [8, 5, 1],
    [8, 9, 0],
    [8, 0, 0],
  ])('from %i to %i leave overloaded %i', (before, after, overloaded) => {
    maps.live_counts.set(2, { ...NO_CONNECTIONS, active: 5, inactive: 6, overloaded: 1, upper: before, lower: 0 });
    apply([{ op: 'set-thresholds', id: 2, upper: after, lower: 0 }]);
    expect(live()).toMatchObject({ active: 5, inactive: 6, overloaded, upper: after });
  });
});

describe('schedule lines', () => {
  const ring = Array.from({ length: 32 }, (_, i) => (i === 31 ? 0xffff : i));
  const turns = Array.from({ length: 4 }, (_, i) => ({ id: i + 7, index: i, weight: i + 1 }));
  const lines = [{ server: server(4) }, { turns }, { ring }];

  it('are written in their three shapes, one after another', () => {
    apply([{ op: 'write-lines', line: 10, lines }]);
    expect(maps.schedules.get(10)?.server).toMatchObject(server(4));
    expect(maps.schedules.get(11)?.turns).toMatchObject(turns);
    expect(maps.schedules.get(12)?.ring).toEqual(ring);
    expect(maps.schedules.get(13)?.ring).toEqual(Array(32).fill(0));
  });

  it('are the very objects that were written, until somebody else writes', () => {
    apply([{ op: 'write-lines', line: 10, lines }]);
    expect(readHave(maps, schedules).line(10)).toBe(lines[0]);
    maps.schedules.set(10, { server: server(5) });
    const { line } = readHave(maps, schedules);
    expect(line(10)?.server).toMatchObject(server(5));
    expect(line(11)).toBe(lines[1]);
    apply([{ op: 'write-lines', line: 10, lines: [lines[0]!] }]);
    expect(readHave(maps, schedules).line(10)).toBe(lines[0]);
  });

  it('are taken over as they are found', () => {
    maps.schedules.set(20, { server: server(6) });
    const first = readHave(maps, schedules).line(20);
    expect(first?.server).toMatchObject(server(6));
    expect(readHave(maps, schedules).line(20)).toBe(first);
    maps.schedules.set(20, { server: server(7) });
    expect(first?.server).toMatchObject(server(6));
    expect(readHave(maps, schedules).line(20)?.server).toMatchObject(server(7));
  });

  it('end with the map', () => {
    expect(readHave(maps, schedules).line(LINES)).toBeUndefined();
    expect(() => apply([{ op: 'write-lines', line: LINES - 2, lines }])).toThrow(RangeError);
  });
});
