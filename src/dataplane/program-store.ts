/**
 * The programs over a set of maps: pinned by an earlier process that loaded the same file, or loaded here and
 * pinned for the next one. Verifying them takes most of a start, so each is loaded when it is needed first.
 *
 *   <bpffs>/programs/<hash of the object file and the maps>/<program>
 *                                                          /next_program   where `xlb` goes on to
 *
 * The kernel empties a map of programs that neither a process nor a pin holds, so it is pinned as well; each set of
 * programs has its own, since what another version goes on to is another program. Those that a start needs are
 * verified side by side, and leave the thread free.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, type BpfObject, BpfProgram, type MapOptions } from 'libbpf-ts';
import { type Maps, NEXT_MAPS, type NextMap } from './maps.ts';
import { selfTest } from './self-test.ts';

/** What every director runs. Each group is loaded at once, the groups side by side. */
const FIRST = [['sweep', 'sweep_templates', 'settle', 'adopt_template', 'read_clock'], ['xlb']] as const;

const NAT = ['xlb_nat'] as const;

/**
 * What most directors never run, loaded when it is first asked for: what translates, frames of more than a page,
 * connections that another one tells of.
 */
const LATE = [NAT, ['xlb_nat_frags', 'xlb_frags'], ['adopt_connection']] as const;

/** Those that are attached, the map by which each finds the one that it goes on to, and that one. */
const ATTACHED: readonly (readonly [program: ProgramName, map: NextMap, next: ProgramName])[] = [
  ['xlb', 'next_program', 'xlb_nat'],
  ['xlb_frags', 'next_program_frags', 'xlb_nat_frags'],
];

export type ProgramName = (typeof FIRST)[number][number] | (typeof LATE)[number][number];

export interface ProgramStoreOptions {
  /** Loaded, for its maps alone. */
  readonly object: BpfObject;
  /** The file that it was opened from. */
  readonly bytes: Uint8Array;
  readonly maps: Maps;
  /** `programs` below the directory for pins. */
  readonly directory: string;
  /** Of the programs, by name. */
  readonly constants: Readonly<Record<string, number>>;
  /** There is `nat` or `fullnat` to do from the first packet on. */
  readonly translates: boolean;
}

export class ProgramStore implements Disposable {
  readonly #options: ProgramStoreOptions;
  /** Pins of this file's programs. */
  readonly #own: string;
  readonly #programs = new Map<string, BpfProgram>();
  readonly #objects: BpfObject[] = [];
  /** Of what a start needs, that was not pinned. */
  readonly #missing: readonly (readonly ProgramName[])[];

  private constructor(options: ProgramStoreOptions) {
    this.#options = options;
    this.#own = join(options.directory, setName(options));
    // What `xlb` goes on to comes before it: its test may get there.
    for (const name of [...LATE, ...FIRST].flat()) this.#adopt(name);
    this.#missing = [...(options.translates ? [NAT] : []), ...FIRST].filter((group) => !this.#has(group));
  }

  /** Rejects with a BpfError or a DataplaneError where a program is refused, or fails its test. */
  static async open(options: ProgramStoreOptions): Promise<ProgramStore> {
    const store = new ProgramStore(options);
    try {
      // What takes longest is the last of them, and is on its way before the others are prepared.
      const loading = store.#missing.toReversed().map(async (group) => {
        const object = store.#object(group);
        await object.loadAsync();
        return { group, object };
      });
      for (const { group, object } of (await Promise.all(loading)).reverse()) store.#keep(object, group);
      return store;
    } catch (error) {
      store[Symbol.dispose]();
      throw error;
    }
  }

  /** Nothing had to be loaded. */
  get werePinned(): boolean {
    return this.#missing.length === 0;
  }

  /** Those of LATE are loaded when they are first asked for, which may throw as `open` rejects. */
  program(name: ProgramName): BpfProgram {
    const group = LATE.find((names) => (names as readonly string[]).includes(name));
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

  #object(group: readonly ProgramName[]): BpfObject {
    const { object, maps, constants } = this.#options;
    const others = object.programs
      .map(({ name }) => name)
      .filter((name) => !(group as readonly string[]).includes(name));
    mkdirSync(this.#own, { recursive: true, mode: 0o700 });
    const next = ATTACHED.flatMap(([program, map]) => (group.includes(program) ? [map] : []));
    const nextMaps = NEXT_MAPS.map((name) => [
      name,
      (next as string[]).includes(name) ? { pinPath: join(this.#own, name) } : { autocreate: false },
    ]);
    const options = { ...reusing(Object.entries(maps)), ...Object.fromEntries(nextMaps) };
    const opened = object.again({ maps: options, programs: leavingOut(others), rodata: { ...constants } });
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

  #adopt(name: string): void {
    const path = join(this.#own, name);
    if (!existsSync(path)) return;
    const program = BpfProgram.openPinned(path);
    this.#programs.set(name, program);
    this.#complete(program, name);
  }

  /** What takes packets is tested, and gets what it goes on to when both are there. */
  #complete(program: BpfProgram, name: string): void {
    const programOf = (wanted: string) => (wanted === name ? program : this.#programs.get(wanted));
    for (const [attached, map, next] of ATTACHED) {
      const [from, to] = [programOf(attached), programOf(next)];
      if (from !== undefined && to !== undefined && [from, to].includes(program)) this.#lead(map, to);
      if (from === program) selfTest(from);
    }
  }

  #lead(name: NextMap, next: BpfProgram): void {
    const map = BpfMap.openPinned<number, number>(join(this.#own, name), { spec: this.#options.object.mapSpec(name) });
    map.set(0, next.fd);
    map.close();
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
