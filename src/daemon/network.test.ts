import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import type { Address, Model } from '../core/model/model.ts';
import { NO_INTERFACE } from '../core/reconcile/next-hop.ts';
import type { Interface } from '../net/interfaces.ts';
import { type Resolution, unresolved } from '../net/resolution.ts';
import { lastWays, networkView, watchedBy, watchedByBoth } from './network.ts';

const VIP = '192.0.2.1' as Address;
const SERVICE = { protocol: 'tcp', address: VIP, port: 80 } as const;
const [NEAR, FAR, LOST, NEW] = ['10.0.0.1', '10.1.0.1', '10.2.0.1', '10.3.0.1'] as [Address, Address, Address, Address];
const MARK = {
  destination: { address: '192.0.2.9' as Address, length: 32 },
  ...{ source: null, protocols: [], ports: [], mark: 7 },
} as const;

const device = (ifindex: number, last = ifindex & 255): Interface => ({
  ...{
    ifindex,
    name: `eth${ifindex}`,
    mac: Uint8Array.of(2, 0, 0, 0, 0, last),
    mtu: 1500,
    up: true,
    kind: '',
  },
});

const by = (ifindex: number): Resolution => ({
  ...{ state: 'resolved', ifindex, interfaceName: `eth${ifindex}`, gateway: NEAR, mac: new Uint8Array(6), mtu: 1500 },
  ...{ source: { ok: false, reason: 'none' }, vlan: { mode: 'keep' }, neighbour: 'stale', problem: null },
});

function resolver(found: Partial<Record<Address, Resolution>>, indexes: readonly number[]) {
  return {
    edition: {},
    resolution: (address: Address) => found[address] ?? unresolved('no route'),
    interfaces: () => indexes.map((index) => device(index)),
  };
}

const model = ((): Model => {
  const servers = [NEAR, FAR, LOST].map((address) => ({ address, port: 80 }));
  const applied = applyCommands(emptyModel, [{ type: 'replace', services: [{ ...SERVICE, servers }] }]);
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
})();

describe('networkView', () => {
  it('has attached interfaces and those that frames only leave by', () => {
    const network = networkView({
      resolver: resolver({ [NEAR]: by(3), [FAR]: by(4) }, [2, 3, 4, 5]),
      attached: () => new Set([2, 3]),
      routersOn: (name) => (name === 'eth3' ? [51] : []),
    })(model);
    expect(network.interfaces.map(({ ifindex, attached, routers }) => [ifindex, attached, routers])).toEqual([
      [2, true, []],
      [3, true, [51]],
      [4, false, []],
    ]);
    expect(network.resolution(FAR)).toMatchObject({ state: 'resolved', ifindex: 4, source: null });
    expect(network.resolution(LOST)).toEqual({ state: 'unresolved', reason: 'no route' });
  });

  it('sends nothing by an interface whose place another one has', () => {
    const sources = { resolver: resolver({ [NEAR]: by(2), [FAR]: by(1026) }, [2, 1026]), routersOn: () => [] };
    const network = networkView({ ...sources, attached: () => new Set([2]) })(model);
    expect(network.interfaces.map(({ ifindex }) => ifindex)).toEqual([2]);
    expect(network.resolution(NEAR)).toMatchObject({ ifindex: 2 });
    expect(network.resolution(FAR)).toEqual({ state: 'unresolved', reason: expect.stringContaining('same place') });
  });

  it('is the same network until something in it changes', () => {
    const world = { resolver: resolver({ [NEAR]: by(4) }, [2, 3, 4]), attached: new Set([2]), routers: [] as number[] };
    const sources = { attached: () => world.attached, routersOn: () => world.routers };
    const view = networkView({ ...sources, resolver: world.resolver });
    const changes: [what: string, change: () => void][] = [
      ['an answer of the resolver', () => Object.assign(world.resolver, { edition: {} })],
      ['an attached interface', () => Object.assign(world, { attached: new Set([2, 3]) })],
      ['a virtual router', () => Object.assign(world, { routers: [51] })],
      ['a MAC address', () => Object.assign(world.resolver, { interfaces: () => [2, 3, 4].map((i) => device(i, 9)) })],
    ];
    for (const [what, change] of changes) {
      const before = view(model);
      expect(view({ ...model }), what).toBe(before);
      change();
      expect(view(model), what).not.toBe(before);
    }
    expect(view(model).interfaces.map(({ ifindex }) => ifindex)).toEqual([2, 3, 4]);
    expect(view(emptyModel).interfaces.map(({ ifindex }) => ifindex)).toEqual([2, 3]);
  });
});

describe('watchedBy', () => {
  const changedBy = (...commands: readonly Command[]): Model => {
    const applied = applyCommands(model, commands);
    if ('error' in applied) throw new Error(applied.error.message);
    return applied.model;
  };
  const server = (address: Address, weight = 1) => ({ address, port: 80, weight });
  const OTHER = { protocol: 'tcp', address: '192.0.2.2' as Address, port: 80 } as const;

  it('has real servers and virtual addresses', () => {
    const { servers, vips } = watchedBy(model);
    expect([[...servers], [...vips]]).toEqual([[LOST, FAR, NEAR], ['192.0.2.1']]);
  });

  it.each<[string, Command, Address[], Address[]]>([
    ['a weight', { type: 'server.edit', service: SERVICE, server: server(FAR, 9) }, [LOST, FAR, NEAR], [VIP]],
    ['a new server', { type: 'server.add', service: SERVICE, server: server(NEW) }, [NEW, LOST, FAR, NEAR], [VIP]],
    ['a server less', { type: 'server.delete', service: SERVICE, server: server(FAR) }, [LOST, NEAR], [VIP]],
    ['a new service', { type: 'service.add', service: OTHER }, [LOST, FAR, NEAR], [VIP, OTHER.address]],
    ['a service less', { type: 'service.delete', service: SERVICE }, [], []],
    ['a mark', { type: 'mark.add', rule: MARK }, [LOST, FAR, NEAR], [VIP, '192.0.2.9' as Address]],
  ])('follows %s', (_, command, servers, vips) => {
    const changed = changedBy(command);
    expect(watchedBy(changed, model)).toEqual({ servers: new Set(servers), vips: new Set(vips) });
    expect(watchedBy({ ...changed })).toEqual(watchedBy(changed));
  });

  it('shares the sets where nothing in them changes', () => {
    const heavier = changedBy({ type: 'server.edit', service: SERVICE, server: server(FAR, 9) });
    expect(watchedByBoth(model, heavier).servers).toBe(watchedBy(model).servers);
    const fewer = changedBy({ type: 'server.delete', service: SERVICE, server: server(FAR) });
    expect(watchedByBoth(model, fewer).servers).toEqual(new Set([NEAR, FAR, LOST]));
  });
});

describe('lastWays', () => {
  it('says where frames of adopted next hops go', () => {
    const mac = Uint8Array.of(2, 0, 0, 0, 9, 1);
    const plain = { vlan_mode: 0, vlan_count: 0, vlan_tci: [0, 0], vlan_tpid: 0 };
    const adopted = new Map([
      [1, { mac, port: 3, ...plain }],
      [2, { mac, port: 9, ...plain }],
    ]);
    const published = new Map([
      [NEAR, 1],
      [FAR, 2],
      [LOST, 3],
    ]);
    const interfaces = new Map([[2, { ...NO_INTERFACE, ifindex: 1026, mac }]]);
    const state = { nextHops: { known: new Map(), adopted, published }, interfaces };
    expect(lastWays(state)).toEqual(new Map([[NEAR, { ifindex: 1026, mac }]]));
  });
});
