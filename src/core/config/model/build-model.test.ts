import { describe, expect, it } from 'vitest';
import { applyCommand, emptyModel } from '../../model/apply-command.ts';
import { makeMarkRule, markSelectorText } from '../../model/mark-rule.ts';
import { loadText } from '../testing.ts';
import { buildModel } from './build-model.ts';

const ROUTER = 'interface eth0\nvirtual_router_id 7\nvirtual_ipaddress { 192.0.2.1/24 dev eth1 }\n';

function model(text: string) {
  const { file, faults } = loadText(text);
  expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  return buildModel(file);
}

function instance(lines: string, globals = '', router = ROUTER) {
  return model(`global_defs {\n${globals}\n}\nvrrp_instance A {\n${router}${lines}\n}`).instances[0]!;
}

describe('an instance', () => {
  it('has the defaults of keepalived, but that it speaks before it yields', () => {
    expect(instance('')).toMatchObject({
      name: 'A',
      interface: 'eth0',
      vrid: 7,
      family: 4,
      version: 2,
      strict: false,
      state: 'BACKUP',
      priority: 100,
      advertInterval: 1,
      downTimerAdverts: 3,
      authentication: null,
      preempt: true,
      preemptDelay: 0,
      accept: true,
      addresses: [{ address: '192.0.2.1', length: 24, options: { dev: 'eth1' } }],
      source: null,
      group: '224.0.0.18',
      peers: [],
      unicastTtl: 255,
      answerLower: true,
      sendBeforeYielding: true,
      announcements: { delay: 5, repeat: 5, refresh: 0, refreshRepeat: 1, lowerPriorityDelay: 5, arpGap: 0 },
      smtpAlert: false,
    });
  });

  it.each([
    ['a MASTER without a priority is the owner', 'state MASTER', '', { priority: 255, state: 'MASTER' }],
    ['priority 255 starts as MASTER', 'priority 255', '', { state: 'MASTER' }],
    ['version 2 rounds', 'advert_int 2.6', '', { advertInterval: 3 }],
    ['version 2 has a second at least', 'advert_int 0.2', '', { advertInterval: 1 }],
    ['version 3 does not', 'version 3\nadvert_int 0.25', '', { version: 3, advertInterval: 0.25 }],
    ['the own version counts', 'version 2', 'vrrp_version 3', { version: 2 }],
    ['the global version counts', '', 'vrrp_version 3', { version: 3 }],
    ['delays', '', 'vrrp_startup_delay 2.5\nvrrp_delay_after_boot 9', { startupDelay: 2.5, delayAfterBoot: 9 }],
    ['nopreempt', 'nopreempt', '', { preempt: false }],
    ['MASTER preempts', 'state MASTER\npriority 9\nnopreempt\npreempt_delay 5', '', { preempt: true, preemptDelay: 0 }],
    ['a delay', 'preempt_delay 5', '', { preemptDelay: 5 }],
    [
      'passwords are cut',
      'authentication {\nauth_type PASS\nauth_pass 123456789\n}',
      '',
      { authentication: { type: 'PASS', password: '12345678' } },
    ],
    ['version 3 has none', 'version 3\nauthentication {\nauth_type PASS\nauth_pass 1\n}', '', { authentication: null }],
    [
      'AH starts as BACKUP',
      'state MASTER\npriority 9\nauthentication {\nauth_type AH\nauth_pass 1\n}',
      '',
      { state: 'BACKUP' },
    ],
    ['strict mode', 'unicast_peer { 192.0.2.9 }', 'vrrp_strict', { strict: true, accept: false, peers: [] }],
    ['strict mode with accept', 'accept', 'vrrp_strict', { accept: true }],
    ['strict mode that an instance is out of', 'strict_mode off', 'vrrp_strict', { strict: false, accept: true }],
    ['no_accept', 'no_accept', '', { accept: false }],
    [
      'peers',
      'unicast_src_ip 192.0.2.8\nunicast_peer { 192.0.2.9 min_ttl 254 }',
      '',
      { source: '192.0.2.8', peers: [{ address: '192.0.2.9', options: { min_ttl: 254 } }] },
    ],
    ['off is off', 'skip_check_adv_addr off', 'vrrp_skip_check_adv_addr', { skipAddressCheck: false }],
    [
      'own words before global ones',
      'garp_master_delay 1',
      'vrrp_garp_master_delay 9\nvrrp_garp_lower_prio_repeat 2',
      { announcements: { delay: 1, lowerPriorityDelay: 1, lowerPriorityRepeat: 2 } },
    ],
    ['least announcements', '', 'vrrp_min_garp', { announcements: { delay: 0, repeat: 1 } }],
    [
      'gaps of 0',
      '',
      'vrrp_garp_interval 0\nvrrp_gna_interval 0.5',
      { announcements: { arpGap: 0, neighbourGap: 0.5 } },
    ],
    [
      'tracks',
      'track_script { s weight -30 reverse }',
      '}\nvrrp_script s { script /x',
      { tracks: { scripts: [{ name: 's', weight: { weight: -30, reverse: true } }] } },
    ],
    [
      'a fault script stands in for a deleted one',
      'notify_fault "/x y"',
      '',
      { notifies: { deleted: { argv: ['/x', 'y'] } } },
    ],
    ['mails that are on for all', '', 'smtp_alert', { smtpAlert: true }],
    ['mails that are off for VRRP', '', 'smtp_alert\nsmtp_alert_vrrp off', { smtpAlert: false }],
    ['the last word counts', 'priority 3\npriority 5', '', { priority: 5 }],
  ])('%s', (_title, lines, globals, expected) => {
    expect(instance(lines, globals)).toMatchObject(expected);
  });

  it('of IPv6 has version 3 and its group', () => {
    const router = 'interface eth0\nvirtual_router_id 7\nvirtual_ipaddress { fe80::1 }\n';
    expect(instance('', '', router)).toMatchObject({ family: 6, version: 3, group: 'ff02::12' });
  });
});

