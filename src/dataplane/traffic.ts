/** Statistics of the data plane, summed over CPUs. */
import type { BpfMap } from 'libbpf-ts';
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

/** Reads totals by id; NO_TRAFFIC for an id outside the map. */
export function trafficReader(map: BpfMap<number, Traffic>): (id: number) => TrafficTotals {
  const { layout } = map.valueCodec;
  const fields = FIELDS.map((name) => indexOf(layout, name, 8));
  const perCpu = layout.size / 8;
  const key = Buffer.alloc(4);
  return (id) => {
    key.writeUInt32LE(id);
    const bytes = map.getRaw(key);
    if (bytes === undefined) return NO_TRAFFIC;
    const [connections = 0, packets = 0, total = 0, outPackets = 0, outBytes = 0] = fields.map((field) =>
      sum(bytes, field, perCpu),
    );
    return { connections, packets, bytes: total, outPackets, outBytes };
  };
}

/** Exact up to 2^53, which is 8 PiB of bytes. */
function sum(bytes: Buffer, field: number, perCpu: number): number {
  let total = 0;
  for (let at = field * 8; at < bytes.length; at += perCpu * 8) {
    total += bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
  }
  return total;
}

export type CounterTotals = { readonly [Name in keyof Counters]: number };

export function readCounters(map: Maps['counters']): CounterTotals {
  const totals: Record<string, number> = {};
  for (const cpu of map.getPerCpu(0) ?? []) {
    for (const [name, value] of Object.entries(cpu)) totals[name] = (totals[name] ?? 0) + Number(value);
  }
  return totals as CounterTotals;
}
