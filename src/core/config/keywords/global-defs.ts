/** global_defs: what holds for the whole file. */

import type { Form } from '../form.ts';
import { address, multicastOf } from '../forms/addresses.ts';
import { options, sequence } from '../forms/compose.ts';
import { gap, integer, milliseconds, port, seconds } from '../forms/numbers.ts';
import { script, user } from '../forms/scripts.ts';
import {
  anyWords,
  choice,
  directory,
  file,
  flag,
  interfaceName,
  name,
  optional,
  optionalBool,
  text,
  word,
} from '../forms/words.ts';
import { ignored, keyword, list, old } from '../keyword.ts';
import * as means from './meanings.ts';
import { GARP_REPEAT, GARP_SECONDS, vrrpVersion } from './shared.ts';

const MAX_SECONDS = 4294;

const mail = word('ADDRESS', 'a mail address');

/** One a line, or several; each is kept by itself. */
const mails: Form<readonly string[]> = anyWords('ADDRESS...', 'a mail address');

const MAIL = {
  router_id: keyword(text, 'Name of this director in mails and reports. Where left out: the name of the host.'),
  notification_email: list(mails, 'Who gets mails about changes.', { names: true }),
  notification_email_from: keyword(mail, 'Sender of these mails. Where left out: xlb at the name of the host.'),
  smtp_server: keyword(
    sequence({ host: word('HOST', 'the name or address of a mail server'), port: optional(port) }),
    'Server that takes the mails, in plain SMTP; port 25 where left out.',
  ),
  smtp_connect_timeout: keyword(
    seconds(0.000001, MAX_SECONDS),
    'How long it may take to open a connection, and then to answer each time; 30 where left out.',
  ),
  smtp_helo_name: keyword(text, 'Name that is said in HELO. Where left out: the name of the host.'),
  smtp_alert: keyword(optionalBool, 'Mails about everything, unless it says otherwise itself.'),
  smtp_alert_vrrp: keyword(optionalBool, 'Mails about VRRP instances and groups, unless they say otherwise.'),
  smtp_alert_checker: keyword(optionalBool, 'Mails about virtual and real servers, unless they say otherwise.'),
  no_email_faults: keyword(flag, 'No mails about the state FAULT.'),
  no_checker_emails: keyword(flag, 'Mails about real servers only when one is added to the service or taken out.'),
  checker_log_all_failures: keyword(
    optionalBool,
    'Logs every try of a checker that fails, not only the one that counts.',
  ),
};

