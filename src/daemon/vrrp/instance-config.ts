/** An instance of a configuration file as the state machine takes it: times in milliseconds, bytes for passwords. */
import type { Address } from '../../core/model/model.ts';
import { type Authentication, authenticationBytes, NO_AUTHENTICATION } from '../../core/vrrp/advert.ts';
import { type AnnouncementConfig, type InstanceConfig, strict } from '../../core/vrrp/config.ts';
import type { Peer } from '../../core/vrrp/expectation.ts';
import { type ConfiguredInstance, groupOf, trackersOf, type VrrpSettings } from './settings.ts';

export interface InstanceSurroundings {
  /** The interface that its advertisements leave by. */
  readonly device: string;
  /** The address that they are sent from; null: there is none, which a tracker tells. */
  readonly source: Address | null;
  /** Seconds since the machine started. */
  readonly uptime: number;
}

export function instanceConfig(
  settings: VrrpSettings,
  instance: ConfiguredInstance,
  { device, source, uptime }: InstanceSurroundings,
): InstanceConfig {
  const { family, peers } = instance;
  const config: InstanceConfig = {
    name: instance.name,
    version: instance.version,
    vrid: instance.vrid,
    priority: instance.priority,
    interval: Math.round(instance.advertInterval * 100),
    missedAdverts: instance.downTimerAdverts,
    source: source ?? NOWHERE[family],
    addresses: instance.addresses.map(({ address }) => address),
    authentication: authenticationOf(instance),
    peers: peers.length === 0 ? null : peers.map(peerOf),
    multicastGroup: instance.group,
    checkUnicastSource: instance.checkUnicastSource,
    plainChecksum: instance.checksumAsV2,
    oldChecksum: instance.oldChecksum,
    otherAddresses: 'remark',
    skipKnownSender: instance.skipAddressCheck,
    initial: instance.state,
    preempt: instance.preempt,
    preemptDelay: instance.preemptDelay * 1000,
    startupDelay: Math.max(instance.startupDelay, instance.delayAfterBoot - uptime, 0) * 1000,
    accept: instance.accept,
    ownerIgnoresAdverts: instance.ownerIgnoresAdverts,
    silentToLower: !instance.answerLower,
    advertBeforeYielding: instance.sendBeforeYielding,
    announcements: announcementsOf(instance),
    trackers: trackersOf(settings, instance, device),
    syncGroup: groupOf(settings, instance.name)?.name ?? null,
  };
  // A file can have both `vrrp_strict` and `accept`.
  return instance.strict ? { ...strict(config), accept: instance.accept } : config;
}

const NOWHERE: Record<4 | 6, Address> = { 4: '0.0.0.0' as Address, 6: '::' as Address };

function authenticationOf({ authentication }: ConfiguredInstance): Authentication {
  if (authentication === null) return NO_AUTHENTICATION;
  const bytes = authenticationBytes(new TextEncoder().encode(authentication.password));
  return authentication.type === 'AH' ? { type: 'ah', key: bytes } : { type: 'pass', password: bytes };
}

function peerOf({ address, options }: ConfiguredInstance['peers'][number]): Peer {
  return {
    address,
    ...(options.min_ttl === undefined ? {} : { minTtl: options.min_ttl }),
    ...(options.max_ttl === undefined ? {} : { maxTtl: options.max_ttl }),
  };
}

function announcementsOf({ announcements }: ConfiguredInstance): AnnouncementConfig {
  const { delay, repeat, refresh, refreshRepeat, extra, lowerPriorityDelay, lowerPriorityRepeat } = announcements;
  return {
    repeat,
    delay: delay * 1000,
    refresh: refresh * 1000,
    refreshRepeat,
    extra: extra * 1000,
    lowerPriorityRepeat,
    lowerPriorityDelay: lowerPriorityDelay * 1000,
  };
}
