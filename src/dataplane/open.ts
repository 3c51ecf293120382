/**
 * The data plane in the kernel: made at the first start, adopted at every later one.
 *
 * Making: maps are created, settings written, everything pinned under `new` and
 * renamed to `maps` in one step; a crash before that leaves nothing that counts.
 * Adopting: the maps that are pinned are checked and used, and so are the programs
 * where they are this version's; else they are loaded over them, and pinned as
 * well. Nothing else that is pinned changes until all of that has worked.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfMap, BpfObject, type MapOptions, possibleCpus } from 'libbpf-ts';
import { ensureBpffs } from './bpffs.ts';
import { type Claim, claimDirectory } from './claim.ts';
import { detectHertz } from './clock.ts';
import { DataplaneError } from './error.ts';
import { type Maps, mapNamesOf, mapsOf, NEXT_MAPS } from './maps.ts';
import { layoutName, type Paths, pathsIn } from './paths.ts';
import { leavingOut, ProgramStore, reusing } from './program-store.ts';
import { type Programs, programsOf } from './programs.ts';
import { hasReplies } from './reply-filter.ts';
import { defaultSettings } from './settings.ts';
import { constants, mapEntries, type SizedMap, type Sizes, sizesOf, sizeWarnings } from './sizes.ts';

export interface OpenDataplaneOptions {
  /** The compiled data plane, xlb.bpf.o. */
  readonly object: string;
  /** Directory for pins; a BPF file system is mounted there if it is in none. */
  readonly bpffs: string;
  /** Sizes for a new data plane; what is pinned keeps its own. */
  readonly sizes: Sizes;
  /** There will be `nat` or `fullnat` to do: what translates is loaded with the rest, not when it is asked for. */
  readonly translates: boolean;
}

export interface Dataplane {
  readonly maps: Maps;
  readonly programs: Programs;
  readonly store: Pick<ProgramStore, 'werePinned' | 'unpinOthers'>;
  readonly paths: Paths;
  readonly sizes: Sizes;
  /** The maps were there already. */
  readonly adopted: boolean;
  /** What the operator should know, each a sentence. */
  readonly warnings: readonly string[];
  /** Closes descriptors; what is pinned and attached goes on. Twice is safe. */
  [Symbol.dispose](): void;
}

/** Throws DataplaneError; then nothing that was pinned has changed. */
export async function openDataplane(options: OpenDataplaneOptions): Promise<Dataplane> {
  ensureBpffs(options.bpffs);
  const paths = pathsIn(options.bpffs);
  const claim = claimPins(paths);
  try {
    const dataplane = await openFrom(openSource(options.object), options, paths);
    return { ...dataplane, [Symbol.dispose]: () => release(dataplane, claim) };
  } catch (error) {
    claim[Symbol.dispose]();
    throw dataplaneError(error);
  }
}

/** The object file as it was at one moment: an upgrade may replace it. */
interface Source {
  readonly bytes: Uint8Array;
  /** Not loaded, for what it declares. */
  readonly object: BpfObject;
}

function openSource(file: string): Source {
  const object = BpfObject.open(file, { name: 'xlb' });
  return { bytes: object.bytes, object };
}

async function openFrom(source: Source, options: OpenDataplaneOptions, paths: Paths): Promise<Dataplane> {
  try {
    return await (existsSync(paths.maps) ? adopt : create)(source, options, paths);
  } finally {
    source.object.close();
  }
}

function claimPins(paths: Paths): Claim {
  const claim = claimDirectory(paths.root);
  if (claim.heldBy === undefined) return claim;
  const message = `another xlbd (process ${claim.heldBy}) works with the pins in ${paths.root}; give this one its own --bpffs`;
  throw new DataplaneError('in-use', message);
}

function release(dataplane: Dataplane, claim: Claim): void {
  dataplane[Symbol.dispose]();
  claim[Symbol.dispose]();
}

async function create(source: Source, { sizes, translates }: OpenDataplaneOptions, paths: Paths): Promise<Dataplane> {
  // Left by a crash while it was being made; nothing refers to it.
  rmSync(paths.making, { recursive: true, force: true });
  const entries = Object.entries(mapEntries(sizes, possibleCpus())).map(([name, maxEntries]) => [name, { maxEntries }]);
  const rest = { sizes, adopted: false, warnings: [] };
  const dataplane = await opened(source, Object.fromEntries(entries), paths, () => translates, rest);
  try {
    const { maps, programs } = dataplane;
    maps.settings.set(0, defaultSettings(sizes.connections, await detectHertz(programs.readClock)));
    mkdirSync(paths.making, { mode: 0o700 });
    for (const [name, map] of Object.entries(maps)) map.pin(join(paths.making, name));
    mkdirSync(join(paths.making, layoutName(Object.values(maps).map((map) => map.spec))), { mode: 0o700 });
    renameSync(paths.making, paths.maps);
    return dataplane;
  } catch (error) {
    dataplane[Symbol.dispose]();
    throw error;
  }
}

