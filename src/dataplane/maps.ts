/** The maps by name, with the types that the object's BTF gives them. */
import type { BpfMap, BpfObject } from 'libbpf-ts';
import type { MapTypes } from './types.gen.ts';

export type MapName = keyof MapTypes;

export type Maps = { readonly [Name in MapName]: BpfMap<MapTypes[Name][0], MapTypes[Name][1]> };

/** Every map of a loaded object. */
export function mapsOf(object: BpfObject): Maps {
  const names = object.mapNames.filter((name) => !name.startsWith('.'));
  // The generated types are checked against the same object by `make check`.
  return Object.fromEntries(names.map((name) => [name, object.map(name)])) as unknown as Maps;
}
