// What a descriptor is of, and why there is none. The kernel answers a question about a map with
// the facts of a program if the descriptor is a program's, so this comes before any question.

import { readlinkSync } from 'node:fs';
import { argumentError, type FailureContext } from './error.ts';

export type FdKind = 'map' | 'program' | 'link';

const KIND_BY_INODE: Record<string, FdKind> = {
  'anon_inode:bpf-map': 'map',
  'anon_inode:bpf-prog': 'program',
  'anon_inode:bpf_link': 'link',
  'anon_inode:bpf-link': 'link',
};

/** Throws `ARGUMENT` if the descriptor is of anything else. */
export function requireKind(fd: number, kind: FdKind, what: string): void {
  const inode = inodeOf(fd);
  const found = KIND_BY_INODE[inode];
  if (found === kind) return;
  throw argumentError(`${what} is not a ${kind} but ${found === undefined ? `"${inode}"` : `a ${found}`}`);
}

/** Why opening a map or program by id fails. */
export function byIdFailure(doing: string, syscall: string): FailureContext {
  return {
    doing,
    syscall,
    advice: { EPERM: 'not permitted; ids can be opened only with CAP_SYS_ADMIN', ENOENT: 'there is none with this id' },
  };
}

function inodeOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'no open descriptor';
  }
}
