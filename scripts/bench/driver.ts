/**
 * The driver program: one measurement is one BPF_PROG_TEST_RUN of it, with the
 * program under test behind a tail call. See driver.bpf.c.
 */
import { fileURLToPath } from 'node:url';
import { BpfObject, type BpfProgram } from 'libbpf-ts';

/** `enum order` of driver.bpf.c. */
export const ORDER = { same: 0, random: 1, sequence: 2, open: 3 } as const;

/** FRAME_LEAST of driver.bpf.c, in words. */
const HEAD_WORDS = 9;

export interface Load {
  readonly program: BpfProgram;
  readonly frame: Buffer;
  readonly order: (typeof ORDER)[keyof typeof ORDER];
  /** A power of two; random order draws among as many flows. */
  readonly flows?: number;
  /** Number of the first flow, in sequence. */
  readonly firstFlow?: number;
  readonly repeat: number;
  /** The program changes addresses, ports and sums: each packet's headers are put back, which costs 2 to 3 ns. */
  readonly rewrites?: boolean;
}

export interface Measurement {
  /** Nanoseconds a packet, driver included. */
  readonly ns: number;
  /** XDP action of the last packet. */
  readonly verdict: number;
}

interface State {
  random: bigint;
  packets: bigint;
  first_ns: bigint;
  last_ns: bigint;
  aborted: bigint;
}

export class Driver {
  readonly #object: BpfObject;
  readonly #memory: Buffer;
  #random = 88172645463325252n;

  constructor() {
    const path = fileURLToPath(new URL('../../build/scripts/bench/driver.bpf.o', import.meta.url));
    this.#object = BpfObject.open(path);
    this.#object.load();
    this.#memory = this.#object.map('.bss').mmap();
  }

  run(load: Load): Measurement {
    const { program, frame, repeat } = load;
    this.#object.map<number, number>('target').set(0, program.fd);
    this.#write(load);
    const run = this.#object.program('driver').testRun({ dataIn: frame, repeat });
    const state = this.#state();
    if (state.aborted > 0n) throw new Error(`the driver could not restore the frame ${state.aborted} times`);
    this.#random = state.random;
    return { ns: nanoseconds(state, repeat, run.duration), verdict: run.retval };
  }

  close(): void {
    this.#object.close();
  }

  #write({ frame, order, flows = 1, firstFlow = 0, repeat, rewrites = false }: Load): void {
    const state = {
      random: this.#random,
      packets: 0n,
      limit: BigInt(repeat),
      first_ns: 0n,
      last_ns: 0n,
      aborted: 0n,
      ethernet: [frame.readBigUInt64LE(0), frame.readBigUInt64LE(6)],
      network: frame.readBigUInt64LE(18),
      length: frame.length,
      order,
      mask: flows - 1,
      next: firstFlow,
      family: frame.readUInt16BE(12) === 0x0800 ? 4 : 6,
      whole: rewrites ? 1 : 0,
      head: Array.from({ length: HEAD_WORDS }, (_, word) => frame.readBigUInt64LE(8 * word)),
    };
    this.#object.map<number, { state: unknown }>('.bss').valueCodec.encode({ state }, this.#memory);
  }

  #state(): State {
    return this.#object.map<number, { state: State }>('.bss').valueCodec.decode(this.#memory).state;
  }
}

/**
 * The kernel's figure leaves out time spent off the CPU but is cut to whole
 * nanoseconds; the driver's own has fractions but counts that time.
 */
function nanoseconds(state: State, repeat: number, duration: number): number {
  const own = Number(state.last_ns - state.first_ns) / (repeat - 1);
  return own > duration + 1.5 ? duration + 0.5 : own;
}
