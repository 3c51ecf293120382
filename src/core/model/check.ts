/**
 * Checks of values that commands and documents carry. Each check answers null,
 * or the fault with the path of what is wrong, relative to what was checked.
 */
import { addressFamily, isUnicast, parseAddress } from './address.ts';
import type { CommandError, CommandErrorCode } from './command.ts';
import { isTranslated, METHODS } from './methods.ts';
import type {
  Encapsulation,
  MarkKey,
  Method,
  SchedulerName,
  SchedulerOptions,
  ServerKey,
  ServiceKey,
  TunnelSettings,
} from './model.ts';
import { SCHEDULER_NAMES } from './schedulers.ts';
import { MAX_WEIGHT } from './server.ts';
import { formatServiceKey, MAX_MARK, PROTOCOLS, serviceFamily } from './service-key.ts';

/** The kernel's size of mh's table; the only one that places exactly as IPVS does. */
export const KERNEL_RING_SIZE = 4093;
export const MIN_RING_SIZE = 251;
export const MAX_RING_SIZE = 1048573;
const MAX_THRESHOLD = 0xffffffff;

export function fault(code: CommandErrorCode, path: string, message: string): CommandError {
  return { code, path, message };
}

/** Faults of a list or of a member get the path of what holds it. */
export function below(path: string, error: CommandError | null): CommandError | null {
  if (error === null) return null;
  return { ...error, path: error.path === '' || path === '' ? path + error.path : `${path}.${error.path}` };
}

export function checkInteger(path: string, value: unknown, min: number, max: number): CommandError | null {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return null;
  return fault('invalid', path, `found ${show(value)}, expected an integer from ${min} to ${max}`);
}

export function checkChoice(path: string, value: unknown, choices: readonly string[]): CommandError | null {
  if (choices.includes(value as string)) return null;
  return fault('invalid', path, `found ${show(value)}, expected ${choices.join(' or ')}`);
}

export function checkAddress(path: string, value: unknown): CommandError | null {
  if (typeof value === 'string' && parseAddress(value) !== null) return null;
  return fault('invalid', path, `found ${show(value)}, expected an IPv4 or IPv6 address`);
}

export function checkBoolean(path: string, value: unknown): CommandError | null {
  if (typeof value === 'boolean') return null;
  return fault('invalid', path, `found ${show(value)}, expected true or false`);
}

export function checkText(path: string, value: unknown): CommandError | null {
  if (typeof value === 'string') return null;
  return fault('invalid', path, `found ${show(value)}, expected text`);
}

export function checkServiceKey(key: ServiceKey): CommandError | null {
  const error = checkChoice('protocol', key.protocol, [...PROTOCOLS, 'fwmark']);
  if (error !== null) return error;
  return key.protocol === 'fwmark' ? checkMark(key) : checkServerKey(key);
}

function checkMark({ family, mark }: MarkKey): CommandError | null {
  if (family !== 4 && family !== 6) return fault('invalid', 'family', `found ${show(family)}, expected 4 or 6`);
  return checkInteger('mark', mark, 1, MAX_MARK);
}

export function checkServerKey({ address, port }: ServerKey): CommandError | null {
  return checkAddress('address', address) ?? checkInteger('port', port, 0, 65535);
}

/** Of a new real server; `address` has been checked. IPVS: EINVAL. One that is there may stay. */
export function checkUnicast({ address }: ServerKey): CommandError | null {
  if (isUnicast(address)) return null;
  return fault('address-not-unicast', 'address', `found ${address}, expected a unicast address, and no link-local one`);
}

/** Only NAT and fullnat translate ports. Of a mark, servers may have any: it says nothing of ports. */
export function checkServerPort(service: ServiceKey, { port, method }: ServerKey & { method?: Method | undefined }) {
  if (service.protocol === 'fwmark' || port === service.port || isTranslated(method)) return null;
  const expected = `expected ${service.port}, the port of ${formatServiceKey(service)}, or none`;
  return fault('invalid', 'port', `found ${port}, ${expected}: dr and tun do not translate ports`);
}

