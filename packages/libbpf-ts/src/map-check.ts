// Is an existing map the one that a spec asks for? Used for pins and for maps by id.

import { parseBtf } from './btf.ts';
import { MAP_FLAGS } from './constants.ts';
import { BpfError } from './error.ts';
import { type Layout, Layouts } from './layout.ts';
import { layoutDifference } from './layout-compare.ts';
import { addon, ID_KIND, ownFd } from './native.ts';
import type { MapFacts } from './native-map.ts';
import { type MapSpec, untyped } from './object-spec.ts';

/** How sure the check is: `btf` compared every field, `sizes` could not read the map's BTF. */
export type LayoutCheck = 'btf' | 'sizes';

/** Throws `LAYOUT` naming the first difference. */
export function checkMap(fd: number, facts: MapFacts, spec: MapSpec, what: string): LayoutCheck {
  const difference = factsDifference(facts, spec);
  if (difference !== undefined) throw mismatch(what, difference);
  const layouts = kernelLayouts(fd);
  if (layouts === undefined) return 'sizes';
  const found = typedDifference('key', spec.key, layouts.key) ?? typedDifference('value', spec.value, layouts.value);
  if (found !== undefined) throw mismatch(what, found);
  return 'btf';
}

/** The spec of a map that nothing is known of: layouts from its BTF if it can be read, else bytes. */
export function specOf(fd: number, facts: MapFacts): MapSpec {
  const { name, type, keySize, valueSize, maxEntries, flags } = facts;
  const layouts = kernelLayouts(fd);
  const typed = layouts?.key.size === keySize && layouts.value.size === valueSize ? layouts : undefined;
  const { key, value } = typed ?? { key: untyped(keySize), value: untyped(valueSize) };
  return { name, type, keySize, valueSize, maxEntries, flags, key, value };
}

/** What was read last: the maps of an object share their BTF, which never changes, and reading it takes long. */
let latest: { id: number; layouts: Layouts } | undefined;

/** The layouts in the kernel's BTF of a map; undefined without BTF or without CAP_SYS_ADMIN. */
function kernelLayouts(fd: number): { key: Layout; value: Layout } | undefined {
  const native = addon();
  const info = native.mapInfo(fd);
  if (typeof info === 'number' || info.btfId === 0 || info.btfKeyTypeId === 0) return undefined;
  const layouts = btfLayouts(info.btfId);
  return layouts && { key: layouts.of(info.btfKeyTypeId), value: layouts.of(info.btfValueTypeId) };
}

/** By the id of the BTF, which needs CAP_SYS_ADMIN. */
function btfLayouts(id: number): Layouts | undefined {
  if (latest?.id === id) return latest.layouts;
  const native = addon();
  const fd = native.fdById(ID_KIND.btf, id);
  if (fd < 0) return undefined;
  const handle = ownFd(fd);
  try {
    const data = native.btfData(fd);
    if (typeof data === 'number') return undefined;
    latest = { id, layouts: new Layouts(parseBtf(data)) };
    return latest.layouts;
  } finally {
    handle.close();
  }
}

function typedDifference(part: string, expected: Layout, found: Layout): string | undefined {
  // A spec without types has nothing to compare but sizes.
  return expected.kind === 'bytes' ? undefined : layoutDifference(expected, found, part);
}

function factsDifference(facts: MapFacts, spec: MapSpec): string | undefined {
  const pairs: [string, string | number, string | number][] = [
    ['type', facts.type, spec.type],
    ['key size', facts.keySize, spec.keySize],
    ['value size', facts.valueSize, spec.valueSize],
    ['flags', comparableFlags(facts), comparableFlags(spec)],
    ['number of entries', facts.maxEntries, spec.maxEntries || facts.maxEntries],
  ];
  const different = pairs.find(([, have, want]) => have !== want);
  return different && `its ${different[0]} is ${different[1]}, not ${different[2]}`;
}

// The kernel adds this flag to device maps by itself.
function comparableFlags({ type, flags }: { type: string; flags: number }): number {
  return type.startsWith('devmap') ? flags & ~MAP_FLAGS.RDONLY_PROG : flags;
}

function mismatch(what: string, difference: string): BpfError {
  return new BpfError(`${what} is not the map that was asked for: ${difference}`, { code: 'LAYOUT' });
}
