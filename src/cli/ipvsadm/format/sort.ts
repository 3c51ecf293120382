/**
 * ipvsadm's order: marks last, TCP before UDP, IPv4 before IPv6, then by address and port.
 *
 * Addresses are compared by the sign of a 32-bit difference, so that of two
 * that lie more than 2^31 apart the greater one comes first, and the order can
 * even be a circle. Then the outcome depends on how qsort proceeds; glibc's
 * merges halves, and so does this.
 */
import { addressFamily, addressWords } from '../../../core/model/address.ts';
import type { Address } from '../../../core/model/model.ts';

interface Sortable {
  readonly address: Address;
  readonly port: number;
}

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

interface SortableService extends Sortable {
  readonly protocol: string;
  readonly mark: number | null;
}

export function compareServices(first: SortableService, second: SortableService): number {
  return (
    ((first.mark ?? 0) - (second.mark ?? 0)) | 0 ||
    familyNumber(first) - familyNumber(second) ||
    (PROTOCOL_NUMBERS[first.protocol] ?? 0) - (PROTOCOL_NUMBERS[second.protocol] ?? 0) ||
    compareServers(first, second)
  );
}

/** The first one's family says how much of the addresses is compared. */
export function compareServers(first: Sortable, second: Sortable): number {
  const left = addressWords(first.address);
  const right = addressWords(second.address);
  const compared = addressFamily(first.address) === 6 ? 4 : 1;
  for (let index = 0; index < compared; index += 1) {
    const difference = ((left[index] ?? 0) - (right[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return first.port - second.port;
}

export function sortAsQsort<T>(items: readonly T[], compare: (first: T, second: T) => number): readonly T[] {
  if (items.length < 2) return items;
  const middle = Math.floor(items.length / 2);
  const left = sortAsQsort(items.slice(0, middle), compare);
  const right = sortAsQsort(items.slice(middle), compare);
  const merged: T[] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    const [first, second] = [left[i] as T, right[j] as T];
    if (compare(first, second) <= 0) {
      merged.push(first);
      i += 1;
    } else {
      merged.push(second);
      j += 1;
    }
  }
  return [...merged, ...left.slice(i), ...right.slice(j)];
}

/** AF_INET and AF_INET6. */
function familyNumber({ address }: Sortable): number {
  return addressFamily(address) === 6 ? 10 : 2;
}
