/** Two worker processes, each on a CPU of its own, that send the same packets into one data plane in lockstep. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import { typescript } from '../support/typescript.ts';
import type { DataPlane } from './fixture.ts';

/** What a program in lockstep sends, and how it is told. */
export interface Lockstep<Burst> {
  /** Name of the object beside this file. */
  readonly object: string;
  readonly frameOf: (burst: Burst) => Buffer;
  /** All of its `state` but the members. */
  readonly stateOf: (burst: Burst, frame: Buffer) => object;
}

const SIZE = 2;
const ABORTED = 0;
const WORKER = fileURLToPath(new URL('stress-worker.ts', import.meta.url));

/** Counts of one CPU, by name. */
type Member = Record<string, bigint>;

interface State {
  readonly state: { readonly member: readonly Member[] };
}

export class Crew<Burst extends { readonly repeat: number }> {
  readonly lockstep: BpfObject;
  readonly #way: Lockstep<Burst>;
  readonly #memory: Buffer;
  readonly #workers: { readonly child: ChildProcess; readonly lines: Interface }[];
  /** Packets sent so far, and those before which both CPUs stood at the same place. */
  sent = 0;
  met = 0;

  constructor(plane: DataPlane, way: Lockstep<Burst>) {
    this.#way = way;
    this.lockstep = BpfObject.open(fileURLToPath(new URL(`../../build/test/bpf/${way.object}`, import.meta.url)));
    this.lockstep.load();
    this.#memory = this.lockstep.map('.bss').mmap();
    this.lockstep.map('target').set(0, plane.object.program('xlb').fd);
    this.#workers = Array.from({ length: SIZE }, (_, n) => this.#startWorker(n));
  }

  /** Both send the same burst; resolves when both have. */
  async send(burst: Burst): Promise<void> {
    const frame = this.#way.frameOf(burst);
    this.#memory.fill(0);
    const state = { ...this.#way.stateOf(burst, frame), member: this.#members() };
    this.lockstep.map<number, { state: unknown }>('.bss').valueCodec.encode({ state }, this.#memory);
    const line = `${frame.toString('hex')} ${burst.repeat}\n`;
    const verdicts = await Promise.all(this.#workers.map((worker) => ask(worker, line)));
    if (verdicts.includes(ABORTED)) throw new Error('the lockstep program could not restore a frame');
    this.sent += SIZE * burst.repeat;
    this.met += this.tally('met');
  }

  /** A count of the last burst, both CPUs together. */
  tally(name: string): number {
    return this.#members().reduce((sum, member) => sum + Number(member[name]), 0);
  }

  async close(): Promise<void> {
    for (const { child } of this.#workers) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    }
    this.lockstep.close();
  }

  #startWorker(n: number): { child: ChildProcess; lines: Interface } {
    const { fd } = this.lockstep.program('lockstep');
    const cpu = String(n % availableParallelism());
    const child = spawn('taskset', ['-c', cpu, ...typescript(WORKER)], { stdio: ['pipe', 'pipe', 'inherit', fd] });
    if (child.stdout === null) throw new Error('a worker without output');
    return { child, lines: createInterface(child.stdout) };
  }

  #members(): readonly Member[] {
    return this.lockstep.map<number, State>('.bss').valueCodec.decode(this.#memory).state.member;
  }
}

async function ask({ child, lines }: { child: ChildProcess; lines: Interface }, line: string): Promise<number> {
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`a worker ended with status ${String(status)}`);
  });
  child.stdin?.write(line);
  const [answer] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return Number(answer);
}
