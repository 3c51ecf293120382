import { describe, expect, it } from 'vitest';
import { loadConfig } from '../load.ts';
import { faultsOf, filesOf, loadText, SURROUNDINGS } from '../testing.ts';

const ROUTER = 'interface eth0\nvirtual_router_id 7\nvirtual_ipaddress { 192.0.2.1 }\n';
const instance = (lines: string, name = 'A', router = ROUTER) => `vrrp_instance ${name} {\n${router}${lines}\n}\n`;
const service = (lines: string, name = '192.0.2.1 80') =>
  `virtual_server ${name} {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n${lines}\n}\n`;

/** Each fault must begin like this. */
function expectFaults(text: string, starts: readonly string[]): void {
  const faults = faultsOf(text);
  expect(faults.map((fault, i) => fault.slice(0, starts[i]?.length))).toEqual(starts);
}

describe('instances', () => {
  it.each([
    [
      'two routers of one number',
      instance('') + instance('', 'B'),
      ['9:19 error found virtual_router_id 7 again for IPv4 on eth0'],
    ],
    [
      'two of one number and two families',
      instance('') + instance('', 'B', ROUTER.replace('192.0.2.1', 'fe80::1')),
      [],
    ],
    ['two of one number on two interfaces', instance('') + instance('', 'B', ROUTER.replace('eth0', 'eth1')), []],
    [
      'a name that stands twice',
      instance('') + instance('', 'A', ROUTER.replace('7', '8')),
      ["7:15 error found vrrp_instance 'A' again"],
    ],
    [
      'too long an interval for version 3',
      instance('version 3\nadvert_int 41'),
      ['6:12 error found 41 seconds, expected 40.95 at most'],
    ],
    ['MASTER without a priority', instance('state MASTER'), ["5:1 warning found 'state MASTER' without 'priority'"]],
    [
      'AH and MASTER',
      instance('state MASTER\npriority 9\nauthentication {\nauth_type AH\nauth_pass x\n}'),
      ["5:7 warning found 'state MASTER' beside 'auth_type AH'"],
    ],
    [
      'a delay without preemption',
      instance('nopreempt\npreempt_delay 5'),
      ["6:1 warning found 'preempt_delay' beside 'nopreempt'"],
    ],
    [
      'a delay of a MASTER',
      instance('state MASTER\npriority 9\npreempt_delay 5'),
      ["7:1 warning found 'preempt_delay' beside 'state MASTER'"],
    ],
    ['a peer of the other family', instance('unicast_peer { fe80::2 }'), ['5:16 error found an IPv6 peer']],
    ['a source of the other family', instance('mcast_src_ip fe80::2'), ['5:14 error found an IPv6 source']],
    [
      'unicast without an interface',
      instance(
        '',
        'A',
        'virtual_router_id 7\nunicast_src_ip 192.0.2.8\nunicast_peer { 192.0.2.9 }\nvirtual_ipaddress { 192.0.2.1 }\n',
      ),
      [],
    ],
    ['none on purpose', instance('no_virtual_ipaddress', 'A', 'interface eth0\nvirtual_router_id 7\n'), []],
    [
      'a password without a type',
      instance('authentication { auth_pass x }'),
      ["5:1 error found 'auth_pass' without 'auth_type'"],
    ],
    [
      'a wrong type and nothing more',
      instance('authentication {\nauth_type X\nauth_pass x\n}'),
      ["6:11 error found 'X'"],
    ],
    [
      'signed adverts',
      instance('auth_hmac { mode enforce }'),
      ["5:1 error found 'auth_hmac', which xlb does not have"],
    ],
    [
      'an older spelling',
      instance('vmac_garp_intvl 5'),
      ["5:1 warning found 'vmac_garp_intvl', expected 'garp_extra_if'"],
    ],
    ['what nothing follows from', instance('debug 3'), ["5:1 warning 'debug' is recognised and not acted on"]],
    ['what stands twice', instance('priority 3\npriority 5'), ["6:1 warning found 'priority' again"]],
    [
      'a virtual server of another protocol',
      instance('track_virtual_server { "192.0.2.1 80 UDP" }') + service('real_server 10.0.0.1 80 { }'),
      ["5:24 error found '192.0.2.1 80 UDP', expected the name of a virtual_server of this file"],
    ],
    [
      'virtual servers with and without their protocol',
      instance('track_virtual_server { "192.0.2.1 80 tcp" }') +
        instance('track_virtual_server { "192.0.2.1 80" }', 'B', ROUTER.replace('7', '8')) +
        service('real_server 10.0.0.1 80 { }'),
      [],
    ],
    [
      'an unknown script, with the one that was meant',
      `vrrp_script chk { script /x }\nglobal_defs { enable_script_security }\n${instance('track_script { chkk }')}`,
      ["7:16 error found 'chkk', expected the name of a vrrp_script"],
    ],
    [
      'a track file by its older name',
      `vrrp_track_file f { file /x }\n${instance('track_file { f }')}`,
      ["1:1 warning found 'vrrp_track_file'"],
    ],
  ])('tell of %s', (_title, text, starts) => expectFaults(text, starts));

  it('name what was meant', () => {
    const text = `${instance('')}vrrp_sync_group G {\ngroup {\nA\nAA\n}\n}`;
    expect(loadText(text).faults).toMatchObject([{ at: { line: 10 }, severity: 'error' }]);
  });
});

