/**
 * Holds the stack of the BPF programs against what Debian 12's kernel allows, the strictest
 * of those that we support: the frames of the deepest chain of calls, each rounded up to 32
 * bytes, take at most 512 (check_max_stack_depth of kernel/bpf/verifier.c in 6.1; later ones
 * round up to 16). The kernel that a test runs on may take what that one refuses.
 *
 *   tsx scripts/check-stack.ts OBJECT...     exit 1 where one is deeper; the deepest chain is printed
 */
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Bytes. */
const LIMIT = 512;
const ROUNDING = 32;

interface Subprogram {
  readonly name: string;
  readonly section: string;
  /** Bytes, not rounded. */
  frame: number;
  /** By name, or by its place in .text. */
  readonly calls: Set<string | number>;
}

export interface Chain {
  /** Bytes, of rounded frames. */
  readonly depth: number;
  /** From the program down, each with its frame. */
  readonly frames: readonly (readonly [name: string, bytes: number])[];
}

/** The deepest chain of each program in what `llvm-objdump -dr --no-show-raw-insn` prints; @throws Error: recursion, a call of nothing known. */
export function deepestChains(listing: string): Map<string, Chain> {
  const found = readSubprograms(listing);
  const chains = new Map<Subprogram, Chain | null>();
  const deepest = (subprogram: Subprogram): Chain => {
    const known = chains.get(subprogram);
    if (known === null) throw new Error(`${subprogram.name} calls itself`);
    if (known !== undefined) return known;
    chains.set(subprogram, null);
    let below: Chain = { depth: 0, frames: [] };
    for (const call of subprogram.calls) {
      const callee = found.get(call);
      if (callee === undefined) throw new Error(`${subprogram.name} calls ${call}, which is not in the object`);
      const chain = deepest(callee);
      if (chain.depth > below.depth) below = chain;
    }
    const rounded = Math.ceil(Math.max(subprogram.frame, 1) / ROUNDING) * ROUNDING;
    const chain = {
      depth: rounded + below.depth,
      frames: [[subprogram.name, subprogram.frame] as const, ...below.frames],
    };
    chains.set(subprogram, chain);
    return chain;
  };
  const programs = new Set([...found.values()].filter(({ section }) => section !== '.text'));
  return new Map([...programs].map((program) => [program.name, deepest(program)]));
}

/** By name, and those of .text by their place in bytes. */
function readSubprograms(listing: string): Map<string | number, Subprogram> {
  const found = new Map<string | number, Subprogram>();
  let section = '';
  let current: Subprogram | undefined;
  let pointers = new Map<string, number>();
  let before = '';
  for (const line of listing.split('\n')) {
    section = /^Disassembly of section (\S+):/.exec(line)?.[1] ?? section;
    const [, place = '', name = ''] = /^([0-9a-f]+) <(.+)>:$/.exec(line) ?? [];
    // Labels of jumps are LBB0_1 and the like.
    if (name !== '' && !name.startsWith('LBB')) {
      current = { name, section, frame: 0, calls: new Set() };
      pointers = new Map();
      found.set(name, current);
      if (section === '.text') found.set(Number.parseInt(place, 16), current);
    } else if (current !== undefined) {
      const symbol = /R_BPF_64_(?:32|64)\s+(\S+)/.exec(line)?.[1];
      if (symbol !== undefined) noteCall(current, symbol, before);
      else current.frame = Math.max(current.frame, stackUse(line, pointers));
    }
    before = line;
  }
  for (const { calls } of found.values()) for (const call of calls) if (isData(call, found)) calls.delete(call);
  return found;
}

/** A call by name; within .text by the distance from its start, or a function's address there, for a loop. */
function noteCall({ calls }: Subprogram, symbol: string, instruction: string): void {
  const distance = /\bcall (-?\d+)/.exec(instruction)?.[1];
  const address = /= (\d+) ll/.exec(instruction)?.[1];
  if (symbol !== '.text') calls.add(symbol);
  else if (distance !== undefined) calls.add((Number(distance) + 1) * 8);
  else if (address !== undefined) calls.add(Number(address));
}

/** Maps and constants have relocations, too. */
function isData(call: string | number, found: ReadonlyMap<string | number, Subprogram>): boolean {
  return typeof call === 'string' && !found.has(call);
}

/** Bytes below the frame pointer, r10, that an instruction reaches; `pointers`: registers with an address there. */
function stackUse(line: string, pointers: Map<string, number>): number {
  const direct = /\(r10 - (\d+)\)/.exec(line)?.[1];
  const [, register = '', operation, operand = ''] = /\t(r\d) (\+?=) (\S+)/.exec(line) ?? [];
  const own = pointers.get(register);
  if (operation === '=') {
    const source = operand === 'r10' ? 0 : pointers.get(operand);
    if (source === undefined) pointers.delete(register);
    else pointers.set(register, source);
  } else if (operation === '+=' && own !== undefined) {
    pointers.set(register, own - Number(operand));
  }
  return Math.max(Number(direct ?? 0), pointers.get(register) ?? 0);
}

function main(objects: readonly string[]): number {
  let status = 0;
  for (const object of objects) {
    const words = ['-dr', '--no-show-raw-insn', object];
    const listing = execFileSync('llvm-objdump', words, { encoding: 'utf8', maxBuffer: 1 << 28 });
    for (const [program, { depth, frames }] of deepestChains(listing)) {
      if (depth <= LIMIT) continue;
      const chain = frames.map(([name, bytes]) => `${name} ${bytes}`).join(', ');
      console.error(`${basename(object)}: ${program} may take ${depth} bytes of stack, at most ${LIMIT}: ${chain}`);
      status = 1;
    }
  }
  return status;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