describe('a script', () => {
  it('has its words, and a timeout of its interval', () => {
    const { scripts } = model(
      'global_defs { script_user me }\nvrrp_script s {\nscript "/a \'b c\' \\x41"\ninterval 3\nfall 2\n}',
    );
    expect(scripts).toEqual([
      {
        name: 's',
        argv: ['/a', 'b c', 'A'],
        interval: 3,
        timeout: 3,
        weight: { weight: 0, reverse: false },
        rise: 1,
        fall: 2,
        startsFailed: false,
        user: null,
        rules: { user: { user: 'me', group: null }, security: false, supplementaryGroups: false },
      },
    ]);
  });
});

it('knows what is tracked beside scripts', () => {
  const found = model(`
    vrrp_track_process p { process "sleep 5"\nquorum 2\ndelay 1\nterminate_delay 3\nweight 7 }
    track_file f { file /run/f\ninit_file 3 overwrite }
    vrrp_track_file g { file /run/g\nweight 2 reverse }
    vrrp_instance A {\n${ROUTER}}
    vrrp_sync_group G { group { A }\ntrack_file { f }\ntrack_interface { eth9 weight 3 } }`);
  const process = { name: 'p', command: ['sleep 5'], match: null, fullCommand: false, least: 2, forkDelay: 1 };
  expect(found.processes).toMatchObject([{ ...process, terminateDelay: 3, weight: { weight: 7, reverse: false } }]);
  expect(found.files).toEqual([
    { name: 'f', path: '/run/f', weight: { weight: 1, reverse: false }, initial: { value: 3, overwrite: true } },
    { name: 'g', path: '/run/g', weight: { weight: 2, reverse: true }, initial: null },
  ]);
  const tracks = { files: [{ name: 'f', weight: null }], interfaces: [{ name: 'eth9', weight: { weight: 3 } }] };
  expect(found.groups).toMatchObject([{ tracks }]);
});