it('warn of VIPs that do not answer in strict mode, once', () => {
  const strict = 'global_defs { vrrp_strict }\n';
  const two = instance('') + instance('', 'B', ROUTER.replace('7', '8'));
  expectFaults(strict + two, ['1:15 warning in strict mode the VIPs of vrrp_instance A answer nothing']);
  expectFaults(strict + instance('accept') + instance('priority 255', 'B', ROUTER.replace('7', '8')), []);
});

describe('groups', () => {
  const two = instance('') + instance('', 'B', ROUTER.replace('7', '8'));
  it.each([
    [
      'one instance',
      `${instance('')}vrrp_sync_group G { group { A } }`,
      ['7:17 warning found one instance in vrrp_sync_group G'],
    ],
    ['no instances', `${instance('')}vrrp_sync_group G { }`, ["7:17 error found no 'group'"]],
    [
      'an instance of two groups',
      `${two}vrrp_sync_group G {\ngroup {\nA\nB\n}\n}\nvrrp_sync_group H {\ngroup {\nB\nA\n}\n}`,
      ['21:1 error found vrrp_instance B in a second place', '22:1 error found vrrp_instance A in a second place'],
    ],
    [
      'notify_deleted, which only instances have',
      `${two}vrrp_sync_group G {\ngroup {\nA\nB\n}\nnotify_deleted /x\n}`,
      ["18:1 error found 'notify_deleted' in vrrp_sync_group, expected it in vrrp_instance"],
    ],
  ])('tell of %s', (_title, text, starts) => expectFaults(text, starts));
});

