import { describe, expect, test } from 'vitest';
import { route } from '../../core/config/forms/ip.ts';
import { readWords } from '../../core/config/testing.ts';
import { readIpNames } from './ip-names.ts';
import { routeAssignment } from './route-form.ts';

const standard = readIpNames({ iproute: [], etc: '/nowhere' });
const names = {
  ...standard,
  tables: new Map([...standard.tables, ['web', 300]]),
  dsfields: new Map([['EF', 0xb8]]),
  realms: new Map([['inside', 7]]),
};
const CONTEXT = { ifindexOf: (name: string) => ({ eth0: 2, eth1: 3 })[name], standard: 2, names };
const translate = (words: string) => routeAssignment(readWords(route, words), CONTEXT);

const HOP = { gateway: null, ifindex: null, weight: 1, onlink: false, realms: null };
const VIA = { ...HOP, gateway: '192.0.2.1' };
const PLAIN = {
  family: 4,
  type: 1,
  to: { address: '198.51.100.0', length: 24 },
  table: 254,
  protocol: 18,
  scope: 0,
  tos: 0,
  metric: null,
  source: null,
  hops: [VIA],
  metrics: new Map(),
  congestionControl: null,
  preference: null,
  expires: null,
  placing: 'replace',
};
const NET = '198.51.100.0/24';

describe('what the words say', () => {
  test.each<[string, object]>([
    [`${NET} via 192.0.2.1`, PLAIN],
    [`to ${NET} gw 192.0.2.1 table web`, { ...PLAIN, table: 300 }],
    [`${NET} via 192.0.2.1 dev eth1 onlink`, { ...PLAIN, hops: [{ ...VIA, ifindex: 3, onlink: true }] }],
    [`${NET} dev eth1`, { ...PLAIN, scope: 253, hops: [{ ...HOP, ifindex: 3 }] }],
    [`${NET} scope global`, { ...PLAIN, hops: [{ ...HOP, ifindex: 2 }] }],
    [`src 192.0.2.9 ${NET} via 192.0.2.1`, { ...PLAIN, source: '192.0.2.9' }],
    [`${NET} via 192.0.2.1 metric 0x10 proto static tos EF`, { ...PLAIN, metric: 16, protocol: 4, tos: 0xb8 }],
    [`${NET} via 192.0.2.1 tos 010`, { ...PLAIN, tos: 8 }],
    [`${NET} via 192.0.2.1 realms 3/inside`, { ...PLAIN, hops: [{ ...VIA, realms: 0x3_0007 }] }],
    [`${NET} via 192.0.2.1 no_track append`, { ...PLAIN, placing: 'append' }],
    ['default via 192.0.2.1', { ...PLAIN, to: null }],
    ['0.0.0.0/0 via 192.0.2.1', { ...PLAIN, to: null }],
    ['198.51.100.7 via 192.0.2.1', { ...PLAIN, to: { address: '198.51.100.7', length: 32 } }],
    [`blackhole ${NET} metric 5`, { ...PLAIN, type: 6, hops: [], metric: 5 }],
    [`local ${NET} dev eth0`, { ...PLAIN, type: 2, scope: 254, table: 255, hops: [{ ...HOP, ifindex: 2 }] }],
    [
      `${NET} via 192.0.2.1 mtu lock 1400 advmss 1360 features ecn congctl cubic rtt 2s rttvar 100ms rto_min 50ms`,
      {
        ...PLAIN,
        metrics: new Map([
          [2, 1400],
          [1, 1 << 2],
          [8, 1360],
          [12, 1],
          [4, 16000],
          [5, 400],
          [13, 50],
        ]),
        congestionControl: 'cubic',
      },
    ],
    [
      `${NET} nexthop via 192.0.2.1 weight 3 nexthop via 192.0.2.2 dev eth1 onlink`,
      {
        ...PLAIN,
        hops: [
          { ...VIA, weight: 3 },
          { ...HOP, gateway: '192.0.2.2', ifindex: 3, onlink: true },
        ],
      },
    ],
    [
      `${NET} via 192.0.2.1 or 192.0.2.2 dev eth1`,
      {
        ...PLAIN,
        hops: [
          { ...VIA, ifindex: null },
          { ...HOP, gateway: '192.0.2.2', ifindex: 3 },
        ],
      },
    ],
    [`${NET} via inet6 fe80::1`, { ...PLAIN, hops: [{ ...HOP, gateway: 'fe80::1', ifindex: 2 }] }],
    [
      '2001:db8:1::/48 via fe80::1 pref high expires 60',
      {
        ...PLAIN,
        family: 6,
        to: { address: '2001:db8:1::', length: 48 },
        hops: [{ ...HOP, gateway: 'fe80::1', ifindex: 2 }],
        preference: 1,
        expires: 60,
      },
    ],
    ['default via 2001:db8::1', { ...PLAIN, family: 6, to: null, hops: [{ ...HOP, gateway: '2001:db8::1' }] }],
  ])('%s', (words, expected) => {
    expect(translate(words)).toEqual(expected);
  });
});

test.each([
  [`${NET} dev eth7`, `'${NET} dev eth7': found 'eth7' after 'dev', expected an interface that is there`],
  [`${NET} table nowhere`, /found 'nowhere' after 'table', expected a number from 0 to 4294967295 or a name like def/],
  [`${NET} table 0`, /found '0' after 'table', expected a table, from 1 on/],
  [`${NET} via 192.0.2.1 metric -1`, /found '-1' after 'metric', expected a number from 0 to 4294967295/],
  [`${NET} via 192.0.2.1 hoplimit 256`, /found '256' after 'hoplimit', expected a number from 0 to 255/],
  [`${NET} via 192.0.2.1 rtt soon`, /found 'soon' after 'rtt', expected a time of at most 536870911.875 ms/],
  [`${NET} via 192.0.2.1 features usec`, /found 'usec' after 'features', expected ecn/],
  [`${NET} encap mpls`, /found 'encap', expected a word of ip route that xlb can carry out/],
  [`${NET} via 192.0.2.1 weight 2`, /found 'weight', expected it after 'nexthop' only/],
  [`${NET} via 192.0.2.1 nexthop via 192.0.2.2`, /found 'nexthop' beside 'via' or 'dev'/],
  [`${NET} or 192.0.2.2`, /found 'or', expected 'via' before it/],
  [`blackhole ${NET} dev eth0`, /expected none of them: this type of route leads nowhere/],
  [`${NET} via 192.0.2.1 src 2001:db8::1`, /found '2001:db8::1' after 'src', expected an IPv4 address/],
  ['2001:db8:1::/48 via 192.0.2.1', /found '192.0.2.1' after 'via', expected an IPv6 address/],
  [`${NET} via 192.0.2.1 expires 5`, /found 'expires', expected an IPv6 route/],
  [`${NET} via 192.0.2.1 pref low`, /found 'pref', expected an IPv6 route/],
  ['2001:db8:1::/48 via 2001:db8::1 realms 5', /found 'realms', expected an IPv4 route/],
])('%s: refused', (words, error) => {
  expect(translate(words)).toEqual({ error: typeof error === 'string' ? error : expect.stringMatching(error) });
});
