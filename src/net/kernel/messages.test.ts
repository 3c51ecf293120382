import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressBytes } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { readAddress } from './address-message.ts';
import { body, u32 } from './attributes.ts';
import { readLink, readLinkIndex } from './link-message.ts';
import { neighbourProbeBody, readNeighbour } from './neighbour-message.ts';
import { readChange } from './notification-socket.ts';
import { readRoute, readRoutePrefix, routeGetBody } from './route-message.ts';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const ip = (value: string): Uint8Array => addressBytes(value as Address);
const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const nest = (attributes: [number, Uint8Array][]): Buffer => body(new Uint8Array(), attributes);

/** struct ifinfomsg */
function linkHeader(ifindex: number, { family = 0, type = 1, flags = 0 } = {}): Buffer {
  return Buffer.concat([Buffer.from([family, 0]), u16(type), u32(ifindex), u32(flags), u32(0)]);
}

describe('readLink', () => {
  const mac: [number, Uint8Array] = [1, Uint8Array.of(2, 0, 0, 0, 0, 7)];

  it('reads a device', () => {
    const flags = 0x1 | 0x10000;
    const message = body(linkHeader(7, { flags }), [
      mac,
      [3, text('eth0')],
      [4, u32(9000)],
      [18, nest([[1, text('veth')]])],
    ]);
    expect(readLink(message)).toEqual({
      ifindex: 7,
      name: 'eth0',
      mac: mac[1],
      mtu: 9000,
      up: true,
      carrier: true,
      ethernet: true,
      loopback: false,
      kind: 'veth',
      peer: null,
      vlan: null,
    });
  });

  it('reads a VLAN device, its protocol in network order', () => {
    const data = nest([
      [1, u16(100)],
      [5, Uint8Array.of(0x88, 0xa8)],
    ]);
    const information: [number, Uint8Array] = [
      18,
      nest([
        [1, text('vlan')],
        [2, data],
      ]),
    ];
    const attributes: [number, Uint8Array][] = [mac, [3, text('eth0.100')], [5, u32(7)], information];
    const vlan = { lower: 7, tag: { tpid: 0x88a8, tci: 100 } };
    expect(readLink(body(linkHeader(8), attributes))).toMatchObject({ vlan });
    // IFLA_LINK_NETNSID: the index means a device of another namespace.
    const elsewhere = readLink(body(linkHeader(8), [...attributes, [37, u32(0)]]));
    expect(elsewhere).toMatchObject({ vlan: { ...vlan, lower: null } });
  });

  it("takes a veth's IFLA_LINK for its other end, and for no VLAN", () => {
    const attributes: [number, Uint8Array][] = [mac, [3, text('v')], [5, u32(7)], [18, nest([[1, text('veth')]])]];
    expect(readLink(body(linkHeader(8), attributes))).toMatchObject({ vlan: null, peer: 7 });
    expect(readLink(body(linkHeader(8), [...attributes, [37, u32(0)]]))).toMatchObject({ peer: null });
  });

  it('gives a device that is not Ethernet no MAC address', () => {
    const message = body(linkHeader(8, { type: 65534 }), [
      [1, Uint8Array.of(10, 0, 0, 1, 0, 0)],
      [3, text('tun0')],
    ]);
    expect(readLink(message)).toMatchObject({ ethernet: false, mac: null });
  });

  it("is not about a bridge's port", () => {
    expect(readLink(body(linkHeader(8, { family: 7 }), [[3, text('eth0')]]))).toBeNull();
    expect(readLinkIndex(body(linkHeader(8, { family: 7 }), []))).toBeNull();
    expect(readLinkIndex(body(linkHeader(8), []))).toBe(8);
  });
});

describe('readAddress', () => {
  const header = (family: number, prefix: number, flags: number, scope: number): Buffer =>
    Buffer.concat([Buffer.from([family, prefix, flags, scope]), u32(3)]);

  it('takes the local side of a point-to-point link', () => {
    const message = body(header(2, 32, 0x80, 0), [
      [1, ip('10.0.0.2')],
      [2, ip('10.0.0.1')],
    ]);
    expect(readAddress(message)).toMatchObject({ address: '10.0.0.1', ifindex: 3, prefix: 32, scope: 'global' });
  });

  it.each([
    ['deprecated', 0x20, { deprecated: true, tentative: false }],
    ['tentative', 0x40, { deprecated: false, tentative: true }],
    ['a duplicate', 0x08, { tentative: true }],
    ['temporary', 0x01, { secondary: true }],
  ])('%s', (_, flags, expected) => {
    const address: [number, Uint8Array] = [1, ip('2001:db8::1')];
    expect(readAddress(body(header(10, 64, flags, 0), [address]))).toMatchObject(expected);
    // The attribute holds more flags than the header and takes its place.
    expect(readAddress(body(header(10, 64, 0, 0), [address, [8, u32(flags | 0x800)]]))).toMatchObject(expected);
  });

  it.each([
    [0, 'global'],
    [200, 'global'],
    [253, 'link'],
    [254, 'host'],
    [255, 'host'],
  ])('scope %i is %s', (scope, expected) => {
    expect(readAddress(body(header(2, 24, 0, scope), [[2, ip('10.0.0.1')]]))).toMatchObject({ scope: expected });
  });
});

