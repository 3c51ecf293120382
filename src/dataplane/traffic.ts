/** Statistics of the data plane, summed over CPUs. */
import { type BpfMap, possibleCpus } from 'libbpf-ts';
import { indexOf } from './layout-view.ts';
import type { Maps } from './maps.ts';
import type { Counters, Traffic } from './types.gen.ts';

/** Totals since the id got its owner; bytes are IP bytes. */
export interface TrafficTotals {
  readonly connections: number;
  readonly packets: number;
  readonly bytes: number;
  /** Replies, as far as they pass the director (NAT). */
  readonly outPackets: number;
  readonly outBytes: number;
}

export const NO_TRAFFIC: TrafficTotals = { connections: 0, packets: 0, bytes: 0, outPackets: 0, outBytes: 0 };

const FIELDS = ['connections', 'packets', 'bytes', 'out_packets', 'out_bytes'] as const;

export interface TrafficMemory {
  /** Sums over CPUs, exact up to 2^53, which is 8 PiB of bytes; NO_TRAFFIC for an id that the map has no room for. */
  of(id: number): TrafficTotals;
  zero(id: number): void;
}

/** The map has a part for each CPU, one after the other, each with room for all ids. */
export function trafficMemory(map: BpfMap<number, Traffic>): TrafficMemory {
  const { layout } = map.valueCodec;
  const fields = FIELDS.map((name) => indexOf(layout, name, 8));
  const bytes = map.mmap();
  const stride = layout.size;
  const cpus = possibleCpus();
  const ids = Math.floor(bytes.length / stride / cpus);
  const places = (id: number) => (id < ids ? Array.from({ length: cpus }, (_, cpu) => (cpu * ids + id) * stride) : []);
  return {
    of: (id) => {
      const at = places(id);
      const [connections = 0, packets = 0, total = 0, outPackets = 0, outBytes = 0] = fields.map((field) =>
        at.reduce((sum, place) => sum + readNumber(bytes, place + field * 8), 0),
      );
      return { connections, packets, bytes: total, outPackets, outBytes };
    },
    zero: (id) => {
      for (const place of places(id)) bytes.fill(0, place, place + stride);
    },
  };
}

function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

export type CounterTotals = { readonly [Name in keyof Counters]: number };

export function readCounters(map: Maps['counters']): CounterTotals {
  const totals: Record<string, number> = {};
  for (const cpu of map.getPerCpu(0) ?? []) {
    for (const [name, value] of Object.entries(cpu)) totals[name] = (totals[name] ?? 0) + Number(value);
  }
  return totals as CounterTotals;
}
