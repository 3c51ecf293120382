import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../core/model/model.ts';
import { KernelError, type NeighbourKey } from './facts.ts';
import { FakeKernel, fakeAddress, fakeLink, fakeRoute } from './fake-kernel.ts';
import type { InterfaceChange } from './interfaces.ts';
import type { Resolved } from './resolution.ts';
import { type Resolver, startResolver } from './resolver.ts';

const A = '10.0.0.5' as Address;
const B = '10.0.0.6' as Address;
const GATEWAY = '10.0.0.254' as Address;
const none: ReadonlySet<Address> = new Set();
const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 9, last);
const key = (address: Address): NeighbourKey => ({ ifindex: 2, address });
const text = (address: Address): string => `2|${address}`;

let kernel: FakeKernel;
let resolver: Resolver;
let changes: Address[][];
let interfaces: InterfaceChange[];
let warnings: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  kernel = new FakeKernel();
  kernel.setLink(fakeLink(2, 'eth1'));
  kernel.setAddress(fakeAddress(2, '10.0.0.1'));
  for (const address of [A, B]) {
    kernel.setRoute(address, fakeRoute(2, { source: '10.0.0.1' as Address }));
    kernel.answers.set(text(address), mac(1));
  }
  changes = [];
  interfaces = [];
  warnings = [];
  resolver = await startResolver({
    kernel,
    log: { debug() {}, info() {}, warn: (_, message) => warnings.push(message) },
    onChange: (changed) => changes.push([...changed]),
    onInterface: (change) => interfaces.push(change),
  });
});

afterEach(async () => {
  await resolver.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

async function watch(...addresses: Address[]): Promise<void> {
  resolver.watch(addresses, none);
  await vi.advanceTimersByTimeAsync(50);
  changes.length = 0;
}

function resolved(address: Address): Resolved {
  const resolution = resolver.resolution(address);
  if (resolution.state !== 'resolved') throw new Error(resolution.reason);
  return resolution;
}

describe('watching', () => {
  it('finds route and neighbour of a new address, and says so', async () => {
    resolver.watch([A], none);
    expect(resolver.resolution(A)).toEqual({
      state: 'unresolved',
      reason: `looking up the route to ${A}`,
      pending: true,
    });
    expect(changes).toEqual([]);
    const settled = resolver.settled(1000);
    await vi.advanceTimersByTimeAsync(1);
    expect(await settled).toBe(true);
    expect(resolved(A)).toMatchObject({ mac: mac(1), neighbour: 'reachable', problem: null });
    expect(changes.flat()).toContain(A);
  });

  it.each(['before', 'after'])(
    'goes on where frames went, told %s it is asked, until the neighbour answers or nobody wants it',
    async (when) => {
      kernel.answers.delete(text(A));
      const remember = () =>
        resolver.remember(new Map([A, B].map((address) => [address, { ifindex: 2, mac: mac(7) }])));
      if (when === 'before') remember();
      await watch(A, B);
      if (when === 'after') remember();
      expect(resolved(A)).toMatchObject({ mac: mac(7), neighbour: 'failed' });
      expect(resolved(B)).toMatchObject({ mac: mac(1), problem: null });
      expect(await resolver.settled(0)).toBe(true);
      await watch(B);
      await watch(A, B);
      expect(resolver.resolution(A)).toMatchObject({ state: 'unresolved' });
    },
  );

  it('forgets where frames went with the device', async () => {
    kernel.answers.delete(text(A));
    resolver.remember(new Map([[A, { ifindex: 2, mac: mac(7) }]]));
    await watch(A);
    kernel.removeLink(2);
    kernel.setLink(fakeLink(2, 'eth1'));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolver.resolution(A)).toMatchObject({ state: 'unresolved' });
  });

  it('says when the time to settle is over', async () => {
    kernel.probe = () => new Promise(() => {});
    resolver.watch([A], none);
    const settled = resolver.settled(300);
    await vi.advanceTimersByTimeAsync(300);
    expect(await settled).toBe(false);
  });

  it('lets go of what is no longer watched', async () => {
    await watch(A, B);
    await watch(B);
    expect(resolver.resolution(A)).toMatchObject({ state: 'unresolved', reason: `${A} is not watched` });
    expect(kernel.releases).toEqual([text(A)]);
    expect(resolved(B).mac).toEqual(mac(1));
  });

  it('takes no virtual IP for a source, from the moment that it is one', async () => {
    await watch(A);
    expect(resolved(A).source).toEqual({ ok: true, address: '10.0.0.1' });
    resolver.watch([A], new Set(['10.0.0.1' as Address]));
    expect(changes).toEqual([[A]]);
    expect(resolved(A).source).toMatchObject({ ok: false });
    kernel.setAddress(fakeAddress(2, '10.0.0.2'));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A).source).toEqual({ ok: true, address: '10.0.0.2' });
    resolver.watch([A], none);
    expect(resolved(A).source).toEqual({ ok: true, address: '10.0.0.1' });
    resolver.watch([A], new Set(['10.0.0.2' as Address]));
    expect(resolved(A).source).toEqual({ ok: true, address: '10.0.0.1' });
  });
});

