/**
 * Mark rules in the maps. Sets of ports and sets of sources are written once and
 * never changed: another content has another id, so that one store at a destination
 * swaps all that holds for it. A set that nothing names any more rests, for packets
 * that are on their way through it, before it goes.
 */
import type { MarkDestinationKey, MarkPort, MarkPortKey, MarkSourceKey } from '../../dataplane/types.gen.ts';
import { addressFamily, addressWords } from '../model/address.ts';
import type { Marks } from '../model/marks.ts';
import type { Prefix } from '../model/model.ts';
import { PROTOCOL_NUMBERS } from '../model/service-key.ts';
import { familyNumber } from './build-service.ts';
import { markTables, type PortMarks, type SourceMarks } from './mark-tables.ts';
import type { Operation } from './operations.ts';
import { QUARANTINE_MS } from './pools.ts';

/** An element of one of the three maps. */
export type MarkElement =
  | { readonly map: 'mark_destinations'; readonly key: MarkDestinationKey; readonly value: number }
  | { readonly map: 'mark_ports'; readonly key: MarkPortKey; readonly value: MarkPort }
  | { readonly map: 'mark_sources'; readonly key: MarkSourceKey; readonly value: number };

/** By map and key, as text. */
export type MarkElements = ReadonlyMap<string, MarkElement>;

export interface MarkState {
  /** What `elements` was made of; null: adopted. */
  readonly marks: Marks | null;
  readonly elements: MarkElements;
  /** Sets that nothing names, and when that was found; milliseconds. */
  readonly retired: ReadonlyMap<string, number>;
}

/** Elements of each map. */
export const MARK_ROOM = { mark_destinations: 16384, mark_ports: 65536, mark_sources: 16384 } as const;

type MarkMap = MarkElement['map'];

const FAMILY_BITS = 32;
const SET_BITS = 32;
/** Of the set, the protocol and the byte beside it. */
const PORT_KEY_BITS = 48;

export function elementsByKey(elements: readonly MarkElement[]): MarkElements {
  return new Map(elements.map((element) => [nameOf(element), element]));
}

export function adoptedMarks(elements: MarkElements): MarkState {
  return { marks: null, elements, retired: new Map() };
}

/** `now`: milliseconds. The same state where nothing is to be done. */
export function planMarks(before: MarkState, marks: Marks, now: number): MarkState {
  const isDue = [...before.retired.values()].some((since) => since + QUARANTINE_MS <= now);
  if (before.marks === marks && !isDue) return before;
  const elements = elementsByKey(new Sets(before.elements).elementsOf(marks));
  const used = new Set([...elements.values()].flatMap((element) => setOf(element) ?? []));
  const retired = new Map<string, number>();
  for (const [name, element] of before.elements) {
    const set = setOf(element);
    if (set === null || used.has(set)) continue;
    const since = before.retired.get(set) ?? now;
    if (since + QUARANTINE_MS <= now) continue;
    retired.set(set, since);
    (elements as Map<string, MarkElement>).set(name, element);
  }
  return { marks, elements, retired };
}

/** Which map has no room; null: all have. */
export function crowdedMap({ elements }: MarkState): MarkMap | null {
  const count: Record<MarkMap, number> = { mark_destinations: 0, mark_ports: 0, mark_sources: 0 };
  for (const { map } of elements.values()) count[map]++;
  return (Object.keys(count) as MarkMap[]).find((map) => count[map] > MARK_ROOM[map]) ?? null;
}

/** What makes `found` into `wanted`: what is named comes before what names it, and goes after it. */
export function markOperations(found: MarkElements, wanted: MarkElements): Operation[] {
  if (found === wanted) return [];
  const changed = [...wanted].filter(([name, element]) => {
    const there = found.get(name);
    return there === undefined || valueText(there) !== valueText(element);
  });
  const gone = [...found].filter(([name]) => !wanted.has(name));
  const sets = changed.map(([, element]) => ({ op: 'set-mark', element }) as const);
  const deletions = gone.map(([, element]) => ({ op: 'delete-mark', element }) as const);
  const rank = ({ element }: { element: MarkElement }) => ORDER.indexOf(element.map);
  return [...sets.sort((a, b) => rank(a) - rank(b)), ...deletions.sort((a, b) => rank(b) - rank(a))];
}

const ORDER: readonly MarkMap[] = ['mark_sources', 'mark_ports', 'mark_destinations'];

/** Keys that were read back have their padding, too. */
export function nameOf(element: MarkElement, set?: number): string {
  const { map, key } = element;
  if (map === 'mark_destinations') return `${map} ${key.family} ${key.address.word.join()}/${key.prefix_length}`;
  if (map === 'mark_sources') return `${map} ${set ?? key.sources} ${key.address.word.join()}/${key.prefix_length}`;
  return `${map} ${set ?? key.destination} ${key.protocol} ${key.port}/${key.prefix_length}`;
}

