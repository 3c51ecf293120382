import { expect, it } from 'vitest';
import type { Address } from '../../core/model/model.ts';
import type { Link, LocalAddress } from '../../net/facts.ts';
import { NetworkView } from './network-view.ts';
import { place } from './placement.ts';
import type { ConfiguredInstance } from './settings.ts';

const LINK: Link = {
  ifindex: 2,
  name: 'eth0',
  mac: new Uint8Array(6),
  mtu: 1500,
  up: true,
  carrier: true,
  ethernet: true,
  loopback: false,
  kind: '',
  vlan: null,
};

function local(address: string, more: Partial<LocalAddress> = {}): LocalAddress {
  const flags = { deprecated: false, tentative: false, secondary: false };
  return { ifindex: 2, address: address as Address, prefix: 24, scope: 'global', ...flags, ...more };
}

const V4 = { interface: 'eth0', family: 4, source: null, trackSource: false, peers: [] };
const V6 = { ...V4, family: 6 };
const VIP = '10.0.0.100' as Address;
const peers = [{ address: '10.0.0.9' as Address, options: {} }];

function sourceOf(instance: object, ...addresses: LocalAddress[]) {
  const view = new NetworkView();
  view.apply({ type: 'link', link: LINK });
  for (const address of addresses) view.apply({ type: 'address', address });
  return place(instance as ConfiguredInstance, view, new Set([VIP])).source;
}

it.each([
  ['the first address of its interface', V4, [local('10.0.0.1'), local('10.0.0.2')], '10.0.0.1'],
  ['no virtual address', V4, [local(VIP), local('10.0.0.2')], '10.0.0.2'],
  [
    'no secondary one where there is another',
    V4,
    [local('10.0.0.3', { secondary: true }), local('10.0.0.2')],
    '10.0.0.2',
  ],
  ['no address of another interface', V4, [local('10.0.0.1', { ifindex: 3 })], null],
  ['no address of the other family', V4, [local('fe80::1', { scope: 'link' })], null],
  ['the link-local address over IPv6', V6, [local('2001:db8::1'), local('fe80::1', { scope: 'link' })], 'fe80::1'],
  ['no address that may be a duplicate', V6, [local('fe80::1', { scope: 'link', tentative: true })], null],
  ['what the file says, whether it is there or not', { ...V4, source: '10.0.0.7' }, [], '10.0.0.7'],
  ['nothing, where the file tracks it and it is gone', { ...V4, source: '10.0.0.7', trackSource: true }, [], null],
  ['what the file tracks', { ...V4, source: '10.0.0.7', trackSource: true }, [local('10.0.0.7')], '10.0.0.7'],
  ['nothing, by unicast from an address that is not there', { ...V4, source: '10.0.0.7', peers }, [], null],
])('sends from %s', (_, instance, addresses, expected) => {
  expect(sourceOf(instance, ...addresses)).toBe(expected);
});

it('stands on the interface of its source, where it has none of its own', () => {
  const view = new NetworkView();
  view.apply({ type: 'link', link: LINK });
  view.apply({ type: 'address', address: local('10.0.0.7') });
  const instance = { ...V4, interface: null, source: '10.0.0.7', peers } as unknown as ConfiguredInstance;
  expect(place(instance, view, new Set())).toEqual({ device: 'eth0', link: LINK, source: '10.0.0.7' });
  view.apply({ type: 'address-gone', address: local('10.0.0.7') });
  expect(place(instance, view, new Set())).toMatchObject({ link: null, source: null });
});

it('stands nowhere while its interface is gone', () => {
  const view = new NetworkView();
  expect(place(V4 as unknown as ConfiguredInstance, view, new Set())).toEqual({
    device: 'eth0',
    link: null,
    source: null,
  });
  view.apply({ type: 'link', link: LINK });
  view.apply({ type: 'link-gone', ifindex: 2 });
  expect(place(V4 as unknown as ConfiguredInstance, view, new Set()).link).toBeNull();
});
