import { describe, expect, it } from 'vitest';
import type { Address } from '../core/model/model.ts';
import type { LocalAddress } from './facts.ts';
import { fakeAddress } from './fake-kernel.ts';
import { chooseSource } from './source.ts';
import { AddressTable } from './tables.ts';

function choose(
  destination: string,
  addresses: LocalAddress[],
  { preferred = null as string | null, vips = [] as string[], gateway = destination } = {},
): string {
  const table = new AddressTable();
  table.replace(addresses);
  const source = chooseSource({
    destination: destination as Address,
    gateway: gateway as Address,
    preferred: preferred as Address | null,
    device: { ifindex: 2, name: 'eth1' },
    addresses: table.addresses,
    vips: new Set(vips as Address[]),
  });
  return source.ok ? source.address : source.reason;
}

const near = fakeAddress(2, '10.0.0.1');
const far = fakeAddress(3, '172.16.0.1');

describe('chooseSource', () => {
  it('takes what the kernel would, even from another device', () => {
    expect(choose('10.0.0.5', [near, far], { preferred: '172.16.0.1' })).toBe('172.16.0.1');
  });

  it.each([
    ['a virtual IP', fakeAddress(2, '10.0.0.9'), ['10.0.0.9']],
    ['a deprecated address', fakeAddress(2, '10.0.0.9', { deprecated: true }), []],
    ['a tentative address', fakeAddress(2, '10.0.0.9', { tentative: true }), []],
    ['an address that it does not have', far, []],
  ])('does not take %s, whatever the kernel would', (_, bad, vips) => {
    expect(choose('10.0.0.5', [bad, near], { preferred: '10.0.0.9', vips })).toBe('10.0.0.1');
  });

  it('prefers the device of the route', () => {
    expect(choose('10.0.0.5', [far, near])).toBe('10.0.0.1');
  });

  it('prefers the network of the gateway, and primary addresses', () => {
    const other = fakeAddress(2, '10.7.0.1');
    const secondary = fakeAddress(2, '10.0.0.2', { secondary: true });
    expect(choose('203.0.113.5', [other, near], { gateway: '10.0.0.254' })).toBe('10.0.0.1');
    expect(choose('10.0.0.5', [secondary, near])).toBe('10.0.0.1');
  });

  it('goes to another device where the first has none', () => {
    expect(choose('10.0.0.5', [fakeAddress(1, '127.0.0.1', { scope: 'host' }), far])).toBe('172.16.0.1');
  });

  it('takes no IPv6 address that is deprecated, tentative or link-local', () => {
    const addresses = [
      fakeAddress(2, 'fe80::1', { scope: 'link' }),
      fakeAddress(2, '2001:db8::1', { deprecated: true }),
      fakeAddress(2, '2001:db8::2', { tentative: true }),
      fakeAddress(2, '2001:db8::3'),
    ];
    expect(choose('2001:db8::5', addresses, { preferred: '2001:db8::1' })).toBe('2001:db8::3');
    expect(choose('fe80::5', addresses, { preferred: 'fe80::1' })).toBe('fe80::1');
  });

  it('says what is against each address', () => {
    const addresses = [
      fakeAddress(2, '192.0.2.10'),
      fakeAddress(2, '10.0.0.1', { deprecated: true }),
      fakeAddress(3, '10.9.0.1', { scope: 'link' }),
    ];
    expect(choose('10.0.0.5', addresses, { vips: ['192.0.2.10'] })).toBe(
      'no source address for packets to 10.0.0.5 by eth1: ' +
        '192.0.2.10 is a virtual IP, 10.0.0.1 is deprecated, 10.9.0.1 is of another link',
    );
    expect(choose('2001:db8::5', addresses)).toBe(
      'no source address for packets to 2001:db8::5 by eth1: this machine has no IPv6 address',
    );
  });
});
