import { expect, it } from 'vitest';
import { diffConfig } from './diff.ts';
import { loadText } from './testing.ts';

const FILE = `global_defs {\nrouter_id a\nlvs_timeouts tcp 9\n}
vrrp_script s {\nscript "/bin/true"\n}
vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\npriority 100
  virtual_ipaddress {\n192.0.2.1\n192.0.2.2\n}\n}
virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind DR\nquorum 1
  real_server 10.0.0.1 {\nweight 1\nTCP_CHECK {\nconnect_timeout 3\n}\n}\n}
xlb {\ninterface eth0\n}`;

function lines(after: string, before = FILE): string[] {
  const [old, fresh] = [before, after].map((text) => loadText(text));
  const errors = [...old!.faults, ...fresh!.faults].filter(({ severity }) => severity === 'error');
  expect(errors).toEqual([]);
  return diffConfig(old!.file, fresh!.file).map(({ action, block, text }) => `${action} ${block}: ${text}`);
}

it.each([
  ['nothing', '', '', []],
  ['a value', 'priority 100', 'priority 150', ['change vrrp_instance A: priority 100 -> 150']],
  ['a keyword that comes', 'priority 100', 'priority 100\nnopreempt', ['add vrrp_instance A: nopreempt']],
  ['a keyword that goes', 'router_id a\n', '', ['delete global_defs: router_id a']],
  [
    'entries',
    '192.0.2.1\n192.0.2.2',
    '192.0.2.2\n192.0.2.3',
    ['add vrrp_instance A > virtual_ipaddress: 192.0.2.3', 'delete vrrp_instance A > virtual_ipaddress: 192.0.2.1'],
  ],
  ['entries in another order', '192.0.2.1\n192.0.2.2', '192.0.2.2\n192.0.2.1', []],
  ['a name', 'vrrp_script s', 'vrrp_script t', ['add vrrp_script t: ', 'delete vrrp_script s: ']],
  [
    'what stands more than once',
    'interface eth0\n}',
    'interface eth1\n}',
    ['add xlb: interface eth1', 'delete xlb: interface eth0'],
  ],
  ['what the model holds', 'lb_algo rr\nlb_kind DR', 'lb_algo wrr\nlb_kind NAT', []],
  ['timeouts, which the model holds', 'tcp 9', 'tcp 10', []],
  ['a real server', 'real_server 10.0.0.1 ', 'real_server 10.0.0.2 ', []],
  ['a quorum', 'quorum 1', 'quorum 1\nhysteresis 0', ['add virtual_server 192.0.2.1 80: hysteresis 0']],
  [
    'a checker',
    'connect_timeout 3',
    'connect_timeout 4',
    ['change virtual_server 192.0.2.1 80 > real_server 10.0.0.1 > TCP_CHECK: connect_timeout 3 -> 4'],
  ],
  ['two parts of one block', 'router_id a\n', '}\nglobal_defs {\nrouter_id a\n', []],
])('tells %s', (_title, from, to, expected) => {
  expect(lines(FILE.replace(from, to))).toEqual(expected);
});
