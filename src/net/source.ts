/**
 * The outer source address of a tunnel: the director's own non-deprecated
 * address on the route, never a virtual IP. The kernel's choice comes first,
 * then the egress device's addresses, then the machine's others.
 */

import { addressBytes, addressFamily } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { inPrefix, isLinkLocal } from './address.ts';
import type { LocalAddress } from './facts.ts';
import type { Source } from './resolution.ts';

export interface SourceQuestion {
  /** Where the tunnel leads. */
  readonly destination: Address;
  /** The next hop: the gateway, or the destination itself. */
  readonly gateway: Address;
  /** The source that the route itself asks for, or the kernel would take. */
  readonly preferred: Address | null;
  /** The route's device. */
  readonly device: { readonly ifindex: number; readonly name: string };
  /** This machine's; one address may be on several devices. */
  readonly addresses: ReadonlyMap<Address, readonly LocalAddress[]>;
  readonly vips: ReadonlySet<Address>;
}

export function chooseSource(question: SourceQuestion): Source {
  // The kernel's choice outranks all; most machines need not look at their other (thousand) addresses.
  const preferred = question.preferred === null ? undefined : question.addresses.get(question.preferred);
  if (preferred?.some((each) => each.scope !== 'host' && objection(each, question) === null)) {
    return { ok: true, address: preferred[0]!.address };
  }
  const family = addressFamily(question.destination);
  const candidates = [...question.addresses.values()]
    .flat()
    .filter((each) => addressFamily(each.address) === family && each.scope !== 'host');
  const [best] = candidates
    .filter((each) => objection(each, question) === null)
    .map((each) => ({ address: each.address, rank: rank(each, question) }))
    .sort((a, b) => b.rank - a.rank);
  if (best !== undefined) return { ok: true, address: best.address };
  const objections = candidates.map((each) => `${each.address} ${objection(each, question)}`);
  const found = objections.length === 0 ? `this machine has no IPv${family} address` : objections.join(', ');
  return {
    ok: false,
    reason: `no source address for packets to ${question.destination} by ${question.device.name}: ${found}`,
  };
}

/** Why an address cannot be the source; null: it can. */
function objection(address: LocalAddress, { destination, device, vips }: SourceQuestion): string | null {
  if (vips.has(address.address)) return 'is a virtual IP';
  if (address.deprecated) return 'is deprecated';
  if (address.tentative) return 'is tentative';
  if (address.scope === 'link') {
    if (address.ifindex !== device.ifindex) return 'is of another link';
    // An IPv4 address of link scope is routable all the same; fe80::/10 is not.
    if (isLinkLocal(address.address) && !isLinkLocal(destination)) return 'is link-local';
  }
  return null;
}

/** Higher is better: the sum of what speaks for an address, each reason outweighing all those below it. */
function rank(address: LocalAddress, question: SourceQuestion): number {
  const reasons = [
    address.ifindex === question.device.ifindex,
    address.scope === 'global',
    !address.secondary,
    covers(address, question.gateway),
    covers(address, question.destination),
  ];
  return reasons.reduce((sum, holds) => sum * 2 + (holds ? 1 : 0), 0);
}

function covers(address: LocalAddress, other: Address): boolean {
  if (addressFamily(address.address) !== addressFamily(other)) return false;
  return inPrefix(addressBytes(other), addressBytes(address.address), address.prefix);
}