const VRRP = {
  vrrp_skip_check_adv_addr: keyword(
    optionalBool,
    'Does not compare the addresses in an advert when the last one came from the same sender.',
  ),
  vrrp_strict: keyword(
    optionalBool,
    'Holds to the RFC: no authentication, no unicast, no VIP that answers unless it is owned.',
  ),
  vrrp_garp_interval: keyword(gap, 'Least time between two gratuitous ARPs on an interface; 0 is none.'),
  vrrp_gna_interval: keyword(
    gap,
    'Least time between two unsolicited neighbour advertisements on an interface; 0 is none.',
  ),
  vrrp_garp_master_delay: keyword(
    GARP_SECONDS,
    'When the second round of gratuitous ARPs comes after becoming MASTER; 5 where left out, 0 is never.',
  ),
  vrrp_garp_master_repeat: keyword(GARP_REPEAT, 'Gratuitous ARPs in a round; 5 where left out.'),
  vrrp_garp_master_refresh: keyword(GARP_SECONDS, 'Time between gratuitous ARPs while MASTER; 0 is never.'),
  vrrp_garp_master_refresh_repeat: keyword(GARP_REPEAT, 'Gratuitous ARPs in such a round; 1 where left out.'),
  vrrp_garp_lower_prio_delay: keyword(
    GARP_SECONDS,
    'When gratuitous ARPs follow an advert of lower priority; as vrrp_garp_master_delay where left out.',
  ),
  vrrp_garp_lower_prio_repeat: keyword(GARP_REPEAT, 'How many then; as vrrp_garp_master_repeat where left out.'),
  vrrp_min_garp: keyword(optionalBool, 'One gratuitous ARP in a round, and no second round.'),
  vrrp_garp_extra_if: keyword(
    sequence({ all: optionalAll(), seconds: GARP_SECONDS }),
    'Time between gratuitous ARPs on other interfaces that hold VIPs, all of them with or without `all`; 0 is never.',
  ),
  vrrp_vmac_garp_intvl: old(sequence({ all: optionalAll(), seconds: GARP_SECONDS }), 'vrrp_garp_extra_if'),
  vrrp_down_timer_adverts: keyword(
    integer(1, 100),
    'Adverts that may be missed before a BACKUP takes over; 3 where left out.',
  ),
  vrrp_lower_prio_no_advert: keyword(optionalBool, 'A MASTER does not answer an advert of lower priority at once.'),
  vrrp_higher_prio_send_advert: keyword(
    optionalBool,
    'A MASTER sends one advert before it yields to a higher priority, so that the winner announces its addresses again. On where left out, unless in strict mode; in keepalived off.',
  ),
  vrrp_version: keyword(vrrpVersion, 'Version of VRRP: 2 where left out; IPv6 always has 3.'),
  vrrp_mcast_group4: keyword(multicastOf(4), 'Where adverts go; 224.0.0.18 where left out.'),
  vrrp_mcast_group6: keyword(multicastOf(6), 'Where adverts go; ff02::12 where left out.'),
  vrrp_check_unicast_src: keyword(optionalBool, 'A unicast advert must come from a peer that is listed.'),
  vrrp_owner_ignore_adverts: keyword(optionalBool, 'An instance of priority 255 takes no notice of adverts.', {
    since: '2.4',
  }),
  v3_checksum_as_v2: keyword(
    optionalBool,
    'VRRP version 3 over IPv4 without a pseudo-header in the checksum, as RFC 9568 has it.',
    { since: '2.4' },
  ),
  vrrp_startup_delay: keyword(seconds(0, MAX_SECONDS), 'Nothing is done for this long after the start.'),
  vrrp_delay_after_boot: keyword(
    seconds(0, MAX_SECONDS),
    'Nothing is done until this long after the machine started.',
    { since: '2.4' },
  ),
  log_unknown_vrids: ignored(
    flag,
    'Logs adverts of routers that no instance is configured for.',
    'adverts of others are not looked at; tcpdump shows them',
  ),
  vrrp_notify_priority_changes: keyword(optionalBool, 'As notify_priority_changes, for all instances.'),
  default_interface: keyword(interfaceName, 'Interface of static addresses that name none; eth0 where left out.'),
  dynamic_interfaces: keyword(
    optional(choice('allow_if_changes')),
    'Interfaces need not be there when xlbd starts. xlb never asks for more.',
  ),
  disable_local_igmp: ignored(
    flag,
    'Sends no IGMP reports for link-local multicast groups.',
    'set net.ipv4.igmp_link_local_mcast_reports=0 instead',
  ),
};

const SCRIPTS = {
  script_user: keyword(user, 'Who runs scripts: keepalived_script where left out and there is such a user, else root.'),
  enable_script_security: keyword(
    flag,
    'Runs no script as root that someone else could have written to, or to a directory on the way to it.',
  ),
  use_symlink_paths: ignored(
    optionalBool,
    'Runs scripts by the path as written, not by the one that links lead to.',
    'scripts run by the path as written; enable_script_security looks at every link on the way',
    { since: '2.4' },
  ),
  set_supplementary_groups: keyword(flag, 'Scripts get all groups of their user.', { since: '2.4' }),
  startup_script: keyword(script, 'Runs once before anything else.'),
  startup_script_timeout: keyword(integer(1, 1000, 'SECONDS'), 'How long it may take; 10 where left out.'),
  shutdown_script: keyword(script, 'Runs once after everything else.'),
  shutdown_script_timeout: keyword(integer(1, 1000, 'SECONDS'), 'How long it may take; 10 where left out.'),
  notify_fifo: keyword(fifo(), 'Named pipe that gets a line for each change of state.'),
  notify_fifo_script: keyword(
    script,
    'Started as its reader, with the path as the last argument; started again when it ends.',
  ),
  vrrp_notify_fifo: keyword(fifo(), 'The same for VRRP alone.'),
  vrrp_notify_fifo_script: keyword(script, 'Its reader, likewise.'),
  lvs_notify_fifo: keyword(fifo(), 'The same for virtual and real servers alone.'),
  lvs_notify_fifo_script: keyword(script, 'Its reader, likewise.'),
  fifo_write_vrrp_states_on_reload: keyword(flag, 'Writes the states to the FIFO again after a reload.'),
  rs_init_notifies: keyword(flag, 'Runs notify scripts of real servers for their first state, too.'),
};

