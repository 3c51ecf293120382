/** A service read back from the maps: what its element and its lines say of slots, order and lines. */
import {
  AddressFamily,
  type RealServer,
  RealServerFlag,
  ScheduleLimit,
  type ScheduleLine,
  type Service,
} from '../../dataplane/types.gen.ts';
import { addressFromWords } from '../model/address.ts';
import type { MarkKey, Protocol, ServiceKey } from '../model/model.ts';
import { serverKeyText } from '../model/service-key.ts';
import { type ServiceContent, serviceMapKey } from './build-service.ts';
import type { Have } from './operations.ts';
import type { Region } from './pools.ts';
import { MAX_SLOTS, type Slot, type Slots } from './slots.ts';

export interface Published {
  readonly key: ServiceKey;
  readonly region: Region;
  readonly content: ServiceContent;
  readonly slots: Slots;
  /** Slots in list order; those of weight 0 between two others in any order. */
  readonly order: readonly number[];
}

/** Null where element and lines do not make one service. `now`: when retired slots count as deleted. */
export function readPublished(have: Have, service: Service, now: number): Published | null {
  const key = keyOfElement(service);
  const content = readContent(have, service);
  if (key === null || content === null) return null;
  const slots = content.lines.slice(0, content.slotCount).map((line) => readSlot(line.server, content, now));
  const keys = slots.flatMap((slot) => (slot === undefined ? [] : [serverKeyText(slot.key)]));
  if (new Set(keys).size < keys.length) return null;
  const region = { line: service.schedule, count: content.lines.length };
  return { key, region, content, slots, order: readOrder(content, slots) };
}

const PROTOCOLS: Readonly<Record<number, Protocol>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** Null where no service has such a key. */
export function keyOfElement({ key }: Service): ServiceKey | null {
  if (key.protocol === 0) return markOfElement(key);
  const protocol = PROTOCOLS[key.protocol];
  const family = familyOfNumber(key.family);
  if (protocol === undefined || family === undefined) return null;
  const read = { protocol, address: addressFromWords(family, key.address.word), port: key.port };
  // Words beyond an IPv4 address make it another key of the map.
  const isCanonical = serviceMapKey(read).address.word.every((word, i) => word === key.address.word[i]);
  return isCanonical ? read : null;
}

function markOfElement({ family: number, address, port }: Service['key']): MarkKey | null {
  const family = familyOfNumber(number);
  const [mark = 0, ...rest] = address.word;
  if (family === undefined || mark === 0 || port !== 0 || rest.some((word) => word !== 0)) return null;
  return { protocol: 'fwmark', family, mark };
}

function familyOfNumber(family: number): 4 | 6 | undefined {
  if (family === AddressFamily.FAMILY_IPV4) return 4;
  return family === AddressFamily.FAMILY_IPV6 ? 6 : undefined;
}

function readContent(have: Have, service: Service): ServiceContent | null {
  const { slot_count: slotCount, turn_count: turnCount, ring_size: ringSize, schedule } = service;
  const turnLines = Math.ceil(turnCount / ScheduleLimit.TURNS_PER_LINE);
  const ringLines = Math.ceil(ringSize / ScheduleLimit.RING_SLOTS_PER_LINE);
  const isContiguous =
    service.turns_line === schedule + slotCount && service.ring_line === schedule + slotCount + turnLines;
  if (!isContiguous || slotCount > MAX_SLOTS || turnCount > slotCount) return null;
  const lines: ScheduleLine[] = [];
  for (let i = 0; i < slotCount + turnLines + ringLines; i++) {
    const line = have.line(schedule + i);
    if (line === undefined) return null;
    lines.push(line);
  }
  const { weight_max: weightMax, weight_gcd: weightGcd } = service;
  return { lines, slotCount, turnCount, turnLines, ringSize, weightMax, weightGcd };
}

/** `id` 0: a hole. */
function readSlot(server: RealServer | undefined, content: ServiceContent, now: number): Slot | undefined {
  const family = server === undefined ? undefined : familyOfNumber(server.family);
  if (server === undefined || server.id === 0 || family === undefined) return undefined;
  const key = { address: addressFromWords(family, server.address.word), port: server.port };
  if (isLive(server)) return { key, id: server.id, retiredAt: null, predecessor: -1 };
  return { key, id: server.id, retiredAt: now, predecessor: turnBefore(content, server.turns_after) };
}

function isLive({ flags }: RealServer): boolean {
  return (flags & RealServerFlag.REAL_SERVER_AVAILABLE) !== 0;
}

/** The slot whose turn comes before a position; -1 before the first. */
function turnBefore({ lines, slotCount, turnCount }: ServiceContent, position: number): number {
  const turn = position - 1;
  if (turn < 0 || turn >= turnCount) return -1;
  const line = lines[slotCount + Math.floor(turn / ScheduleLimit.TURNS_PER_LINE)];
  return line?.turns?.[turn % ScheduleLimit.TURNS_PER_LINE]?.index ?? -1;
}

/** A server of weight 0 has as many turns at or before it as the one of weight > 0 that it follows. */
function readOrder({ lines }: ServiceContent, slots: Slots): number[] {
  const place = (index: number) => {
    const { turns_after = 0, flags = 0 } = lines[index]?.server ?? {};
    return 2 * turns_after + ((flags & RealServerFlag.REAL_SERVER_ELIGIBLE) !== 0 ? 0 : 1);
  };
  const live = [...slots.keys()].filter((index) => slots[index]?.retiredAt === null);
  return live.sort((a, b) => place(a) - place(b) || a - b);
}