it('has what is said of interfaces', () => {
  const instance = (name: string, vrid: number, lines = '') =>
    `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${vrid}\nvirtual_ipaddress { 192.0.2.${vrid} }\n${lines}\n}\n`;
  const found = model(`global_defs {\ndefault_interface eth9\n}
    interface_up_down_delays {\neth0 1.5\neth1 2 0.25\n}
    garp_group {\ngarp_interval 0.1\ninterfaces {\neth0 eth1\neth2\n}\n}
    ${instance('A', 1, 'old_unicast_checksum')}${instance('B', 2, 'old_unicast_checksum never')}${instance('C', 3)}
    track_group G { group { A } }\nstatic_track_group H { group {\nA\nB\n} }
    static_ipaddress {\n10.0.0.1 track_group G\n10.0.0.2 dev eth1 track_group G\n10.0.0.3 dev eth5 track_group G no_track\n}
    static_routes {\n10.1.0.0/16 via 10.0.0.9 dev eth1 track_group G\n10.2.0.0/16 via 10.0.0.9 track_group G\n}
    static_rules {\nfrom 10.0.0.1 iif eth3 table 5 track_group H\n}`);
  expect(found.linkDelays).toEqual([
    { interface: 'eth0', down: 1.5, up: 0 },
    { interface: 'eth1', down: 2, up: 0.25 },
  ]);
  expect(found.paces).toEqual([{ interfaces: ['eth0', 'eth1', 'eth2'], arpGap: 0.1, neighbourGap: 0 }]);
  const followed = found.instances.map(({ tracks }) => tracks.interfaces.map(({ name }) => name).join());
  expect(followed).toEqual(['eth9,eth1,eth3', 'eth3', '']);
  expect(found.instances.map(({ oldChecksum }) => oldChecksum)).toEqual(['always', 'never', 'auto']);
});

function service(lines: string, name = '192.0.2.1 80', rest = '') {
  return model(`virtual_server ${name} {\nprotocol TCP\n${lines}\n}\n${rest}`).services[0]!;
}

