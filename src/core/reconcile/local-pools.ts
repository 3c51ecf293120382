/** The local addresses of `fullnat` as the data plane finds them: by service id and family of the real server. */
import { AddressFamily, LocalLimit, type LocalPool, type LocalPoolKey } from '../../dataplane/types.gen.ts';
import { addressFamily, addressWords } from '../model/address.ts';
import type { LocalAddress } from '../model/model.ts';
import { serviceKeyText } from '../model/service-key.ts';
import type { Operation } from './operations.ts';

interface LocalPoolElement {
  readonly key: LocalPoolKey;
  readonly value: LocalPool;
}

/** By the text of the key. */
export type LocalPools = ReadonlyMap<string, LocalPoolElement>;

/** Pool of every service that has none of its own: no service has this id. */
const EVERY_SERVICE = 0;
const NO_ADDRESS = { address: { word: [0, 0, 0, 0] }, first_port: 0, last_port: 0 };

/** `idOf`: the id of a service by `serviceKeyText`; those of a service that has no packets are left out. */
export function localPoolsOf(
  addresses: readonly LocalAddress[],
  idOf: (service: string) => number | undefined,
): LocalPools {
  const members = new Map<string, { key: LocalPoolKey; addresses: LocalAddress[] }>();
  for (const local of addresses) {
    const service = local.service === null ? EVERY_SERVICE : idOf(serviceKeyText(local.service));
    if (service === undefined) continue;
    const isFour = addressFamily(local.address) === 4;
    const key = { service, family: isFour ? AddressFamily.FAMILY_IPV4 : AddressFamily.FAMILY_IPV6 };
    const known = members.get(JSON.stringify(key));
    if (known === undefined) members.set(JSON.stringify(key), { key, addresses: [local] });
    else known.addresses.push(local);
  }
  return localPoolsByKey([...members.values()].map(({ key, addresses }) => ({ key, value: poolOf(addresses) })));
}

export function localPoolsByKey(elements: readonly LocalPoolElement[]): LocalPools {
  return new Map(elements.map((element) => [JSON.stringify(element.key), element]));
}

/** What makes `found` into `wanted`: pools that are there, before services that need them; then those that go. */
export function localPoolOperations(found: LocalPools, wanted: LocalPools): { set: Operation[]; delete: Operation[] } {
  if (found === wanted) return { set: [], delete: [] };
  const isNew = ([name, { value }]: [string, LocalPoolElement]) => !samePool(found.get(name)?.value, value);
  return {
    set: [...wanted].filter(isNew).map(([, { key, value }]) => ({ op: 'set-local-pool', key, value })),
    delete: [...found].filter(([name]) => !wanted.has(name)).map(([, { key }]) => ({ op: 'delete-local-pool', key })),
  };
}

function poolOf(addresses: readonly LocalAddress[]): LocalPool {
  const values = addresses.map(({ address, firstPort: first_port, lastPort: last_port }) => ({
    address: { word: addressWords(address) },
    first_port,
    last_port,
  }));
  const ports = Math.max(...addresses.map(({ firstPort, lastPort }) => lastPort - firstPort + 1));
  const empty = new Array<typeof NO_ADDRESS>(LocalLimit.LOCAL_ADDRESSES - values.length).fill(NO_ADDRESS);
  return { count: values.length, ports, address: [...values, ...empty] };
}

function samePool(a: LocalPool | undefined, b: LocalPool): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
