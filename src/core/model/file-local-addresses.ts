/** What a configuration file makes of the list of local addresses. */
import {
  type LocalAddresses,
  localAddressText,
  localPoolText,
  localsByName,
  MAX_LOCAL_ADDRESSES,
  sameLocalPorts,
} from './local-addresses.ts';
import type { LocalAddress, Model } from './model.ts';
import { serviceKeyText } from './service-key.ts';

/**
 * - `changed`: objects that the file says something else of than before
 * - `named`: every object that it names, whatever commands did to it
 * - `alone`: the same, and what it does not name goes
 */
export type Extent = 'changed' | 'named' | 'alone';

interface Said {
  readonly before: LocalAddresses;
  readonly after: LocalAddresses;
  readonly extent: Extent;
}

/**
 * `running`: the model before its services were made the file's, `served`: since
 * then. Answers the list that is there where nothing changes. Where a pool has no
 * room for both, what commands added goes.
 */
export function localAddressesAfter(
  running: Model,
  served: Model,
  { before, after, extent }: Said,
): readonly LocalAddress[] {
  const isThere = ({ services }: Model, { service }: LocalAddress) =>
    service === null || services.has(serviceKeyText(service));
  // With a service that a command had deleted, its local addresses come back.
  const isNews = ([name, local]: [string, LocalAddress]) =>
    isThere(served, local) &&
    (extent !== 'changed' || !isThere(running, local) || !sameLocalPorts(before.get(name), local));
  const wanted = new Map([...after].filter(isNews));
  const goes = (name: string) => !after.has(name) && (extent === 'alone' || before.has(name));
  const kept = [...localsByName(served.localAddresses)].filter(([name]) => !goes(name));
  if (wanted.size === 0 && kept.length === served.localAddresses.length) return served.localAddresses;
  return withRoom([...new Map([...kept, ...wanted]).values()], after);
}

/** In the same order; those that the file names take their room first. */
function withRoom(addresses: readonly LocalAddress[], named: LocalAddresses): LocalAddress[] {
  const room = new Map<string, number>();
  const take = (local: LocalAddress) => {
    const pool = localPoolText(local);
    const left = (room.get(pool) ?? MAX_LOCAL_ADDRESSES) - 1;
    room.set(pool, left);
    return left >= 0;
  };
  const isNamed = (local: LocalAddress) => named.has(localAddressText(local));
  const first = addresses.filter((local) => isNamed(local) && take(local));
  const stay = new Set([...first, ...addresses.filter((local) => !isNamed(local) && take(local))]);
  return addresses.filter((local) => stay.has(local));
}
