/** VRRP: instances, groups of them, and what they follow. */

import type { Form } from '../form.ts';
import { address, multicastOf } from '../forms/addresses.ts';
import { sequence } from '../forms/compose.ts';
import { interfaceAddress, peerAddress, route, rule } from '../forms/ip.ts';
import { integer, seconds } from '../forms/numbers.ts';
import { command, script, user } from '../forms/scripts.ts';
import { MAX_WEIGHT, track, weight } from '../forms/tracks.ts';
import { anyWords, choice, file, flag, interfaceName, name, optional, optionalBool, word } from '../forms/words.ts';
import { block, ignored, keyword, list, old } from '../keyword.ts';
import * as means from './meanings.ts';
import { GARP_REPEAT, GARP_SECONDS, NOTIFIES, TRACKS, vrrpVersion } from './shared.ts';

const SCRIPT = {
  script: keyword(command, 'What is run, without a shell. Required.'),
  interval: keyword(seconds(0.001, 4294), 'Time between two runs; 1 where left out.'),
  timeout: keyword(
    seconds(0, 4294),
    'How long a run may take before it counts as failed; the interval where left out.',
  ),
  weight: keyword(
    weight(MAX_WEIGHT),
    'Added to the priority: below 0 while it fails, above 0 while it succeeds; 0 is FAULT while it fails.',
  ),
  rise: keyword(integer(1, 2147483647), 'Successes in a row until it counts as well; 1 where left out.'),
  fall: keyword(integer(1, 2147483647), 'Failures in a row until it counts as failed; 1 where left out.'),
  user: keyword(user, 'Who runs it; script_user where left out.'),
  init_fail: keyword(flag, 'It counts as failed until it has succeeded.'),
};

const PROCESS = {
  process: keyword(
    anyWords('COMMAND [ARGUMENT...]', 'the name of a process'),
    'Which processes are counted. Required.',
  ),
  param_match: keyword(choice('initial', 'partial'), 'Arguments may be the first of more, or only begin like this.'),
  weight: keyword(weight(254), 'As of vrrp_script; 0 where left out.'),
  quorum: keyword(integer(1, 65535), 'How many must run; 1 where left out.'),
  quorum_max: keyword(integer(0, 65535), 'How many may run at most.'),
  delay: keyword(seconds(0.000001, 3600), 'How long it takes until a change counts.'),
  fork_delay: keyword(seconds(0.000001, 3600), 'The same when one more runs.'),
  terminate_delay: keyword(seconds(0.000001, 3600), 'The same when one less runs.'),
  full_command: keyword(flag, 'Compares the whole command line, not only the name.'),
};

const initFile: Form<{ readonly value: number; readonly overwrite: boolean }> = {
  syntax: '[VALUE] [overwrite]',
  read(args) {
    const early = args.takeIf('overwrite');
    const value = early === undefined && args.peek() !== undefined ? integer(-2147483647, 2147483647).read(args) : 0;
    return value === undefined
      ? undefined
      : { value, overwrite: early !== undefined || args.takeIf('overwrite') !== undefined };
  },
  print: ({ value, overwrite }) => (overwrite ? `${value} overwrite` : String(value)),
};

const TRACK_FILE = {
  file: keyword(file, 'The file that holds a number. Required.'),
  weight: keyword(weight(254), 'What its number is multiplied with; 1 where left out.'),
  init_file: keyword(initFile, 'Makes the file with this number where there is none.'),
};

const AUTHENTICATION = {
  auth_type: keyword(choice('PASS', 'AH'), 'PASS sends the password in clear; AH signs with it.'),
  auth_pass: keyword(word('PASSWORD', 'a password'), 'Eight characters count.'),
};

const HMAC = {
  key: keyword(anyWords('ID hex:..\\|file:..\\|TEXT', 'the number of a key, and the key'), 'A key.', { many: true }),
  active_key: keyword(integer(0, 255), 'Which one signs.'),
  anti_replay: keyword(choice('time', 'monotonic'), 'How old adverts are told.'),
  time_window: keyword(integer(1, 300), 'How far clocks may differ.'),
  mode: keyword(choice('enforce', 'permissive', 'receive-only'), 'What happens to adverts without a signature.'),
};

const vmac = anyWords('[NAME] [MAC] [netlink_notify_msg] [group N]');
const GARP_EXTRA = sequence({
  all: {
    syntax: '[all]',
    read: (args) => args.takeIf('all') !== undefined,
    print: (all) => (all ? 'all' : ''),
  } satisfies Form<boolean>,
  seconds: GARP_SECONDS,
});

