/** Virtual servers, groups of their addresses, and real servers. */
import { SCHEDULER_NAMES } from '../../model/schedulers.ts';
import type { Form } from '../form.ts';
import { endpoint } from '../forms/addresses.ts';
import { rateAndBurst, sourcePrefixes } from '../forms/limits.ts';
import { groupedLocalRange } from '../forms/local-addresses.ts';
import { integer, seconds } from '../forms/numbers.ts';
import { script } from '../forms/scripts.ts';
import { groupMember, method, serviceName } from '../forms/services.ts';
import { choice, flag, name, optionalBool, text, word } from '../forms/words.ts';
import { block, ignored, keyword, namedList } from '../keyword.ts';
import { CHECKERS, TIMING } from './checkers.ts';
import * as means from './meanings.ts';

/** IPVS has weights of 31 bits, keepalived of 16. */
const weight = integer(0, 65535);
const threshold = integer(0, 4294967295);
const connectTimeout = keyword(seconds(0.000001, 4294), 'How long an answer to a checker may take; 5 where left out.');

const REAL_SERVER = {
  weight: keyword(weight, 'Its share of connections; 1 where left out, 0 takes no new ones.'),
  lvs_method: keyword(method, 'How packets reach it; that of the virtual server where left out.'),
  lb_kind: keyword(method, 'The same.'),
  inhibit_on_failure: keyword(optionalBool, 'Weight 0 while it fails, instead of taking it out.'),
  uthreshold: keyword(threshold, 'With as many connections it takes no new ones.'),
  lthreshold: keyword(threshold, 'Until it has fewer than this.'),
  notify_up: keyword(script, 'Runs when it comes back.'),
  notify_down: keyword(script, 'Runs when it fails.'),
  smtp_alert: keyword(optionalBool, 'Mails about changes; on where left out.'),
  virtualhost: keyword(text, 'Host that HTTP checkers ask for.'),
  snmp_name: ignored(text, 'Name in SNMP.', means.NO_SNMP),
  connect_timeout: connectTimeout,
  ...TIMING,
  ...CHECKERS,
};

/** Seconds; 360 where the keyword stands alone. */
const persistenceTimeout: Form<number> = {
  syntax: '[SECONDS]',
  read: (args) => (args.peek() === undefined ? 360 : integer(1, 2678400).read(args)),
  print: String,
};

const granularity = word(
  'NETMASK\\|LENGTH',
  'a netmask of IPv4, or a prefix length of IPv6',
  /^(\d{1,3}|\d{1,3}(\.\d{1,3}){3})$/,
);
const schedulers = choice(...SCHEDULER_NAMES);

