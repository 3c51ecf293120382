/** Services and real servers made from what a command says: defaults filled in, values checked. */
import { parseAddress } from './address.ts';
import {
  checkScheduler,
  checkServer,
  checkServerKey,
  checkServerPort,
  checkServiceKey,
  KERNEL_RING_SIZE,
} from './check.ts';
import type { CommandError, ServerSpec, ServiceSpec } from './command.ts';
import type { RealServer, SchedulerOptions, ServiceKey, TunnelSettings, VirtualService } from './model.ts';
import { sameServer } from './same.ts';

export const defaultOptions: SchedulerOptions = { port: false, fallback: false, ringSize: KERNEL_RING_SIZE };

/** A checked key in canonical form. */
export function canonicalKey({ protocol, address, port }: ServiceKey): ServiceKey {
  return { protocol, address: parseAddress(address)!, port };
}

export function canonicalSpread<T extends TunnelSettings['spread4']>(spread: T): T {
  return spread && { ...spread, address: parseAddress(spread.address)! };
}

export function makeService(spec: ServiceSpec, servers: readonly RealServer[]): VirtualService | CommandError {
  const { scheduler = 'mh' } = spec;
  const { port = defaultOptions.port, fallback = defaultOptions.fallback } = spec.options ?? {};
  const options = { port, fallback, ringSize: spec.options?.ringSize ?? defaultOptions.ringSize };
  const error = checkServiceKey(spec) ?? checkScheduler(scheduler, options);
  return error ?? { key: canonicalKey(spec), scheduler, options, servers };
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
  const key = { address: parseAddress(spec.address)!, port: service.port };
  const server = { key, method, weight, upperThreshold, lowerThreshold, admin: before?.admin ?? null };
  const error = checkServer(service, server);
  if (error !== null) return error;
  const lastWeight = weight === 0 && before !== null ? before.weight || (before.lastWeight ?? 0) : 0;
  const made = lastWeight === 0 ? server : { ...server, lastWeight };
  return before !== null && sameServer(before, made) ? before : made;
}
