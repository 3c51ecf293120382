import { describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../core/model/apply-command.ts';
import type { Address, Model } from '../core/model/model.ts';
import { NO_INTERFACE } from '../core/reconcile/next-hop.ts';
import type { Interface } from '../net/interfaces.ts';
import { type Resolution, unresolved } from '../net/resolution.ts';
import { lastWays, networkOf, serverAddresses, watchModel } from './network.ts';

const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const [NEAR, FAR, LOST] = ['10.0.0.1', '10.1.0.1', '10.2.0.1'] as Address[] as [Address, Address, Address];

const device = (ifindex: number): Interface => ({
  ...{
    ifindex,
    name: `eth${ifindex}`,
    mac: Uint8Array.of(2, 0, 0, 0, 0, ifindex & 255),
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
    resolution: (address: Address) => found[address] ?? unresolved('no route'),
    interfaces: () => indexes.map(device),
  };
}

const model = ((): Model => {
  const servers = [NEAR, FAR, LOST].map((address) => ({ address, port: 80 }));
  const applied = applyCommands(emptyModel, [{ type: 'replace', services: [{ ...SERVICE, servers }] }]);
  if ('error' in applied) throw new Error(applied.error.message);
  return applied.model;
})();

describe('networkOf', () => {
  it('has attached interfaces and those that frames only leave by', () => {
    const network = networkOf(
      resolver({ [NEAR]: by(3), [FAR]: by(4) }, [2, 3, 4, 5]),
      model,
      new Set([2, 3]),
      (name) => (name === 'eth3' ? [51] : []),
    );
    expect(network.interfaces.map(({ ifindex, attached, routers }) => [ifindex, attached, routers])).toEqual([
      [2, true, []],
      [3, true, [51]],
      [4, false, []],
    ]);
    expect(network.resolution(FAR)).toMatchObject({ state: 'resolved', ifindex: 4, source: null });
    expect(network.resolution(LOST)).toEqual({ state: 'unresolved', reason: 'no route' });
  });

  it('sends nothing by an interface whose place another one has', () => {
    const network = networkOf(resolver({ [NEAR]: by(2), [FAR]: by(1026) }, [2, 1026]), model, new Set([2]), () => []);
    expect(network.interfaces.map(({ ifindex }) => ifindex)).toEqual([2]);
    expect(network.resolution(NEAR)).toMatchObject({ ifindex: 2 });
    expect(network.resolution(FAR)).toEqual({ state: 'unresolved', reason: expect.stringContaining('same place') });
  });
});

describe('watchModel', () => {
  it('has the resolver follow real servers and know virtual addresses', () => {
    let told: unknown;
    watchModel({ watch: (addresses, vips) => (told = [[...addresses], [...vips]]) }, model);
    expect(told).toEqual([[LOST, FAR, NEAR], ['192.0.2.1']]);
    expect(serverAddresses(model)).toBe(serverAddresses(model));
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
