/** Words of the command line that cannot be understood. */
import { InvalidArgumentError } from 'commander';
import { parseServerName } from '../api/protocol/endpoint.ts';
import type { ServerKey, ServiceKey } from '../core/model/model.ts';
import { parseServiceKey } from '../core/model/service-key.ts';

/** Printed once, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command was understood and cannot be done: exit code 1. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
}

/** Parser of SERVICE arguments; throws commander's InvalidArgumentError. */
export function serviceArgument(text: string): ServiceKey {
  const key = parseServiceKey(text);
  if (key === null) throw new InvalidArgumentError('Expected one like 192.0.2.10:80/tcp or [2001:db8::10]:53/udp.');
  return key;
}

/** SERVER arguments; the port may be left out: it is the service's. */
export function serverKey(text: string, service: ServiceKey): ServerKey {
  const key = parseServerName(text, service);
  if (key === undefined) {
    throw new UsageError(
      `'${text}' is no real server. Expected one like 10.0.0.11, 10.0.0.11:80 or [2001:db8::11]:80.`,
    );
  }
  return key;
}

/** Parser of whole numbers in a range. */
export function numberArgument(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
    }
    return value;
  };
}
