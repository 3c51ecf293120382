/**
 * Follows the kernel's links, addresses, routes and neighbours, and says how
 * frames to each watched address leave this machine.
 *
 *   notifications -> tables -> routes asked again -> resolutions -> onChange
 *                          \-> a neighbour's new MAC: resolutions at once
 */
import type { Address } from '../core/model/model.ts';
import type { Kernel, KernelChange, LocalAddress, NeighbourKey } from './facts.ts';
import { type Interface, type InterfaceChange, interfaceChange, interfaceOf } from './interfaces.ts';
import { openKernel } from './kernel/netlink-kernel.ts';
import type { Log } from './log.ts';
import { NeighbourKeeper } from './neighbour-keeper.ts';
import { NeighbourTable } from './neighbour-table.ts';
import type { Resolution } from './resolution.ts';
import { ResolutionBook } from './resolution-book.ts';
import { type Facts, type LastWay, resolve } from './resolve.ts';
import { RouteBook } from './route-book.ts';
import { AddressTable, LinkTable } from './tables.ts';

export interface ResolverOptions {
  readonly log: Log;
  /** The resolution of these watched addresses is different now. Called within the turn that reads the notification. */
  readonly onChange: (changed: ReadonlySet<Address>) => void;
  readonly onInterface?: (change: InterfaceChange) => void;
  /** The seam; by default the kernel of this network namespace. */
  readonly kernel?: Kernel;
}

export interface Resolver {
  /**
   * Exactly these addresses are wanted from now on; `vips` are never a tunnel's
   * source. May call `onChange` before it returns: other VIPs, other sources.
   */
  watch(addresses: Iterable<Address>, vips: ReadonlySet<Address>): void;
  /**
   * Where frames to addresses went before this process: one whose neighbour does
   * not answer goes on there. Forgotten with the address, and with its device.
   */
  remember(lastWays: ReadonlyMap<Address, LastWay>): void;
  /** The last known; of an address that is not watched: unresolved. */
  resolution(address: Address): Resolution;
  /** Another object as soon as any answer of `resolution` may be another. */
  readonly edition: object;
  /**
   * Waits until no watched address waits for an answer of the kernel or of its
   * neighbour. False: the time (in milliseconds) was over before.
   */
  settled(timeout: number): Promise<boolean>;
  interfaces(): readonly Interface[];
  /** By index or by name. */
  interface(which: number | string): Interface | undefined;
  /** Of this machine, all interfaces. */
  localAddresses(): readonly LocalAddress[];
  /** Takes the marks off the neighbours that it kept. Twice is safe. */
  stop(): Promise<void>;
}

/** Milliseconds until a failed reading of the kernel's tables is tried again. */
const SYNC_RETRY = 1000;

/** Reads everything once. Rejects with a KernelError where netlink does not work. */
export async function startResolver(options: ResolverOptions): Promise<Resolver> {
  const resolver = new NetlinkResolver(options);
  try {
    await resolver.start();
  } catch (error) {
    await resolver.stop();
    throw error;
  }
  return resolver;
}

