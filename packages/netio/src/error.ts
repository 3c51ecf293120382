/** The one error class of this package. */
import { getSystemErrorName } from 'node:util';

/**
 * What went wrong: an errno name (`EPERM`), `ADDON` where the native addon is
 * missing or broken, `ARGUMENT` for a value that cannot be, `CLOSED` for use
 * after `close()`.
 */
export class NetioError extends Error {
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NetioError';
    this.code = code;
  }
}

/** `result`: of a native call, -errno where it failed. */
export function check(result: number, doing: string): void {
  if (result < 0) throw systemError(result, doing);
}

export function systemError(result: number, doing: string): NetioError {
  const code = errorName(result);
  return new NetioError(`cannot ${doing}: ${code}`, code);
}

/** Of a negative errno: `ENOBUFS`; `error 4095` for one that has no name. */
export function errorName(result: number): string {
  try {
    return getSystemErrorName(result);
  } catch {
    return `error ${-result}`;
  }
}