describe('readNeighbour', () => {
  const header = (family: number, state: number, flags = 0): Buffer =>
    Buffer.concat([Buffer.from([family, 0, 0, 0]), u32(3), u16(state), Buffer.from([flags, 1])]);
  const destination: [number, Uint8Array] = [1, ip('10.0.0.5')];
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 5);

  it('reads an entry with its mark', () => {
    const message = body(header(2, 2), [destination, [2, mac], [12, Uint8Array.of(120)], [15, u32(1)]]);
    const key = { ifindex: 3, address: '10.0.0.5' };
    expect(readNeighbour(message)).toEqual({ ...key, mac, state: 'reachable', managed: true, protocol: 120 });
  });

  it.each([
    [0x00, 'none'],
    [0x01, 'incomplete'],
    [0x04, 'stale'],
    [0x08, 'delay'],
    [0x10, 'probe'],
    [0x20, 'failed'],
    [0x40, 'noarp'],
    [0x80, 'permanent'],
  ])('state %i is %s', (bits, state) => {
    expect(readNeighbour(body(header(2, bits), [destination]))).toMatchObject({ state, mac: null });
  });

  it('is neither about bridges nor about proxies', () => {
    expect(readNeighbour(body(header(7, 2), [[2, mac]]))).toBeNull();
    expect(readNeighbour(body(header(2, 0x80, 8), [destination]))).toBeNull();
  });

  it('asks for the mark together with NTF_USE', () => {
    const message = neighbourProbeBody({ ifindex: 3, address: '10.0.0.5' as Address });
    expect(message.toString('hex')).toBe(
      `020000000300000000000100${'080001000a000005'}${'05000c0078000000'}${'08000f0001000000'}`,
    );
  });
});

describe('readRoute', () => {
  const header = (family: number, length: number, type: number, flags = 0): Buffer =>
    Buffer.concat([Buffer.from([family, length, 0, 0, 254, 2, 0, type]), u32(flags)]);

  it('asks for one address', () => {
    expect(routeGetBody('10.0.0.5' as Address).toString('hex')).toBe('022000000000000000000000080001000a000005');
  });

  it('reads gateway, source and MTU', () => {
    const metrics = nest([
      [2, u32(1400)],
      [8, u32(1360)],
    ]);
    const message = body(header(2, 32, 1), [
      [4, u32(3)],
      [5, ip('10.0.0.254')],
      [7, ip('10.0.0.1')],
      [8, metrics],
    ]);
    expect(readRoute(message)).toEqual({
      ok: true,
      type: 'unicast',
      ifindex: 3,
      gateway: '10.0.0.254',
      source: '10.0.0.1',
      mtu: 1400,
    });
  });

  it('reads a gateway of the other family', () => {
    const via = Buffer.concat([u16(10), ip('fe80::1')]);
    expect(
      readRoute(
        body(header(2, 32, 1), [
          [4, u32(3)],
          [18, via],
        ]),
      ),
    ).toMatchObject({ gateway: 'fe80::1' });
  });

  it.each([
    [2, 'local'],
    [3, 'broadcast'],
    [5, 'multicast'],
    [6, 'other'],
  ])('type %i is %s', (type, expected) => {
    expect(readRoute(body(header(2, 32, type), [[4, u32(1)]]))).toMatchObject({ type: expected });
  });

  it('says whom a change concerns', () => {
    const prefix = { family: 4, address: ip('10.1.0.0'), length: 16 };
    expect(readRoutePrefix(body(header(2, 16, 1), [[1, ip('10.1.0.0')]]))).toEqual(prefix);
    expect(readRoutePrefix(body(header(10, 0, 1), []))).toEqual({ family: 6, address: new Uint8Array(), length: 0 });
    expect(readRoutePrefix(body(header(2, 32, 1, 0x200), [[1, ip('10.1.0.0')]]))).toBeNull();
  });
});

describe('readChange', () => {
  it('never throws, whatever the bytes: what it cannot read means that something was lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 120 }), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
        const change = readChange(type, Buffer.from(bytes));
        expect(change === null || typeof change.type === 'string').toBe(true);
      }),
      { numRuns: 2000 },
    );
    const cut = Buffer.concat([linkHeader(1), Buffer.from([200, 0, 3, 0])]);
    expect(readChange(16, cut)).toMatchObject({ type: 'lost' });
  });

  it('takes rules and nexthop objects for changes of every route', () => {
    for (const type of [32, 33, 104, 105])
      expect(readChange(type, Buffer.alloc(0))).toEqual({ type: 'route', prefix: null });
  });
});