export function checkScheduler(scheduler: SchedulerName, options: SchedulerOptions): CommandError | null {
  return (
    checkChoice('scheduler', scheduler, SCHEDULER_NAMES) ??
    checkBoolean('options.port', options.port) ??
    checkBoolean('options.fallback', options.fallback) ??
    checkRingSize(options.ringSize)
  );
}

interface ServerValues {
  readonly key: ServerKey;
  readonly method: Method;
  readonly encapsulation?: Encapsulation | undefined;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** A real server of `service`; its key has been checked. */
export function checkServer(service: ServiceKey, server: ServerValues): CommandError | null {
  return (
    checkChoice('method', server.method, METHODS) ??
    checkFamilies(service, server) ??
    below('encapsulation', checkEncapsulation(server)) ??
    checkInteger('weight', server.weight, 0, MAX_WEIGHT) ??
    checkInteger('upperThreshold', server.upperThreshold, 0, MAX_THRESHOLD) ??
    checkInteger('lowerThreshold', server.lowerThreshold, 0, MAX_THRESHOLD) ??
    checkThresholds(server)
  );
}

export function checkTunnel(tunnel: TunnelSettings): CommandError | null {
  return (
    checkChoice('outerDf', tunnel.outerDf, ['copy', 'set', 'clear']) ??
    below('spread4', checkSpread(tunnel.spread4, 4)) ??
    below('spread6', checkSpread(tunnel.spread6, 6))
  );
}

export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? `${value}` : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** A tunnel carries one family in the other, fullnat makes one of the other. */
function checkFamilies(service: ServiceKey, { key, method }: ServerValues): CommandError | null {
  const family = addressFamily(key.address);
  if (method === 'tun' || method === 'fullnat' || family === serviceFamily(service)) return null;
  const message = `found method ${method} for the IPv${family} server ${key.address} of ${formatServiceKey(service)}, expected an IPv${10 - family} server, or method tun or fullnat`;
  return fault('invalid', 'method', message);
}

function checkEncapsulation({ method, encapsulation }: ServerValues): CommandError | null {
  if (encapsulation === undefined) return null;
  if (method !== 'tun') return fault('invalid', '', `found it beside method ${method}, expected method tun`);
  return (
    checkChoice('type', encapsulation.type, ['gue', 'gre']) ??
    (encapsulation.type === 'gue'
      ? (checkInteger('port', encapsulation.port, 1, 65535) ??
        checkChoice('checksum', encapsulation.checksum, ['none', 'full', 'remote']))
      : checkChoice('checksum', encapsulation.checksum, ['none', 'full']))
  );
}

/** IPVS: ERANGE. */
function checkThresholds({ upperThreshold, lowerThreshold }: ServerValues): CommandError | null {
  if (lowerThreshold <= upperThreshold) return null;
  const message = `found lower threshold ${lowerThreshold}, expected at most the upper threshold, ${upperThreshold}`;
  return fault('threshold-range', 'lowerThreshold', message);
}

function checkRingSize(size: number): CommandError | null {
  const range = checkInteger('options.ringSize', size, MIN_RING_SIZE, MAX_RING_SIZE);
  if (range !== null || isPrime(size)) return range;
  let next = size;
  while (!isPrime(next)) next++;
  return fault('invalid', 'options.ringSize', `found ${size}, expected a prime, like ${next}`);
}

function isPrime(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return false;
  }
  return true;
}

function checkSpread(spread: TunnelSettings['spread4'], family: 4 | 6): CommandError | null {
  if (spread === null) return null;
  const error =
    checkAddress('address', spread.address) ?? checkInteger('prefix', spread.prefix, 0, family === 4 ? 32 : 128);
  if (error !== null || addressFamily(spread.address) === family) return error;
  return fault('invalid', 'address', `found ${spread.address}, expected an IPv${family} address`);
}