const LVS = {
  lvs_sync_daemon: keyword(
    syncDaemon(),
    'Synchronization of connections, as ipvsadm --start-daemon: with an instance the master daemon while that is MASTER, else the backup; without one both.',
  ),
  lvs_timeouts: keyword(
    options({ tcp: integer(1, 2147483), tcpfin: integer(1, 2147483), udp: integer(1, 2147483) }),
    'Seconds that idle connections are kept, as ipvsadm --set.',
  ),
  lvs_flush: keyword(flag, 'At the start nothing stays of what commands made.'),
  lvs_flush_on_stop: ignored(
    optional(choice('VS')),
    'Empties the table of IPVS at the end.',
    'the data plane goes on forwarding while xlbd is stopped; xlb detach ends that',
  ),
  lvs_flush_onstop: ignored(
    optional(choice('VS')),
    'Older spelling of `lvs_flush_on_stop`.',
    'the data plane goes on forwarding while xlbd is stopped; xlb detach ends that',
  ),
};

function rlimits() {
  const time = integer(1, 4294967295);
  const set = (process: string) => ({
    [`${process}_rlimit_rttime`]: ignored(
      time,
      `Limit of time without a break for the ${process} process.`,
      means.ONE_PROCESS,
    ),
    [`${process}_rlimit_rtime`]: ignored(time, `Older spelling of \`${process}_rlimit_rttime\`.`, means.ONE_PROCESS),
    [`${process}_priority`]: ignored(integer(-20, 19), `Nice value of the ${process} process.`, means.ONE_PROCESS),
    [`${process}_no_swap`]: ignored(flag, `Keeps the ${process} process in memory.`, means.ONE_PROCESS),
    [`${process}_rt_priority`]: ignored(
      integer(1, 99),
      `Realtime priority of the ${process} process.`,
      means.ONE_PROCESS,
    ),
    [`${process}_cpu_affinity`]: ignored(
      anyWords('CPU...', 'numbers of CPUs'),
      `CPUs of the ${process} process.`,
      means.ONE_PROCESS,
    ),
    [`${process}_process_name`]: ignored(name, `Name of the ${process} process.`, means.ONE_PROCESS),
  });
  return { ...set('vrrp'), ...set('checker'), ...set('bfd') };
}

function receiveBuffers() {
  const set = (owner: string) => ({
    [`${owner}_rcv_bufs`]: ignored(integer(1, 2147483647), 'Size of a receive buffer.', means.KERNEL_BUFFERS),
    [`${owner}_rcv_bufs_force`]: ignored(
      optionalBool,
      'Whether it may pass the limit of the kernel.',
      means.KERNEL_BUFFERS,
    ),
  });
  return {
    ...set('vrrp_netlink_cmd'),
    ...set('vrrp_netlink_monitor'),
    ...set('lvs_netlink_cmd'),
    ...set('lvs_netlink_monitor'),
    ...set('process_monitor'),
  };
}

