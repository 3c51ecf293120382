import { describe, expect, it } from 'vitest';
import type { Address } from '../core/model/model.ts';
import type { Link, NeighbourState, RouteAnswer } from './facts.ts';
import { fakeAddress, fakeLink, fakeRoute } from './fake-kernel.ts';
import { type KnownNeighbour, type LastWay, resolve } from './resolve.ts';
import { AddressTable, LinkTable } from './tables.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 1, 1);
const target = '10.0.0.5' as Address;

function known(state: NeighbourState, mac: Uint8Array | null, more: Partial<KnownNeighbour> = {}): KnownNeighbour {
  return { state, mac, error: null, silent: false, ...more };
}

function run(
  answer: RouteAnswer | undefined,
  { links = [fakeLink(2, 'eth1')], neighbour = known('reachable', MAC), lastWays = new Map<Address, LastWay>() } = {},
) {
  const table = new LinkTable();
  for (const link of links) table.set(link);
  const addresses = new AddressTable();
  addresses.replace([fakeAddress(2, '10.0.0.1')]);
  return resolve(target, answer, {
    links: table.links,
    tagged: table.tagged,
    addresses: addresses.addresses,
    vips: new Set(),
    neighbour: () => neighbour,
    lastWays,
  });
}

function vlan(ifindex: number, name: string, lower: number | null, tci: number, fields: Partial<Link> = {}): Link {
  return fakeLink(ifindex, name, { kind: 'vlan', vlan: { lower, tag: { tpid: 0x8100, tci } }, ...fields });
}

