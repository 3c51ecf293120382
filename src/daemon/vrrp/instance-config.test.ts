import { describe, expect, it } from 'vitest';
import { buildModel } from '../../core/config/model/build-model.ts';
import { loadText } from '../../core/config/testing.ts';
import type { Address } from '../../core/model/model.ts';
import { instanceConfig } from './instance-config.ts';
import { vrrpSettings } from './settings.ts';

const SURROUNDINGS = { device: 'eth0', source: '192.0.2.1' as Address, uptime: 100 };

function configOf(lines: string, rest = '', surroundings = SURROUNDINGS) {
  const vips = 'virtual_ipaddress { 203.0.113.1/24 }';
  const text = `${rest}\nvrrp_instance A {\ninterface eth0\nvirtual_router_id 51\n${vips}\n${lines}\n}`;
  const { file, faults } = loadText(text);
  expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  const settings = vrrpSettings(buildModel(file));
  return instanceConfig(settings, settings.instances[0]!, surroundings);
}

describe('an instance of a file', () => {
  it('has times in milliseconds, and an interval in centiseconds', () => {
    expect(configOf('version 3\nadvert_int 0.25\npreempt_delay 5\ngarp_master_delay 7')).toMatchObject({
      interval: 25,
      preemptDelay: 5000,
      announcements: { repeat: 5, delay: 7000, lowerPriorityDelay: 7000 },
    });
  });

  it.each([
    ['no source', '', '', { source: '192.0.2.1', addresses: ['203.0.113.1'] }],
    ['multicast', '', '', { peers: null, multicastGroup: '224.0.0.18' }],
    [
      'unicast',
      'unicast_src_ip 192.0.2.1\nunicast_peer { 192.0.2.9 min_ttl 254 }',
      '',
      { peers: [{ address: '192.0.2.9', minTtl: 254 }] },
    ],
    [
      'a password',
      'authentication {\nauth_type PASS\nauth_pass 1111\n}',
      '',
      { authentication: { type: 'pass', password: Uint8Array.of(49, 49, 49, 49, 0, 0, 0, 0) } },
    ],
    ['what is said before it yields', '', '', { advertBeforeYielding: true }],
    ['silence before it yields', 'higher_prio_send_advert off', '', { advertBeforeYielding: false }],
    ['an answer to lower priorities', '', '', { silentToLower: false }],
    ['a startup delay', '', 'global_defs { vrrp_startup_delay 3 }', { startupDelay: 3000 }],
    ['a delay after the boot', '', 'global_defs { vrrp_delay_after_boot 130 }', { startupDelay: 30_000 }],
    ['a boot long ago', '', 'global_defs { vrrp_delay_after_boot 60 }', { startupDelay: 0 }],
    ['strict mode', '', 'global_defs { vrrp_strict }', { otherAddresses: 'refuse', accept: false }],
    ['strict mode that answers', 'accept', 'global_defs { vrrp_strict }', { otherAddresses: 'refuse', accept: true }],
    ['a group', '', 'vrrp_sync_group G { group { A } }', { syncGroup: 'G' }],
  ])('has %s', (_, lines, rest, expected) => {
    expect(configOf(lines, rest)).toMatchObject(expected);
  });

  it('sends from nowhere while its interface has no address', () => {
    expect(configOf('', '', { ...SURROUNDINGS, source: null as never })).toMatchObject({ source: '0.0.0.0' });
  });
});

const interfaceUp = { kind: 'interface', name: 'eth0', weight: 0, reverse: false };
const hasSource = { kind: 'source', name: 'IPv4 on eth0', weight: 0, reverse: false };

describe('what it follows', () => {
  const script = 'vrrp_script s { script /bin/true\nweight -30 }';
  const group = (lines: string) => `vrrp_sync_group G { group { A }\n${lines} }`;

  it.each([
    ['its interface and its source', '', '', [interfaceUp, hasSource]],
    ['its source alone', 'dont_track_primary', '', [hasSource]],
    [
      'a source that the file names',
      'dont_track_primary\nunicast_src_ip 192.0.2.1',
      '',
      [{ ...hasSource, name: '192.0.2.1 on eth0' }],
    ],
    [
      'a script with its own weight',
      'dont_track_primary\ntrack_script { s }',
      script,
      [hasSource, { kind: 'script', name: 's', weight: -30, reverse: false }],
    ],
    [
      'a script with another weight',
      'dont_track_primary\ntrack_script { s weight 5 reverse }',
      script,
      [hasSource, { kind: 'script', name: 's', weight: 5, reverse: true }],
    ],
    [
      'a file, whose weight is 1',
      'dont_track_primary\ntrack_file { f }',
      'track_file f { file /run/f }',
      [hasSource, { kind: 'file', name: 'f', weight: 1, reverse: false }],
    ],
    [
      'a virtual server',
      'dont_track_primary\ntrack_virtual_server { "192.0.2.1 80 TCP" weight -5 }',
      'virtual_server 192.0.2.1 80 { protocol TCP\nreal_server 10.0.0.1 80 { } }',
      [hasSource, { kind: 'virtual-server', name: '192.0.2.1 80 TCP', weight: -5, reverse: false }],
    ],
    [
      "its group's conditions, without its own weights",
      'track_script { s }',
      `${script}\n${group('track_interface { eth1 }')}`,
      [interfaceUp, hasSource, { ...interfaceUp, name: 'eth1' }],
    ],
    ['each thing once, by its own word', 'track_interface { eth0 weight 7 }', '', [interfaceUp, hasSource]],
  ])('is %s', (_, lines, rest, expected) => {
    expect(configOf(lines, rest).trackers).toEqual(expected);
  });
});
