// What this kernel can do, found out by trying. Never ask for a kernel's version: distributions
// move features between them.

import { requireInteger, show } from './arguments.ts';
import { MAP_TYPES, type MapType, mapTypeNumber, type ProgramType, programTypeNumber } from './constants.ts';
import { argumentError, check, ERRNO } from './error.ts';
import { addon, ownFd, type Result } from './native.ts';

const XDP_HAS_FRAGS = 1 << 5;
const ATTACH_TYPE_XDP = 37;
const HELPER = { bpf_xdp_get_buff_len: 188, bpf_loop: 181, bpf_timer_init: 169, bpf_ringbuf_output: 130 } as const;

/** Features that `probe.feature` knows, with the kernel that brought them. */
const FEATURES = {
  /** Programs for packets of several buffers; Linux 5.18. */
  xdp_frags: () => loads('xdp', XDP_HAS_FRAGS),
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

/** Asks the kernel. Each throws EPERM rather than answer without the right to try (CAP_BPF). */
export const probe = {
  /** Whether programs of this type load. */
  programType(type: ProgramType): boolean {
    return answer(addon().probeProgramType(programTypeNumber(type)), `programs of type ${type}`);
  },

  /** Whether maps of this type can be made. */
  mapType(type: MapType): boolean {
    return answer(addon().probeMapType(mapTypeNumber(type)), `maps of type ${type}`);
  },

  /** Whether programs of this type may call the helper with this number (BPF_FUNC_*). */
  helper(type: ProgramType, helper: number): boolean {
    requireInteger('the number of a helper', helper, 1, 0xffff);
    return answer(addon().probeHelper(programTypeNumber(type), helper), `helper ${helper}`);
  },

  feature(name: Feature): boolean {
    const test = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
    if (test === undefined)
      throw argumentError(`unknown feature ${show(name)}; known are ${Object.keys(FEATURES).join(', ')}`);
    return test();
  },
};

function answer(result: Result, what: string): boolean {
  if (result === -ERRNO.EOPNOTSUPP) return false;
  return check(result, () => ({ doing: `probe for ${what}`, syscall: 'bpf' })) > 0;
}

// r0 = 2 (XDP_PASS); exit
const RETURN_TWO = Buffer.from('b7000000020000009500000000000000', 'hex');

function loads(type: ProgramType, flags: number): boolean {
  return tried(addon().programLoad(programTypeNumber(type), RETURN_TWO, flags, ATTACH_TYPE_XDP), `flags ${flags}`);
}

function mapBatch(): boolean {
  const native = addon();
  const fd = native.mapCreate(MAP_TYPES.indexOf('hash'), 'probe', 4, 4, 1, 0, -1);
  check(fd, () => ({ doing: 'probe for batches', syscall: 'bpf(BPF_MAP_CREATE)' }));
  const map = ownFd(fd);
  const result = native.mapUpdateBatch(fd, Buffer.alloc(4), Buffer.alloc(4), new Uint32Array([1]), 0);
  map.close();
  return result === 0;
}

function tried(fd: Result, what: string): boolean {
  if (fd === -ERRNO.EINVAL || fd === -ERRNO.E2BIG) return false;
  check(fd, () => ({ doing: `probe for ${what}`, syscall: 'bpf' }));
  ownFd(fd).close();
  return true;
}
