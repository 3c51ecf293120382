import { describe, expect, test } from 'vitest';
import { checkAffinity, checkTimeouts } from './check-affinity.ts';
import type { Address, ServiceKey } from './model.ts';

const web: ServiceKey = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 };
const web6: ServiceKey = { protocol: 'tcp', address: '2001:db8::1' as Address, port: 80 };
const plain = { persistence: null, onePacket: false, engine: null };

function persistent(timeout: unknown, netmask: unknown) {
  return { ...plain, persistence: { timeout: timeout as number, netmask: netmask as Address } };
}

describe('checkAffinity', () => {
  test('has nothing to say of a plain service', () => {
    expect(checkAffinity(web, plain)).toBeNull();
  });

  test.each([
    ['a timeout of 0', web, persistent(0, '255.255.255.255'), 'persistence.timeout'],
    ['a timeout of more than 31 days', web, persistent(2678401, '255.255.255.255'), 'persistence.timeout'],
    ['a mask that is no address', web, persistent(60, '24'), 'persistence.netmask'],
    ['a mask of the other family', web, persistent(60, 'ffff::'), 'persistence.netmask'],
    ['an IPv6 mask with holes', web6, persistent(60, 'ffff:0:ffff::'), 'persistence.netmask'],
    ['an IPv6 mask of no bits', web6, persistent(60, '::'), 'persistence.netmask'],
    ['a word for one-packet', web, { ...plain, onePacket: 'yes' as unknown as boolean }, 'onePacket'],
    ['one-packet scheduling of TCP', web, { ...plain, onePacket: true }, 'onePacket'],
    ['an unknown engine', web, { ...plain, engine: 'h323' as 'sip' }, 'engine'],
  ])('refuses %s', (_, key, affinity, path) => {
    expect(checkAffinity(key, affinity)).toMatchObject({ code: 'invalid', path });
  });
});

test.each([
  [{ tcp: 1, tcpFin: 1, udp: 2678400 }, null],
  [{ tcp: 0, tcpFin: 1, udp: 1 }, 'tcp'],
  [{ tcp: 1, tcpFin: 2678401, udp: 1 }, 'tcpFin'],
  [{ tcp: 1, tcpFin: 1, udp: 1.5 }, 'udp'],
])('checkTimeouts(%o): %s', (timeouts, path) => {
  expect(checkTimeouts(timeouts)?.path ?? null).toBe(path);
});
