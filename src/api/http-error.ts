/** Refusals: what a request gets instead of its report. */
import type { Failure, FailureCode } from './controller.ts';
import { pathToWire } from './protocol/wire.ts';

/** Thrown by handlers, printed once by the server. */
export class HttpError extends Error {
  readonly status: number;
  /** Stable name of the kind of error. */
  readonly code: string;
  /** Where in the request; empty: as a whole. */
  readonly path: string;

  constructor(status: number, code: string, message: string, path = '') {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.path = path;
  }
}

const STATUS: Record<FailureCode, number> = {
  'service-exists': 409,
  'no-such-service': 404,
  'server-exists': 409,
  'no-such-server': 404,
  'address-not-unicast': 400,
  'threshold-range': 400,
  'local-address-exists': 409,
  'no-such-local-address': 404,
  'mark-exists': 409,
  'no-such-mark': 404,
  'mark-ambiguous': 409,
  'sync-running': 409,
  'no-sync': 404,
  invalid: 400,
  'too-many': 409,
  'apply-failed': 500,
  'no-file': 404,
  'bad-file': 409,
  'no-such-interface': 404,
  'not-attached': 409,
  'already-attached': 409,
  'interface-busy': 409,
  'mtu-too-large': 409,
  'not-supported': 409,
};

/** `prefix` is where the path starts, like `commands`. */
export function httpErrorOf(failure: Failure, prefix = ''): HttpError {
  const where = failure.index === undefined ? '' : `${prefix}[${failure.index}]`;
  const path = [where, pathToWire(failure.path)].filter((part) => part !== '').join('.');
  return new HttpError(STATUS[failure.code], failure.code, failure.message, path);
}