async function adopt(source: Source, options: OpenDataplaneOptions, paths: Paths): Promise<Dataplane> {
  const pinned = openPins(source.object, paths);
  try {
    const sizes = pinnedSizes(pinned, paths);
    const rest = { sizes, adopted: true, warnings: sizeWarnings(options.sizes, sizes) };
    const translates = (maps: Maps) => options.translates || hasReplies(maps);
    const dataplane = await opened(source, reusing(pinned), paths, translates, rest);
    try {
      checkSettings(dataplane.maps, sizes, paths);
      return dataplane;
    } catch (error) {
      dataplane[Symbol.dispose]();
      throw error;
    }
  } finally {
    for (const map of pinned.values()) map.close();
  }
}

/** Makes or takes over the maps, then the programs; nothing is attached yet. */
async function opened(
  source: Source,
  options: Record<string, MapOptions>,
  paths: Paths,
  translates: (maps: Maps) => boolean,
  rest: Pick<Dataplane, 'sizes' | 'adopted' | 'warnings'>,
): Promise<Dataplane> {
  const names = source.object.programs.map(({ name }) => name);
  const elsewhere = Object.fromEntries(NEXT_MAPS.map((name) => [name, { autocreate: false }]));
  const object = source.object.again({ maps: { ...options, ...elsewhere }, programs: leavingOut(names) });
  try {
    await object.loadAsync();
    const maps = mapsOf(object);
    const { bytes } = source;
    const wanted = { directory: paths.programs, translates: translates(maps), constants: constants(rest.sizes) };
    const store = await ProgramStore.open({ object, bytes, maps, ...wanted });
    const close = () => {
      store[Symbol.dispose]();
      object.close();
    };
    return { maps, programs: programsOf(store, object.spec.types), store, paths, ...rest, [Symbol.dispose]: close };
  } catch (error) {
    object.close();
    throw error;
  }
}

/** Every pinned map that the object knows, none missing. */
function openPins(object: BpfObject, paths: Paths): Map<string, BpfMap> {
  const names = checkLayout(object, paths);
  const pinned = new Map<string, BpfMap>();
  try {
    for (const name of names) pinned.set(name, BpfMap.openPinned(join(paths.maps, name)));
    return pinned;
  } catch (error) {
    for (const map of pinned.values()) map.close();
    throw error;
  }
}

/** Names of the maps. Throws where one is not pinned, or keys and values are other than the object's. */
function checkLayout(object: BpfObject, paths: Paths): string[] {
  const found = readdirSync(paths.maps);
  const names = mapNamesOf(object);
  const missing = names.filter((name) => !found.includes(name));
  if (missing.length > 0) throw notOurs(paths, `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not there`);
  if (!found.includes(layoutName(names.map((name) => object.mapSpec(name))))) {
    throw notOurs(paths, 'keys or values are laid out as another version of xlb has them');
  }
  return names;
}

function pinnedSizes(pinned: ReadonlyMap<string, BpfMap>, paths: Paths): Sizes {
  const entries = [...pinned].map(([name, map]) => [name, map.info().maxEntries]);
  const sizes = sizesOf(Object.fromEntries(entries) as Record<SizedMap, number>, possibleCpus());
  if (sizes === undefined) throw notOurs(paths, 'the sizes of the maps do not fit together');
  return sizes;
}

function checkSettings(maps: Maps, sizes: Sizes, paths: Paths): void {
  const settings = maps.settings.get(0);
  const expected = defaultSettings(sizes.connections, settings?.hertz || 1);
  if (settings?.bucket_mask === expected.bucket_mask && settings.jiffy_scale === expected.jiffy_scale) return;
  throw notOurs(paths, 'the settings are not those of its connection table');
}

function notOurs(paths: Paths, found: string): DataplaneError {
  return new DataplaneError(
    'pins',
    `what is pinned in ${paths.maps} is not this version's data plane: ${found}. Nothing was changed. ` +
      `To start afresh, with no connection kept: rm -r ${paths.links} ${paths.programs} ${paths.maps}`,
  );
}

function dataplaneError(error: unknown): unknown {
  if (!(error instanceof BpfError)) return error;
  if (error.code === 'EPERM' || error.code === 'EACCES') return new DataplaneError('permission', error.message, error);
  if (error.code === 'LAYOUT') return new DataplaneError('pins', `${error.message}. Nothing was changed`, error);
  const log = error.log === undefined ? '' : `\n${error.log}`;
  const code = error.code === 'VERIFIER' || error.code === 'OBJECT' ? 'object' : 'kernel';
  return new DataplaneError(code, `${error.message}${log}`, error);
}
