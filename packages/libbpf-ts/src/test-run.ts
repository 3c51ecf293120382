// BPF_PROG_TEST_RUN: runs a program on given input, without an interface or a packet on the wire.

import { requireInteger, requireObject } from './arguments.ts';
import type { ProgramType } from './constants.ts';
import { argumentError, check, type FailureContext } from './error.ts';
import { addon } from './native.ts';

/** Input of a test run. */
export interface TestRunOptions {
  /** The packet, from its first header on; XDP: at least 14 bytes. */
  dataIn?: Uint8Array;
  /** The program's context: `struct xdp_md` for XDP (see {@link xdpContext}), the argument of a `syscall` program. */
  ctxIn?: Uint8Array;
  /** Room for the packet after the run, in bytes; default: the input and 512 more. */
  dataOutSize?: number;
  /** Room for the context after the run, in bytes; default: as much as `ctxIn`. */
  ctxOutSize?: number;
  /**
   * Number of runs, from 1; changes to the packet add up from run to run. Default 1. `syscall` and
   * raw tracepoint programs always run once.
   */
  repeat?: number;
  /** Run on this CPU; the kernel takes it for raw tracepoints only. */
  cpu?: number;
  /** XDP: act on the verdicts, send and redirect included (Linux 5.18). There is no output then. */
  liveFrames?: boolean;
  /** Live frames: frames in one batch, 1 to 256; default 64. */
  batchSize?: number;
}

/** Output of a test run. */
export interface TestRunResult {
  /** The program's answer; XDP: the verdict. */
  retval: number;
  /** Nanoseconds a run took on average; 0 for `syscall` and raw tracepoint programs. */
  duration: number;
  /** The packet after the run; empty for live frames, `syscall` and raw tracepoint programs. */
  dataOut: Buffer;
  /** The context after the run, if there was one before. */
  ctxOut?: Buffer;
}

const FLAG_ON_CPU = 1 << 0;
const FLAG_LIVE_FRAMES = 1 << 1;
const HEAD_AND_TAIL_ROOM = 512;
const MAX_DATA = 1 << 26;

/** A `struct xdp_md` for `ctxIn`: a packet of `dataLength` bytes of which `metaLength` are metadata. */
export function xdpContext(options: {
  dataLength: number;
  metaLength?: number;
  ingressIfindex?: number;
  rxQueueIndex?: number;
}): Buffer {
  requireObject('options', options);
  const { dataLength, metaLength = 0, ingressIfindex = 0, rxQueueIndex = 0 } = options;
  const fields = { data: metaLength, dataLength, dataMeta: 0, ingressIfindex, rxQueueIndex, egressIfindex: 0 };
  const context = Buffer.alloc(24);
  Object.entries(fields).forEach(([name, value], index) => {
    context.writeUInt32LE(requireInteger(name, value, 0, 0xffff_ffff), index * 4);
  });
  return context;
}

/** Runs the program that `fd` names; called by BpfProgram. */
export function testRun(fd: number, name: string, type: ProgramType, options: TestRunOptions): TestRunResult {
  requireObject('options', options);
  const { dataIn, ctxIn, cpu, liveFrames = false } = options;
  checkBytes('dataIn', dataIn);
  checkBytes('ctxIn', ctxIn);
  const isSyscall = type === 'syscall';
  // These run once, on their context alone; the kernel refuses anything else for them, even room for output.
  const runsOnContext = isSyscall || type === 'raw_tracepoint';
  const hasOutput = !liveFrames && !runsOnContext;
  const dataRoom = hasOutput
    ? requireInteger('dataOutSize', options.dataOutSize ?? defaultRoom(dataIn), 0, MAX_DATA)
    : 0;
  const contextRoom = hasOutput
    ? requireInteger('ctxOutSize', options.ctxOutSize ?? ctxIn?.length ?? 0, 0, 1 << 16)
    : 0;
  const dataOut = Buffer.alloc(dataRoom);
  // A syscall program writes into its argument; the caller's stays as it is.
  const context = ctxIn && Buffer.from(ctxIn);
  const contextOut = Buffer.alloc(contextRoom);
  const repeat = requireInteger('repeat', options.repeat ?? 1, 1, 0x7fff_ffff);
  const flags = (cpu === undefined ? 0 : FLAG_ON_CPU) | (liveFrames ? FLAG_LIVE_FRAMES : 0);
  const run = addon().testRun(
    fd,
    dataIn ?? null,
    dataRoom > 0 ? dataOut : null,
    context ?? null,
    contextRoom > 0 ? contextOut : null,
    runsOnContext ? 0 : repeat,
    flags,
    requireInteger('cpu', cpu ?? 0, 0, 0xffff),
    requireInteger('batchSize', options.batchSize ?? 0, 0, 256),
  );
  check(run.rc, () => failure(name, type));
  const result: TestRunResult = {
    retval: run.retval,
    duration: run.duration,
    dataOut: dataOut.subarray(0, Math.min(run.dataSize, dataRoom)),
  };
  if (isSyscall && context !== undefined) result.ctxOut = context;
  else if (contextRoom > 0) result.ctxOut = contextOut.subarray(0, Math.min(run.contextSize, contextRoom));
  return result;
}

function defaultRoom(dataIn: Uint8Array | undefined): number {
  return dataIn === undefined ? 0 : dataIn.length + HEAD_AND_TAIL_ROOM;
}

function failure(name: string, type: ProgramType): FailureContext {
  return {
    doing: `test-run program ${name}`,
    syscall: 'bpf(BPF_PROG_TEST_RUN)',
    advice: {
      ENOSPC: 'the output is larger than dataOutSize or ctxOutSize',
      EINVAL: `a program of type ${type} does not take these options (XDP: a packet has at least 14 bytes)`,
      ENOTSUPP: `programs of type ${type} cannot be test-run`,
      ENXIO: 'this machine has no such CPU, or it is offline',
      ENOMEM: 'the packet is longer than this program, or this kernel, can take',
    },
  };
}

function checkBytes(name: string, bytes: unknown): void {
  if (bytes !== undefined && !(bytes instanceof Uint8Array)) throw argumentError(`${name} must be a Uint8Array`);
}
