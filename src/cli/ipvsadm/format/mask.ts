/** The mask of a persistent service, as listings show it and -M takes it. */
import { addressFamily } from '../../../core/model/address.ts';
import type { Address } from '../../../core/model/model.ts';
import { prefixLength } from '../../../core/model/netmask.ts';

/** Undefined where it is every client by itself, which ipvsadm does not show. */
export function maskText(netmask: Address): string | undefined {
  if (addressFamily(netmask) === 4) return netmask === '255.255.255.255' ? undefined : netmask;
  const length = prefixLength(netmask);
  return length === 128 ? undefined : String(length);
}
