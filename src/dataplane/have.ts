/** What the maps hold, as core compares it with what it wants. */
import type { BpfMap } from 'libbpf-ts';
import { listedByKey, NO_LIMIT_MAPS } from '../core/reconcile/limits.ts';
import { localPoolsByKey } from '../core/reconcile/local-pools.ts';
import { elementsByKey } from '../core/reconcile/mark-plan.ts';
import { byKey } from '../core/reconcile/nat-servers.ts';
import type { Have } from '../core/reconcile/operations.ts';
import type { Thresholds } from '../core/reconcile/thresholds.ts';
import { indexOf } from './layout-view.ts';
import type { Maps } from './maps.ts';
import type { ScheduleMemory } from './schedule-memory.ts';
import { usedValues } from './used-values.ts';

/** Schedule lines are read when they are asked for, and are those of the moment of this call. */
export function readHave(maps: Maps, schedules: ScheduleMemory): Have {
  return {
    services: [...maps.services.values()],
    line: schedules.reader(),
    nextHops: nonZero(maps.next_hops),
    interfaces: new Map([...maps.interfaces.usedEntries()].filter(([, value]) => value.ifindex !== 0)),
    txPorts: new Map(maps.tx_ports.usedEntries()),
    filter: new Map(maps.vip_filter.usedEntries()),
    thresholds: readThresholds(maps.live_counts),
    limits: readLimits(maps),
    marks: elementsByKey([
      ...[...maps.mark_destinations.entries()].map(
        ([key, value]) => ({ map: 'mark_destinations', key, value }) as const,
      ),
      ...[...maps.mark_ports.entries()].map(([key, value]) => ({ map: 'mark_ports', key, value }) as const),
      ...[...maps.mark_sources.entries()].map(([key, value]) => ({ map: 'mark_sources', key, value }) as const),
    ]),
    natServers: byKey([...maps.nat_servers.entries()].map(([key, value]) => ({ key, value }))),
    localPools: localPoolsByKey([...maps.local_pools.entries()].map(([key, value]) => ({ key, value }))),
  };
}

/** What `readHave` finds in maps that were just made, without looking: most of what a look costs is memory that nobody touched yet. */
export function emptyHave(schedules: ScheduleMemory): Have {
  return {
    services: [],
    line: schedules.reader(),
    nextHops: new Map(),
    interfaces: new Map(),
    txPorts: new Map(),
    filter: new Map(),
    thresholds: new Map(),
    limits: NO_LIMIT_MAPS,
    marks: new Map(),
    natServers: new Map(),
    localPools: new Map(),
  };
}

/** By index, those that differ from zero. */
function nonZero<T>(map: BpfMap<number, T>): Map<number, T> {
  const memory = map.mmap();
  const { size } = map.valueCodec;
  return new Map([...usedValues(memory, size)].map((id) => [id, map.valueCodec.decode(memory, id * size)]));
}

function readLimits({ limits, sources }: Maps): Have['limits'] {
  const listed = [...sources.entries()].map(([key, value]) => ({ key, value }));
  return { limits: nonZero(limits), listed: listedByKey(listed) };
}

function readThresholds(map: Maps['live_counts']): Have['thresholds'] {
  const { layout } = map.valueCodec;
  const memory = map.mmap();
  const words = new Uint32Array(memory.buffer);
  const [upperAt, lowerAt] = [indexOf(layout, 'upper', 4), indexOf(layout, 'lower', 4)];
  const found = new Map<number, Thresholds>();
  for (const id of usedValues(memory, layout.size)) {
    const at = (id * layout.size) / 4;
    const [upper, lower] = [words[at + upperAt]!, words[at + lowerAt]!];
    if (upper !== 0 || lower !== 0) found.set(id, { upper, lower });
  }
  return found;
}
