// The one error class of this package, and the sentences that tell a person what to do.

import { constants } from 'node:os';
import { ALL_CAPABILITIES, type Capability, permissionAdvice } from './capabilities.ts';

/**
 * What went wrong:
 *
 * - an errno name (`EPERM`, `ENOENT` ...): the kernel refused; `errno` and `syscall` are set
 * - `VERIFIER`: the kernel's verifier refused a program; `log` holds its reasons
 * - `OBJECT`: the object file is malformed, or has no BTF
 * - `LAYOUT`: a pinned map is not the map that was asked for
 * - `VALUE`: a key or value does not fit its layout
 * - `ARGUMENT`: an argument is of the wrong type, size or range
 * - `CLOSED`: use after `close()`
 * - `ADDON`: the native addon is missing or broken
 */
export type BpfErrorCode = string;

export interface BpfErrorDetails {
  code: BpfErrorCode;
  /** Positive errno, if the kernel or libbpf gave one. */
  errno?: number;
  /** The call that failed, such as `bpf(BPF_MAP_CREATE)`. */
  syscall?: string;
  /** The verifier's or libbpf's words, trimmed to what matters. */
  log?: string;
  /** All of the verifier's or libbpf's words. */
  fullLog?: string;
  cause?: unknown;
}

/** Every failure of this package. Test `code`; print `message`. */
export class BpfError extends Error {
  readonly code: BpfErrorCode;
  readonly errno: number | undefined;
  readonly syscall: string | undefined;
  readonly log: string | undefined;
  declare readonly fullLog: string | undefined;

  constructor(message: string, details: BpfErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BpfError';
    this.code = details.code;
    this.errno = details.errno;
    this.syscall = details.syscall;
    this.log = details.log;
    // Often megabytes: kept out of what console.log prints.
    Object.defineProperty(this, 'fullLog', { value: details.fullLog ?? details.log, enumerable: false });
  }
}

/** What a failed call was about, for its sentence. */
export interface FailureContext {
  /** What was being done: "update map services". */
  doing: string;
  syscall: string;
  /** The pin or file that the call named. */
  path?: string;
  /** What the call needs, for EPERM; default: all that this package may need. */
  needs?: readonly Capability[];
  /** Replaces the general advice for this errno. */
  advice?: Partial<Record<string, string>>;
  log?: string;
}

/** Passes a result of zero or more on; turns `-errno` into a BpfError. */
export function check(result: number, context: () => FailureContext): number {
  if (result >= 0) return result;
  throw systemError(-result, context());
}

/** The error for an errno that a call gave. */
export function systemError(errno: number, context: FailureContext): BpfError {
  const code = errnoName(errno);
  const advice = context.advice?.[code] ?? generalAdvice(code, context);
  const log = context.log?.trim();
  const details: BpfErrorDetails = { code, errno, syscall: context.syscall };
  if (log) details.log = log;
  return new BpfError(`cannot ${context.doing}: ${advice} (${context.syscall}: ${code})`, details);
}

export function argumentError(message: string): BpfError {
  return new BpfError(message, { code: 'ARGUMENT' });
}

export function objectError(message: string): BpfError {
  return new BpfError(message, { code: 'OBJECT' });
}

export function closedError(what: string): BpfError {
  return new BpfError(`${what} is closed`, { code: 'CLOSED' });
}

const ENOTSUPP = 524;

const namesByErrno = new Map<number, string>(
  Object.entries(constants.errno).map(([name, value]) => [value, name] as const),
);
// Two names share a number; the one the kernel's sources use wins.
namesByErrno.set(constants.errno.EAGAIN, 'EAGAIN');
namesByErrno.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');
// Kernel-internal, but the bpf system call lets it out.
namesByErrno.set(ENOTSUPP, 'ENOTSUPP');
namesByErrno.set(117, 'EUCLEAN');

export function errnoName(errno: number): string {
  return namesByErrno.get(errno) ?? `ERRNO_${errno}`;
}

/** The positive number of an errno name that this package tests for. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  EOPNOTSUPP: 95,
  ENOTSUPP,
} as const;

function generalAdvice(code: string, context: FailureContext): string {
  const { path } = context;
  switch (code) {
    case 'EPERM':
      return permissionAdvice(context.needs ?? ALL_CAPABILITIES);
    case 'EACCES':
      return path === undefined ? 'access denied' : `access denied to ${path}; check the owner and mode of the file`;
    case 'ENOENT':
      return path === undefined ? 'no such entry' : `nothing is at ${path}`;
    case 'EEXIST':
      return path === undefined ? 'it exists already' : `${path} exists already`;
    case 'E2BIG':
      return 'no room; the map is full or the index is past its end';
    case 'ENOMEM':
      return 'the kernel is out of memory; make the maps smaller';
    case 'EBUSY':
      return 'in use by something else';
    case 'ENODEV':
      return 'no such network interface in this network namespace';
    case 'EINVAL':
      return 'the kernel does not accept these arguments';
    case 'ENOTSUPP':
    case 'EOPNOTSUPP':
      return 'this kernel, or this kind of object, does not support it';
    default:
      return 'the kernel refused';
  }
}
