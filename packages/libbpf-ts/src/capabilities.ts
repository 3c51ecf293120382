// Which capabilities this process lacks, so that a refusal can name them.

import { readFileSync } from 'node:fs';

const BITS = { CAP_NET_ADMIN: 12, CAP_PERFMON: 38, CAP_BPF: 39 } as const;
const CAP_SYS_ADMIN = 21;

export type Capability = keyof typeof BITS;

/** What this package may need, and no more. */
export const ALL_CAPABILITIES: readonly Capability[] = ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'];

/** The effective capabilities of the calling thread, as a bit set; none where /proc does not say. */
export function effectiveCapabilities(): bigint {
  try {
    const set = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[1];
    return BigInt(`0x${set ?? '0'}`);
  } catch {
    return 0n;
  }
}

/** Those of `needed` that are not held. For bpf(2), CAP_SYS_ADMIN stands for all of them. */
export function missingCapabilities(needed: readonly Capability[], held = effectiveCapabilities()): Capability[] {
  const has = (bit: number) => ((held >> BigInt(bit)) & 1n) === 1n;
  return has(CAP_SYS_ADMIN) ? [] : needed.filter((name) => !has(BITS[name]));
}

/** The sentence for EPERM. */
export function permissionAdvice(needed: readonly Capability[], held = effectiveCapabilities()): string {
  const missing = missingCapabilities(needed, held);
  if (missing.length > 0) return `not permitted; this process lacks ${list(missing)} (or run it as root)`;
  return 'not permitted, though no capability is missing: a user namespace, seccomp or a security module may forbid it';
}

/** "a", "a and b", "a, b and c". */
function list(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
