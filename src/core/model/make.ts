/** Services and real servers made from what a command says: defaults filled in, values checked. */
import { parseAddress } from './address.ts';
import {
  below,
  checkScheduler,
  checkServer,
  checkServerKey,
  checkServerPort,
  checkServiceKey,
  KERNEL_RING_SIZE,
} from './check.ts';
import { checkAffinity, checkOnePacketServers, checkToa } from './check-affinity.ts';
import type { CommandError, ServerSpec, ServiceSpec } from './command.ts';
import { checkLimits, limitsOrNull, makeLimits } from './limits.ts';
import type {
  Address,
  Persistence,
  RealServer,
  SchedulerOptions,
  ServiceKey,
  TunnelSettings,
  VirtualService,
} from './model.ts';
import { sameServer } from './same.ts';
import { serviceFamily } from './service-key.ts';

export const defaultOptions: SchedulerOptions = { port: false, fallback: false, ringSize: KERNEL_RING_SIZE };

/** ipvsadm's -p without a number. */
const DEFAULT_PERSISTENCE_TIMEOUT = 360;
const ALL_ONES = { 4: '255.255.255.255', 6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' };

/** A checked key in canonical form. */
export function canonicalKey(key: ServiceKey): ServiceKey {
  if (key.protocol === 'fwmark') return { protocol: 'fwmark', family: key.family, mark: key.mark };
  return { protocol: key.protocol, address: parseAddress(key.address)!, port: key.port };
}

export function canonicalSpread<T extends TunnelSettings['spread4']>(spread: T): T {
  return spread && { ...spread, address: parseAddress(spread.address)! };
}

export function makeService(spec: ServiceSpec, servers: readonly RealServer[]): VirtualService | CommandError {
  const { scheduler = 'mh' } = spec;
  const { port = defaultOptions.port, fallback = defaultOptions.fallback } = spec.options ?? {};
  const options = { port, fallback, ringSize: spec.options?.ringSize ?? defaultOptions.ringSize };
  const error = checkServiceKey(spec) ?? checkScheduler(scheduler, options);
  if (error !== null) return error;
  const key = canonicalKey(spec);
  const affinity = {
    persistence: spec.persistence == null ? null : makePersistence(key, spec.persistence),
    onePacket: spec.onePacket ?? false,
    engine: spec.engine ?? null,
  };
  const limits = spec.limits == null ? null : makeLimits(spec.limits);
  const limitError = limits === null ? null : below('limits', checkLimits(key, limits));
  const kept = limits === null ? null : limitsOrNull(limits);
  const rest = { ...(kept !== null && { limits: kept }), ...(spec.toa === true && { toa: true }) };
  const service = { key, scheduler, options, ...affinity, ...rest, servers };
  return (
    checkAffinity(key, affinity) ?? limitError ?? checkToa(key, spec.toa) ?? checkOnePacketServers(service) ?? service
  );
}

function makePersistence(key: ServiceKey, { timeout, netmask }: Partial<Persistence>): Persistence {
  const mask = netmask ?? (ALL_ONES[serviceFamily(key)] as Address);
  return { timeout: timeout ?? DEFAULT_PERSISTENCE_TIMEOUT, netmask: parseAddress(mask) ?? mask };
}

/** `before`: the same server until now; keeps its override and what mh's table stands on. */
export function makeServer(
  service: ServiceKey,
  spec: ServerSpec,
  before: RealServer | null,
): RealServer | CommandError {
  const keyError = checkServerKey(spec) ?? checkServerPort(service, spec);
  if (keyError !== null) return keyError;
  const { method = 'dr', weight = 1, upperThreshold = 0, lowerThreshold = 0 } = spec;
  const key = { address: parseAddress(spec.address)!, port: spec.port };
  const values = { key, method, weight, upperThreshold, lowerThreshold, admin: before?.admin ?? null };
  const { encapsulation } = spec;
  const server = encapsulation === undefined ? values : { ...values, encapsulation: { ...encapsulation } };
  const error = checkServer(service, server);
  if (error !== null) return error;
  const lastWeight = weight === 0 && before !== null ? before.weight || (before.lastWeight ?? 0) : 0;
  const made = lastWeight === 0 ? server : { ...server, lastWeight };
  return before !== null && sameServer(before, made) ? before : made;
}
