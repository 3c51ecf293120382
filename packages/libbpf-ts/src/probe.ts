// What this kernel can do, found out by trying. Never ask for a kernel's version: distributions
// move features between them.

import { requireInteger, show } from './arguments.ts';
import { ALL_CAPABILITIES, missingCapabilities } from './capabilities.ts';
import { type MapType, mapTypeNumber, type ProgramType, programTypeNumber } from './constants.ts';
import { argumentError, check, ERRNO, systemError } from './error.ts';
import { addon, ownFd, type Result } from './native.ts';

const FLAG_SLEEPABLE = 1 << 4;
const FLAG_XDP_HAS_FRAGS = 1 << 5;
const HELPER = { bpf_timer_init: 169, bpf_loop: 181 } as const;

/** Features that `probe.feature` knows. */
const FEATURES = {
  /** Programs for packets of several buffers; Linux 5.18. */
  xdp_frags: () => load('xdp', RETURN, FLAG_XDP_HAS_FRAGS).loaded,
  /** Linux 5.17. */
  bpf_loop: () => probe.helper('xdp', HELPER.bpf_loop),
  /** Linux 5.15. */
  bpf_timer: () => probe.helper('xdp', HELPER.bpf_timer_init),
  /** Linux 5.8. */
  ring_buffer: () => probe.mapType('ringbuf'),
  /** Linux 5.14. */
  syscall_programs: () => probe.programType('syscall'),
  /** Hash maps in batches; Linux 5.6. */
  batch: () => mapBatch(),
} as const;

export type Feature = keyof typeof FEATURES;

/**
 * Asks the kernel. Each throws EPERM rather than answer "no" without the right to try (CAP_BPF,
 * CAP_NET_ADMIN and CAP_PERFMON).
 */
export const probe = {
  /** Whether programs of this type load. */
  programType(type: ProgramType): boolean {
    return answer(addon().probeProgramType(programTypeNumber(type)), `programs of type ${type}`);
  },

  /** Whether maps of this type can be made. */
  mapType(type: MapType): boolean {
    return answer(addon().probeMapType(mapTypeNumber(type)), `maps of type ${type}`);
  },

  /**
   * Whether programs of this type may call the helper with this number (BPF_FUNC_*). Types that
   * need a kernel function to attach to (tracing, lsm, ext, struct_ops) cannot be probed.
   */
  helper(type: ProgramType, helper: number): boolean {
    requireInteger('the number of a helper', helper, 1, 0xffff);
    if (NEED_TARGET.has(type)) throw argumentError(`helpers of ${type} programs cannot be probed`);
    const call = Buffer.alloc(8);
    call.writeUInt8(OPCODE_CALL, 0);
    call.writeInt32LE(helper, 4);
    const { loaded, log } = load(type, Buffer.concat([call, RETURN]), type === 'syscall' ? FLAG_SLEEPABLE : 0);
    // Any other complaint is about the missing arguments of a helper that is there.
    return loaded || !/(invalid|unknown) func |cannot use helper/.test(log);
  },

  feature(name: Feature): boolean {
    const known = typeof name === 'string' && Object.hasOwn(FEATURES, name);
    if (!known) throw argumentError(`unknown feature ${show(name)}; known are ${Object.keys(FEATURES).join(', ')}`);
    return FEATURES[name]();
  },
};

const OPCODE_CALL = 0x85;
// r0 = 0; exit
const RETURN = Buffer.from('b7000000000000009500000000000000', 'hex');

const NEED_TARGET = new Set<ProgramType>(['tracing', 'lsm', 'ext', 'struct_ops']);
// Types that load only for one attach type, and one that they load for.
const ATTACH_TYPE: Partial<Record<ProgramType, number>> = {
  cgroup_sock_addr: 10,
  cgroup_sockopt: 21,
  sk_lookup: 36,
  xdp: 37,
};

function answer(result: Result, what: string): boolean {
  const context = () => ({ doing: `probe for ${what}`, syscall: 'bpf' });
  const found = result !== -ERRNO.EOPNOTSUPP && check(result, context) > 0;
  // libbpf says no to a refusal, too.
  if (!found && missingCapabilities(ALL_CAPABILITIES).length > 0) throw systemError(ERRNO.EPERM, context());
  return found;
}

function load(type: ProgramType, instructions: Buffer, flags: number): { loaded: boolean; log: string } {
  const { fd, log } = addon().programLoad(programTypeNumber(type), instructions, flags, ATTACH_TYPE[type] ?? 0);
  if (fd >= 0) ownFd(fd).close();
  if (fd === -ERRNO.EPERM) {
    throw systemError(ERRNO.EPERM, { doing: `probe with ${type} programs`, syscall: 'bpf(BPF_PROG_LOAD)' });
  }
  return { loaded: fd >= 0, log };
}

function mapBatch(): boolean {
  const native = addon();
  const fd = native.mapCreate(mapTypeNumber('hash'), 'probe', 4, 4, 1, 0, -1);
  check(fd, () => ({ doing: 'probe for batches', syscall: 'bpf(BPF_MAP_CREATE)' }));
  const map = ownFd(fd);
  const result = native.mapUpdateBatch(fd, Buffer.alloc(4), Buffer.alloc(4), new Uint32Array([1]), 0);
  map.close();
  return result === 0;
}
