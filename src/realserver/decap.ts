/**
 * Decapsulation on a real server: a program on the interface that strips the
 * outer header of what a director tunnelled here. There is no daemon and no
 * pin: the program and its maps live as long as they are attached, and are
 * found again through the interface.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BpfError, BpfMap, BpfObject, BpfProgram, type XdpMode, xdpAttach, xdpDetach, xdpQuery } from 'libbpf-ts';
import { addressFamily, addressFromWords, addressWords, compareAddresses } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { hints, readHostFacts } from './hints.ts';
import { linkIndex } from './link-index.ts';

/** The second one is for interfaces whose frames need more than a page; the kernel keeps 15 bytes of a name. */
const PROGRAMS = ['xlb_decap', 'xlb_decap_frags'] as const;
const MAX_VIPS = 1024;
/** Trying another mode or program does not help against these. */
const FINAL = ['EPERM', 'EACCES', 'EBUSY', 'EEXIST'];

export type DecapMode = XdpMode | 'auto';

export interface DecapWishes {
  readonly mode: DecapMode;
  /** UDP packets to it are GUE; null: none is. */
  readonly guePort: number | null;
}

export interface DecapReport {
  readonly interface: string;
  readonly mode: XdpMode;
  readonly vips: readonly Address[];
  /** UDP's port of GUE, host order; null: UDP is left alone. */
  readonly gue_port: number | null;
  /** Packets by outcome, since the program was attached. */
  readonly counters: Readonly<Record<string, number>>;
  /** Sentences for a person; not about faults of ours. */
  readonly warnings: readonly string[];
}

/** What a person can mend; the message says how. */
export class DecapError extends Error {
  override readonly name = 'DecapError';
}

type Vip = { readonly word: readonly number[] };
type DecapOptions = { readonly gue_port: number };
type Counters = Readonly<Record<string, bigint>>;

interface Running {
  readonly program: BpfProgram;
  readonly mode: XdpMode;
}

/**
 * Attaches, or takes the place of an earlier one of ours: each packet meets the
 * old addresses or the new ones. Counters start at 0. `auto`: native, else
 * generic. Throws a DecapError.
 */
export async function attachDecap(
  name: string,
  vips: readonly Address[],
  { mode, guePort }: DecapWishes,
): Promise<DecapReport> {
  const addresses = [...new Set(vips)].sort(compareAddresses);
  if (addresses.length > MAX_VIPS)
    throw new DecapError(`${addresses.length} addresses: at most ${MAX_VIPS} can be given`);
  const ifindex = await requireLink(name);
  return explained(name, () => {
    const running = findRunning(name, ifindex);
    if (running !== undefined && mode !== 'auto' && mode !== running.mode) {
      throw new DecapError(`${name}: attached in ${running.mode} mode; detach it first (xlb decap ${name} --detach)`);
    }
    const object = BpfObject.open(objectFile());
    try {
      object.load();
      const map = object.map<Vip, number>('decap_vips');
      for (const vip of addresses) map.set({ word: addressWords(vip) }, addressFamily(vip));
      object.map<number, DecapOptions>('decap_options').set(0, { gue_port: guePort ?? 0 });
      const { used, warnings } = place(name, ifindex, object, running, mode);
      const counters = sum(object.map('decap_counters'));
      return {
        interface: name,
        mode: used,
        vips: addresses,
        gue_port: guePort,
        counters,
        warnings: [...warnings, ...advice(name, addresses)],
      };
    } finally {
      object.close();
      running?.program.close();
    }
  });
}

/** Throws a DecapError where none of ours is attached. */
export async function showDecap(name: string): Promise<DecapReport> {
  const ifindex = await requireLink(name);
  return explained(name, () => {
    const { program, mode } = requireRunning(name, ifindex);
    // Layouts come from the running program's own types: it may be of another version.
    const maps = program.mapIds().map((id) => BpfMap.fromId(id));
    try {
      const vips = readVips(find(maps, 'decap_vips'));
      return {
        interface: name,
        mode,
        vips,
        gue_port: find<number, DecapOptions>(maps, 'decap_options').get(0)?.gue_port || null,
        counters: sum(find(maps, 'decap_counters')),
        warnings: advice(name, vips),
      };
    } finally {
      for (const map of maps) map.close();
      program.close();
    }
  });
}