describe('virtual servers', () => {
  it.each([
    ['one that stands twice', service('') + service(''), ['7:16 error found virtual_server 192.0.2.1 80 again']],
    ['one of each protocol', service('') + service('').replace('TCP', 'UDP'), []],
    [
      'what is left to defaults',
      'virtual_server 192.0.2.1 80 {\n}',
      ["1:1 warning found no 'protocol'", "1:1 warning found no 'lb_algo'", "1:1 warning found no 'lb_kind'"],
    ],
    [
      'a mark',
      'virtual_server fwmark 7 {\nlb_algo rr\nlb_kind NAT\n}',
      ['1:16 warning found no rule of this file that gives packets the mark 7'],
    ],
    [
      'a mark that the file gives',
      'virtual_server fwmark 7 {\nlb_algo rr\nlb_kind NAT\n}\nxlb {\nmark 7 192.0.2.1\n}',
      [],
    ],
    [
      'marks of which neither is narrower',
      'xlb {\nmark 7 192.0.2.1 tcp 80-90\nmark 8 192.0.2.1 tcp 90-99\n}',
      ["3:6 error '192.0.2.1 tcp 90-99' has mark 8, and '192.0.2.1 tcp 80-90' has mark 7"],
    ],
    [
      'a mark with bits behind its prefix',
      'xlb {\nmark 7 192.0.2.1/24\n}',
      ['2:8 error destination.address: found 192.0.2.1/24, whose last bits are not 0; expected 192.0.2.0/24'],
    ],
    [
      'a protocol of a mark',
      service('', 'fwmark 7'),
      ['1:16 warning found no rule', "2:1 warning found 'protocol' in a service by firewall mark"],
    ],
    [
      'a group that is not there',
      service('', 'group G'),
      ["1:22 error found 'G', expected the name of a virtual_server_group"],
    ],
    [
      'an empty group',
      `virtual_server_group G { }\n${service('', 'group G')}`,
      ['2:22 error found the empty virtual_server_group G'],
    ],
    [
      'too large a group',
      `virtual_server_group G {\n10.0.0.0/8 80\n}\n${service('', 'group G')}`,
      ['2:1 error found 16777216 addresses and ports'],
    ],
    [
      'a range that runs down',
      `virtual_server_group G {\n192.0.2.9-3 80\n}\n${service('', 'group G')}`,
      ["2:1 error found '192.0.2.9-3'", '4:22 error found the empty'],
    ],
    [
      'a real server of the other family',
      service('real_server fd00::1 80 { }'),
      ['5:13 error found an IPv6 real server of an IPv4 service by NAT, expected IPv4, or lb_kind TUN or FULLNAT'],
    ],
    ['one through a tunnel', service('real_server fd00::1 80 { }').replace('NAT', 'TUN'), []],
    [
      'one by FULLNAT',
      `xlb {\nlocal_address fd00::2\n}\n${service('real_server fd00::1 80 { }').replace('NAT', 'FULLNAT')}`,
      [],
    ],
    [
      'an address that no host has',
      service('real_server 224.0.0.1 80 { }'),
      ['5:13 error found 224.0.0.1, expected a unicast address'],
    ],
    [
      'thresholds',
      service('real_server 10.0.0.1 80 {\nuthreshold 5\nlthreshold 6\n}'),
      ['7:12 error found lthreshold 6, expected 5 at most'],
    ],
    [
      'a lower threshold alone',
      service('real_server 10.0.0.1 80 {\nlthreshold 6\n}'),
      ["6:12 error found lthreshold 6, expected an 'uthreshold'"],
    ],
    ['flags of another scheduler', service('mh-port'), ["5:1 warning found 'mh-port' with scheduler rr"]],
    ['flags without a name', service('flag-2'), ["5:1 warning found 'flag-2' with scheduler rr"]],
    [
      'sip over TCP',
      service('persistence_engine sip'),
      ['5:1 warning the data plane has no persistence', '5:1 error found persistence_engine sip without'],
    ],
    ['sources of the other family', service('allow_source 2001:db8::/32'), ['5:14 error found 2001:db8::/32']],
    [
      'a prefix with more bits',
      service('deny_source 10.0.0.1/8'),
      ["5:13 error found '10.0.0.1/8' after 'deny_source'"],
    ],
    [
      'a prefix in both lists',
      service('allow_source 10.0.0.0/8\ndeny_source 10.0.0.0/8'),
      ['6:13 error found 10.0.0.0/8 in allow_source'],
    ],
    ['a rate of nothing', service('conn_rate 0'), ["5:11 error found '0' after 'conn_rate'"]],
    [
      'a mask of the other family',
      service('persistence_granularity 64'),
      ["5:25 error found '64', expected a netmask"],
    ],
    [
      'words for a sorry server that is not there',
      service('sorry_server_inhibit'),
      ["5:1 warning found 'sorry_server_inhibit' without"],
    ],
    [
      'a sorry server of the other family',
      service('sorry_server fe80::1 80'),
      ['5:14 error found an IPv6 sorry server'],
    ],
    [
      'HTTP without a page',
      service('real_server 10.0.0.1 80 {\nHTTP_GET { }\n}'),
      ["6:1 error found no 'url' in 'HTTP_GET'"],
    ],
    [
      'HTTP with a wrong page',
      service('real_server 10.0.0.1 80 {\nHTTP_GET {\nurl { path }\n}\n}'),
      ["7:7 error found nothing after 'path'"],
    ],
    ['retry 0 of a service', service('retry 0'), ["5:7 error found '0' after 'retry', expected a number from 1"]],
    ['retry 0 of a checker, which is right', service('real_server 10.0.0.1 80 {\nTCP_CHECK { retry 0 }\n}'), []],
    [
      'a reply that cannot be',
      service('real_server 10.0.0.1 80 {\nUDP_CHECK {\nmin_reply_length 300\n}\n}'),
      ['7:18 error found min_reply_length 300, expected 255 at most'],
    ],
    [
      'a file that is not tracked',
      service('real_server 10.0.0.1 80 {\nFILE_CHECK { track_file f }\n}'),
      ["6:25 error found 'f', expected the name of a track_file"],
    ],
  ])('tell of %s', (_title, text, starts) => expectFaults(text, starts));
});

