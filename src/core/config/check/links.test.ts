import { expect, it } from 'vitest';
import { faultsOf } from '../testing.ts';

const instance = (lines = '') =>
  `vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress { 192.0.2.1 }\n${lines}\n}\n`;
const delays = (line: string) => `interface_up_down_delays {\n${line}\n}\n`;
const group = 'track_group G {\ngroup { A }\n}\n';

it.each<[string, string, string[]]>([
  ['a delay that an instance can stand', instance() + delays('eth0 1.9'), []],
  ['one on an interface without instances', instance() + delays('eth1 200 100'), []],
  [
    'one as long as two adverts',
    instance() + delays('eth0 2'),
    ['8:6 warning found a delay of 2 seconds, expected less than 2: vrrp_instance A would be MASTER before'],
  ],
  [
    'any where one advert may not be missed',
    instance('down_timer_adverts 1') + delays('eth0 0.5 1'),
    ['8:6 warning found a delay of 1 seconds, expected 0: vrrp_instance A'],
  ],
  ['no delay', delays('eth0'), ["2:1 error found nothing after 'eth0', expected seconds from 0 to 255"]],
  ['too long a delay', delays('eth0 256'), ["2:6 error found '256' after 'eth0', expected seconds from 0 to 255"]],
  [
    'an interface of two groups',
    'garp_group {\ngarp_interval 0.1\ninterfaces {\neth0 eth1\n}\n}\ngarp_group {\ninterface eth1\n}',
    ['8:11 warning found eth1 in garp_group again, expected it once; that at x.conf:4 counts'],
  ],
  ['a group of none', 'garp_group {\ngna_interval 1\n}', ['1:1 warning found no interface in garp_group']],
  ['what is followed', `${instance()}${group}static_ipaddress {\n10.0.0.1 dev eth1 track_group G\n}`, []],
  [
    'a track_group that is not there',
    `${instance()}${group}static_routes {\n10.0.0.0/8 dev eth1 track_group GG\n}`,
    ["11:33 error found 'GG', expected the name of a track_group of this file"],
  ],
  [
    'what is followed and is not',
    `${instance()}${group}static_rules {\nfrom 10.0.0.1 table 9 track_group G no_track\n}`,
    ["11:23 warning found 'track_group' beside 'no_track', expected one of them: nothing is followed"],
  ],
  ['a member that is not there', group, ["2:9 error found 'A', expected the name of a vrrp_instance of this file"]],
  [
    'a macvlan by unicast',
    instance('use_vmac\nunicast_peer { 192.0.2.2 }'),
    ["5:1 warning found 'use_vmac' beside 'unicast_peer', expected 'vmac_xmit_base', which is taken"],
  ],
])('%s', (_title, text, starts) => {
  const faults = faultsOf(text);
  expect(faults.map((fault, i) => fault.slice(0, starts[i]?.length))).toEqual(starts);
});
