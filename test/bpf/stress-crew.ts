/** Two worker processes, each on a CPU of its own, that send the same packets into one data plane in lockstep. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BpfObject } from 'libbpf-ts';
import { tcpFlags } from '../support/packet-layers.ts';
import type { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import { VIP4, VIP6 } from './world.ts';

export interface Burst {
  readonly family: 4 | 6;
  /** TCP flags of packets one after another, repeated: one, two, four or eight; or `udp`. */
  readonly flags: readonly string[] | 'udp';
  /** A power of two. */
  readonly flows: number;
  /** null: flow after flow. */
  readonly seed: bigint | null;
  /** Packets that each CPU sends. */
  readonly repeat: number;
}

const SIZE = 2;
const ABORTED = 0;
const OBJECT = fileURLToPath(new URL('../../build/test/bpf/lockstep.bpf.o', import.meta.url));
const WORKER = fileURLToPath(new URL('stress-worker.ts', import.meta.url));

interface Member {
  readonly packets: bigint;
  readonly met: bigint;
  readonly pad: readonly bigint[];
}

export class Crew {
  readonly #lockstep: BpfObject;
  readonly #memory: Buffer;
  readonly #workers: { readonly child: ChildProcess; readonly lines: Interface }[];
  /** Packets sent so far, and those before which both CPUs stood at the same place. */
  sent = 0;
  met = 0;

  constructor(plane: DataPlane) {
    this.#lockstep = BpfObject.open(OBJECT);
    this.#lockstep.load();
    this.#memory = this.#lockstep.map('.bss').mmap();
    this.#lockstep.map('target').set(0, plane.object.program('xlb').fd);
    this.#workers = Array.from({ length: SIZE }, (_, n) => this.#startWorker(n));
  }

  /** Both send the same burst; resolves when both have. */
  async send(burst: Burst): Promise<void> {
    const frame = frameOf(burst);
    this.#prepare(burst, frame);
    const line = `${frame.toString('hex')} ${burst.repeat}\n`;
    const verdicts = await Promise.all(this.#workers.map((worker) => ask(worker, line)));
    if (verdicts.includes(ABORTED)) throw new Error('the lockstep program could not restore a frame');
    this.sent += SIZE * burst.repeat;
    this.met += this.#members().reduce((sum, member) => sum + Number(member.met), 0);
  }

  async close(): Promise<void> {
    for (const { child } of this.#workers) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    }
    this.#lockstep.close();
  }

  #startWorker(n: number): { child: ChildProcess; lines: Interface } {
    const { fd } = this.#lockstep.program('lockstep');
    const node = [process.execPath, '--conditions=source', '--import', 'tsx', WORKER];
    const cpu = String(n % availableParallelism());
    const child = spawn('taskset', ['-c', cpu, ...node], { stdio: ['pipe', 'pipe', 'inherit', fd] });
    if (child.stdout === null) throw new Error('a worker without output');
    return { child, lines: createInterface(child.stdout) };
  }

  #prepare(burst: Burst, frame: Buffer): void {
    const member: Member = { packets: 0n, met: 0n, pad: new Array<bigint>(6).fill(0n) };
    const state = {
      member: [member, member],
      ethernet: [frame.readBigUInt64LE(0), frame.readBigUInt64LE(6)],
      network: frame.readBigUInt64LE(18),
      seed: burst.seed ?? 0n,
      length: frame.length,
      mask: burst.flows - 1,
      family: burst.family,
      pad: 0,
      flags: flagWord(burst.flags),
    };
    this.#lockstep.map<number, { state: unknown }>('.bss').valueCodec.encode({ state }, this.#memory);
  }

  #members(): readonly Member[] {
    const map = this.#lockstep.map<number, { state: { member: readonly Member[] } }>('.bss');
    return map.valueCodec.decode(this.#memory).state.member;
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

function frameOf({ family, flags }: Burst): Buffer {
  const packet = family === 6 ? arriving().ipv6({ dst: VIP6 }) : arriving().ipv4({ dst: VIP4 });
  const transport = flags === 'udp' ? packet.udp({ dport: 80 }) : packet.tcp();
  return transport.payload(40).build();
}

/** Packet n gets byte n % 8. */
function flagWord(flags: Burst['flags']): bigint {
  if (flags === 'udp') return 0n;
  const bytes = Buffer.from(Array.from({ length: 8 }, (_, n) => tcpFlags(flags[n % flags.length] ?? '')));
  return bytes.readBigUInt64LE();
}
