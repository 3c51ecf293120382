// BpfObject: an object file on its way into the kernel. Open reads it, options prepare it, load
// makes its maps and programs.

import { existsSync, readFileSync } from 'node:fs';
import { requireInteger, requireObject, requireString, show } from './arguments.ts';
import { codec } from './codec.ts';
import { mapTypeName, type ProgramType, programTypeName } from './constants.ts';
import { argumentError, BpfError, check, closedError, type FailureContext, systemError } from './error.ts';
import { BpfMap } from './map.ts';
import { checkMap } from './map-check.ts';
import { addon, type NativeObject, type Result } from './native.ts';
import { KernelMap } from './native-map.ts';
import { type MapSpec, type ObjectSpec, objectName, readObjectSpec } from './object-spec.ts';
import { openPin } from './pin.ts';
import { BpfProgram } from './program.ts';
import { loadError, withoutPrefix } from './verifier-log.ts';

/** How one map is made. */
export interface MapOptions {
  /** Number of entries, 1 to 2^32 - 1, instead of the declared one. */
  maxEntries?: number;
  /** Use the map pinned here if there is one (throws `LAYOUT` if it is another kind of map); else make it and pin it here. */
  pinPath?: string;
  /** Use the map of this descriptor. */
  reuseFd?: number;
  /** False: do not make the map; programs that use it do not load. */
  autocreate?: boolean;
}

export interface OpenOptions {
  /** Default: the file's name up to its first dot. */
  name?: string;
  /** Directory for maps that declare LIBBPF_PIN_BY_NAME; default `/sys/fs/bpf`. */
  pinRoot?: string;
  maps?: Record<string, MapOptions>;
  /** Values of `const volatile` variables, as a Codec takes them. */
  rodata?: Record<string, unknown>;
  /** `autoload: false`: leave the program out. */
  programs?: Record<string, { autoload?: boolean }>;
}

export interface ProgramSpec {
  name: string;
  section: string;
  type: ProgramType;
  autoload: boolean;
}

/**
 * An object file. The maps and programs that it hands out belong to it: `close()` closes them too.
 * What is pinned or attached lives on. Linux 5.8 for CAP_BPF; this package is written for 6.1.
 */
export class BpfObject {
  readonly spec: ObjectSpec;
  readonly #native: NativeObject;
  readonly #specs: Map<string, MapSpec>;
  readonly #maps = new Map<string, BpfMap>();
  readonly #programs = new Map<string, BpfProgram>();
  #state: 'open' | 'loading' | 'loaded' | 'failed' | 'closed' = 'open';

  readonly #file: Buffer;

