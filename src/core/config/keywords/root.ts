/** What may stand at the top of a file: the one table that everything is made from. */
import { address } from '../forms/addresses.ts';
import { interfaceAddress, route, rule } from '../forms/ip.ts';
import { linkDelay } from '../forms/links.ts';
import { gap, integer, milliseconds } from '../forms/numbers.ts';
import { weight } from '../forms/tracks.ts';
import { anyWords, file, flag, interfaceName, name, text } from '../forms/words.ts';
import { block, ignored, keyword, list, type Settings } from '../keyword.ts';
import { GLOBAL_DEFS } from './global-defs.ts';
import * as means from './meanings.ts';
import { SERVICE_BLOCKS } from './services.ts';
import { VRRP_BLOCKS } from './vrrp.ts';
import { XLB } from './xlb.ts';

const interval = milliseconds(0.001, 4294967);

const BFD = {
  neighbor_ip: keyword(address, 'The other end. Required.'),
  neighbour_ip: keyword(address, 'The same.'),
  source_ip: keyword(address, 'Own address.'),
  min_rx: keyword(interval, 'Milliseconds between packets that are received at least.'),
  min_tx: keyword(interval, 'Milliseconds between packets that are sent at least.'),
  idle_tx: keyword(interval, 'The same while the session is down.'),
  multiplier: keyword(integer(1, 255), 'Packets that may be missed.'),
  passive: keyword(flag, 'Waits for the other end.'),
  ttl: keyword(integer(1, 255), 'TTL of packets.'),
  hoplimit: keyword(integer(1, 255), 'Hop limit of packets.'),
  max_hops: keyword(integer(-1, 255), 'How far a packet may have come.'),
  multihop: keyword(flag, 'The other end is not on the link.', { since: '2.4' }),
  weight: keyword(weight(253), 'As of vrrp_script.'),
  vrrp: keyword(flag, 'For VRRP alone.'),
  checker: keyword(flag, 'For checkers alone.'),
};

const GARP_GROUP = {
  garp_interval: keyword(gap, 'Least time between two gratuitous ARPs on any of them; where left out none.'),
  gna_interval: keyword(gap, 'The same between two neighbour advertisements.'),
  interface: keyword(interfaceName, 'An interface of the group.', { many: true }),
  interfaces: list(anyWords('INTERFACE...', 'the name of an interface'), 'Interfaces of the group.', { names: true }),
};

const SSL = {
  password: keyword(text, 'Password of the key.'),
  ca: keyword(file, 'File of the authority. The certificate of a server is not verified.'),
  certificate: keyword(file, 'File of the own certificate.'),
  key: keyword(file, 'File of its key.'),
};

const PROCESS_WIDE = {
  net_namespace: ignored(name, 'Namespace of VRRP.', means.NO_NAMESPACES),
  net_namespace_ipvs: ignored(name, 'Namespace of IPVS.', means.NO_NAMESPACES),
  namespace_with_ipsets: ignored(flag, 'Sets of old kernels.', means.NO_FIREWALL),
  instance: ignored(name, 'Name of this process in file names.', means.NO_PIDS),
  use_pid_dir: ignored(flag, 'Where pid files lie.', means.NO_PIDS),
  linkbeat_use_polling: ignored(flag, 'Asks drivers for the state of links.', means.LINKS_ARE_FOLLOWED),
  child_wait_time: ignored(integer(1, 3600, 'SECONDS'), 'How long child processes may take to end.', means.ONE_PROCESS),
  linkbeat_interfaces: list(
    anyWords('INTERFACE [MII\\|ETHTOOL\\|IOCTL]', 'the name of an interface'),
    'Asks these drivers.',
    { names: true, ignored: means.LINKS_ARE_FOLLOWED },
  ),
};

const STATIC = {
  interface_up_down_delays: list(
    linkDelay,
    'How many seconds a link must be down, and up again, until that counts for instances; UP is 0 where left out.',
    { names: true },
  ),
  garp_group: block(
    flag,
    'Interfaces behind one switch, which share their gaps between gratuitous ARPs; others have vrrp_garp_interval and vrrp_gna_interval each.',
    GARP_GROUP,
    { many: true },
  ),
  track_group: block(
    name,
    'Instances that follow the interfaces of static addresses, routes and rules with `track_group NAME` behind them.',
    { group: list(name, 'Their names.', { names: true }) },
    { many: true },
  ),
  static_track_group: block(
    name,
    'Older spelling of `track_group`.',
    { group: list(name, 'Their names.', { names: true }) },
    { many: true, replacedBy: 'track_group' },
  ),
  static_ipaddress: list(interfaceAddress, 'Addresses that are there while xlbd runs, whatever VRRP says.'),
  static_routes: list(route, 'Routes, likewise.'),
  static_rules: list(rule, 'Rules, likewise.'),
  SSL: block(flag, 'Own certificate of SSL_GET.', SSL),
};

export const ROOT = {
  xlb: block(flag, 'What keepalived has no word for.', XLB, { own: true }),
  global_defs: block(flag, 'What holds for the whole file.', GLOBAL_DEFS, { many: true }),
  ...VRRP_BLOCKS,
  ...SERVICE_BLOCKS,
  bfd_instance: block(name, 'A BFD session.', BFD, { many: true, ignored: means.NO_BFD }),
  ...STATIC,
  ...PROCESS_WIDE,
};

/** A file as it was read. */
export type File = Settings<typeof ROOT>;
export type InstanceSettings = NonNullable<File['vrrp_instance']>[number];
export type ServiceSettings = NonNullable<File['virtual_server']>[number];
export type RealServerSettings = NonNullable<ServiceSettings['block']['real_server']>[number];
