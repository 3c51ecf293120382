/** How an instance speaks: which socket it needs, and its advertisements as datagrams. */
import type { Address } from '../../core/model/model.ts';
import type { InstanceConfig } from '../../core/vrrp/config.ts';
import { encodeAdvert, encodeDatagram, type IPv4Envelope } from '../../core/vrrp/encode.ts';
import { type Endpoint, endpointKey, type Transport } from '../../net/vrrp/transport.ts';
import type { Placement } from './placement.ts';
import type { ConfiguredInstance } from './settings.ts';

const PROTOCOL = { none: 112, pass: 112, ah: 51 } as const;
const MULTICAST_TTL = 255;
const MAX_IDENTIFICATION = 0xffff;
const MAX_SEQUENCE = 0xffff_ffff;

/** Null: there is no interface or no source. */
export function endpointOf(
  { peers, group, family, unicastTtl }: ConfiguredInstance,
  { authentication }: Pick<InstanceConfig, 'authentication'>,
  { device, link, source }: Placement,
): Endpoint | null {
  if (link === null || source === null) return null;
  const unicast = peers.length > 0;
  return {
    device,
    ifindex: link.ifindex,
    family,
    protocol: PROTOCOL[authentication.type],
    group: unicast ? null : group,
    source,
    hopLimit: unicast ? unicastTtl : MULTICAST_TTL,
  };
}

export class Voice {
  #identification = 0;
  /** Of authentication headers. It begins with the time, so that a new process goes on above an old one. */
  #sequence: number;

  /** `seconds`: since 1970. */
  constructor(seconds: number) {
    this.#sequence = Math.floor(seconds);
  }

  /** `heard`: the highest sequence number of another sender. Throws as `Transport.send` does. */
  advertise(
    transport: Pick<Transport, 'send'>,
    endpoint: Endpoint,
    config: InstanceConfig,
    { priority, checksumAsV2, heard }: { priority: number; checksumAsV2: boolean; heard: number },
  ): void {
    this.#identification = (this.#identification % MAX_IDENTIFICATION) + 1;
    this.#sequence = Math.max(this.#sequence, heard) < MAX_SEQUENCE ? Math.max(this.#sequence, heard) + 1 : 1;
    for (const destination of destinationsOf(config)) {
      const envelope: IPv4Envelope = {
        source: config.source,
        destination,
        authentication: config.authentication,
        pseudoHeader: !checksumAsV2,
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
