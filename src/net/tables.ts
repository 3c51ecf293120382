/**
 * What the kernel said last of links and addresses. Changed by notifications
 * and replaced as a whole when they were lost.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Address } from '../core/model/model.ts';
import type { Link, LocalAddress } from './facts.ts';

export class LinkTable {
  readonly #links = new Map<number, Link>();
  #tagged: ReadonlySet<number> | undefined;

  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  /** Indexes of the devices that VLAN devices stand on. */
  get tagged(): ReadonlySet<number> {
    this.#tagged ??= new Set([...this.#links.values()].flatMap((link) => link.vlan?.lower ?? []));
    return this.#tagged;
  }

  /** Says whether anything is different now. */
  set(link: Link): boolean {
    if (isDeepStrictEqual(this.#links.get(link.ifindex), link)) return false;
    this.#links.set(link.ifindex, link);
    this.#tagged = undefined;
    return true;
  }

  delete(ifindex: number): boolean {
    this.#tagged = undefined;
    return this.#links.delete(ifindex);
  }
}

export class AddressTable {
  readonly #addresses = new Map<Address, readonly LocalAddress[]>();

  /** One address may be on several devices. */
  get addresses(): ReadonlyMap<Address, readonly LocalAddress[]> {
    return this.#addresses;
  }

  /** Says whether anything is different now. */
  set(address: LocalAddress): boolean {
    const before = this.#addresses.get(address.address) ?? [];
    if (before.some((each) => isDeepStrictEqual(each, address))) return false;
    this.#addresses.set(address.address, [...before.filter((each) => !sameEntry(each, address)), address]);
    return true;
  }

  delete(address: LocalAddress): boolean {
    const before = this.#addresses.get(address.address);
    if (before === undefined) return false;
    const after = before.filter((each) => !sameEntry(each, address));
    if (after.length > 0) this.#addresses.set(address.address, after);
    else this.#addresses.delete(address.address);
    return after.length !== before.length;
  }

  replace(addresses: readonly LocalAddress[]): void {
    this.#addresses.clear();
    for (const address of addresses) this.set(address);
  }
}

/** The kernel tells entries apart by device, address and prefix. */
function sameEntry(a: LocalAddress, b: LocalAddress): boolean {
  return a.ifindex === b.ifindex && a.prefix === b.prefix;
}