const ELECTION = {
  state: keyword(choice('MASTER', 'BACKUP'), 'State that is taken first. It soon follows from the priorities.'),
  interface: keyword(interfaceName, 'Where adverts are sent and heard. Required but for unicast.'),
  virtual_router_id: keyword(integer(1, 255), 'Number of the virtual router; the same on all its directors. Required.'),
  priority: keyword(integer(1, 255), 'The highest becomes MASTER; 100 where left out, 255 owns the addresses.'),
  advert_int: keyword(
    seconds(0.01, 255),
    'Time between two adverts; 1 where left out. Version 2 has whole seconds, version 3 up to 40.95.',
  ),
  version: keyword(vrrpVersion, 'Version of VRRP; vrrp_version where left out.'),
  authentication: block(noWord(), 'Password of version 2.', AUTHENTICATION),
  auth_hmac: block(noWord(), 'Signed adverts.', HMAC, {
    since: '2.4',
    refused: 'peers with auth_hmac would refuse its adverts',
  }),
  nopreempt: keyword(flag, 'Stays BACKUP while someone of lower priority is MASTER.'),
  preempt: keyword(flag, 'The opposite, which holds where nothing is said.'),
  preempt_delay: keyword(seconds(0, 1000), 'How long after the start such a MASTER is left alone.'),
  down_timer_adverts: keyword(integer(1, 100), 'As vrrp_down_timer_adverts.'),
  lower_prio_no_advert: keyword(optionalBool, 'As vrrp_lower_prio_no_advert.'),
  higher_prio_send_advert: keyword(optionalBool, 'As vrrp_higher_prio_send_advert.'),
  owner_ignore_adverts: keyword(optionalBool, 'As vrrp_owner_ignore_adverts.', { since: '2.4' }),
  timer_expired_backup: ignored(
    optional(integer(1, 255)),
    'Becomes BACKUP when timers are late.',
    'VRRP has a thread of its own in xlbd, which nothing delays',
    { since: '2.4' },
  ),
  thread_timer_expired: ignored(
    optional(integer(1, 255)),
    'Older spelling of `timer_expired_backup`.',
    'VRRP has a thread of its own in xlbd, which nothing delays',
    { since: '2.4' },
  ),
  skip_check_adv_addr: keyword(
    optionalBool,
    'As vrrp_skip_check_adv_addr. In keepalived `off` is on, too; here it is off.',
  ),
  strict_mode: keyword(optionalBool, 'As vrrp_strict.'),
};

const ADDRESSES = {
  virtual_ipaddress: list(interfaceAddress, 'The VIPs: adverts name them, and the MASTER holds them.'),
  virtual_ipaddress_excluded: list(
    interfaceAddress,
    'More addresses that the MASTER holds and adverts do not name; of both families.',
  ),
  no_virtual_ipaddress: keyword(flag, 'There are none on purpose.', { since: '2.4' }),
  virtual_routes: list(route, 'Routes of the MASTER, as of ip route.'),
  virtual_rules: list(rule, 'Rules of the MASTER, as of ip rule.'),
  use_vmac: keyword(vmac, 'Holds the VIPs on a macvlan with the MAC of the virtual router.'),
  use_vmac_addr: keyword(vmac, 'The same for VIPs on other interfaces; `use_vmac` behind such a VIP is for it alone.'),
  vmac_xmit_base: keyword(
    flag,
    'Adverts leave and are heard by the interface below the macvlan; by unicast they do so always, as in keepalived.',
  ),
  use_ipvlan: ignored(anyWords('[NAME] [ADDRESS] ...'), 'Holds the VIPs on an ipvlan.', means.NO_IPVLAN),
  vrf: ignored(interfaceName, 'VRF of the macvlan.', means.NO_IPVLAN),
  accept: keyword(flag, 'The VIPs answer, which holds where nothing is said and strict mode is off.'),
  no_accept: keyword(
    flag,
    'The VIPs answer nothing but neighbour discovery, unless they are owned; what services forward goes on.',
  ),
  promote_secondaries: keyword(flag, 'Other addresses of the interface stay when the first one goes.'),
};