const FORWARDING = {
  lvs_sched: keyword(schedulers, 'Which real server gets a new connection; wlc where left out.'),
  lb_algo: keyword(schedulers, 'The same.'),
  lvs_method: keyword(
    method,
    'How packets reach real servers; NAT where left out. FULLNAT, or FNAT, is not in keepalived: DPVS has it.',
  ),
  lb_kind: keyword(method, 'The same.'),
  protocol: keyword(choice('TCP', 'UDP', 'SCTP'), 'UDP where left out, with a warning.'),
  ip_family: keyword(choice('inet', 'inet6'), 'Family of a service by firewall mark; IPv4 where left out.'),
  persistence_timeout: keyword(
    persistenceTimeout,
    'Seconds that a client keeps its real server; 360 where it stands alone.',
  ),
  persistence_granularity: keyword(granularity, 'Clients that are alike in these bits are one.'),
  persistence_engine: keyword(choice('sip'), 'Clients are told apart by the Call-ID of SIP.'),
  conn_rate: keyword(
    rateAndBurst,
    'New connections a second that get an entry, and how many at once (as many where left out); those above go by the fallback ring, by NAT they are dropped. Known to xlb alone, as the next five.',
  ),
  max_connections: keyword(threshold, 'Connections at a time; above, new ones are dropped.'),
  source_conn_rate: keyword(rateAndBurst, 'New connections a second of one source (of IPv6 a /64); more are dropped.'),
  source_connections: keyword(threshold, 'Connections of one source at a time; above, new ones are dropped.'),
  allow_source: keyword(sourcePrefixes, 'Sources that may connect; all others may not.'),
  deny_source: keyword(sourcePrefixes, 'Sources that may not connect; of both lists the longest prefix decides.'),
  laddr_group_name: keyword(
    name,
    'The local_address_group that packets to real servers by FULLNAT leave by; where left out, local_address of the block xlb.',
    { own: true },
  ),
  toa: keyword(flag, 'Real servers by FULLNAT are told the client in a TCP option (TOA).', { own: true }),
  hashed: keyword(flag, 'Connections are kept in the table, as they always are.'),
  ops: keyword(flag, 'Each datagram is placed by itself.'),
  'flag-1': keyword(flag, 'sh-fallback or mh-fallback.'),
  'flag-2': keyword(flag, 'sh-port or mh-port.'),
  'flag-3': ignored(flag, 'A third flag of schedulers.', 'no scheduler has one'),
  'sh-port': keyword(flag, 'sh hashes the source port, too.'),
  'sh-fallback': keyword(flag, 'sh goes on where a real server takes none.'),
  'mh-port': keyword(flag, 'mh hashes the source port, too.'),
  'mh-fallback': keyword(flag, 'mh goes on where a real server takes none.'),
};

const HEALTH = {
  delay_loop: keyword(seconds(0.000001, 4294), 'Time between two checks; 60 where left out.'),
  connect_timeout: connectTimeout,
  retry: TIMING.retry,
  delay_before_retry: TIMING.delay_before_retry,
  warmup: TIMING.warmup,
  alpha: TIMING.alpha,
  omega: keyword(flag, 'Runs notify scripts when xlbd stops.'),
  quorum: keyword(
    integer(1, 4294967295),
    'Weight that real servers must have together for the service to be up; 1 where left out.',
  ),
  hysteresis: keyword(integer(0, 4294967295), 'By how much they must pass it, or fall below it; 0 where left out.'),
  quorum_up: keyword(script, 'Runs when the service comes up.'),
  quorum_down: keyword(script, 'Runs when it goes down.'),
  sorry_server: keyword(endpoint, 'Gets the connections while the service is down.'),
  sorry_server_inhibit: keyword(flag, 'As inhibit_on_failure, for the sorry server.'),
  sorry_server_lvs_method: keyword(method, 'How packets reach it.'),
  inhibit_on_failure: keyword(optionalBool, 'Real servers that fail get weight 0 and stay.'),
  weight: keyword(weight, 'Weight of real servers that have none of their own.'),
  virtualhost: keyword(text, 'Host that HTTP checkers ask for.'),
  ha_suspend: keyword(flag, 'Checks nothing while this machine does not hold the address.'),
  smtp_alert: keyword(optionalBool, 'Mails about the quorum.'),
  snmp_name: ignored(text, 'Name in SNMP.', means.NO_SNMP),
};

const VIRTUAL_SERVER = {
  ...FORWARDING,
  ...HEALTH,
  real_server: block(endpoint, 'A host that answers for the service.', REAL_SERVER, { many: true }),
};

export const SERVICE_BLOCKS = {
  virtual_server_group: namedList(name, groupMember, 'Addresses and marks that share one list of real servers.'),
  local_address_group: namedList(
    name,
    groupedLocalRange,
    'Addresses of this director that packets to real servers by FULLNAT leave by, as in DPVS; of each family 64 at most. The kernel has to have them: xlb adds none, static_ipaddress does.',
    { own: true },
  ),
  virtual_server: block(serviceName, 'A virtual service.', VIRTUAL_SERVER, { many: true }),
};