describe('neighbours', () => {
  it("has a new MAC address in the turn of the kernel's notification", async () => {
    await watch(A, B);
    kernel.setNeighbour({ ...key(A), mac: mac(7), state: 'reachable', managed: true, protocol: 0x78 });
    expect(changes).toEqual([[A]]);
    expect(resolved(A).mac).toEqual(mac(7));
    expect(resolved(B).mac).toEqual(mac(1));
  });

  it('tells nobody of reachable, stale, delay and probe', async () => {
    await watch(A);
    for (const state of ['stale', 'delay', 'probe', 'reachable'] as const) kernel.ageNeighbour(key(A), state);
    expect(changes).toEqual([]);
    kernel.ageNeighbour(key(A), 'stale');
    expect(resolved(A).neighbour).toBe('stale');
  });

  it('goes on with the last MAC address through failure and removal, and probes ever more slowly', async () => {
    await watch(A);
    kernel.answers.delete(text(A));
    kernel.probes.length = 0;
    kernel.ageNeighbour(key(A), 'failed');
    expect(changes).toEqual([[A]]);
    expect(resolved(A)).toMatchObject({ mac: mac(1), neighbour: 'failed', problem: expect.stringContaining('FAILED') });
    kernel.removeNeighbour(key(A));
    expect(resolved(A)).toMatchObject({ mac: mac(1), problem: expect.stringContaining('FAILED') });
    await vi.advanceTimersByTimeAsync(60_000);
    // At once and after 1, 2, 4, 8, 15, 15 seconds.
    expect(kernel.probes.length).toBeGreaterThanOrEqual(7);
    expect(kernel.probes.length).toBeLessThanOrEqual(9);
    kernel.answers.set(text(A), mac(3));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(resolved(A)).toMatchObject({ mac: mac(3), problem: null });
  });

  it('uses a static entry as it is', async () => {
    kernel.setNeighbour({ ...key(A), mac: mac(8), state: 'permanent', managed: false, protocol: 0 });
    await watch(A);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kernel.probes).toEqual([]);
    expect(resolved(A)).toMatchObject({ mac: mac(8), neighbour: 'permanent' });
  });

  it("marks an entry that was there, and again when somebody takes the mark off, but not another's", async () => {
    kernel.setNeighbour({ ...key(A), mac: mac(1), state: 'stale', managed: false, protocol: 0 });
    kernel.setNeighbour({ ...key(B), mac: mac(1), state: 'stale', managed: true, protocol: 0 });
    await watch(A, B);
    expect(kernel.probes).toEqual([text(A)]);
    kernel.setNeighbour({ ...key(A), mac: mac(1), state: 'stale', managed: false, protocol: 0x78 });
    expect(kernel.probes).toEqual([text(A), text(A)]);
    await resolver.stop();
    expect(kernel.releases).toEqual([text(A)]);
    expect(kernel.closed).toBe(true);
  });

  it('probes stale ones where the kernel has no managed entries', async () => {
    kernel.hasManaged = false;
    await watch(A);
    kernel.probes.length = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(kernel.probes).toEqual([]);
    kernel.ageNeighbour(key(A), 'stale');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kernel.probes).toEqual([text(A)]);
  });

  it('says why it cannot probe', async () => {
    await watch();
    kernel.probe = () => Promise.reject(new KernelError('probe a neighbour', 'EPERM'));
    await watch(A);
    expect(resolver.resolution(A)).toEqual({
      state: 'unresolved',
      reason: `eth1: cannot probe ${A}: the capability CAP_NET_ADMIN is missing (EPERM)`,
      pending: false,
    });
  });
});