const PROCESSES = {
  process_names: ignored(flag, 'Gives each process its own name.', means.ONE_PROCESS),
  process_name: ignored(name, 'Name of the parent process.', means.ONE_PROCESS),
  lvs_process_name: ignored(name, 'Older spelling of `checker_process_name`.', means.ONE_PROCESS),
  max_auto_priority: ignored(integer(-1, 99), 'How far a late process may raise its own priority.', means.ONE_PROCESS),
  min_auto_priority_delay: ignored(integer(1, 10_000_000), 'How late it must be.', means.ONE_PROCESS),
  ...rlimits(),
  ...receiveBuffers(),
  vrrp_rx_bufs_policy: ignored(
    anyWords('MTU\\|ADVERT\\|N', 'MTU, ADVERT or a number'),
    'Size of receive buffers for adverts.',
    'xlbd reads adverts as they come; the buffer of the kernel is enough',
  ),
  vrrp_rx_bufs_multiplier: ignored(
    integer(1, 4294967295),
    'How many adverts they have room for.',
    'xlbd reads adverts as they come; the buffer of the kernel is enough',
  ),
  umask: ignored(
    anyWords('MODE', 'a mode'),
    'Mode of files that are written.',
    'the socket has mode 0660, files of xlbd 0640',
  ),
  random_seed: keyword(integer(0, 4294967295), 'Seed of `_RANDOM`.'),
};

const SURROUNDINGS = {
  nftables: ignored(optional(name), 'Firewall by nftables.', means.NO_FIREWALL),
  nftables_priority: ignored(integer(-2147483648, 2147483647), 'Priority of its chains.', means.NO_FIREWALL),
  nftables_counters: ignored(flag, 'Counters in its rules.', means.NO_FIREWALL),
  nftables_ifindex: ignored(flag, 'Its rules name interfaces by number.', means.NO_FIREWALL),
  vrrp_iptables: ignored(anyWords('[CHAIN [CHAIN]]'), 'Firewall by iptables.', means.NO_FIREWALL),
  vrrp_ipsets: ignored(anyWords('[NAME...]'), 'Sets for that firewall.', means.NO_FIREWALL),
  nftables_ipvs: keyword(
    optional(name),
    'A virtual server by group is one service by firewall mark: its clients keep their real server over all addresses and ports of the group. No table of nftables is used.',
  ),
  nftables_ipvs_priority: ignored(integer(-2147483648, 2147483647), 'Priority of its chains.', means.MARKS_ARE_SET),
  nftables_ipvs_start_fwmark: keyword(
    integer(1, 4294967295),
    'The mark of the first such virtual server; 1000 where left out.',
  ),
  vmac_prefix: keyword(
    // With the number of a virtual router behind it, the kernel's 15 bytes must do.
    word('NAME', 'the beginning of interface names, at most 10 characters', /^[^\s/]{1,10}$/),
    'How names of use_vmac begin; vrrp where left out.',
  ),
  vmac_addr_prefix: keyword(
    // The interface's index stands behind it, too.
    word('NAME', 'the beginning of interface names, at most 5 characters', /^[^\s/]{1,5}$/),
    'The same for use_vmac_addr: behind it stand virtual_router_id and the index of the interface below.',
  ),
  snmp_socket: ignored(text, 'Socket of the SNMP agent.', means.NO_SNMP),
  enable_snmp_vrrp: ignored(flag, 'SNMP for VRRP.', means.NO_SNMP),
  enable_snmp_keepalived: ignored(flag, 'Older spelling of `enable_snmp_vrrp`.', means.NO_SNMP),
  enable_snmp_checker: ignored(flag, 'SNMP for virtual servers.', means.NO_SNMP),
  enable_snmp_rfc: ignored(flag, 'SNMP as in RFC 2787 and 6527.', means.NO_SNMP),
  enable_snmp_rfcv2: ignored(flag, 'SNMP as in RFC 2787.', means.NO_SNMP),
  enable_snmp_rfcv3: ignored(flag, 'SNMP as in RFC 6527.', means.NO_SNMP),
  enable_traps: ignored(flag, 'SNMP traps.', means.NO_SNMP),
  snmp_vs_stats_update_interval: ignored(
    milliseconds(0, 4294967),
    'Age of numbers of virtual servers.',
    means.NO_SNMP,
    { since: '2.4' },
  ),
  snmp_rs_stats_update_interval: ignored(milliseconds(0, 4294967), 'Age of numbers of real servers.', means.NO_SNMP, {
    since: '2.4',
  }),
  enable_dbus: ignored(flag, 'D-Bus objects.', means.NO_DBUS),
  dbus_service_name: ignored(name, 'Their name.', means.NO_DBUS),
  dbus_no_interface_name: ignored(flag, 'Their paths name no interface.', means.NO_DBUS, { since: '2.4' }),
  include_check: keyword(
    anyWords('[+\\|-]read\\|match\\|wildcard_match\\|brace_match...', 'what to check'),
    'What includes further down must find.',
  ),
  reload_check_config: ignored(optional(file), 'Checks a file before it is read again.', means.ALWAYS_CHECKED),
  reload_time_file: ignored(
    file,
    'File that names the time of a reload.',
    'reload at that time with a timer of the service manager',
  ),
  reload_repeat: ignored(flag, 'The same more than once.', 'reload at that time with a timer of the service manager'),
  reload_file: ignored(
    optional(file),
    'File that is there while a file is being written.',
    'write beside the file and rename it; xlbd reads it only when it is told to',
  ),
  config_save_dir: ignored(directory, 'Keeps files as they were read.', 'xlbd keeps no copies'),
  tmp_config_directory: ignored(
    directory,
    'Where copies for the processes lie.',
    'xlbd reads a file once and copies nothing',
  ),
  data_use_instance: ignored(optionalBool, 'Name of the instance in names of dump files.', means.NO_DUMPS),
  json_version: ignored(integer(1, 2), 'Form of the JSON dump.', means.NO_DUMPS, { since: '2.4' }),
  state_dump_file: ignored(file, 'Dump of states.', means.NO_DUMPS, { since: '2.4' }),
  stats_dump_file: ignored(file, 'Dump of numbers.', means.NO_DUMPS, { since: '2.4' }),
  json_dump_file: ignored(file, 'Dump in JSON.', means.NO_DUMPS, { since: '2.4' }),
  iproute_usr_dir: ignored(
    directory,
    'Where names of routing tables lie.',
    'names of routing tables are read from /etc/iproute2',
    { since: '2.4' },
  ),
  iproute_etc_dir: ignored(
    directory,
    'Where names of routing tables lie.',
    'names of routing tables are read from /etc/iproute2',
    { since: '2.4' },
  ),
};

