import { describe, expect, test } from 'vitest';
import { rule } from '../../core/config/forms/ip.ts';
import { readWords } from '../../core/config/testing.ts';
import { readIpNames } from './ip-names.ts';
import { ruleAssignment } from './rule-form.ts';

const CONTEXT = { names: readIpNames({ iproute: [], etc: '/nowhere' }), priority: 16384 };
const translate = (words: string) => ruleAssignment(readWords(rule, words), CONTEXT);

const PLAIN = {
  ...{ family: 4, action: { type: 'lookup', table: 100 }, invert: false, priority: 16384, from: null, to: null },
  ...{ inputInterface: null, outputInterface: null, mark: null, tos: 0, realms: null },
  ...{ suppressPrefixLength: null, suppressGroup: null, tunnel: null, users: null },
  ...{ protocol: 18, ipProtocol: null, sourcePorts: null, destinationPorts: null },
};
const MAX = 0xffff_ffff;

describe('what the words say', () => {
  test.each<[string, object]>([
    ['table 100', PLAIN],
    ['from 192.0.2.9 lookup 100', { ...PLAIN, from: { address: '192.0.2.9', length: 32 } }],
    ['from any to 10.0.0.0/8 table 100 pref 5', { ...PLAIN, to: { address: '10.0.0.0', length: 8 }, priority: 5 }],
    ['from 2001:db8::/32 table 100', { ...PLAIN, family: 6, from: { address: '2001:db8::', length: 32 } }],
    ['inet6 fwmark 1 table 100', { ...PLAIN, family: 6, mark: { value: 1, mask: MAX } }],
    ['not fwmark 0x10/0xf0 table 100', { ...PLAIN, invert: true, mark: { value: 16, mask: 0xf0 } }],
    ['iif eth0 oif eth1 table 100', { ...PLAIN, inputInterface: 'eth0', outputInterface: 'eth1' }],
    ['tos 0x10 table main', { ...PLAIN, tos: 16, action: { type: 'lookup', table: 254 } }],
    ['table 100 suppress_prefixlength 0', { ...PLAIN, suppressPrefixLength: 0 }],
    ['table 100 suppress_ifgroup default realms 1/2', { ...PLAIN, suppressGroup: 0, realms: 0x1_0002 }],
    ['uidrange 1000-1999 table 100', { ...PLAIN, users: { first: 1000, last: 1999 } }],
    [
      'ipproto tcp sport 1024-2047 dport 80 table 100',
      {
        ...PLAIN,
        ...{ ipProtocol: 6, sourcePorts: { first: 1024, last: 2047 }, destinationPorts: { first: 80, last: 80 } },
      },
    ],
    ['tun_id 18446744073709551615 table 100', { ...PLAIN, tunnel: 0xffff_ffff_ffff_ffffn }],
    [
      'from 10.0.0.0/8 goto 20000 priority 10000',
      {
        ...PLAIN,
        ...{ from: { address: '10.0.0.0', length: 8 }, action: { type: 'goto', priority: 20000 }, priority: 10000 },
      },
    ],
    ['blackhole proto 99', { ...PLAIN, action: { type: 'blackhole' }, protocol: 99 }],
    ['nop no_track', { ...PLAIN, action: { type: 'nop' } }],
    ['l3mdev', { ...PLAIN, action: { type: 'l3mdev' } }],
  ])('%s', (words, expected) => {
    expect(translate(words)).toEqual(expected);
  });
});

test.each([
  ['from 10.0.0.0/8', /^'from 10.0.0.0\/8': found no action, expected 'table', 'goto'/],
  ['table 100 blackhole', /found 'blackhole' beside 'lookup', expected one action/],
  ['from 10.0.0.1 to 2001:db8::1 table 100', /found 'to' of IPv6, expected IPv4 as before/],
  ['goto 5 priority 5', /found '5' after 'goto', expected more than the rule's own priority 5/],
  ['blackhole suppress_prefixlength 0', /found a suppressor or realms beside 'blackhole', expected 'table'/],
  ['fwmark one table 100', /found 'one' after 'fwmark', expected a number from 0 to 4294967295/],
  ['sport 20-10 table 100', /found '20-10' after 'sport', expected PORT or PORT-PORT, the smaller number first/],
  ['dport 65536 table 100', /found '65536' after 'dport', expected a number from 0 to 65535/],
  ['tun_id 18446744073709551616 table 100', /expected a number from 0 to 18446744073709551615/],
  ['ipproto gre table 100', /found 'gre' after 'ipproto', expected a number from 0 to 255 or a name like icmp/],
  ['nat 192.0.2.1 table 100', /found 'nat', expected a word of ip rule that xlb can carry out/],
])('%s: refused', (words, error) => {
  expect(translate(words)).toEqual({ error: expect.stringMatching(error) });
});
