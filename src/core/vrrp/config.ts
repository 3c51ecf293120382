/** What one VRRP instance is configured with, after defaults; times in milliseconds unless they say otherwise. */
import type { Address } from '../model/model.ts';
import { type Authentication, NO_AUTHENTICATION, type Version } from './advert.ts';
import type { Expectation, Peer } from './expectation.ts';
import type { Tracker } from './tracking.ts';

/** When gratuitous ARP and unsolicited neighbour advertisements are sent for every address; `repeat`: how often at once. */
export interface AnnouncementConfig {
  readonly repeat: number;
  /** Between becoming MASTER and the second block; 0: no second block. */
  readonly delay: number;
  /** Period while MASTER; 0: none. */
  readonly refresh: number;
  readonly refreshRepeat: number;
  /** Period of announcements on other interfaces than its own; 0: none. */
  readonly extra: number;
  /** After another master's advertisement of a lower priority. */
  readonly lowerPriorityRepeat: number;
  readonly lowerPriorityDelay: number;
}

export interface InstanceConfig {
  readonly name: string;
  readonly version: Version;
  /** 1 to 255. */
  readonly vrid: number;
  /** 1 to 255; 255 owns the addresses, and nothing changes it. */
  readonly priority: number;
  /** Centiseconds; see `Advert`. */
  readonly interval: number;
  /** `down_timer_adverts`: how many advertisements may be missed. */
  readonly missedAdverts: number;
  /** The address that advertisements are sent from; it decides between equal priorities. */
  readonly source: Address;
  readonly addresses: readonly Address[];
  readonly authentication: Authentication;
  /** Null: multicast to `multicastGroup`. */
  readonly peers: readonly Peer[] | null;
  readonly multicastGroup: Address;
  readonly checkUnicastSource: boolean;
  readonly plainChecksum: boolean;
  /** See `Expectation`. A peer is sent what it sends, `always`: old ones. */
  readonly oldChecksum: Expectation['oldChecksum'];
  readonly otherAddresses: 'refuse' | 'remark';
  /** `vrrp_skip_check_adv_addr`: the addresses of the last accepted sender are not looked at again, in BACKUP. */
  readonly skipKnownSender: boolean;
  /** `state` of the file: in a synchronization group, MASTER makes the first wait short. */
  readonly initial: 'MASTER' | 'BACKUP';
  readonly preempt: boolean;
  /** From the first advertisement of a lower priority. */
  readonly preemptDelay: number;
  /** After the start: nothing is sent or heard. */
  readonly startupDelay: number;
  /** Whether the instance answers on its addresses; without, they are held and local traffic to them is dropped. */
  readonly accept: boolean;
  readonly ownerIgnoresAdverts: boolean;
  /** `lower_prio_no_advert`: another master of a lower priority is not answered at once. */
  readonly silentToLower: boolean;
  /** `higher_prio_send_advert`: one advertisement before yielding, so that the winner announces its addresses again. */
  readonly advertBeforeYielding: boolean;
  readonly announcements: AnnouncementConfig;
  /** Its own interface is one of them, unless `dont_track_primary`. */
  readonly trackers: readonly Tracker[];
  /** Of which synchronization group it is a member. */
  readonly syncGroup: string | null;
}

/** What an instance must say of itself. */
type Required = 'name' | 'vrid' | 'source' | 'addresses' | 'multicastGroup';

/** keepalived's defaults, but `advertBeforeYielding`: there off, and clients of a healed split brain are lost. */
export const DEFAULTS: Omit<InstanceConfig, Required> = {
  version: 2,
  priority: 100,
  interval: 100,
  missedAdverts: 3,
  authentication: NO_AUTHENTICATION,
  peers: null,
  checkUnicastSource: false,
  plainChecksum: false,
  oldChecksum: 'auto',
  otherAddresses: 'remark',
  skipKnownSender: false,
  initial: 'BACKUP',
  preempt: true,
  preemptDelay: 0,
  startupDelay: 0,
  accept: true,
  ownerIgnoresAdverts: false,
  silentToLower: false,
  advertBeforeYielding: true,
  announcements: {
    repeat: 5,
    delay: 5000,
    refresh: 0,
    refreshRepeat: 1,
    extra: 0,
    lowerPriorityRepeat: 5,
    lowerPriorityDelay: 5000,
  },
  trackers: [],
  syncGroup: null,
};

/**
 * `vrrp_strict`: what the RFC does not have is taken out. Nothing is refused here; the
 * configuration's check tells what a file loses.
 */
export function strict(config: InstanceConfig): InstanceConfig {
  return {
    ...config,
    authentication: NO_AUTHENTICATION,
    peers: null,
    otherAddresses: 'refuse',
    initial: config.priority === 255 ? 'MASTER' : 'BACKUP',
    preemptDelay: 0,
    // RFC 5798 6.1: Accept_Mode is false by default, and an owner always answers.
    accept: config.priority === 255,
    ownerIgnoresAdverts: true,
    advertBeforeYielding: false,
    announcements: { ...config.announcements, repeat: 1, delay: 0, refresh: 0, extra: 0, lowerPriorityRepeat: 0 },
  };
}
