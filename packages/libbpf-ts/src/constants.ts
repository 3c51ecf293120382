// Numbers of the kernel's user-space interface (linux/bpf.h, linux/if_link.h). The position in a
// table is the number; a test compares the tables with libbpf's.

import { show } from './arguments.ts';
import { argumentError } from './error.ts';

export const MAP_TYPES = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
] as const;

export type MapType = (typeof MAP_TYPES)[number];

export const PROGRAM_TYPES = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
] as const;

export type ProgramType = (typeof PROGRAM_TYPES)[number];

/** Flags of a map (`map_flags`). */
export const MAP_FLAGS = {
  NO_PREALLOC: 1 << 0,
  NO_COMMON_LRU: 1 << 1,
  NUMA_NODE: 1 << 2,
  RDONLY: 1 << 3,
  WRONLY: 1 << 4,
  RDONLY_PROG: 1 << 7,
  WRONLY_PROG: 1 << 8,
  ZERO_SEED: 1 << 6,
  MMAPABLE: 1 << 10,
  INNER_MAP: 1 << 12,
} as const;

/** How an update treats an entry that exists, or does not. */
export const UPDATE_FLAGS = { any: 0, noexist: 1, exist: 2 } as const;
export type UpdateFlag = keyof typeof UPDATE_FLAGS;

export const XDP_FLAGS = {
  UPDATE_IF_NOEXIST: 1 << 0,
  SKB_MODE: 1 << 1,
  DRV_MODE: 1 << 2,
  REPLACE: 1 << 4,
} as const;

/** The verdicts of an XDP program, by name. */
export const XDP_ACTIONS = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

export function mapTypeName(type: number): MapType {
  return MAP_TYPES[type] ?? 'unspec';
}

export function mapTypeNumber(type: MapType): number {
  const index = MAP_TYPES.indexOf(type);
  if (index < 0) throw argumentError(`unknown map type ${show(type)}`);
  return index;
}

export function programTypeName(type: number): ProgramType {
  return PROGRAM_TYPES[type] ?? 'unspec';
}

export function programTypeNumber(type: ProgramType): number {
  const index = PROGRAM_TYPES.indexOf(type);
  if (index < 0) throw argumentError(`unknown program type ${show(type)}`);
  return index;
}

export function isPerCpu(type: MapType): boolean {
  return type.includes('percpu_');
}
