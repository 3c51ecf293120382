/**
 * Where things are pinned:
 *
 *   <bpffs>/maps/<map>               every map
 *   <bpffs>/maps/layout_<hash>/      empty; its name says how keys and values are laid out
 *   <bpffs>/programs/                see program-store.ts
 *   <bpffs>/links/if_<ifindex>       one link for each interface (names may hold dots, pins may not)
 *   <bpffs>/new/                     a set of maps in the making; `maps` is it, renamed
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { layoutHash, type MapSpec } from 'libbpf-ts';
import { ConnectionState, EntryShift } from './types.gen.ts';

const LINK_PREFIX = 'if_';
const LAYOUT_PREFIX = 'layout_';

export interface Paths {
  readonly root: string;
  readonly maps: string;
  readonly making: string;
  readonly programs: string;
  readonly links: string;
}

export function pathsIn(bpffs: string): Paths {
  const [maps, making, programs, links] = ['maps', 'new', 'programs', 'links'].map((name) => join(bpffs, name));
  return { root: bpffs, maps: maps!, making: making!, programs: programs!, links: links! };
}

export function linkPath(paths: Paths, ifindex: number): string {
  return join(paths.links, `${LINK_PREFIX}${ifindex}`);
}

/** The interface index of a link's pin; undefined: the name is not one of ours. */
export function ifindexOfLink(name: string): number | undefined {
  const match = /^if_([1-9]\d{0,9})$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Name of the directory that stands for the layouts of all maps, and of the words that BTF knows as numbers only. */
export function layoutName(specs: Iterable<MapSpec>): string {
  const lines = [...specs].map((spec) => `${spec.name} ${layoutHash(spec)}`).sort();
  lines.push(JSON.stringify([EntryShift, ConnectionState]));
  return `${LAYOUT_PREFIX}${createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32)}`;
}
