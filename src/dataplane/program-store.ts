/**
 * The programs over a set of maps: pinned by an earlier process that loaded the same file, or loaded here and
 * pinned for the next one. Verifying them takes most of a start.
 *
 *   <bpffs>/programs/<hash of the object file and the maps>/<program>
 *                                                          /next_program   where `xlb` goes on to
 *
 * The kernel empties a map of programs that neither a process nor a pin holds, so it is pinned as well; each set of
 * programs has its own, since what another version goes on to is another program. A program is pinned once all that
 * it goes on to is in place. Loading leaves the thread free; those that every director runs are verified side by side.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, type BpfObject, BpfProgram, type MapOptions } from 'libbpf-ts';
import { type Maps, NEXT_MAPS, type NextMap } from './maps.ts';
import { selfTest } from './self-test.ts';

/** Each group is loaded at once. A program's `next` comes before it: it is in place when the other one is tested. */
const GROUPS = [['xlb_nat', 'sweep', 'sweep_templates', 'settle', 'adopt_template', 'read_clock'], ['xlb']] as const;

/**
 * What most directors never run, loaded when it is first asked for: frames of more than a page, connections
 * that another one tells of.
 */
const LATE_GROUPS = [['xlb_nat_frags', 'xlb_frags'], ['adopt_connection']] as const;

/** Those that are attached, the map by which each finds the one that it goes on to, and that one. */
const ATTACHED: Readonly<Record<string, readonly [map: NextMap, next: ProgramName]>> = {
  xlb: ['next_program', 'xlb_nat'],
  xlb_frags: ['next_program_frags', 'xlb_nat_frags'],
};

export type ProgramName = (typeof GROUPS)[number][number] | (typeof LATE_GROUPS)[number][number];

export interface ProgramStoreOptions {
  /** Loaded, for its maps alone. */
  readonly object: BpfObject;
  /** The file that it was opened from. */
  readonly bytes: Uint8Array;
  readonly maps: Maps;
  /** `programs` below the directory for pins. */
  readonly directory: string;
}

export class ProgramStore implements Disposable {
  readonly #options: ProgramStoreOptions;
  /** Pins of this file's programs. */
  readonly #own: string;
  readonly #programs = new Map<string, BpfProgram>();
  readonly #objects: BpfObject[] = [];
  /** Nothing had to be loaded. */
  readonly werePinned: boolean;

  private constructor(options: ProgramStoreOptions) {
    this.#options = options;
    this.#own = join(options.directory, setName(options));
    for (const name of [...GROUPS, ...LATE_GROUPS].flat()) this.#adopt(name);
    this.werePinned = GROUPS.every((group) => this.#has(group));
  }

  /** Rejects with a BpfError or a DataplaneError where a program is refused, or fails its test. */
  static async open(options: ProgramStoreOptions): Promise<ProgramStore> {
    const store = new ProgramStore(options);
    try {
      const missing = GROUPS.filter((group) => !store.#has(group));
      const objects = missing.map((group) => store.#object(group));
      await Promise.all(objects.map((object) => object.loadAsync()));
      missing.forEach((group, i) => {
        store.#keep(objects[i]!, group);
      });
      return store;
    } catch (error) {
      store[Symbol.dispose]();
      throw error;
    }
  }

  /** Those of LATE_GROUPS are loaded when they are first asked for, which may throw as `open` rejects. */
  program(name: ProgramName): BpfProgram {
    const group = LATE_GROUPS.find((names) => (names as readonly string[]).includes(name));
    if (group !== undefined && !this.#has(group)) {
      const object = this.#object(group);
      object.load();
      this.#keep(object, group);
    }
    return this.#programs.get(name)!;
  }

  /** Unpins what other files' programs left, once nothing that is attached needs it. */
  unpinOthers(): void {
    const { directory } = this.#options;
    const others = readdirSync(directory).filter((name) => join(directory, name) !== this.#own);
    for (const name of others) rmSync(join(directory, name), { recursive: true });
  }

  [Symbol.dispose](): void {
    for (const object of this.#objects) object.close();
    for (const program of this.#programs.values()) program.close();
  }

  #has(group: readonly string[]): boolean {
    return group.every((name) => this.#programs.has(name));
  }

  #object(group: readonly string[]): BpfObject {
    const { object, maps } = this.#options;
    const others = object.programs.map(({ name }) => name).filter((name) => !group.includes(name));
    mkdirSync(this.#own, { recursive: true, mode: 0o700 });
    const next = group.flatMap((name) => ATTACHED[name]?.[0] ?? []);
    const nextMaps = NEXT_MAPS.map((name) => [
      name,
      next.includes(name) ? { pinPath: join(this.#own, name) } : { autocreate: false },
    ]);
    const options = { ...reusing(Object.entries(maps)), ...Object.fromEntries(nextMaps) };
    const opened = object.again({ maps: options, programs: leavingOut(others) });
    this.#objects.push(opened);
    return opened;
  }

  /** Tests what was loaded, then pins it. */
  #keep(object: BpfObject, group: readonly string[]): void {
    for (const name of group) {
      const program = object.program(name);
      this.#complete(program, name);
      const path = join(this.#own, name);
      rmSync(path, { force: true });
      program.pin(path);
      this.#programs.set(name, program);
    }
  }

  /** Those that come before it have been adopted if they are there. */
  #adopt(name: string): void {
    const path = join(this.#own, name);
    const isWhole = ATTACHED[name] === undefined || this.#programs.has(ATTACHED[name][1]);
    if (!isWhole || !existsSync(path)) return;
    const program = BpfProgram.openPinned(path);
    this.#programs.set(name, program);
    this.#complete(program, name);
  }

  /** What takes packets gets what it goes on to, and is tested. */
  #complete(program: BpfProgram, name: string): void {
    const next = ATTACHED[name];
    if (next === undefined) return;
    const spec = this.#options.object.mapSpec(next[0]);
    const map = BpfMap.openPinned<number, number>(join(this.#own, next[0]), { spec });
    map.set(0, this.#programs.get(next[1])!.fd);
    map.close();
    selfTest(program);
  }
}

/** Of this file over these very maps, by their ids: whoever removes the maps may leave the programs. */
function setName({ bytes, maps }: ProgramStoreOptions): string {
  const ids = Object.entries(maps).map(([name, map]) => `${name} ${map.info().id}`);
  return createHash('sha256').update(bytes).update(ids.join()).digest('hex').slice(0, 32);
}

/** Options that open an object over maps that are there. */
export function reusing(maps: Iterable<readonly [string, BpfMap]>): Record<string, MapOptions> {
  const options = [...maps].map(([name, map]) => [name, { maxEntries: map.info().maxEntries, reuseFd: map.fd }]);
  return Object.fromEntries(options);
}

export function leavingOut(programs: readonly string[]): Record<string, { autoload: boolean }> {
  return Object.fromEntries(programs.map((name) => [name, { autoload: false }]));
}