/** Throws a DecapError where none of ours is attached. */
export async function detachDecap(name: string): Promise<void> {
  const ifindex = await requireLink(name);
  explained(name, () => {
    const { mode, program } = requireRunning(name, ifindex);
    program.close();
    xdpDetach(ifindex, mode);
  });
}

async function requireLink(name: string): Promise<number> {
  const ifindex = await linkIndex(name);
  if (ifindex === undefined) throw new DecapError(`${name}: there is no such interface`);
  return ifindex;
}

/** Failures of the kernel, with the interface's name before them. */
function explained<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BpfError) throw new DecapError(`${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function requireRunning(name: string, ifindex: number): Running {
  const running = findRunning(name, ifindex);
  if (running !== undefined) return running;
  throw new DecapError(`${name}: no decapsulation is attached; attach it with: xlb decap ${name} --vip ADDRESS`);
}

/** Undefined: nothing is attached. What is not ours is refused. */
function findRunning(name: string, ifindex: number): Running | undefined {
  const { mode, progId } = xdpQuery(ifindex);
  if (mode === 'none') return undefined;
  if (mode !== 'native' && mode !== 'generic') {
    const what = mode === 'multi' ? 'several XDP programs are attached' : `an XDP program is attached in ${mode} mode`;
    throw new DecapError(`${name}: ${what}; detach them first (ip link set dev ${name} xdp off)`);
  }
  const program = BpfProgram.fromId(progId);
  if (PROGRAMS.some((ours) => program.name === ours.slice(0, 15))) return { program, mode };
  program.close();
  // Without a mode, the kernel looks for a program in the driver alone where that has native XDP.
  const cure = `detach it first (ip link set dev ${name} ${mode === 'generic' ? 'xdpgeneric' : 'xdp'} off)`;
  throw new DecapError(`${name}: another XDP program, "${program.name}", is attached; ${cure}`);
}

/** Finds a mode and a program that driver and MTU accept; in the place of the running one, its mode. */
function place(
  name: string,
  ifindex: number,
  object: BpfObject,
  running: Running | undefined,
  wanted: DecapMode,
): { used: XdpMode; warnings: string[] } {
  const replace = running === undefined ? {} : { replace: running.program };
  const modes: XdpMode[] = wanted === 'auto' ? ['native', 'generic'] : [wanted];
  let failure: BpfError | undefined;
  for (const mode of running === undefined ? modes : [running.mode]) {
    for (const program of PROGRAMS) {
      try {
        xdpAttach(ifindex, object.program(program), { mode, ...replace });
        const slow = mode === 'generic' && wanted === 'auto' && running === undefined;
        return { used: mode, warnings: slow ? [genericWarning(name, failure)] : [] };
      } catch (error) {
        if (!(error instanceof BpfError) || FINAL.includes(error.code)) throw error;
        failure ??= error;
      }
    }
  }
  throw failure;
}

function genericWarning(name: string, failure: BpfError | undefined): string {
  const why = failure === undefined ? '' : ` (${failure.code})`;
  return `the driver of ${name} takes no native XDP program${why}: attached in generic mode, which costs several times as much`;
}

function advice(name: string, vips: readonly Address[]): string[] {
  return hints(name, vips, readHostFacts(name));
}

function find<K, V>(maps: readonly BpfMap<unknown, unknown>[], name: string): BpfMap<K, V> {
  const found = maps.find((map) => map.name === name);
  if (found === undefined) throw new DecapError(`the attached program has no map ${name}: another version made it`);
  return found as BpfMap<K, V>;
}

function readVips(map: BpfMap<Vip, number>): Address[] {
  const vips = [...map.entries()].map(([{ word }, family]) => addressFromWords(family === 4 ? 4 : 6, word));
  return vips.sort(compareAddresses);
}

/** Over all CPUs. */
function sum(map: BpfMap<number, Counters>): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const counters of map.getPerCpu(0) ?? []) {
    for (const [reason, packets] of Object.entries(counters)) totals[reason] = (totals[reason] ?? 0) + Number(packets);
  }
  return totals;
}

/** Beside the installed bundle, or in the build directory of a checkout. */
function objectFile(): string {
  const paths = ['bpf/decap.bpf.o', '../../build/bpf/decap.bpf.o'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new DecapError(`the BPF object is missing: neither ${paths.join(' nor ')} is there`);
  return found;
}
