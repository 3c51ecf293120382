import { expect, it } from 'vitest';
import type { Address } from '../core/model/model.ts';
import { hints, readHostFacts } from './hints.ts';

const VIP4 = '192.0.2.100' as Address;
const VIP6 = '2001:db8::100' as Address;

function run(
  vips: Address[],
  addresses: Address[],
  sysctls: { rp_filter?: number; arp_ignore?: number } = {},
): string[] {
  return hints('eth0', vips, { addresses: new Set(addresses), sysctl: (name) => sysctls[name] ?? 0 });
}

it('is silent where all is well', () => {
  expect(run([VIP4, VIP6], [VIP4, VIP6], { rp_filter: 2, arp_ignore: 1 })).toEqual([]);
  expect(run([VIP6], [VIP6], { rp_filter: 1 })).toEqual([]);
});

it('says which addresses are missing', () => {
  expect(run([VIP4, VIP6], [])).toEqual([
    `${VIP4} is no address of this machine: the kernel will not take the packets for it (ip address add ${VIP4}/32 dev lo)`,
    `${VIP6} is no address of this machine: the kernel will not take the packets for it (ip address add ${VIP6}/128 dev lo)`,
  ]);
});

it('sees a strict reverse-path filter, and an address announced by ARP', () => {
  expect(run([VIP4], [VIP4], { rp_filter: 1, arp_ignore: 0 })).toEqual([
    'eth0 drops packets of clients that are not reached by way of it: its rp_filter is strict (sysctl -w net.ipv4.conf.eth0.rp_filter=2)',
    `eth0 answers ARP for ${VIP4}, which is the director's to answer (sysctl -w net.ipv4.conf.eth0.arp_ignore=1)`,
  ]);
});

it('reads this machine', () => {
  const facts = readHostFacts('no-such-interface');
  expect(facts.sysctl('arp_ignore')).toBeGreaterThanOrEqual(0);
  expect([...facts.addresses].every((address) => /[.:]/.test(address))).toBe(true);
});
