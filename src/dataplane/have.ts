/** What the maps hold, as core compares it with what it wants. */
import { type Codec, codec } from 'libbpf-ts';
import type { Have } from '../core/reconcile/operations.ts';
import { memberAt } from './layout-view.ts';
import type { Maps } from './maps.ts';
import type { RealServer, ScheduleLine, Turn } from './types.gen.ts';

/** Reads everything but schedule lines, which are read when they are asked for. */
export function readHave(maps: Maps): Have {
  return {
    services: [...maps.services.values()],
    line: lineReader(maps.schedules),
    nextHops: nonZeroNextHops(maps.next_hops),
    interfaces: new Map([...maps.interfaces.entries()].filter(([, value]) => value.ifindex !== 0)),
    txPorts: new Map([...maps.tx_ports.entries()].filter(([, ifindex]) => ifindex !== 0)),
    filter: new Map([...maps.vip_filter.entries()].filter(([, word]) => word !== 0n)),
  };
}

/** Each member of a line is decoded when it is looked at: a reader knows which one it means. */
function lineReader(map: Maps['schedules']): (line: number) => ScheduleLine | undefined {
  const { layout } = map.valueCodec;
  const member = <T>(name: string): Codec<T> => codec<T>(memberAt(layout, name).layout, `schedule_line.${name}`);
  const server = member<RealServer>('server');
  const turns = member<readonly Turn[]>('turns');
  const ring = member<readonly number[]>('ring');
  return (line) => {
    const bytes = map.getRaw(map.keyCodec.encode(line));
    if (bytes === undefined) return undefined;
    return {
      get server() {
        return server.decode(bytes);
      },
      get turns() {
        return turns.decode(bytes);
      },
      get ring() {
        return ring.decode(bytes);
      },
    };
  };
}

function nonZeroNextHops(map: Maps['next_hops']): Have['nextHops'] {
  const memory = map.mmap();
  const { size } = map.valueCodec;
  const words = new BigUint64Array(memory.buffer);
  const perValue = size / 8;
  const found = new Map();
  for (let id = 0; id < map.spec.maxEntries; id++) {
    const at = id * perValue;
    if (words.subarray(at, at + perValue).some((word) => word !== 0n))
      found.set(id, map.valueCodec.decode(memory, id * size));
  }
  return found;
}