const TRANSPORT = {
  unicast_src_ip: keyword(address, 'Source of adverts; the first address of the interface where left out.'),
  mcast_src_ip: keyword(address, 'Source of adverts; the first address of the interface where left out.'),
  mcast_dst_ip: keyword(multicastAny(), 'Where adverts go, as vrrp_mcast_group4 and 6.'),
  unicast_peer: list(peerAddress, 'Adverts go to these addresses, not to a multicast group.'),
  unicast_ttl: keyword(integer(0, 255), 'TTL of unicast adverts; 255 where left out.'),
  unicast_fault_no_peer: keyword(flag, 'FAULT where unicast_peer is empty; else it speaks by multicast then.'),
  check_unicast_src: keyword(optionalBool, 'As vrrp_check_unicast_src.'),
  old_unicast_checksum: keyword(
    optional(choice('never')),
    'Checksums of version 3 by unicast are as keepalived had them up to 1.3.6. Where left out, peers that send them get them; `never`: they are refused.',
  ),
  v3_checksum_as_v2: keyword(optionalBool, 'As the global one.', { since: '2.4' }),
  track_src_ip: keyword(flag, 'FAULT while the source address is not there.'),
  dont_track_primary: keyword(flag, 'The state of the own interface does not count.'),
  native_ipv6: ignored(flag, 'An instance of IPv6.', 'the family follows from the addresses'),
  kernel_rx_buf_size: ignored(
    integer(1, 2147483647),
    'Size of the receive buffer.',
    'xlbd reads adverts as they come; the buffer of the kernel is enough',
  ),
  linkbeat_use_polling: ignored(flag, 'Asks the driver for the state of the link.', means.LINKS_ARE_FOLLOWED),
  lvs_sync_daemon_interface: keyword(interfaceName, 'Older way to write lvs_sync_daemon in global_defs.'),
  debug: ignored(integer(0, 4), 'Detail of the log.', 'xlbd has --log-level'),
};

const ANNOUNCEMENTS = {
  garp_master_delay: keyword(GARP_SECONDS, 'As vrrp_garp_master_delay.'),
  garp_master_repeat: keyword(GARP_REPEAT, 'As vrrp_garp_master_repeat.'),
  garp_master_refresh: keyword(GARP_SECONDS, 'As vrrp_garp_master_refresh.'),
  garp_master_refresh_repeat: keyword(GARP_REPEAT, 'As vrrp_garp_master_refresh_repeat.'),
  garp_lower_prio_delay: keyword(GARP_SECONDS, 'As vrrp_garp_lower_prio_delay.'),
  garp_lower_prio_repeat: keyword(GARP_REPEAT, 'As vrrp_garp_lower_prio_repeat.'),
  garp_extra_if: keyword(GARP_EXTRA, 'As vrrp_garp_extra_if.'),
  vmac_garp_intvl: old(GARP_EXTRA, 'garp_extra_if'),
};

const INSTANCE = {
  ...ELECTION,
  ...ADDRESSES,
  ...TRANSPORT,
  ...ANNOUNCEMENTS,
  ...TRACKS,
  track_virtual_server: list(
    track('SERVICE'),
    'Virtual servers, as `IP PORT PROTOCOL` in quotes, that must have their quorum.',
    { names: true, own: true },
  ),
  ...NOTIFIES,
  notify_deleted: keyword(script, 'Runs when a reload takes the instance out; notify_fault where left out.'),
  notify_master_rx_lower_pri: keyword(script, 'Runs when a MASTER hears of one of lower priority.'),
};

const SYNC_GROUP = {
  group: list(name, 'Names of instances that change together. Required.', { names: true }),
  ...TRACKS,
  ...NOTIFIES,
  global_tracking: ignored(flag, 'Members share what they follow.', 'members of a group always share what they follow'),
  sync_group_tracking_weight: keyword(
    flag,
    'Weights of what members follow count, although members must keep equal priorities.',
  ),
};

export const VRRP_BLOCKS = {
  vrrp_script: block(name, 'A script that tells whether something is well.', SCRIPT, { many: true }),
  vrrp_track_process: block(name, 'Processes that must run.', PROCESS, { many: true }),
  track_file: block(name, 'A file with a number that is added to priorities.', TRACK_FILE, { many: true }),
  vrrp_track_file: block(name, 'Older spelling of `track_file`.', TRACK_FILE, { many: true, replacedBy: 'track_file' }),
  vrrp_sync_group: block(name, 'Instances that change together.', SYNC_GROUP, { many: true }),
  vrrp_instance: block(name, 'A virtual router: addresses that one of several directors holds.', INSTANCE, {
    many: true,
  }),
};

/** Nothing between the keyword and the brace. */
export function noWord(): Form<true> {
  return flag;
}

function multicastAny(): Form<ReturnType<typeof address.read> & string> {
  const [v4, v6] = [multicastOf(4), multicastOf(6)];
  return { ...v4, syntax: 'IP', read: (args) => (args.peek()?.text.includes(':') ? v6 : v4).read(args) };
}
