/**
 * Local addresses: what packets to a real server of `fullnat` leave the director
 * by. A service takes its own ones of the real server's family, and where it has
 * none those of every service.
 */
import { addressFamily, isUnicast, parseAddress } from './address.ts';
import { below, checkAddress, checkInteger, checkServiceKey, fault } from './check.ts';
import type { CommandError, LocalAddressSpec } from './command.ts';
import { canonicalKey } from './make.ts';
import type { Address, LocalAddress, Model, RealServer, ServiceKey, VirtualService } from './model.ts';
import { formatServiceKey, serviceKeyText } from './service-key.ts';

/** Ports below are those of servers. */
const FIRST_PORT = 1024;
const LAST_PORT = 65535;
/** LOCAL_ADDRESSES of the data plane, for each family. */
export const MAX_LOCAL_ADDRESSES = 64;

type Services = Pick<Model['services'], 'has'>;

/** Unique within a model, like `192.0.2.1` or `192.0.2.1 of 203.0.113.10:80/tcp`. */
export function localAddressText({ address, service }: Pick<LocalAddress, 'address' | 'service'>): string {
  return service === null ? address : `${address} of ${formatServiceKey(service)}`;
}

export function addLocalAddress(
  addresses: readonly LocalAddress[],
  spec: LocalAddressSpec,
  services: Services,
): readonly LocalAddress[] | CommandError {
  const made = makeLocalAddress(spec, services);
  if ('code' in made) return made;
  if (addresses.some((other) => localAddressText(other) === localAddressText(made))) {
    return fault('local-address-exists', '', `${localAddressText(made)} is a local address already`);
  }
  const pool = addresses.filter((other) => isOfOnePool(other, made));
  if (pool.length < MAX_LOCAL_ADDRESSES) return [...addresses, made];
  const whose = made.service === null ? 'every service' : formatServiceKey(made.service);
  return fault('invalid', '', `found one more local address of ${whose}, expected at most ${MAX_LOCAL_ADDRESSES}`);
}

/** The list as a whole, whatever was there before. */
export function setLocalAddresses(
  specs: readonly LocalAddressSpec[],
  services: Services,
): readonly LocalAddress[] | CommandError {
  let addresses: readonly LocalAddress[] = [];
  for (const [i, spec] of specs.entries()) {
    const after = addLocalAddress(addresses, spec, services);
    if ('code' in after) return below(`addresses[${i}]`, after)!;
    addresses = after;
  }
  return addresses;
}

export function deleteLocalAddress(
  addresses: readonly LocalAddress[],
  { address, service = null }: LocalAddressSpec,
): readonly LocalAddress[] | CommandError {
  const error = checkPlace(address, service);
  if (error !== null) return error;
  const name = localAddressText({ address: parseAddress(address)!, service: service && canonicalKey(service) });
  const left = addresses.filter((other) => localAddressText(other) !== name);
  return left.length < addresses.length ? left : fault('no-such-local-address', '', `${name} is no local address`);
}

/** Those of services that are there; the same list where none has gone. */
export function keepLocalAddresses(addresses: readonly LocalAddress[], services: Services): readonly LocalAddress[] {
  const kept = addresses.filter(({ service }) => service === null || services.has(serviceKeyText(service)));
  return kept.length === addresses.length ? addresses : kept;
}

/** Why no connection to a real server of `fullnat` opens; null: it has local addresses, or another method. */
export function whyWithoutLocal({ key }: VirtualService, server: RealServer, { localAddresses }: Model): string | null {
  if (server.method !== 'fullnat') return null;
  const family = addressFamily(server.key.address);
  const name = serviceKeyText(key);
  const isIts = ({ address, service }: LocalAddress) =>
    addressFamily(address) === family && (service === null || serviceKeyText(service) === name);
  return localAddresses.some(isIts) ? null : `no local address of IPv${family}: new connections are dropped`;
}

function makeLocalAddress(spec: LocalAddressSpec, services: Services): LocalAddress | CommandError {
  const { address, service = null, firstPort = FIRST_PORT, lastPort = LAST_PORT } = spec;
  const error =
    checkPlace(address, service) ??
    checkInteger('firstPort', firstPort, 1, LAST_PORT) ??
    checkInteger('lastPort', lastPort, firstPort, LAST_PORT);
  if (error !== null) return error;
  const key = service && canonicalKey(service);
  if (key !== null && !services.has(serviceKeyText(key))) {
    return fault('no-such-service', 'service', `there is no service ${formatServiceKey(key)}`);
  }
  return { address: parseAddress(address)!, service: key, firstPort, lastPort };
}

function checkPlace(address: Address, service: ServiceKey | null): CommandError | null {
  const error = checkAddress('address', address) ?? (service && below('service', checkServiceKey(service)));
  if (error !== null) return error;
  if (isUnicast(parseAddress(address)!)) return null;
  return fault('invalid', 'address', `found ${address}, expected a unicast address, and no link-local one`);
}

function isOfOnePool(a: LocalAddress, b: LocalAddress): boolean {
  const owner = ({ service }: LocalAddress) => (service === null ? '' : serviceKeyText(service));
  return owner(a) === owner(b) && a.address.includes(':') === b.address.includes(':');
}
