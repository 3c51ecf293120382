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

/** By `localAddressText`. */
export type LocalAddresses = ReadonlyMap<string, LocalAddress>;

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
  const list = new List(addresses);
  return list.add(spec, services) ?? list.addresses;
}

/** The list as a whole. What is in `before` alike keeps its object. */
export function setLocalAddresses(
  before: readonly LocalAddress[],
  specs: readonly LocalAddressSpec[],
  services: Services,
): readonly LocalAddress[] | CommandError {
  const known = localsByName(before);
  const list = new List([]);
  for (const [i, spec] of specs.entries()) {
    const error = list.add(spec, services);
    if (error !== null) return below(`addresses[${i}]`, error)!;
  }
  return list.addresses.map((local) => {
    const old = known.get(localAddressText(local));
    return old !== undefined && sameLocalPorts(old, local) ? old : local;
  });
}

export function localsByName(addresses: readonly LocalAddress[]): LocalAddresses {
  return new Map(addresses.map((local) => [localAddressText(local), local]));
}

export function sameLocalPorts(a: LocalAddress | undefined, b: LocalAddress): boolean {
  return a?.firstPort === b.firstPort && a.lastPort === b.lastPort;
}

/** Which addresses are chosen from together: those of a service, or of every one, for one family of real servers. */
export function localPoolText({ address, service }: Pick<LocalAddress, 'address' | 'service'>): string {
  return `${service === null ? '' : serviceKeyText(service)} ${addressFamily(address)}`;
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

/** A list that grows: a file may have thousands of them. */
class List {
  readonly #byName: Map<string, LocalAddress>;
  readonly #pools = new Map<string, number>();

  constructor(addresses: readonly LocalAddress[]) {
    this.#byName = new Map(localsByName(addresses));
    for (const local of addresses) this.#count(local);
  }

  get addresses(): readonly LocalAddress[] {
    return [...this.#byName.values()];
  }

  add(spec: LocalAddressSpec, services: Services): CommandError | null {
    const made = makeLocalAddress(spec, services);
    if ('code' in made) return made;
    const name = localAddressText(made);
    if (this.#byName.has(name)) return fault('local-address-exists', '', `${name} is a local address already`);
    if (this.#count(made) > MAX_LOCAL_ADDRESSES) {
      const whose = made.service === null ? 'every service' : formatServiceKey(made.service);
      return fault('invalid', '', `found one more local address of ${whose}, expected at most ${MAX_LOCAL_ADDRESSES}`);
    }
    this.#byName.set(name, made);
    return null;
  }

  /** How many its pool has with it. */
  #count(local: LocalAddress): number {
    const pool = localPoolText(local);
    const count = (this.#pools.get(pool) ?? 0) + 1;
    this.#pools.set(pool, count);
    return count;
  }
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