class NetlinkResolver implements Resolver {
  readonly #options: ResolverOptions;
  readonly #kernel: Kernel;
  readonly #links = new LinkTable();
  readonly #addresses = new AddressTable();
  readonly #neighbours = new NeighbourTable();
  readonly #keeper: NeighbourKeeper;
  readonly #routes: RouteBook;
  readonly #book: ResolutionBook;
  #vips: ReadonlySet<Address> = new Set();
  readonly #lastWays = new Map<Address, LastWay>();
  #waiting = new Set<() => void>();
  /** Changes that came while the tables were being read; null: they are not being read. */
  #backlog: KernelChange[] | null = null;
  #lostAgain = false;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#kernel = options.kernel ?? openKernel();
    const { log } = options;
    this.#keeper = new NeighbourKeeper({
      kernel: this.#kernel,
      table: this.#neighbours,
      log,
      onChange: (key) => this.#book.updateNeighbour(key),
    });
    this.#book = new ResolutionBook({
      resolve: (address) => resolve(address, this.#routes.answer(address), this.#facts),
      isUp: (ifindex) => this.#links.links.get(ifindex)?.up ?? false,
      keep: (key) => this.#keeper.keep(key),
      drop: (key) => this.#keeper.drop(key),
      onChange: (changed) => this.#report(changed),
    });
    this.#routes = new RouteBook({ kernel: this.#kernel, log, onAnswers: (addresses) => this.#update(addresses) });
  }

  async start(): Promise<void> {
    this.#kernel.subscribe((change) => this.#receive(change));
    await this.#read();
    if (!this.#lostAgain) return;
    this.#lostAgain = false;
    await this.#reread();
  }

  watch(addresses: Iterable<Address>, vips: ReadonlySet<Address>): void {
    const wanted = new Set(addresses);
    for (const address of [...this.#lastWays.keys()]) if (!wanted.has(address)) this.#lastWays.delete(address);
    const before = this.#vips;
    this.#vips = new Set(vips);
    const changed = [...before, ...vips].filter((vip) => before.has(vip) !== vips.has(vip));
    this.#routes.watch(wanted);
    this.#book.watch(wanted);
    const own = new Set(changed.filter((vip) => this.#addresses.addresses.has(vip)));
    if (own.size > 0) this.#update(this.#book.addresses().filter((address) => this.#sourceMayChange(address, own)));
    this.#neighbours.prune(this.#keeper.kept);
    this.#wake();
  }

  /** These addresses of ours have become virtual IPs, or are none any more. */
  #sourceMayChange(address: Address, vips: ReadonlySet<Address>): boolean {
    const resolution = this.#book.get(address);
    if (resolution.state === 'unresolved') return false;
    if (!resolution.source.ok || vips.has(resolution.source.address)) return true;
    const answer = this.#routes.answer(address);
    // The kernel's choice was passed over: it may do now, and so may another address before the one taken.
    return answer?.ok === true && answer.source !== resolution.source.address;
  }

  remember(lastWays: ReadonlyMap<Address, LastWay>): void {
    for (const [address, way] of lastWays) this.#lastWays.set(address, way);
    this.#update(this.#book.addresses().filter((address) => lastWays.has(address)));
  }

  resolution(address: Address): Resolution {
    return this.#book.get(address);
  }

  get edition(): object {
    return this.#book.edition;
  }

  settled(timeout: number): Promise<boolean> {
    return new Promise((done) => {
      const end = (settled: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        done(settled);
      };
      const look = (): void => {
        if (this.#stopped || (this.#routes.idle && this.#book.pending === 0)) end(true);
      };
      const timer = setTimeout(() => end(false), timeout);
      this.#waiting.add(look);
      look();
    });
  }

  interfaces(): readonly Interface[] {
    return [...this.#links.links.values()].map(interfaceOf);
  }

  interface(which: number | string): Interface | undefined {
    return this.interfaces().find((each) => each.ifindex === which || each.name === which);
  }

  localAddresses(): readonly LocalAddress[] {
    return [...this.#addresses.addresses.values()].flat();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#routes.stop();
    await this.#keeper.stop();
    this.#kernel.close();
    for (const look of [...this.#waiting]) look();
  }

  get #facts(): Facts {
    return {
      links: this.#links.links,
      tagged: this.#links.tagged,
      addresses: this.#addresses.addresses,
      vips: this.#vips,
      lastWays: this.#lastWays,
      neighbour: (key) => {
        const entry = this.#neighbours.get(key);
        return { state: entry?.state ?? 'none', mac: entry?.mac ?? null, ...this.#keeper.outlook(key) };
      },
    };
  }

  #receive(change: KernelChange): void {
    if (this.#stopped) return;
    if (change.type === 'lost') {
      this.#options.log.warn({}, `reading the kernel's network anew: ${change.reason}`);
      void this.#reread();
    } else if (this.#backlog !== null) this.#backlog.push(change);
    else this.#apply(change);
  }

  #apply(change: Exclude<KernelChange, { type: 'lost' }>): void {
    switch (change.type) {
      case 'link':
        this.#setLink(change.link.ifindex, () => this.#links.set(change.link));
        return;
      case 'link-gone':
        this.#neighbours.forgetDevice(change.ifindex);
        for (const [address, way] of this.#lastWays) if (way.ifindex === change.ifindex) this.#lastWays.delete(address);
        this.#setLink(change.ifindex, () => this.#links.delete(change.ifindex));
        return;
      case 'address':
        if (this.#addresses.set(change.address)) this.#routes.invalidate(null);
        return;
      case 'address-gone':
        if (this.#addresses.delete(change.address)) this.#routes.invalidate(null);
        return;
      case 'neighbour':
        if (this.#neighbours.set(change.neighbour)) this.#neighbourChanged(change.neighbour);
        return;
      case 'neighbour-gone':
        if (this.#neighbours.delete(change.key)) this.#neighbourChanged(change.key);
        return;
      case 'route':
        this.#routes.invalidate(change.prefix);
        return;
    }
  }

  /** Routes go with their device without a notification of their own. */
  #setLink(ifindex: number, set: () => boolean): void {
    const before = this.#links.links.get(ifindex);
    if (!set()) return;
    this.#routes.invalidate(null);
    const change = interfaceChange(before, this.#links.links.get(ifindex));
    if (change !== null) this.#options.onInterface?.(change);
  }

  #neighbourChanged(key: NeighbourKey): void {
    this.#keeper.observe(key);
    this.#book.updateNeighbour(key);
    this.#wake();
  }

  #update(addresses: readonly Address[]): void {
    this.#book.update(addresses);
    this.#wake();
  }

  #report(changed: ReadonlySet<Address>): void {
    if (!this.#stopped) this.#options.onChange(changed);
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** After lost notifications; tries until it succeeds. */
  async #reread(): Promise<void> {
    if (this.#backlog !== null || this.#retry !== undefined) {
      this.#lostAgain = true;
      return;
    }
    try {
      await this.#read();
    } catch (error) {
      if (this.#stopped) return;
      this.#options.log.warn({}, `cannot read the kernel's network, trying again: ${String(error)}`);
      this.#lostAgain = true;
    }
    if (!this.#lostAgain || this.#stopped) return;
    this.#lostAgain = false;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#reread();
    }, SYNC_RETRY);
  }

  async #read(): Promise<void> {
    this.#backlog = [];
    try {
      const links = await this.#kernel.links();
      const addresses = await this.#kernel.addresses();
      const neighbours = await this.#kernel.neighbours();
      if (this.#stopped) return;
      const here = new Set(links.map((link) => link.ifindex));
      const gone = [...this.#links.links.keys()].filter((ifindex) => !here.has(ifindex));
      for (const ifindex of gone) this.#apply({ type: 'link-gone', ifindex });
      for (const link of links) this.#apply({ type: 'link', link });
      this.#addresses.replace(addresses);
      for (const key of this.#neighbours.replace(neighbours)) this.#neighbourChanged(key);
    } finally {
      // A change older than the tables may go back for a moment; the newer one stands behind it.
      const backlog = this.#backlog ?? [];
      this.#backlog = null;
      for (const change of backlog) this.#receive(change);
    }
    this.#routes.invalidate(null);
  }
}
