/** A VRRP instance as it acts: every default filled in, every correction that a warning tells of made. */
import type { Address } from '../../model/model.ts';
import { instanceFacts } from '../check/instance-facts.ts';
import type { InterfaceAddress, PeerAddress, Route, Rule } from '../forms/ip.ts';
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import { type Announcements, announcementsOf } from './announcements.ts';
import { firstOf, type Globals } from './globals.ts';
import { alertsOf } from './mail.ts';
import { type Notifies, notifiesOf } from './notifies.ts';
import { staticTracks } from './static-tracks.ts';
import { type Tracks, tracksOf, valuesOf } from './tracks.ts';

export interface Authentication {
  readonly type: 'PASS' | 'AH';
  /** Eight characters at most. */
  readonly password: string;
}

export interface Instance {
  readonly name: string;
  /** null: by unicast from an address, whatever the interface. */
  readonly interface: string | null;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly strict: boolean;
  readonly state: 'MASTER' | 'BACKUP';
  readonly priority: number;
  /** Seconds; whole ones with version 2. */
  readonly advertInterval: number;
  readonly downTimerAdverts: number;
  readonly authentication: Authentication | null;
  readonly preempt: boolean;
  /** Seconds. */
  readonly preemptDelay: number;
  /** Seconds after the start in which nothing is done. */
  readonly startupDelay: number;
  /** Seconds after the machine's start in which nothing is done. */
  readonly delayAfterBoot: number;
  readonly accept: boolean;
  readonly addresses: readonly InterfaceAddress[];
  /** Held, and not advertised. */
  readonly excluded: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** null: the first address of the interface. */
  readonly source: Address | null;
  readonly group: Address;
  /** None: by multicast. */
  readonly peers: readonly PeerAddress[];
  readonly unicastTtl: number;
  readonly checkUnicastSource: boolean;
  readonly faultWithoutPeers: boolean;
  readonly skipAddressCheck: boolean;
  readonly answerLower: boolean;
  readonly sendBeforeYielding: boolean;
  readonly ownerIgnoresAdverts: boolean;
  /** Version 3 over IPv4 without a pseudo-header. */
  readonly checksumAsV2: boolean;
  /** Version 3 over IPv4 by unicast with a pseudo-header to the group, as keepalived up to 1.3.6. `auto`: where a peer has it. */
  readonly oldChecksum: 'auto' | 'never' | 'always';
  readonly trackInterface: boolean;
  readonly trackSource: boolean;
  /** Words after use_vmac; null: no macvlan. */
  readonly vmac: readonly string[] | null;
  /** How the name of its macvlan begins. */
  readonly vmacPrefix: string;
  /** Its addresses on other interfaces stand on macvlans, too. */
  readonly vmacAddresses: boolean;
  /** How the names of those begin. */
  readonly vmacAddressPrefix: string;
  /** Adverts leave by the interface below the macvlan. */
  readonly xmitBase: boolean;
  readonly promoteSecondaries: boolean;
  readonly announcements: Announcements;
  readonly tracks: Tracks;
  readonly notifies: Notifies;
  readonly smtpAlert: boolean;
}

const OWNER = 255;
const ROOM_OF_PASSWORD = 8;
const GROUPS = { 4: '224.0.0.18', 6: 'ff02::12' } as const;

/** Of a file without errors. */
export function buildInstance(setting: InstanceSettings, file: File, globals: Globals): Instance {
  const { block, value: name } = setting;
  const facts = instanceFacts(setting, file);
  const own = <V>(standard: V, settings: readonly { readonly value: V }[] | undefined) =>
    last(settings)?.value ?? standard;
  const election = electionOf(setting, facts, globals);
  return {
    name,
    interface: own(null, block.interface),
    vrid: own(0, block.virtual_router_id),
    ...facts,
    ...election,
    authentication: authenticationOf(setting, facts),
    // RFC 5798 6.4.3: an owner always answers.
    accept:
      block.accept !== undefined || election.priority === OWNER || !(block.no_accept !== undefined || facts.strict),
    addresses: valuesOf(block.virtual_ipaddress),
    excluded: valuesOf(block.virtual_ipaddress_excluded),
    routes: valuesOf(block.virtual_routes),
    rules: valuesOf(block.virtual_rules),
    ...transportOf(setting, facts, globals),
    trackInterface: block.dont_track_primary === undefined,
    trackSource: block.track_src_ip !== undefined,
    vmac: own(null, block.use_vmac),
    vmacPrefix: firstOf('vrrp', globals.vmac_prefix),
    vmacAddresses: block.use_vmac_addr !== undefined,
    vmacAddressPrefix: firstOf('vrrp', globals.vmac_addr_prefix),
    xmitBase: block.vmac_xmit_base !== undefined,
    promoteSecondaries: block.promote_secondaries !== undefined,
    announcements: announcementsOf(block, globals),
    tracks: instanceTracks(setting, file, globals),
    notifies: notifiesOf(setting, globals),
    smtpAlert: alertsOf(block, globals),
  };
}

