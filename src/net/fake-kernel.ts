/** A kernel in memory, for tests: what is set here is notified as the real one would. */
import type { Address } from '../core/model/model.ts';
import {
  type Kernel,
  type KernelChange,
  KernelError,
  type Link,
  type LocalAddress,
  NEIGHBOUR_PROTOCOL,
  type Neighbour,
  type NeighbourKey,
  type NeighbourState,
  neighbourKeyText,
  type RouteAnswer,
} from './facts.ts';

export class FakeKernel implements Kernel {
  readonly linkList = new Map<number, Link>();
  readonly addressList: LocalAddress[] = [];
  readonly neighbourList = new Map<string, Neighbour>();
  readonly routeList = new Map<Address, RouteAnswer>();
  /** Who answers a probe, by `neighbourKeyText`; others fail. */
  readonly answers = new Map<string, Uint8Array>();
  readonly probes: string[] = [];
  readonly releases: string[] = [];
  readonly routesAsked: Address[] = [];
  /** What requests reject with; null: they work. */
  failure: string | null = null;
  hasManaged = true;
  closed = false;
  #listener: (change: KernelChange) => void = () => {};

  subscribe(listener: (change: KernelChange) => void): void {
    this.#listener = listener;
  }

  /** What the real kernel does of itself, or what a test wants it to have done. */
  notify(change: KernelChange): void {
    this.#listener(change);
  }

  setLink(link: Link): void {
    this.linkList.set(link.ifindex, link);
    this.notify({ type: 'link', link });
  }

  removeLink(ifindex: number): void {
    this.linkList.delete(ifindex);
    this.notify({ type: 'link-gone', ifindex });
  }

  setAddress(address: LocalAddress): void {
    this.addressList.splice(
      0,
      Infinity,
      ...this.addressList.filter((each) => each.address !== address.address),
      address,
    );
    this.notify({ type: 'address', address });
  }

  setRoute(address: Address, answer: RouteAnswer): void {
    this.routeList.set(address, answer);
    this.notify({ type: 'route', prefix: null });
  }

  setNeighbour(neighbour: Neighbour): void {
    this.neighbourList.set(neighbourKeyText(neighbour), neighbour);
    this.notify({ type: 'neighbour', neighbour });
  }

  /** Moves the entry to another state, as the kernel's timers do. */
  ageNeighbour(key: NeighbourKey, state: NeighbourState): void {
    const before = this.neighbourList.get(neighbourKeyText(key));
    if (before === undefined) throw new Error(`no neighbour ${neighbourKeyText(key)}`);
    this.setNeighbour({ ...before, state, mac: state === 'failed' || state === 'incomplete' ? null : before.mac });
  }

  removeNeighbour(key: NeighbourKey): void {
    this.neighbourList.delete(neighbourKeyText(key));
    this.notify({ type: 'neighbour-gone', key });
  }

  async links(): Promise<readonly Link[]> {
    return this.#answer([...this.linkList.values()]);
  }

  async addresses(): Promise<readonly LocalAddress[]> {
    return this.#answer([...this.addressList]);
  }

  async neighbours(): Promise<readonly Neighbour[]> {
    return this.#answer([...this.neighbourList.values()]);
  }

  async route(address: Address): Promise<RouteAnswer> {
    this.routesAsked.push(address);
    return this.#answer(this.routeList.get(address) ?? { ok: false, code: 'ENETUNREACH' });
  }

  async probe(key: NeighbourKey): Promise<{ readonly managed: boolean }> {
    const text = neighbourKeyText(key);
    this.probes.push(text);
    this.#answer(null);
    const mac = this.answers.get(text) ?? null;
    const state = mac === null ? 'failed' : 'reachable';
    this.setNeighbour({ ...key, mac, state, managed: this.hasManaged, protocol: NEIGHBOUR_PROTOCOL });
    return { managed: this.hasManaged };
  }

  async release(key: NeighbourKey): Promise<void> {
    const text = neighbourKeyText(key);
    this.releases.push(text);
    this.#answer(null);
    const entry = this.neighbourList.get(text);
    if (entry !== undefined) this.setNeighbour({ ...entry, managed: false });
  }

  close(): void {
    this.closed = true;
  }

  #answer<T>(value: T): T {
    if (this.failure !== null) throw new KernelError('ask the fake', this.failure);
    return value;
  }
}

/** A plain Ethernet device that is up. */
export function fakeLink(ifindex: number, name: string, fields: Partial<Link> = {}): Link {
  return {
    ifindex,
    name,
    mac: Uint8Array.of(2, 0, 0, 0, 0, ifindex),
    mtu: 1500,
    up: true,
    carrier: true,
    ethernet: true,
    loopback: false,
    kind: '',
    vlan: null,
    ...fields,
  };
}

export function fakeAddress(ifindex: number, address: string, fields: Partial<LocalAddress> = {}): LocalAddress {
  return {
    ifindex,
    address: address as Address,
    prefix: address.includes(':') ? 64 : 24,
    scope: 'global',
    deprecated: false,
    tentative: false,
    secondary: false,
    ...fields,
  };
}

export function fakeRoute(ifindex: number, fields: Partial<Extract<RouteAnswer, { ok: true }>> = {}): RouteAnswer {
  return { ok: true, type: 'unicast', ifindex, gateway: null, source: null, mtu: null, ...fields };
}
