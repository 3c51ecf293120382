import { describe, expect, test } from 'vitest';
import { interfaceAddress } from '../../core/config/forms/ip.ts';
import { readWords } from '../../core/config/testing.ts';
import { addressAssignment } from './address-form.ts';

const CONTEXT = { ifindexOf: (name: string) => ({ eth0: 2, eth1: 3 })[name], standard: 2 };
const translate = (words: string) => addressAssignment(readWords(interfaceAddress, words), CONTEXT);

/** Of an IPv4 address without further words. */
const PLAIN4 = {
  ifindex: 2,
  address: '192.0.2.9',
  prefix: 32,
  scope: 0,
  label: null,
  broadcast: null,
  peer: null,
  nodad: false,
  home: false,
  mngtmpaddr: false,
  noprefixroute: false,
  autojoin: false,
  preferredLifetime: null,
  ignored: [],
};
const PLAIN6 = { ...PLAIN4, address: '2001:db8::9', prefix: 128, nodad: true, preferredLifetime: 0 };

describe('what the words say', () => {
  test.each<[string, object]>([
    ['192.0.2.9', PLAIN4],
    ['192.0.2.9/24 dev eth1 scope link', { ...PLAIN4, prefix: 24, ifindex: 3, scope: 253 }],
    ['192.0.2.9/24 scope 42', { ...PLAIN4, prefix: 24, scope: 42 }],
    ['192.0.2.9/24 brd + label eth0:vip', { ...PLAIN4, prefix: 24, broadcast: '192.0.2.255', label: 'eth0:vip' }],
    ['192.0.2.9/26 broadcast -', { ...PLAIN4, prefix: 26, broadcast: '192.0.2.0' }],
    ['192.0.2.9/24 brd 192.0.2.254', { ...PLAIN4, prefix: 24, broadcast: '192.0.2.254' }],
    ['200.1.2.3/0 brd +', { ...PLAIN4, address: '200.1.2.3', prefix: 0, broadcast: '255.255.255.255' }],
    ['192.0.2.9 peer 198.51.100.1/30', { ...PLAIN4, peer: '198.51.100.1', prefix: 30 }],
    ['192.0.2.9 peer 198.51.100.1', { ...PLAIN4, peer: '198.51.100.1' }],
    ['192.0.2.9 noprefixroute autojoin', { ...PLAIN4, noprefixroute: true, autojoin: true }],
    ['192.0.2.9 preferred_lft 60', { ...PLAIN4, preferredLifetime: 60 }],
    ['192.0.2.9 no_track track_group G use_vmac', PLAIN4],
    ['2001:db8::9', PLAIN6],
    ['2001:db8::9/64', { ...PLAIN6, prefix: 64, preferredLifetime: null }],
    ['2001:db8::9 preferred_lft forever', { ...PLAIN6, preferredLifetime: null }],
    ['2001:db8::9/64 preferred_lft 0', { ...PLAIN6, prefix: 64 }],
    ['2001:db8::9 -nodad home mngtmpaddr', { ...PLAIN6, nodad: false, home: true, mngtmpaddr: true }],
    ['2001:db8::9 peer 2001:db8:1::1', { ...PLAIN6, peer: '2001:db8:1::1' }],
  ])('%s', (words, expected) => {
    expect(translate(words)).toEqual(expected);
  });
});

test.each([
  ['2001:db8::9 scope link', "'scope': the kernel finds that of an IPv6 address by itself"],
  ['2001:db8::9 label web', "'label': IPv6 addresses have none"],
  ['2001:db8::9 brd +', "'brd': IPv6 has no broadcast"],
  ['192.0.2.9 brd +', "'brd': a prefix of 32 bits has no broadcast address"],
  ['192.0.2.9 brd + peer 192.0.2.1/24', "'brd' beside 'peer': a point-to-point link has no broadcast"],
  ['192.0.2.9/24 peer 192.0.2.1', "'/24': beside 'peer', the prefix length stands after the peer's address"],
])('%s: a word without effect', (words, reason) => {
  expect(translate(words)).toMatchObject({ ignored: [reason], broadcast: null, label: null });
});

test.each([
  ['192.0.2.9 dev eth7', "'192.0.2.9 dev eth7': found 'eth7' after 'dev', expected an interface that is there"],
  [
    '192.0.2.9 label eth0:more-than-15-bytes',
    /found 'eth0:more-than-15-bytes' after 'label', expected at most 15 bytes/,
  ],
  ['192.0.2.9 peer 2001:db8::1', /found '2001:db8::1' after 'peer', expected an IPv4 address/],
  ['192.0.2.9 peer 192.0.2.1/33', /found '192.0.2.1\/33' after 'peer', expected a prefix of at most 32 bits/],
  ['192.0.2.9 brd 1.2.3', /found '1.2.3' after 'brd', expected an IPv4 or IPv6 address/],
  ['192.0.2.9 scope 300', /found '300' after 'scope', expected a number from 0 to 255/],
])('%s: refused', (words, error) => {
  expect(translate(words)).toEqual({ error: typeof error === 'string' ? error : expect.stringMatching(error) });
});