describe('routes', () => {
  it('asks once for a burst of changes, and for the addresses concerned alone', async () => {
    await watch(A, B);
    kernel.routesAsked.length = 0;
    const prefix = { family: 4 as const, address: Uint8Array.of(10, 0, 0, 5), length: 32 };
    for (let i = 0; i < 10; i++) kernel.notify({ type: 'route', prefix });
    await vi.advanceTimersByTimeAsync(50);
    expect(kernel.routesAsked).toEqual([A]);
  });

  it('goes by the old next hop until the new one is known', async () => {
    await watch(A);
    let answer = (): void => {};
    const probe = kernel.probe.bind(kernel);
    kernel.probe = async (which) => {
      await new Promise<void>((done) => {
        answer = done;
      });
      return probe(which);
    };
    kernel.answers.set(text(GATEWAY), mac(4));
    kernel.setRoute(A, fakeRoute(2, { gateway: GATEWAY }));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A)).toMatchObject({ mac: mac(1), gateway: A, problem: expect.stringContaining('old next hop') });
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(resolved(A)).toMatchObject({ mac: mac(4), gateway: GATEWAY, problem: null });
    expect(kernel.releases).toEqual([text(A)]);
  });

  it('gives the old next hop up when the new one does not answer', async () => {
    await watch(A);
    kernel.setRoute(A, fakeRoute(2, { gateway: GATEWAY }));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolver.resolution(A)).toMatchObject({ reason: `eth1: no answer to ARP for ${GATEWAY} (FAILED)` });
  });

  it('keeps an answer when asking again fails, and asks later', async () => {
    await watch(A);
    kernel.failure = 'ENOBUFS';
    kernel.setRoute(A, fakeRoute(2, { mtu: 1400 }));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A).mtu).toBe(1500);
    expect(warnings).toHaveLength(1);
    kernel.failure = null;
    await vi.advanceTimersByTimeAsync(1000);
    expect(resolved(A).mtu).toBe(1400);
  });

  it('asks for all of them once a minute: some changes have no notification', async () => {
    await watch(A);
    kernel.routeList.set(A, fakeRoute(2, { mtu: 1300 }));
    await vi.advanceTimersByTimeAsync(61_000);
    expect(resolved(A).mtu).toBe(1300);
  });
});

describe('links', () => {
  it('reports what changes about interfaces', () => {
    kernel.setLink(fakeLink(2, 'eth1', { mtu: 9000 }));
    kernel.setLink(fakeLink(2, 'eth1', { mtu: 9000 }));
    kernel.setLink(fakeLink(3, 'eth2'));
    kernel.removeLink(3);
    expect(interfaces.map((change) => `${change.type} ${change.interface.name}`)).toEqual([
      'added eth1',
      'changed eth1',
      'added eth2',
      'removed eth2',
    ]);
    expect(resolver.interface('eth1')).toMatchObject({ ifindex: 2, mtu: 9000, up: true });
    expect(resolver.interface(3)).toBeUndefined();
  });

  it('forgets neighbours with their device and finds them when it comes back with another index', async () => {
    await watch(A);
    kernel.removeLink(2);
    kernel.routeList.delete(A);
    await vi.advanceTimersByTimeAsync(50);
    expect(resolver.resolution(A)).toMatchObject({ state: 'unresolved', reason: `no route to ${A}` });
    kernel.setLink(fakeLink(5, 'eth1'));
    kernel.answers.set(`5|${A}`, mac(2));
    kernel.setRoute(A, fakeRoute(5));
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A)).toMatchObject({ ifindex: 5, mac: mac(2) });
  });
});

describe('lost notifications', () => {
  it('reads everything anew and reports what is different', async () => {
    await watch(A, B);
    kernel.neighbourList.set(text(A), { ...key(A), mac: mac(6), state: 'reachable', managed: true, protocol: 0x78 });
    kernel.neighbourList.delete(text(B));
    kernel.linkList.set(2, fakeLink(2, 'eth1', { mtu: 1400 }));
    kernel.notify({ type: 'lost', reason: 'ENOBUFS' });
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A)).toMatchObject({ mac: mac(6), mtu: 1400 });
    expect(resolved(B)).toMatchObject({ mac: mac(1), mtu: 1400 });
    expect(changes.flat()).toEqual(expect.arrayContaining([A, B]));
  });

  it('applies what comes meanwhile after what it reads', async () => {
    await watch(A);
    kernel.notify({ type: 'lost', reason: 'ENOBUFS' });
    kernel.setNeighbour({ ...key(A), mac: mac(7), state: 'reachable', managed: true, protocol: 0x78 });
    await vi.advanceTimersByTimeAsync(50);
    expect(resolved(A).mac).toEqual(mac(7));
  });

  it('tries again until it can', async () => {
    await watch(A);
    kernel.failure = 'ENOBUFS';
    kernel.notify({ type: 'lost', reason: 'ENOBUFS' });
    await vi.advanceTimersByTimeAsync(2500);
    kernel.failure = null;
    kernel.linkList.set(2, fakeLink(2, 'eth1', { mtu: 1400 }));
    await vi.advanceTimersByTimeAsync(1100);
    expect(resolved(A).mtu).toBe(1400);
  });
});

it('rejects where netlink does not work', async () => {
  const broken = new FakeKernel();
  broken.failure = 'EPERM';
  const log = { debug() {}, info() {}, warn() {} };
  await expect(startResolver({ kernel: broken, log, onChange() {} })).rejects.toThrow('EPERM');
  expect(broken.closed).toBe(true);
});
