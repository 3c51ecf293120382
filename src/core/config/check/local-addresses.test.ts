import { expect, it } from 'vitest';
import { faultsOf } from '../testing.ts';

const SERVER = 'real_server 10.0.0.1 80 { }';
const service = (lines: string, kind = 'FULLNAT', protocol = 'TCP') =>
  `virtual_server 192.0.2.1 80 {\nprotocol ${protocol}\nlb_algo rr\nlb_kind ${kind}\n${lines}\n}\n`;
const group = (...lines: string[]) => `local_address_group L {\n${lines.join('\n')}\n}\n`;
const LOCAL = group('10.0.0.9');

it.each<[string, string, string[]]>([
  ['a group that is used', service(`laddr_group_name L\ntoa\n${SERVER}`) + LOCAL, []],
  ['those of the block xlb', `${service(SERVER)}xlb {\nlocal_address 10.0.0.9\n}`, []],
  [
    'a server without one',
    service(SERVER),
    [
      "5:13 warning found no local address of IPv4 in this file, expected 'laddr_group_name', or 'local_address' in the block xlb: without one new connections are dropped",
    ],
  ],
  [
    'a server of another family than all of them',
    service('laddr_group_name L\nreal_server 2001:db8::1 80 { }').replace('192.0.2.1', '2001:db8::9') + LOCAL,
    ['6:13 warning found no local address of IPv6 in this file'],
  ],
  [
    'a group that is not there',
    `${service(`laddr_group_name LL\n${SERVER}`)}${LOCAL}xlb {\nlocal_address 10.0.0.8\n}`,
    ["5:18 error found 'LL', expected the name of a local_address_group of this file"],
  ],
  ['a group that stands twice', LOCAL + LOCAL, ["4:21 error found local_address_group 'L' again"]],
  ['an empty group', group(), ['1:21 error found the empty local_address_group L, expected addresses in it']],
  [
    'an address twice',
    group('10.0.0.1-9', '10.0.0.3'),
    ['3:1 error found 10.0.0.3 again, expected it once; the first'],
  ],
  ['what is no source', group('224.0.0.1'), ['2:1 error found 224.0.0.1, expected unicast addresses']],
  [
    'too many',
    group('10.0.0.0/27', '10.0.1.0/27', '2001:db8::/122', '10.0.2.1'),
    ['5:1 error found 65 addresses of IPv4 of the local_address_group L up to here, expected 64 at most'],
  ],
  ['a prefix far too large', group('10.0.0.0/8'), ['2:1 error found 16777216 addresses of IPv4']],
  [
    "DPVS's interface",
    group('10.0.0.1 dpdk0'),
    ["2:10 warning found the interface 'dpdk0', expected none: xlb gives local addresses to no interface"],
  ],
  [
    'no ports',
    group('10.0.0.1 ports 9-8', '10.0.0.2'),
    ["2:16 error found '9-8' after 'ports', expected ports from 1 to 65535"],
  ],
  [
    'ports without the word',
    group('10.0.0.1 eth0 1-9', '10.0.0.2'),
    ["2:15 error found '1-9' after 'eth0', expected 'ports'"],
  ],
  ['a range upside down', group('10.0.0.9-1', '10.0.0.2'), ["2:1 error found '10.0.0.9-1' in 'local_address_group'"]],
  [
    'words without FULLNAT',
    service(`laddr_group_name L\ntoa\n${SERVER}`, 'NAT') + LOCAL,
    [
      "5:1 warning found 'laddr_group_name' and no real server by FULLNAT, expected one",
      "6:1 warning found 'toa' and no real server by FULLNAT, expected one",
    ],
  ],
  [
    'toa of UDP',
    service(`laddr_group_name L\ntoa\n${SERVER}`, 'FULLNAT', 'UDP') + LOCAL,
    ["6:1 error found 'toa' without 'protocol TCP', which it needs"],
  ],
  [
    'one-packet scheduling, whose answers would find no client',
    service(`ops\nladdr_group_name L\n${SERVER}`, 'FULLNAT', 'UDP') + LOCAL,
    ['1:16 error found true for 192.0.2.1:80/udp, whose real server 10.0.0.1:80 has method fullnat'],
  ],
])('%s', (_title, text, starts) => {
  const faults = faultsOf(text);
  expect(faults.map((fault, i) => fault.slice(0, starts[i]?.length))).toEqual(starts);
});