  private constructor(file: Buffer, name: string, options: OpenOptions, spec = readObjectSpec(file, name)) {
    this.spec = spec;
    this.#file = file;
    this.#native = new (addon().Object)();
    try {
      openNative(this.#native, file, name, options.pinRoot ?? '');
      this.#specs = resolveSpecs(this.spec, this.#native);
      this.#prepare(options);
    } catch (error) {
      this.#native.close();
      throw error;
    }
  }

  /**
   * Opens an object file or its bytes; nothing reaches the kernel yet. Throws `OBJECT` if it is
   * malformed or has no BTF, `ENOENT` if there is no such file, `ARGUMENT` for names that it does
   * not have, `LAYOUT` if a map to reuse does not fit.
   */
  static open(source: string | Uint8Array, options: OpenOptions = {}): BpfObject {
    requireObject('options', options);
    if (options.name !== undefined) requireString('name', options.name);
    if (typeof source === 'string') {
      return new BpfObject(readObjectFile(source), options.name ?? objectName(source), options);
    }
    if (!(source instanceof Uint8Array)) throw argumentError('an object is opened from a path or a Uint8Array');
    // A copy, aligned and safe from changes by other threads.
    return new BpfObject(Buffer.from(source), options.name ?? 'object', options);
  }

  /** The object file that was read; not to be written to. */
  get bytes(): Uint8Array {
    return this.#file;
  }

  /** Opens the same bytes once more, for other programs over other maps; reads them faster than `open`. */
  again(options: OpenOptions = {}): BpfObject {
    requireObject('options', options);
    return new BpfObject(this.#file, options.name ?? this.spec.name, options, this.spec);
  }

  /**
   * Makes the maps and loads the programs. Throws `VERIFIER` with `log` if a program is refused,
   * an errno otherwise; the object cannot be used after that. Needs CAP_BPF, for XDP CAP_NET_ADMIN,
   * and CAP_PERFMON for what compiled C usually does.
   */
  load(): void {
    this.#require('open', 'load');
    this.#finish(this.#native.load());
  }

  /**
   * The same in a thread of its own, while this one goes on: verifying a large program takes long.
   * Closed meanwhile, the object goes when the kernel is done, and this rejects with `CLOSED`.
   */
  async loadAsync(): Promise<void> {
    this.#require('open', 'loadAsync');
    this.#state = 'loading';
    const result = await this.#native.loadAsync();
    if (this.#state === 'loading') return this.#finish(result);
    this.#native.close();
    throw closedError(`object ${this.spec.name}`);
  }

  /** Names of the maps; global variables are maps too (`.rodata`, `.data`, `.bss`). */
  get mapNames(): string[] {
    return [...this.#specs.keys()];
  }

  get programs(): ProgramSpec[] {
    if (this.#state === 'closed') throw closedError(`object ${this.spec.name}`);
    return this.#native.programs().map((program) => ({ ...program, type: programTypeName(program.type) }));
  }

  /** A map's declaration, with the options of `open`; before or after load. */
  mapSpec(name: string): MapSpec {
    const spec = this.#specs.get(name);
    if (spec === undefined) throw this.#unknown('map', name, this.mapNames);
    return { ...spec };
  }

  /** A loaded map; the same object each time. */
  map<K = unknown, V = unknown>(name: string): BpfMap<K, V> {
    this.#require('loaded', 'map');
    let map = this.#maps.get(name);
    if (map === undefined) {
      const spec = this.mapSpec(name);
      map = new BpfMap(new KernelMap(this.#duplicate(this.#native.mapFd(name), `map ${name}`), `map ${name}`), spec);
      this.#maps.set(name, map);
    }
    return map as BpfMap<K, V>;
  }

  /** A loaded program; the same object each time. */
  program(name: string): BpfProgram {
    this.#require('loaded', 'program');
    let program = this.#programs.get(name);
    if (program === undefined) {
      const names = this.programs.map((known) => known.name);
      if (!names.includes(name)) throw this.#unknown('program', name, names);
      program = new BpfProgram(this.#duplicate(this.#native.programFd(name), `program ${name}`), name, name);
      this.#programs.set(name, program);
    }
    return program;
  }

  close(): void {
    if (this.#state === 'closed') return;
    const isLoading = this.#state === 'loading';
    this.#state = 'closed';
    if (isLoading) return; // loadAsync closes it
    for (const map of this.#maps.values()) map.close();
    for (const program of this.#programs.values()) program.close();
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #finish(result: Result): void {
    this.#state = result < 0 ? 'failed' : 'loaded';
    if (result < 0) throw loadError(-result, this.#native.log(), this.spec.name);
  }

  #prepare(options: OpenOptions): void {
    for (const [name, map] of Object.entries(options.maps ?? {})) this.#prepareMap(name, map);
    this.#prepareRodata(options.rodata ?? {});
    const names = this.programs.map((program) => program.name);
    for (const [name, { autoload }] of Object.entries(options.programs ?? {})) {
      if (!names.includes(name)) throw this.#unknown('program', name, names);
      if (autoload !== undefined) this.#checked(this.#native.setAutoload(name, autoload), `set up program ${name}`);
    }
  }

  #prepareMap(name: string, options: MapOptions): void {
    const spec = this.mapSpec(name);
    const { maxEntries, pinPath, reuseFd, autocreate } = options;
    if (maxEntries !== undefined) {
      requireInteger(`map ${name}: maxEntries`, maxEntries, 1, 0xffff_ffff);
      this.#checked(this.#native.setMaxEntries(name, maxEntries), `resize map ${name}`);
      spec.maxEntries = maxEntries;
      this.#specs.set(name, spec);
    }
    if (autocreate !== undefined) this.#checked(this.#native.setAutocreate(name, autocreate), `set up map ${name}`);
    if (reuseFd !== undefined) this.#reuse(spec, duplicate(reuseFd, `map ${name}`), `descriptor ${reuseFd}`);
    else if (pinPath !== undefined) this.#usePin(spec, pinPath);
  }

  #usePin(spec: MapSpec, path: string): void {
    if (existsSync(path)) this.#reuse(spec, openPin(path, 'map'), `the map pinned at ${path}`);
    else this.#checked(this.#native.setPinPath(spec.name, path), `set the pin of map ${spec.name}`);
  }

  #reuse(spec: MapSpec, fd: number, what: string): void {
    const map = new KernelMap(fd, what);
    try {
      checkMap(fd, map.facts, spec, what);
      this.#checked(this.#native.setPinPath(spec.name, ''), `set the pin of map ${spec.name}`);
      this.#checked(this.#native.reuseFd(spec.name, fd), `reuse ${what}`);
    } finally {
      map.close();
    }
  }

  #prepareRodata(values: Record<string, unknown>): void {
    const images = new Map<string, Buffer>();
    for (const [name, value] of Object.entries(values)) {
      const variable = this.spec.variables.get(name);
      if (variable === undefined || !variable.section.startsWith('.rodata')) {
        const constants = [...this.spec.variables.values()].filter(({ section }) => section.startsWith('.rodata'));
        throw this.#unknown(
          'const volatile variable',
          name,
          constants.map((constant) => constant.name),
        );
      }
      const image = images.get(variable.section) ?? this.#native.initialValue(variable.section);
      if (image === null) throw argumentError(`section ${variable.section} of ${this.spec.name} has no bytes`);
      codec(variable.layout, `variable ${name}`).encode(value, image, variable.offset);
      images.set(variable.section, image);
    }
    for (const [section, image] of images) {
      this.#checked(this.#native.setInitialValue(section, image), `set the variables of ${section}`);
    }
  }

  #duplicate(fd: Result, what: string): number {
    if (fd >= 0) return duplicate(fd, what);
    throw argumentError(`${what} of ${this.spec.name} was not loaded`);
  }

  #checked(result: Result, doing: string): void {
    check(result, () => this.#failure(doing));
  }

  #failure(doing: string): FailureContext {
    return { doing: `${doing} of ${this.spec.name}`, syscall: 'libbpf' };
  }

  #require(state: 'open' | 'loaded', method: string): void {
    if (this.#state === state) return;
    const { name } = this.spec;
    if (this.#state === 'closed') throw closedError(`object ${name}`);
    const reasons = {
      open: 'it is not loaded yet',
      loading: 'it is being loaded',
      loaded: 'it is loaded already',
      failed: 'its load failed',
    };
    throw argumentError(`object ${name}: ${method}() does not apply, ${reasons[this.#state]}`);
  }

  #unknown(what: string, name: string, known: string[]): BpfError {
    return argumentError(`object ${this.spec.name} has no ${what} ${show(name)}; it has ${known.join(', ') || 'none'}`);
  }
}

function readObjectFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { errno = 0 } = error as NodeJS.ErrnoException;
    throw systemError(-errno, { doing: `open object ${path}`, syscall: 'open', path });
  }
}

function openNative(native: NativeObject, file: Buffer, name: string, pinRoot: string): void {
  const result = native.open(file, name, pinRoot);
  if (result >= 0) return;
  const reason = withoutPrefix(native.log());
  throw new BpfError(`object ${name} cannot be opened: ${reason || 'libbpf refuses it'}`, {
    code: 'OBJECT',
    errno: -result,
    syscall: 'libbpf',
    log: reason,
  });
}

// libbpf fills in what a declaration leaves open, such as the size of a value.
function resolveSpecs(spec: ObjectSpec, native: NativeObject): Map<string, MapSpec> {
  const declared = new Map(native.maps().map((map) => [map.name, map]));
  const specs = new Map<string, MapSpec>();
  for (const [name, own] of spec.maps) {
    const found = declared.get(name);
    if (found === undefined) {
      // libbpf makes no map of an empty section.
      if (own.value.size > 0) specs.set(name, own);
      continue;
    }
    const { keySize, valueSize, maxEntries, flags } = found;
    if (keySize !== own.key.size || valueSize !== own.value.size) {
      throw new BpfError(`map ${name} of ${spec.name} declares sizes that are not those of its types`, {
        code: 'OBJECT',
      });
    }
    specs.set(name, { ...own, type: mapTypeName(found.type), keySize, valueSize, maxEntries, flags });
  }
  return specs;
}

function duplicate(fd: number, what: string): number {
  return check(addon().dup(fd), () => ({
    doing: `use the descriptor of ${what}`,
    syscall: 'fcntl',
    advice: { EBADF: 'it is not open' },
  }));
}