describe('a virtual server', () => {
  it('has the defaults of keepalived', () => {
    expect(service('real_server 10.0.0.1 { }')).toEqual({
      name: '192.0.2.1 80',
      at: { file: 'x.conf', line: 1, column: 16, length: 9 },
      services: [
        {
          protocol: 'tcp',
          address: '192.0.2.1',
          port: 80,
          scheduler: 'wlc',
          options: { fallback: false, port: false },
          persistence: null,
          onePacket: false,
          engine: null,
          servers: [{ address: '10.0.0.1', port: 80, method: 'nat', weight: 1, upperThreshold: 0, lowerThreshold: 0 }],
        },
      ],
      quorum: 1,
      hysteresis: 0,
    });
  });

  it.each([
    ['DR keeps the port', 'lb_kind DR\nreal_server 10.0.0.1 8080 { }', { servers: [{ method: 'dr', port: 80 }] }],
    ['NAT translates it', 'lb_kind NAT\nreal_server 10.0.0.1 8080 { }', { servers: [{ method: 'nat', port: 8080 }] }],
    [
      'a method of its own',
      'lb_kind DR\nreal_server 10.0.0.1 8080 { lvs_method NAT }',
      { servers: [{ method: 'nat', port: 8080 }] },
    ],
    [
      'GUE',
      'lb_kind TUN type gue port 6080 csum\nreal_server 10.0.0.1 { }',
      { servers: [{ method: 'tun', encapsulation: { type: 'gue', port: 6080, checksum: 'full' } }] },
    ],
    [
      'GRE of one server',
      'lb_kind DR\nreal_server 10.0.0.1 { lvs_method TUN type gre }',
      { servers: [{ method: 'tun', encapsulation: { type: 'gre', checksum: 'none' } }] },
    ],
    [
      'GUE with remote checksums',
      'lb_kind TUN type gue port 1 remcsum\nreal_server 10.0.0.1 { }',
      { servers: [{ encapsulation: { type: 'gue', port: 1, checksum: 'remote' } }] },
    ],
    [
      'limits',
      'conn_rate 100 5\nmax_connections 7\nsource_conn_rate 9\nsource_connections 3\nallow_source 10.0.0.0/8 192.0.2.1\nallow_source 10.1.0.0/16',
      {
        limits: {
          ...{ rate: 100, burst: 5, sourceRate: 9, sourceBurst: 9, connections: 7, sourceConnections: 3 },
          ...{ allow: ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.1/32'], deny: [] },
        },
      },
    ],
    [
      'weights',
      'weight 3\nreal_server 10.0.0.1 { }\nreal_server 10.0.0.2 { weight 0 }',
      { servers: [{ weight: 3 }, { weight: 0 }] },
    ],
    ['persistence alone', 'persistence_timeout', { persistence: { timeout: 360 } }],
    [
      'persistence with a mask',
      'persistence_timeout 9\npersistence_granularity 255.255.0.0',
      { persistence: { timeout: 9, netmask: '255.255.0.0' } },
    ],
    [
      'FULLNAT',
      'lb_kind FULLNAT\ntoa\nreal_server 10.0.0.1 8080 { }',
      { toa: true, servers: [{ method: 'fullnat', port: 8080 }] },
    ],
    [
      "FULLNAT by DPVS's word",
      'lb_kind FNAT\nreal_server 10.0.0.1 { }',
      { servers: [{ method: 'fullnat', port: 80 }] },
    ],
    ['flags', 'lb_algo sh\nsh-port\nflag-1', { scheduler: 'sh', options: { port: true, fallback: true } }],
    ['flags of another scheduler', 'lb_algo rr\nsh-port', { options: { port: false } }],
  ])('%s', (_title, lines, expected) => {
    expect(service(lines).services[0]).toMatchObject(expected);
  });

  it('with a quorum above all weights has one that can be reached', () => {
    const found = service('quorum 5\nhysteresis 7\nreal_server 10.0.0.1 { }');
    expect(found).toMatchObject({ quorum: 1, hysteresis: 0 });
  });

  it('has the local addresses of its group for each of its addresses, and the block xlb those of all others', () => {
    const groups = `local_address_group L {\n10.0.0.8/31 dpdk0 ports 2000-2999\n2001:db8::1\n}
      virtual_server_group G {\n192.0.2.1-2 80\n}\nxlb {\nlocal_address 10.0.0.1-2\n}`;
    const found = model(`${groups}\nvirtual_server group G {\nprotocol TCP\nladdr_group_name L\n}`).localAddresses;
    const of = (last: number) => ({ protocol: 'tcp', address: `192.0.2.${last}`, port: 80 });
    const ports = { firstPort: 2000, lastPort: 2999 };
    expect(found).toEqual([
      { address: '10.0.0.1' },
      { address: '10.0.0.2' },
      ...[1, 2].flatMap((last) => [
        { address: '10.0.0.8', ...ports, service: of(last) },
        { address: '10.0.0.9', ...ports, service: of(last) },
        { address: '2001:db8::1', service: of(last) },
      ]),
    ]);
  });

  it('by firewall mark has a family', () => {
    const found = service('ip_family inet6', 'fwmark 7');
    expect(found.services).toMatchObject([{ protocol: 'fwmark', family: 6, mark: 7 }]);
  });

  it('of a group is one by firewall mark with nftables_ipvs', () => {
    const group = 'virtual_server_group G {\n192.0.2.9-11 80-81\n192.0.2.16/28\n2001:db8::/64 443\nfwmark 7\n}';
    const globals = 'global_defs {\nnftables_ipvs\nnftables_ipvs_start_fwmark 50\n}\n';
    const found = model(`${globals}${group}\nvirtual_server group G {\nprotocol TCP\n}`);
    expect(found.services[0]?.services).toMatchObject([
      { protocol: 'fwmark', family: 4, mark: 50 },
      { protocol: 'fwmark', family: 6, mark: 50 },
      { protocol: 'fwmark', family: 4, mark: 7 },
    ]);
    const texts = found.marks.map((rule) => {
      const made = makeMarkRule(rule);
      return 'code' in made ? made.message : `${markSelectorText(made)}: ${made.mark}`;
    });
    expect(texts).toEqual([
      ...['192.0.2.9 tcp 80-81: 50', '192.0.2.10/31 tcp 80-81: 50', '192.0.2.16/28 tcp: 50'],
      '2001:db8::/64 tcp 443: 50',
    ]);
  });

  it('of a group is a service for each address and port', () => {
    const group = 'virtual_server_group G {\n192.0.2.9-11 80\n2001:db8::/127 443-444\n}';
    const keys = service('', 'group G', group).services.map((each) =>
      'address' in each ? `${each.address} ${each.port}` : '',
    );
    expect(keys).toEqual([
      ...['192.0.2.9 80', '192.0.2.10 80', '192.0.2.11 80'],
      ...['2001:db8:: 443', '2001:db8:: 444', '2001:db8::1 443', '2001:db8::1 444'],
    ]);
  });
});

it('has services that the command replace takes', () => {
  const group = 'virtual_server_group G {\n192.0.2.9-11 80\n}\n';
  const other = 'virtual_server fwmark 7 {\nlb_kind TUN\nreal_server fd00::1 { }\n}\n';
  const text = `${group}${other}virtual_server group G {
    protocol TCP\nlb_kind DR\nlb_algo mh\nmh-port\npersistence_timeout 50\npersistence_granularity 255.255.255.0
    real_server 10.0.0.1 80 {\nweight 3\nuthreshold 9\nlthreshold 5\n}
    real_server 10.0.0.2 8080 {\nlvs_method NAT\n}
  }`;
  const services = model(text).services.flatMap((each) => each.services);
  const applied = applyCommand(emptyModel, { type: 'replace', services });
  expect(applied).not.toHaveProperty('error');
  expect('model' in applied && [...applied.model.services.keys()]).toHaveLength(4);
});

it('knows what xlbd is to be', () => {
  expect(model('xlb { }').director).toEqual({ interfaces: [] });
  const text = `xlb {\ninterface eth0 native\ninterface eth1\nxdp_mode auto\nconnections 4096\nservices 16
    real_servers 17\nschedule_lines 18\nmetrics 127.0.0.1 9100\nrun_dir /r\ngroup wheel\nstate_dir /s\nbpffs /b\n}`;
  expect(model(text).director).toEqual({
    interfaces: [{ name: 'eth0', mode: 'native' }, { name: 'eth1' }],
    xdpMode: 'auto',
    connections: 4096,
    services: 16,
    realServers: 17,
    scheduleLines: 18,
    metrics: { host: '127.0.0.1', port: 9100 },
    runDir: '/r',
    group: 'wheel',
    stateDir: '/s',
    bpffs: '/b',
  });
  expect([model('').flush, model('global_defs { lvs_flush }').flush]).toEqual([false, true]);
});

it('knows timeouts and groups', () => {
  const text = `global_defs {\nlvs_timeouts tcp 900 tcpfin 60\n}\nvrrp_instance A {\n${ROUTER}}\nvrrp_sync_group G {\ngroup {\nA\n}\n}`;
  expect(model(text)).toMatchObject({
    timeouts: { tcp: 900, tcpFin: 60 },
    groups: [{ name: 'G', members: ['A'], usesWeights: false }],
  });
});

describe('a group', () => {
  const group = (lines: string, globals = '') =>
    model(`global_defs {\n${globals}\n}\nvrrp_instance A {\n${ROUTER}}\nvrrp_sync_group G {\ngroup { A }\n${lines}\n}`)
      .groups[0]!;

  it('has programs of its own, and none that only instances have', () => {
    const { notifies } = group('notify_master "/m"\nnotify "/n x" me :staff\nnotify_fault "/f"');
    expect(notifies).toMatchObject({ master: { argv: ['/m'], as: null }, fault: { argv: ['/f'] }, backup: null });
    expect(notifies).toMatchObject({ any: { argv: ['/n', 'x'], as: { user: 'me', group: ':staff' } }, deleted: null });
  });

  it.each([
    ['nothing said', '', '', false],
    ['its own word', 'smtp_alert', 'smtp_alert off', true],
    ['that for VRRP', '', 'smtp_alert off\nsmtp_alert_vrrp', true],
  ])('mails: %s', (_title, lines, globals, expected) => {
    expect(group(lines, globals).smtpAlert).toBe(expected);
  });

  it('has the global word for changed priorities', () => {
    expect(group('', 'vrrp_notify_priority_changes').notifies.priorityChanges).toBe(true);
    expect(group('notify_priority_changes off', 'vrrp_notify_priority_changes').notifies.priorityChanges).toBe(false);
  });
});

describe('what holds for all', () => {
  const globals = (lines: string) => model(`global_defs {\n${lines}\n}`);

  it('is nothing where nothing is said', () => {
    expect(globals('')).toMatchObject({
      fifos: { all: null, vrrp: null, lvs: null, statesOnReload: false },
      mail: null,
      programs: { user: null, security: false, supplementaryGroups: false, startup: null, shutdown: null },
    });
  });

  it('knows pipes, their owners and readers', () => {
    const lines =
      'notify_fifo /run/a me wheel\nnotify_fifo_script "/r x" you\nlvs_notify_fifo /run/l\nvrrp_notify_fifo_script /orphan\nfifo_write_vrrp_states_on_reload';
    expect(globals(lines).fifos).toMatchObject({
      all: {
        path: '/run/a',
        owner: { user: 'me', group: 'wheel' },
        reader: { argv: ['/r', 'x'], as: { user: 'you', group: null } },
      },
      vrrp: null,
      lvs: { path: '/run/l', owner: null, reader: null },
      statesOnReload: true,
    });
  });

  it.each([
    ['a server without recipients', 'smtp_server mx', null],
    ['recipients without a server', 'notification_email { a@b }', null],
    [
      'the least',
      'smtp_server mx\nnotification_email { a@b\nc@d e@f }',
      {
        ...{ host: 'mx', port: 25, from: null, to: ['a@b', 'c@d', 'e@f'], heloName: null },
        ...{ connectTimeout: 30, routerId: null, faults: true },
      },
    ],
    [
      'all of it',
      'smtp_server 192.0.2.5 587\nnotification_email { a@b }\nnotification_email_from x@y\nsmtp_helo_name me\nsmtp_connect_timeout 5\nrouter_id R1\nno_email_faults',
      {
        ...{ host: '192.0.2.5', port: 587, from: 'x@y', to: ['a@b'], heloName: 'me', connectTimeout: 5 },
        ...{ routerId: 'R1', faults: false },
      },
    ],
  ])('mails: %s', (_title, lines, expected) => {
    expect(globals(lines).mail).toEqual(expected);
  });

  it('knows how programs run', () => {
    const lines =
      'script_user me\nenable_script_security\nset_supplementary_groups\nstartup_script "/up 1" root\nshutdown_script /down\nshutdown_script_timeout 3';
    expect(globals(lines).programs).toMatchObject({
      user: { user: 'me', group: null },
      security: true,
      supplementaryGroups: true,
      startup: { script: { argv: ['/up', '1'], as: { user: 'root' } }, timeout: 10 },
      shutdown: { script: { argv: ['/down'], as: null }, timeout: 3 },
    });
  });
});
