/**
 * The one writer: executes core's operations on the maps, in their order. It is
 * synchronous, so no other writer comes between, and each operation is complete
 * in itself: after a crash between two of them, a new plan made from what the
 * maps hold goes on.
 */
import type { BpfMap } from 'libbpf-ts';
import type { MarkElement } from '../core/reconcile/mark-plan.ts';
import type { Operation } from '../core/reconcile/operations.ts';
import type { Thresholds } from '../core/reconcile/thresholds.ts';
import { indexOf, memberAt } from './layout-view.ts';
import type { Maps } from './maps.ts';
import type { Programs } from './programs.ts';
import { isReplyWord } from './reply-filter.ts';
import type { ScheduleMemory } from './schedule-memory.ts';
import { serviceEpoch } from './service-epoch.ts';
import { trafficMemory } from './traffic.ts';
import type { NextHop } from './types.gen.ts';

export type Apply = (operations: readonly Operation[]) => void;

type UsedPrograms = Pick<Programs, 'settle' | 'translate'>;

/** Throws BpfError where the kernel refuses; what was executed before stays. */
export function createApply(maps: Maps, programs: UsedPrograms, schedules: ScheduleMemory): Apply {
  const execute = createExecute(maps, programs, schedules);
  return (operations) => {
    if (operations.some(awaitsReplies)) programs.translate();
    operations.forEach(execute);
  };
}

function createExecute(
  maps: Maps,
  programs: UsedPrograms,
  schedules: ScheduleMemory,
): (operation: Operation) => unknown {
  const storeNextHop = nextHopStore(maps.next_hops);
  const storeThresholds = thresholdStore(maps.live_counts);
  const zero = zeroing(maps);
  const beginEpoch = serviceEpoch(maps.service_epoch);
  beginEpoch(); // who wrote here before may not have come to it
  return (operation) => {
    switch (operation.op) {
      case 'zero':
        return zero(operation.serviceIds, operation.serverIds);
      case 'write-interface':
        return maps.interfaces.set(operation.slot, operation.value);
      case 'set-tx-port':
        return maps.tx_ports.set(operation.slot, operation.ifindex);
      case 'delete-tx-port':
        return maps.tx_ports.delete(operation.slot);
      case 'write-next-hop':
        return maps.next_hops.set(operation.id, operation.value);
      case 'store-next-hop':
        return storeNextHop(operation.id, operation.value);
      case 'write-lines':
        return schedules.write(operation.line, operation.lines);
      case 'set-thresholds':
        return storeThresholds(operation.id, operation);
      case 'write-filter':
        return maps.vip_filter.set(operation.word, operation.value);
      case 'set-service':
        maps.services.set(operation.key, operation.value);
        beginEpoch();
        return operation.settle === null ? undefined : programs.settle(operation.key, operation.settle);
      case 'delete-service':
        maps.services.delete(operation.key);
        return beginEpoch();
      case 'set-mark':
      case 'delete-mark':
        changeMark(maps, operation);
        return beginEpoch();
      case 'set-nat-server':
        return maps.nat_servers.set(operation.key, operation.value);
      case 'delete-nat-server':
        return maps.nat_servers.delete(operation.key);
      case 'set-limit':
        return maps.limits.set(operation.id, operation.value);
      case 'set-listed':
        return maps.sources.set(operation.key, operation.value);
      case 'delete-listed':
        return maps.sources.delete(operation.key);
      case 'set-local-pool':
        return maps.local_pools.set(operation.key, operation.value);
      case 'delete-local-pool':
        return maps.local_pools.delete(operation.key);
    }
  };
}

/** Whoever has real servers whose replies are translated enters each in the filter. */
function awaitsReplies(operation: Operation): boolean {
  return operation.op === 'write-filter' && operation.value !== 0n && isReplyWord(operation.word);
}

/** MAC address and port with one store, which no reader can see half of. */
function nextHopStore(map: Maps['next_hops']): (id: number, value: NextHop) => void {
  const { layout } = map.valueCodec;
  const words = new BigUint64Array(map.mmap().buffer);
  const word = indexOf(layout, 'mac', 8);
  const stride = layout.size / 8;
  const end = memberAt(layout, 'port').offset + 2;
  if (end !== (word + 1) * 8) throw new Error('struct next_hop: mac and port are not one word');
  return (id, value) => {
    const encoded = map.valueCodec.encode(value);
    Atomics.store(words, id * stride + word, encoded.readBigUInt64LE(word * 8));
  };
}

/** As __ip_vs_update_dest: no threshold, or a higher one, forgives what was counted before. */
function thresholdStore(map: Maps['live_counts']): (id: number, thresholds: Thresholds) => void {
  const { layout } = map.valueCodec;
  const words = new Uint32Array(map.mmap().buffer);
  const stride = layout.size / 4;
  const [upperAt, lowerAt, overloadedAt] = [
    indexOf(layout, 'upper', 4),
    indexOf(layout, 'lower', 4),
    indexOf(layout, 'overloaded', 4),
  ];
  return (id, { upper, lower }) => {
    const first = id * stride;
    const before = words[first + upperAt]!;
    words[first + lowerAt] = lower;
    words[first + upperAt] = upper;
    if (upper === 0 || upper > before) Atomics.store(words, first + overloadedAt, 0);
  };
}

function changeMark(maps: Maps, { op, element }: Extract<Operation, { element: MarkElement }>): void {
  // Key and value are those of the map that the element names, whichever that is.
  const map = maps[element.map] as BpfMap<unknown, unknown>;
  if (op === 'set-mark') map.set(element.key, element.value);
  else map.delete(element.key);
}

/** What an id counts begins at zero. Scheduler states start anew when their service is published: their epochs must not come again. */
function zeroing(maps: Maps): (serviceIds: readonly number[], serverIds: readonly number[]) => void {
  const [services, servers] = [trafficMemory(maps.service_traffic), trafficMemory(maps.server_traffic)];
  return (serviceIds, serverIds) => {
    for (const id of serviceIds) services.zero(id);
    for (const id of serverIds) servers.zero(id);
    for (const map of [maps.unrecorded, maps.limit_states, maps.limit_counts]) zeroEntries(map, serviceIds);
    for (const map of [maps.live_counts, maps.recount]) zeroEntries(map, serverIds);
  };
}

/** Per-CPU values are longer than the type says: the map itself tells by how much. */
function zeroEntries(map: Pick<BpfMap, 'getRaw' | 'setRawBatch'>, ids: readonly number[]): void {
  if (ids.length === 0) return;
  const keys = Buffer.alloc(ids.length * 4);
  ids.forEach((id, i) => {
    keys.writeUInt32LE(id, i * 4);
  });
  const size = map.getRaw(keys.subarray(0, 4))?.length ?? 0;
  map.setRawBatch(keys, Buffer.alloc(ids.length * size), ids.length);
}
