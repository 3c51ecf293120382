/** What an instance expects of advertisements that it receives. */
import type { Address } from '../model/model.ts';
import type { Authentication, Version } from './advert.ts';

/** A unicast peer. TTLs of 0 to 255; without them any TTL is good, for routers may stand between. */
export interface Peer {
  readonly address: Address;
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

export interface Expectation {
  readonly version: Version;
  readonly vrid: number;
  /** Centiseconds. Version 2 refuses another, version 3 learns it. */
  readonly interval: number;
  readonly authentication: Authentication;
  /** The instance's own, in the order in which it advertises them. */
  readonly addresses: readonly Address[];
  /**
   * What another list of addresses means. keepalived refused the packet up to 2.3.2, so that both
   * sides became MASTER while their files differed; since then it accepts and says so. `ignore` is
   * `vrrp_skip_check_adv_addr` for the sender of the last accepted packet.
   */
  readonly otherAddresses: 'refuse' | 'remark' | 'ignore';
  /** Null: multicast. */
  readonly peers: readonly Peer[] | null;
  /** Multicast: the group that packets must be sent to. */
  readonly group: Address;
  /** Unicast: whether the sender must be a peer. */
  readonly checkUnicastSource: boolean;
  /** Version 3 over IPv4: whether a checksum without a pseudo-header is good as well. */
  readonly plainChecksum: boolean;
  /**
   * Version 3 over IPv4 by unicast: keepalived up to 1.3.6 had the multicast group in the pseudo-header.
   * `never`: such checksums are refused; `auto` and `always`: they are good as well, and `auto` says so.
   */
  readonly oldChecksum: 'auto' | 'never' | 'always';
  /** The last accepted sequence number of the sender's authentication header, 0 before the first. */
  readonly sequence: number;
}
