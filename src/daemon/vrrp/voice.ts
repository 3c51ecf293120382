/** How an instance speaks: which socket it needs, and its advertisements as datagrams. */
import type { Address } from '../../core/model/model.ts';
import type { InstanceConfig } from '../../core/vrrp/config.ts';
import { encodeAdvert, encodeDatagram, type IPv4Envelope } from '../../core/vrrp/encode.ts';
import type { Link } from '../../net/facts.ts';
import { type Endpoint, endpointKey, type Transport } from '../../net/vrrp/transport.ts';
import { macvlanName } from './macvlans.ts';
import type { NetworkView } from './network-view.ts';
import type { Placement } from './placement.ts';
import type { ConfiguredInstance } from './settings.ts';

const PROTOCOL = { none: 112, pass: 112, ah: 51 } as const;
const MULTICAST_TTL = 255;
const MAX_IDENTIFICATION = 0xffff;
const MAX_SEQUENCE = 0xffff_ffff;

/** Null: there is no interface, no source or, with `unicast_fault_no_peer`, no peer. */
export function endpointOf(
  instance: ConfiguredInstance,
  { authentication }: Pick<InstanceConfig, 'authentication'>,
  source: Placement['source'],
  link: Link | null,
): Endpoint | null {
  const { peers, group, family, unicastTtl, faultWithoutPeers } = instance;
  if (link === null || source === null) return null;
  const unicast = peers.length > 0;
  if (!unicast && faultWithoutPeers) return null;
  return {
    device: link.name,
    ifindex: link.ifindex,
    family,
    protocol: PROTOCOL[authentication.type],
    group: unicast ? null : group,
    source,
    hopLimit: unicast ? unicastTtl : MULTICAST_TTL,
    // The link-local address that advertisements come from is the interface's below, and stays there.
    frameMac: family === 6 && speaksFromMacvlan(instance) && link.name === macvlanName(instance) ? link.mac : null,
  };
}

/**
 * The interface that an instance speaks and hears by. A virtual router with a MAC address of its own
 * advertises from it, so that switches keep knowing where it is, and the kernel gives frames of that
 * source to the macvlan alone. By unicast that would need an address there.
 */
export function voiceOf(
  instance: ConfiguredInstance,
  placement: Placement,
  view: Pick<NetworkView, 'link'>,
): Link | null {
  if (!speaksFromMacvlan(instance)) return placement.link;
  return view.link(macvlanName(instance)) ?? placement.link;
}

function speaksFromMacvlan({ vmac, xmitBase, peers }: ConfiguredInstance): boolean {
  return vmac !== null && !xmitBase && peers.length === 0;
}

interface Manner {
  readonly priority: number;
  readonly checksumAsV2: boolean;
  /** Whether a peer wants checksums of keepalived up to 1.3.6. */
  readonly isOld: (peer: Address) => boolean;
  /** The highest sequence number of another sender. */
  readonly heard: number;
}

export class Voice {
  #identification = 0;
  /** Of authentication headers. It begins with the time, so that a new process goes on above an old one. */
  #sequence: number;

  /** `seconds`: since 1970. */
  constructor(seconds: number) {
    this.#sequence = Math.floor(seconds);
  }

  /** Throws as `Transport.send` does. */
  advertise(
    transport: Pick<Transport, 'send'>,
    endpoint: Endpoint,
    config: InstanceConfig,
    { priority, checksumAsV2, isOld, heard }: Manner,
  ): void {
    this.#identification = (this.#identification % MAX_IDENTIFICATION) + 1;
    this.#sequence = Math.max(this.#sequence, heard) < MAX_SEQUENCE ? Math.max(this.#sequence, heard) + 1 : 1;
    for (const destination of destinationsOf(config)) {
      const envelope: IPv4Envelope = {
        source: config.source,
        destination,
        authentication: config.authentication,
        pseudoHeader: !checksumAsV2,
        ...(config.peers !== null && isOld(destination) && { checksumDestination: config.multicastGroup }),
        ttl: endpoint.hopLimit,
        identification: this.#identification,
        sequence: this.#sequence,
        unicast: config.peers !== null,
      };
      const advert = { ...config, priority };
      const bytes = endpoint.family === 4 ? encodeDatagram(advert, envelope) : encodeAdvert(advert, envelope);
      transport.send(endpointKey(endpoint), bytes, destination);
    }
  }
}

function destinationsOf({ peers, multicastGroup }: InstanceConfig): Address[] {
  return peers === null ? [multicastGroup] : peers.map(({ address }) => address);
}