/** Its own word for an interface counts before that of a track_group. */
function instanceTracks({ block, value: name }: InstanceSettings, file: File, globals: Globals): Tracks {
  const own = tracksOf(block);
  const interfaces = [...own.interfaces, ...staticTracks(name, file, globals)];
  return { ...own, interfaces, virtualServers: valuesOf(block.track_virtual_server) };
}

type Facts = Pick<Instance, 'family' | 'version' | 'strict'>;

function electionOf({ block }: InstanceSettings, { version, strict }: Facts, globals: Globals) {
  const wanted = last(block.state)?.value ?? 'BACKUP';
  const priority = last(block.priority)?.value ?? (wanted === 'MASTER' ? OWNER : 100);
  const isAh = last(last(block.authentication)?.block.auth_type)?.value === 'AH' && version === 2;
  const state: 'MASTER' | 'BACKUP' = priority === OWNER ? 'MASTER' : isAh ? 'BACKUP' : wanted;
  const interval = last(block.advert_int)?.value ?? 1;
  const preempts = wanted === 'MASTER';
  const preempt = preempts || block.nopreempt === undefined;
  return {
    state,
    priority,
    advertInterval: version === 2 ? Math.max(1, Math.round(interval)) : interval,
    downTimerAdverts: firstOf(3, block.down_timer_adverts, globals.vrrp_down_timer_adverts),
    preempt,
    preemptDelay: preempts || !preempt ? 0 : (last(block.preempt_delay)?.value ?? 0),
    startupDelay: firstOf(0, globals.vrrp_startup_delay),
    delayAfterBoot: firstOf(0, globals.vrrp_delay_after_boot),
    answerLower: !firstOf(false, block.lower_prio_no_advert, globals.vrrp_lower_prio_no_advert),
    sendBeforeYielding: firstOf(!strict, block.higher_prio_send_advert, globals.vrrp_higher_prio_send_advert),
    ownerIgnoresAdverts: firstOf(false, block.owner_ignore_adverts, globals.vrrp_owner_ignore_adverts),
    skipAddressCheck: firstOf(false, block.skip_check_adv_addr, globals.vrrp_skip_check_adv_addr),
  };
}

/** Version 3 and strict mode have none. */
function authenticationOf({ block }: InstanceSettings, { version, strict }: Facts): Authentication | null {
  const inside = last(block.authentication)?.block;
  const type = last(inside?.auth_type)?.value;
  const password = last(inside?.auth_pass)?.value;
  if (type === undefined || password === undefined || version === 3 || strict) return null;
  return { type, password: password.slice(0, ROOM_OF_PASSWORD) };
}

function transportOf({ block }: InstanceSettings, { family, strict }: Facts, globals: Globals) {
  const group = family === 4 ? globals.vrrp_mcast_group4 : globals.vrrp_mcast_group6;
  return {
    source: (last(block.unicast_src_ip) ?? last(block.mcast_src_ip))?.value ?? null,
    group: firstOf(GROUPS[family] as Address, block.mcast_dst_ip, group),
    peers: strict ? [] : valuesOf(block.unicast_peer),
    unicastTtl: last(block.unicast_ttl)?.value ?? 255,
    checkUnicastSource: firstOf(false, block.check_unicast_src, globals.vrrp_check_unicast_src),
    faultWithoutPeers: block.unicast_fault_no_peer !== undefined,
    oldChecksum: oldChecksumOf(block),
    checksumAsV2: firstOf(false, block.v3_checksum_as_v2, globals.v3_checksum_as_v2),
  };
}

function oldChecksumOf({ old_unicast_checksum: said }: InstanceSettings['block']): Instance['oldChecksum'] {
  if (said === undefined) return 'auto';
  return last(said)?.value === 'never' ? 'never' : 'always';
}
