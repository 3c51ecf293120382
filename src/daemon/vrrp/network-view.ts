/** The links and addresses of this network namespace, as the kernel's notifications keep them. */
import type { Kernel, KernelChange, Link, LocalAddress } from '../../net/facts.ts';

export class NetworkView {
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, LocalAddress>();

  /** Rejects with a KernelError. */
  async read(kernel: Pick<Kernel, 'links' | 'addresses'>): Promise<void> {
    const links = await kernel.links(); // one after the other: a netlink socket has one dump at a time
    const addresses = await kernel.addresses();
    this.#links.clear();
    this.#addresses.clear();
    for (const link of links) this.#links.set(link.ifindex, link);
    for (const address of addresses) this.#addresses.set(keyOf(address), address);
  }

  /** Whether the change was about links or addresses. */
  apply(change: KernelChange): boolean {
    switch (change.type) {
      case 'link':
        this.#links.set(change.link.ifindex, change.link);
        return true;
      case 'link-gone':
        this.#links.delete(change.ifindex);
        return true;
      case 'address':
        this.#addresses.set(keyOf(change.address), change.address);
        return true;
      case 'address-gone':
        this.#addresses.delete(keyOf(change.address));
        return true;
      default:
        return false;
    }
  }

  link(name: string): Link | undefined {
    return [...this.#links.values()].find((link) => link.name === name);
  }

  linkAt(ifindex: number): Link | undefined {
    return this.#links.get(ifindex);
  }

  addressesOf(ifindex: number): LocalAddress[] {
    return [...this.#addresses.values()].filter((address) => address.ifindex === ifindex);
  }

  /** The link that has this address. */
  holderOf(address: string): Link | undefined {
    const found = [...this.#addresses.values()].find((each) => each.address === address);
    return found && this.#links.get(found.ifindex);
  }
}

function keyOf({ ifindex, address, prefix }: LocalAddress): string {
  return `${ifindex} ${address}/${prefix}`;
}
