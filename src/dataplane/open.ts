/**
 * The data plane in the kernel: made at the first start, adopted at every later one.
 *
 * Making: maps are created, settings written, everything pinned under `new` and
 * renamed to `maps` in one step; a crash before that leaves nothing that counts.
 * Adopting: the maps that are pinned are checked and used, the programs loaded
 * anew over them. Nothing that is pinned changes until all of that has worked.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BpfError, BpfMap, BpfObject, type MapOptions, type OpenOptions } from 'libbpf-ts';
import { ensureBpffs } from './bpffs.ts';
import { type Claim, claimDirectory } from './claim.ts';
import { detectHertz } from './clock.ts';
import { DataplaneError } from './error.ts';
import { type Maps, mapsOf } from './maps.ts';
import { layoutName, type Paths, pathsIn } from './paths.ts';
import { LATE_PROGRAMS, type LateProgram, type Programs, programsOf } from './programs.ts';
import { selfTest } from './self-test.ts';
import { defaultSettings } from './settings.ts';
import { mapEntries, type SizedMap, type Sizes, sizesOf, sizeWarnings } from './sizes.ts';

export interface OpenDataplaneOptions {
  /** The compiled data plane, xlb.bpf.o. */
  readonly object: string;
  /** Directory for pins; a BPF file system is mounted there if it is in none. */
  readonly bpffs: string;
  /** Sizes for a new data plane; what is pinned keeps its own. */
  readonly sizes: Sizes;
}

export interface Dataplane {
  readonly maps: Maps;
  readonly programs: Programs;
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
  await ensureBpffs(options.bpffs);
  const paths = pathsIn(options.bpffs);
  const claim = claimPins(paths);
  try {
    const dataplane = existsSync(paths.maps) ? adopt(options, paths) : await create(options, paths);
    return { ...dataplane, [Symbol.dispose]: () => release(dataplane, claim) };
  } catch (error) {
    claim[Symbol.dispose]();
    throw dataplaneError(error);
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

async function create({ object: file, sizes }: OpenDataplaneOptions, paths: Paths): Promise<Dataplane> {
  // Left by a crash while it was being made; nothing refers to it.
  rmSync(paths.making, { recursive: true, force: true });
  const entries = Object.entries(mapEntries(sizes)).map(([name, maxEntries]) => [name, { maxEntries }]);
  const object = load(file, { maps: Object.fromEntries(entries) });
  try {
    const dataplane = opened(file, object, paths, { sizes, adopted: false, warnings: [] });
    const { maps, programs } = dataplane;
    maps.settings.set(0, defaultSettings(sizes.connections, await detectHertz(programs.readClock)));
    mkdirSync(paths.making, { mode: 0o700 });
    for (const [name, map] of Object.entries(maps)) map.pin(join(paths.making, name));
    mkdirSync(join(paths.making, layoutName(Object.values(maps).map((map) => map.spec))), { mode: 0o700 });
    renameSync(paths.making, paths.maps);
    return dataplane;
  } catch (error) {
    object.close();
    throw error;
  }
}

function adopt({ object: file, sizes: wanted }: OpenDataplaneOptions, paths: Paths): Dataplane {
  const pinned = openPins(file, paths);
  try {
    const sizes = pinnedSizes(pinned, paths);
    const object = load(file, { maps: reusing(pinned) });
    try {
      const dataplane = opened(file, object, paths, { sizes, adopted: true, warnings: sizeWarnings(wanted, sizes) });
      checkSettings(dataplane.maps, sizes, paths);
      return dataplane;
    } catch (error) {
      object.close();
      throw error;
    }
  } finally {
    for (const map of pinned.values()) map.close();
  }
}

function opened(
  file: string,
  object: BpfObject,
  paths: Paths,
  rest: Pick<Dataplane, 'sizes' | 'adopted' | 'warnings'>,
): Dataplane {
  const maps = mapsOf(object);
  const late = new Map<LateProgram, BpfObject>();
  const programs = programsOf(object, (name) => {
    const loaded = late.get(name) ?? loadLate(file, name, object, maps);
    late.set(name, loaded);
    return loaded.program(name);
  });
  const close = (): void => {
    for (const loaded of [...late.values(), object]) loaded.close();
  };
  return { maps, programs, paths, ...rest, [Symbol.dispose]: close };
}

/** Loads and self-tests an object but for LATE_PROGRAMS; nothing is attached or pinned yet. */
function load(file: string, options: OpenOptions): BpfObject {
  const object = BpfObject.open(file, { ...options, programs: leavingOut(LATE_PROGRAMS) });
  try {
    object.load();
    selfTest(object.program('xlb'));
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}

/** Loads one program alone, over the maps of the object that is loaded; self-tests it where it takes packets. */
function loadLate(file: string, name: LateProgram, loaded: BpfObject, maps: Maps): BpfObject {
  const others = loaded.programs.map((program) => program.name).filter((other) => other !== name);
  const object = BpfObject.open(file, { maps: reusing(Object.entries(maps)), programs: leavingOut(others) });
  try {
    object.load();
    if (name === 'xlb_frags') selfTest(object.program(name));
    return object;
  } catch (error) {
    object.close();
    throw dataplaneError(error);
  }
}

function leavingOut(names: readonly string[]): Record<string, { autoload: boolean }> {
  return Object.fromEntries(names.map((name) => [name, { autoload: false }]));
}

function reusing(maps: Iterable<readonly [string, BpfMap]>): Record<string, MapOptions> {
  const options = [...maps].map(([name, map]) => [name, { maxEntries: map.info().maxEntries, reuseFd: map.fd }]);
  return Object.fromEntries(options);
}

/** Every pinned map that the object knows, none missing. */
function openPins(file: string, paths: Paths): Map<string, BpfMap> {
  const names = checkLayout(file, paths);
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
function checkLayout(file: string, paths: Paths): string[] {
  const found = readdirSync(paths.maps);
  const object = BpfObject.open(file);
  try {
    const names = object.mapNames.filter((name) => !name.startsWith('.'));
    const missing = names.filter((name) => !found.includes(name));
    if (missing.length > 0)
      throw notOurs(paths, `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not there`);
    if (!found.includes(layoutName(names.map((name) => object.mapSpec(name))))) {
      throw notOurs(paths, 'keys or values are laid out as another version of xlb has them');
    }
    return names;
  } finally {
    object.close();
  }
}

function pinnedSizes(pinned: ReadonlyMap<string, BpfMap>, paths: Paths): Sizes {
  const entries = [...pinned].map(([name, map]) => [name, map.info().maxEntries]);
  const sizes = sizesOf(Object.fromEntries(entries) as Record<SizedMap, number>);
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
      `To start afresh, with no connection kept: rm -r ${paths.links} ${paths.maps}`,
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
