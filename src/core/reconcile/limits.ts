/** Limits and lists of sources as the maps hold them, and what makes those of the maps into those of the model. */
import {
  type Limit,
  LimitId,
  LimitOption,
  LimitRoom,
  type ListedKey,
  SourceVerdict,
} from '../../dataplane/types.gen.ts';
import { addressWords } from '../model/address.ts';
import { parsePrefix } from '../model/limits.ts';
import type { Model, ServiceLimits } from '../model/model.ts';
import type { Operation } from './operations.ts';

const NANOSECONDS = 1e9;
/** The service's id is the first 32 bits of every prefix. */
const SERVICE_BITS = 32;

export interface ListedElement {
  readonly key: ListedKey;
  readonly value: number;
}

export interface LimitMaps {
  /** By id; only those that limit something. */
  readonly limits: ReadonlyMap<number, Limit>;
  /** By the text of the key. */
  readonly listed: ReadonlyMap<string, ListedElement>;
}

export const NO_LIMIT: Limit = {
  window: 0n,
  source_window: 0n,
  interval: 0,
  source_interval: 0,
  connections: 0,
  source_connections: 0,
  options: 0,
};

export const NO_LIMIT_MAPS: LimitMaps = { limits: new Map(), listed: new Map() };

/** `idOf`: of a service's name. Null: more prefixes than there is room for. */
export function limitMapsOf(
  { services, sysctls }: Model,
  idOf: (name: string) => number | undefined,
): LimitMaps | null {
  const limits = new Map<number, Limit>();
  const listed: ListedElement[] = [];
  if (sysctls.conn_rate > 0) limits.set(LimitId.LIMIT_OF_ALL, limitOfAll(sysctls.conn_rate, sysctls.conn_burst));
  for (const [name, service] of services) {
    const id = idOf(name);
    if (service.limits === undefined || id === undefined) continue;
    limits.set(id, limitOf(service.limits));
    listed.push(...listedOf(id, service.limits));
  }
  return listed.length > LimitRoom.MAX_LISTED ? null : { limits, listed: listedByKey(listed) };
}

export function listedByKey(elements: readonly ListedElement[]): LimitMaps['listed'] {
  return new Map(elements.map((element) => [JSON.stringify(element.key), element]));
}

/** Before services are published that ask for them. */
export function limitAdditions(found: LimitMaps, wanted: LimitMaps): Operation[] {
  if (found === wanted) return [];
  const listed = [...wanted.listed].filter(([name, { value }]) => found.listed.get(name)?.value !== value);
  const limits = [...wanted.limits].filter(([id, value]) => !sameLimit(found.limits.get(id) ?? NO_LIMIT, value));
  return [
    ...listed.map(([, { key, value }]) => ({ op: 'set-listed', key, value }) as const),
    ...limits.map(([id, value]) => ({ op: 'set-limit', id, value }) as const),
  ];
}

/** After no service asks for them any more. */
export function limitRemovals(found: LimitMaps, wanted: LimitMaps): Operation[] {
  if (found === wanted) return [];
  const limits = [...found.limits.keys()].filter((id) => !wanted.limits.has(id));
  const listed = [...found.listed].filter(([name]) => !wanted.listed.has(name));
  return [
    ...limits.map((id) => ({ op: 'set-limit', id, value: NO_LIMIT }) as const),
    ...listed.map(([, { key }]) => ({ op: 'delete-listed', key }) as const),
  ];
}

export function sameLimit(a: Limit, b: Limit): boolean {
  return (Object.keys(NO_LIMIT) as (keyof Limit)[]).every((name) => a[name] === b[name]);
}

function limitOfAll(rate: number, burst: number): Limit {
  return { ...NO_LIMIT, interval: intervalOf(rate), window: windowOf(rate, burst || rate) };
}

function limitOf(limits: ServiceLimits): Limit {
  return {
    window: windowOf(limits.rate, limits.burst),
    source_window: windowOf(limits.sourceRate, limits.sourceBurst),
    interval: intervalOf(limits.rate),
    source_interval: intervalOf(limits.sourceRate),
    connections: limits.connections,
    source_connections: limits.sourceConnections,
    options: limits.allow.length > 0 ? LimitOption.LIMIT_ALLOWED_ONLY : 0,
  };
}

function intervalOf(rate: number): number {
  return rate === 0 ? 0 : Math.round(NANOSECONDS / rate);
}

function windowOf(rate: number, burst: number): bigint {
  return BigInt(intervalOf(rate)) * BigInt(burst);
}

function listedOf(service: number, { allow, deny }: ServiceLimits): ListedElement[] {
  const element = (text: string, value: number): ListedElement => {
    const { address, length } = parsePrefix(text)!;
    return { key: { length: SERVICE_BITS + length, service, source: { word: addressWords(address) } }, value };
  };
  return [
    ...allow.map((text) => element(text, SourceVerdict.SOURCE_ALLOWED)),
    ...deny.map((text) => element(text, SourceVerdict.SOURCE_DENIED)),
  ];
}
