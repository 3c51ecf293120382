/** The maps by name, with the types that the object's BTF gives them. */
import type { BpfMap, BpfObject } from 'libbpf-ts';
import type { MapTypes } from './types.gen.ts';

/** Belong to a set of programs: see program-store.ts. */
export const NEXT_MAPS = ['next_program', 'next_program_frags'] as const satisfies (keyof MapTypes)[];
export type NextMap = (typeof NEXT_MAPS)[number];

export type MapName = Exclude<keyof MapTypes, NextMap>;

export type Maps = { readonly [Name in MapName]: BpfMap<MapTypes[Name][0], MapTypes[Name][1]> };

/** The data plane's state: neither what belongs to a set of programs nor their constants. */
export function mapNamesOf(object: BpfObject): string[] {
  return object.mapNames.filter((name) => !name.startsWith('.') && !(NEXT_MAPS as readonly string[]).includes(name));
}

/** All of it, of a loaded object. */
export function mapsOf(object: BpfObject): Maps {
  const names = mapNamesOf(object);
  // The generated types are checked against the same object by `make check`.
  return Object.fromEntries(names.map((name) => [name, object.map(name)])) as unknown as Maps;
}