function valueText({ value }: Pick<MarkElement, 'value'>): string {
  return typeof value === 'number' ? `${value}` : `${value.mark} ${value.sources} ${value.source_length}`;
}

/** The set that an element is part of; null: it is a destination's. */
function setOf(element: MarkElement): string | null {
  if (element.map === 'mark_destinations') return null;
  return element.map === 'mark_ports' ? `ports ${element.key.destination}` : `sources ${element.key.sources}`;
}

type Draft<Element extends MarkElement> = Pick<Element, 'key' | 'value'>;

/** Gives contents their ids: those that they have in the maps, or new ones. */
class Sets {
  readonly #ids = new Map<string, number>();
  readonly #taken = new Set<string>();
  readonly #made = new Map<string, MarkElement[]>();
  #next = 1;

  constructor(known: MarkElements) {
    const bySet = new Map<string, MarkElement[]>();
    for (const element of known.values()) {
      const set = setOf(element);
      if (set === null) continue;
      const others = bySet.get(set);
      if (others === undefined) bySet.set(set, [element]);
      else others.push(element);
    }
    for (const [set, elements] of bySet) {
      this.#taken.add(set);
      this.#ids.set(contentOf(elements), Number(set.split(' ')[1]));
    }
  }

  elementsOf(marks: Marks): MarkElement[] {
    const destinations = markTables(marks).map(({ destination, ports }): MarkElement => {
      const elements = ports.map((port) => this.#port(port));
      const value = this.#idOf('ports', elements, (id, { key, value }: Draft<PortElement>) => ({
        map: 'mark_ports',
        key: { ...key, destination: id },
        value,
      }));
      return { map: 'mark_destinations', key: destinationKey(destination), value };
    });
    return [...[...this.#made.values()].flat(), ...destinations];
  }

  #port({ protocol, port, length, ...found }: PortMarks): Draft<PortElement> {
    const prefix_length = PORT_KEY_BITS + length;
    const key = { prefix_length, destination: 0, protocol: PROTOCOL_NUMBERS[protocol], port };
    const source_length = Math.max(0, ...found.sources.map(({ source }) => source.length));
    return { key, value: { mark: found.mark, sources: this.#sources(found), source_length } };
  }

  #sources({ sources }: SourceMarks): number {
    if (sources.length === 0) return 0;
    const elements = sources.map(({ source, mark }) => ({ key: sourceKey(source), value: mark }));
    return this.#idOf('sources', elements, (id, { key, value }: Draft<SourceElement>) => ({
      map: 'mark_sources',
      key: { ...key, sources: id },
      value,
    }));
  }

  #idOf<T extends Draft<MarkElement>>(
    kind: 'ports' | 'sources',
    drafts: readonly T[],
    make: (id: number, draft: T) => MarkElement,
  ): number {
    const content = contentOf(drafts.map((draft) => make(0, draft)));
    const id = this.#ids.get(content) ?? this.#newId(kind);
    this.#ids.set(content, id);
    if (!this.#made.has(`${kind} ${id}`))
      this.#made.set(
        `${kind} ${id}`,
        drafts.map((draft) => make(id, draft)),
      );
    return id;
  }

  #newId(kind: string): number {
    while (this.#taken.has(`${kind} ${this.#next}`)) this.#next++;
    this.#taken.add(`${kind} ${this.#next}`);
    return this.#next;
  }
}

type PortElement = Extract<MarkElement, { map: 'mark_ports' }>;
type SourceElement = Extract<MarkElement, { map: 'mark_sources' }>;

/** Of a set, whatever its id. */
function contentOf(elements: readonly MarkElement[]): string {
  return elements
    .map((element) => `${nameOf(element, 0)} ${valueText(element)}`)
    .sort()
    .join();
}

function destinationKey({ address, length }: Prefix): MarkDestinationKey {
  const family = familyNumber(address);
  return { prefix_length: FAMILY_BITS + length, family, address: { word: addressWords(address) } };
}

function sourceKey({ address, length }: Prefix): MarkSourceKey {
  return { prefix_length: SET_BITS + length, sources: 0, address: { word: addressWords(address) } };
}

/** Of the destinations that a packet may have, those of rules whose mark has a service. */
export function liveDestinations(marks: Marks, hasService: (family: 4 | 6, mark: number) => boolean): Prefix[] {
  const live = [...marks.values()].filter(({ destination, mark }) => {
    return hasService(addressFamily(destination.address), mark);
  });
  return [...new Map(live.map(({ destination }) => [JSON.stringify(destination), destination])).values()];
}
