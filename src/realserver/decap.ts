/**
 * Decapsulation on a real server: a program on the interface that strips the
 * outer header of what a director tunnelled here. There is no daemon and no
 * pin: the program and its maps live as long as they are attached, and are
 * found again through the interface.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BpfError, BpfMap, BpfObject, BpfProgram, type XdpMode, xdpAttach, xdpDetach, xdpQuery } from 'libbpf-ts';
import { addressFamily, addressFromWords, addressWords } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { linkIndex } from './link-index.ts';

const PROGRAM = 'xlb_decap';
const FRAGS_PROGRAM = 'xlb_decap_frags';
const MAX_VIPS = 1024;

export interface DecapReport {
  readonly interface: string;
  readonly mode: XdpMode;
  readonly vips: readonly Address[];
  /** Packets by outcome, since the program was attached. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What a person can mend; the message says how. */
export class DecapError extends Error {}

type Vip = { readonly word: readonly number[] };
type Counters = Readonly<Record<string, bigint>>;

export interface Attached {
  readonly report: DecapReport;
  readonly warnings: readonly string[];
}

/** Attaches, or takes the place of an earlier one of ours at once. `auto`: native, else generic. */
export async function attachDecap(name: string, vips: readonly Address[], mode: XdpMode | 'auto'): Promise<Attached> {
  if (vips.length > MAX_VIPS) throw new DecapError(`${vips.length} addresses: at most ${MAX_VIPS} can be given`);
  const ifindex = await requireLink(name);
  const running = attachedHere(name, ifindex);
  const object = BpfObject.open(objectFile());
  object.load();
  const map = object.map<Vip, number>('decap_vips');
  for (const vip of vips) map.set({ word: addressWords(vip) }, addressFamily(vip));
  const warnings: string[] = [];
  const used = attachSomehow(name, ifindex, object, running, mode, warnings);
  return {
    report: { interface: name, mode: used, vips, counters: readCounters(object.map('decap_counters')) },
    warnings,
  };
}

export async function showDecap(name: string): Promise<DecapReport> {
  const { program, mode } = attachedHere(name, await requireLink(name)) ?? notAttached(name);
  const maps = new Map(program.mapIds().map((id) => [mapName(id), id]));
  const vips = decapMap<Vip, number>(maps, 'decap_vips');
  const counters = decapMap<number, Counters>(maps, 'decap_counters');
  return { interface: name, mode, vips: readVips(vips), counters: readCounters(counters) };
}

export async function detachDecap(name: string): Promise<void> {
  const ifindex = await requireLink(name);
  const { mode } = attachedHere(name, ifindex) ?? notAttached(name);
  xdpDetach(ifindex, mode);
}

function notAttached(name: string): never {
  throw new DecapError(`${name}: no decapsulation is attached; attach it with: xlb decap ${name} --vip ADDRESS`);
}

async function requireLink(name: string): Promise<number> {
  const ifindex = await linkIndex(name);
  if (ifindex === undefined) throw new DecapError(`${name}: there is no such interface`);
  return ifindex;
}

interface Running {
  readonly program: BpfProgram;
  readonly mode: XdpMode;
}

/** Undefined: nothing is attached. What is not ours is refused. */
function attachedHere(name: string, ifindex: number): Running | undefined {
  const { mode, progId } = xdpQuery(ifindex);
  if (mode === 'none') return undefined;
  if (mode !== 'native' && mode !== 'generic') {
    throw new DecapError(`${name}: XDP programs are attached in ${mode} mode, expected none or ours`);
  }
  const program = BpfProgram.fromId(progId);
  if (program.name === PROGRAM || program.name === FRAGS_PROGRAM.slice(0, 15)) return { program, mode };
  throw new DecapError(
    `${name}: another XDP program, "${program.name}", is attached; detach it first (ip link set ${name} xdp off)`,
  );
}

/** In the mode of the one it replaces; a frame in fragments needs the program for them, so that one is tried too. */
function attachSomehow(
  name: string,
  ifindex: number,
  object: BpfObject,
  running: Running | undefined,
  wanted: XdpMode | 'auto',
  warnings: string[],
): XdpMode {
  if (running !== undefined && wanted !== 'auto' && wanted !== running.mode) {
    throw new DecapError(`${name}: attached in ${running.mode} mode; detach it first (xlb decap ${name} --detach)`);
  }
  const modes: XdpMode[] =
    running !== undefined ? [running.mode] : wanted === 'auto' ? ['native', 'generic'] : [wanted];
  let failure: unknown;
  for (const mode of modes) {
    for (const program of [PROGRAM, FRAGS_PROGRAM]) {
      try {
        const replace = running === undefined ? {} : { replace: running.program };
        xdpAttach(ifindex, object.program(program), { mode, ...replace });
        if (failure !== undefined && mode === 'generic') {
          warnings.push(`${name}: its driver takes no native XDP program; generic mode costs several times as much`);
        }
        return mode;
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        failure = failure ?? error;
      }
    }
  }
  throw failure;
}

function mapName(id: number): string {
  return BpfMap.fromId(id).name;
}

function decapMap<K, V>(ids: ReadonlyMap<string, number>, name: string): BpfMap<K, V> {
  const id = [...ids].find(([found]) => found === name.slice(0, 15))?.[1];
  if (id === undefined) throw new DecapError(`the attached program has no map ${name}: another version made it`);
  const object = BpfObject.open(objectFile());
  return BpfMap.fromId<K, V>(id, { spec: object.mapSpec(name) });
}

function readVips(map: BpfMap<Vip, number>): Address[] {
  return [...map.entries()].map(([{ word }, family]) => addressFromWords(family === 4 ? 4 : 6, word)).sort();
}

function readCounters(map: BpfMap<number, Counters>): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const counters of map.getPerCpu(0) ?? []) {
    for (const [reason, count] of Object.entries(counters)) totals[reason] = (totals[reason] ?? 0) + Number(count);
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