describe('resolve', () => {
  it('resolves a neighbour on the link', () => {
    expect(run(fakeRoute(2))).toEqual({
      neighbour: { ifindex: 2, address: target },
      resolution: {
        state: 'resolved',
        ifindex: 2,
        interfaceName: 'eth1',
        mac: MAC,
        gateway: target,
        mtu: 1500,
        source: { ok: true, address: '10.0.0.1' },
        vlan: { mode: 'keep' },
        neighbour: 'reachable',
        problem: null,
      },
    });
  });

  it('asks for the gateway, which may be of the other family', () => {
    const gateway = 'fe80::1' as Address;
    const { resolution, neighbour } = run(fakeRoute(2, { gateway }));
    expect(neighbour).toEqual({ ifindex: 2, address: gateway });
    expect(resolution).toMatchObject({ gateway });
  });

  it("takes the route's MTU, but no more than the device's", () => {
    expect(run(fakeRoute(2, { mtu: 1400 })).resolution).toMatchObject({ mtu: 1400 });
    expect(run(fakeRoute(2, { mtu: 9000 })).resolution).toMatchObject({ mtu: 1500 });
  });

  it('goes below VLAN devices, outer tag first', () => {
    const outer = vlan(3, 'eth1.100', 2, 100, { mtu: 1496 });
    const links = [fakeLink(2, 'eth1', { mtu: 9000 }), outer, vlan(4, 'eth1.100.5', 3, 5)];
    const { resolution, neighbour } = run(fakeRoute(4), { links });
    expect(neighbour).toEqual({ ifindex: 4, address: target });
    expect(resolution).toMatchObject({ ifindex: 2, interfaceName: 'eth1', mtu: 1496 });
    expect(resolution).toMatchObject({
      vlan: {
        mode: 'explicit',
        tags: [
          { tpid: 0x8100, tci: 100 },
          { tpid: 0x8100, tci: 5 },
        ],
      },
    });
    expect(run(fakeRoute(2), { links }).resolution).toMatchObject({ vlan: { mode: 'explicit', tags: [] } });
  });

  it.each<[string, RouteAnswer | undefined, Link[]]>([
    ['looking up the route to 10.0.0.5', undefined, []],
    ['no route to 10.0.0.5', { ok: false, code: 'ENETUNREACH' }, []],
    ['the route to 10.0.0.5 is of type blackhole', { ok: false, code: 'EINVAL' }, []],
    ['the route to 10.0.0.5 is of type unreachable', { ok: false, code: 'EHOSTUNREACH' }, []],
    ['the route to 10.0.0.5 is of type prohibit', { ok: false, code: 'EACCES' }, []],
    ["the route is via loopback: 10.0.0.5 is this machine's own address", fakeRoute(1, { type: 'local' }), []],
    ['10.0.0.5 is a broadcast address', fakeRoute(2, { type: 'broadcast' }), []],
    ['the route to 10.0.0.5 leaves by a device that is gone', fakeRoute(9), []],
    ['eth1 is down', fakeRoute(2), [fakeLink(2, 'eth1', { up: false })]],
    ['eth1 is down', fakeRoute(3), [fakeLink(2, 'eth1', { up: false }), vlan(3, 'eth1.7', 2, 7)]],
    [
      'wg0 is no Ethernet device: the data plane cannot send there',
      fakeRoute(2),
      [fakeLink(2, 'wg0', { ethernet: false })],
    ],
    ['the device below eth1.7 is in another network namespace', fakeRoute(3), [vlan(3, 'eth1.7', null, 7)]],
    [
      'd carries more than 2 VLAN tags',
      fakeRoute(5),
      [fakeLink(2, 'a'), vlan(3, 'b', 2, 1), vlan(4, 'c', 3, 1), vlan(5, 'd', 4, 1)],
    ],
  ])('does not: %s', (reason, answer, links) => {
    expect(run(answer, { links })).toMatchObject({ neighbour: null, resolution: { state: 'unresolved', reason } });
  });

  it.each<[string, boolean, KnownNeighbour]>([
    ['eth1: waiting for an answer to ARP for 10.0.0.5', true, known('none', null)],
    ['eth1: waiting for an answer to ARP for 10.0.0.5', true, known('incomplete', null)],
    ['eth1: no answer to ARP for 10.0.0.5 (FAILED)', false, known('failed', null, { silent: true })],
    ['eth1: no answer to ARP for 10.0.0.5 (FAILED)', false, known('incomplete', null, { silent: true })],
    ['eth1: cannot probe 10.0.0.5: no way', false, known('none', null, { error: 'no way' })],
    ['eth1: the static neighbour entry of 10.0.0.5 has no MAC address', false, known('permanent', null)],
  ])('has no MAC address: %s', (reason, pending, neighbour) => {
    expect(run(fakeRoute(2), { neighbour })).toEqual({
      neighbour: { ifindex: 2, address: target },
      resolution: { state: 'unresolved', reason, pending },
    });
  });

  it('goes on with the last MAC address, and says so', () => {
    expect(run(fakeRoute(2), { neighbour: known('failed', MAC, { silent: true }) }).resolution).toMatchObject({
      state: 'resolved',
      mac: MAC,
      neighbour: 'failed',
      problem: 'eth1: no answer to ARP for 10.0.0.5 (FAILED); frames go to the last MAC address known',
    });
    const links = [fakeLink(2, 'eth1', { carrier: false })];
    expect(run(fakeRoute(2), { links }).resolution).toMatchObject({ problem: 'eth1 has no carrier' });
  });

  it.each<[NeighbourState, object]>([
    ['none', { state: 'resolved', mac: MAC, problem: expect.stringContaining('frames go to the last MAC address') }],
    ['failed', { state: 'resolved', mac: MAC, problem: expect.stringContaining('frames go to the last MAC address') }],
    ['permanent', { state: 'unresolved' }],
  ])('goes on where frames went before this process, beside an entry that is %s', (state, expected) => {
    const lastWays = new Map([[target, { ifindex: 2, mac: MAC }]]);
    expect(run(fakeRoute(2), { neighbour: known(state, null), lastWays }).resolution).toMatchObject(expected);
  });

  it('does not go on there by another device, or once the neighbour is known', () => {
    const ways = (ifindex: number) => new Map([[target, { ifindex, mac: Uint8Array.of(2, 0, 0, 0, 1, 9) }]]);
    const { resolution } = run(fakeRoute(2), { neighbour: known('none', null), lastWays: ways(3) });
    expect(resolution).toMatchObject({ state: 'unresolved', pending: true });
    expect(run(fakeRoute(2), { lastWays: ways(2) }).resolution).toMatchObject({ mac: MAC, problem: null });
  });
});