export const GLOBAL_DEFS = { ...MAIL, ...VRRP, ...SCRIPTS, ...LVS, ...PROCESSES, ...SURROUNDINGS };

function fifo() {
  return sequence({ path: file, as: optional(user) });
}

/** `all` in front of a number of seconds. */
function optionalAll(): Form<boolean> {
  return { syntax: '[all]', read: (args) => args.takeIf('all') !== undefined, print: (value) => (value ? 'all' : '') };
}

function syncDaemon() {
  const rest = options({
    inst: name,
    id: integer(0, 255),
    maxlen: integer(1, 65507),
    port,
    ttl: integer(1, 255),
    group: address,
  });
  const words = ['inst', 'id', 'maxlen', 'port', 'ttl', 'group'];
  type Value = { readonly interface: string; readonly options: NonNullable<ReturnType<typeof rest.read>> };
  const form: Form<Value> = {
    syntax: `INTERFACE [[inst] NAME] [id N] [maxlen N] [port PORT] [ttl N] [group IP]`,
    read(args) {
      const device = interfaceName.read(args);
      if (device === undefined) return undefined;
      const next = args.peek();
      const inst = next !== undefined && !words.includes(next.text) ? args.take()!.text : undefined;
      const more = rest.read(args);
      return more && { interface: device, options: inst === undefined ? more : { inst, ...more } };
    },
    print: (value) => [value.interface, rest.print(value.options)].join(' ').trim(),
  };
  return form;
}