describe('global_defs', () => {
  it.each([
    ['timeouts of nothing', 'global_defs { lvs_timeouts }', ["1:15 error found nothing after 'lvs_timeouts'"]],
    [
      'the sync daemon of an instance that is not there',
      'global_defs { lvs_sync_daemon eth0 VI_1 id 3 }',
      ["1:36 error found 'VI_1', expected the name of a vrrp_instance of this file"],
    ],
    [
      'mails to nobody',
      'global_defs {\nnotification_email { me@example.com }\n}',
      ["2:1 warning found recipients of mails, but no 'smtp_server'"],
    ],
    [
      'one pipe for two',
      'global_defs {\nnotify_fifo /run/a\nlvs_notify_fifo /run/a\nvrrp_notify_fifo /run/b\n}',
      ["3:17 error found '/run/a' in lvs_notify_fifo, expected another pipe than that of notify_fifo at x.conf:2"],
    ],
    [
      'scripts without security',
      'vrrp_script s { script /x }',
      ["1:24 warning scripts are run, but global_defs has no 'enable_script_security'"],
    ],
    ['a multicast group that is none', 'global_defs { vrrp_mcast_group4 10.0.0.1 }', ["1:33 error found '10.0.0.1'"]],
    [
      'a semicolon',
      'global_defs {\nvrrp_version 3 ;\n}',
      ["2:16 error found ';' after '3', expected the end of the line"],
    ],
    [
      'a word of the manual that keepalived does not take',
      'global_defs { state_file_location /x }',
      ["1:15 error found unknown keyword 'state_file_location'"],
    ],
  ])('tells of %s', (_title, text, starts) => expectFaults(text, starts));
});

it('tells what this machine lacks, each interface once', () => {
  const text = `global_defs {\nenable_script_security\nscript_user nobody\n}\nvrrp_script s { script "pgrep x" }\n${instance('track_interface {\neth0\neth1\n}')}`;
  const machine = { hasInterface: () => false, hasUser: () => false, program: () => 'not executable' as const };
  const load = (source: string) =>
    loadConfig({ path: 'x', files: filesOf({ x: source }), surroundings: SURROUNDINGS, machine }).faults.map(
      (fault) => `${fault.at.line} ${fault.severity} ${fault.text}`,
    );
  expect(load(text)).toEqual([
    "3 warning this machine has no user 'nobody'",
    "5 warning 'pgrep' is not executable, so it cannot be run",
    "7 warning this machine has no interface 'eth0'",
    "12 warning this machine has no interface 'eth1'",
  ]);
  expect(load(text.replace('script_user nobody', 'dynamic_interfaces'))).toHaveLength(1);
});

describe('services together', () => {
  const group = (lines: string) => `virtual_server_group G {\n${lines}\n}\n`;
  const real = 'real_server 10.0.0.1 { }';
  it.each([
    [
      'a group with the address of another virtual server',
      service(real) + group('192.0.2.0-3 80') + service(real, 'group G'),
      ['10:16 error found 192.0.2.1:80/tcp again, which the virtual server at x.conf:1 has, expected it once'],
    ],
    [
      'a group with an address twice',
      group('192.0.2.1 80\n192.0.2.0/30 80') + service(real, 'group G'),
      ['5:16 error found 192.0.2.1:80/tcp in this group again, expected it once'],
    ],
    [
      'real servers that are one',
      service(
        'real_server 10.0.0.1 80 { }\nreal_server 10.0.0.1 81 { lb_kind DR }\nreal_server 10.0.0.1 82 { lb_kind DR }',
      ),
      ['6:13 error 10.0.0.1:80 stands in the list twice'],
    ],
    [
      'a group of two families',
      group('192.0.2.1 80\n2001:db8::1 80') + service(real, 'group G'),
      ['9:13 error found method nat for the IPv4 server 10.0.0.1 of [2001:db8::1]:80/tcp'],
    ],
  ])('%s', (_title, text, starts) => {
    const errors = faultsOf(text).filter((fault) => !fault.includes('does not translate ports'));
    expect(errors.map((fault, i) => fault.slice(0, starts[i]?.length))).toEqual(starts);
  });
});
