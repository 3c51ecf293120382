/** Datagrams as an instance's peers send them, made from the same configuration. */
import type { Address } from '../../src/core/model/model.ts';
import { PROTOCOL_VRRP } from '../../src/core/vrrp/checksum.ts';
import type { InstanceConfig } from '../../src/core/vrrp/config.ts';
import { encodeAdvert, encodeDatagram } from '../../src/core/vrrp/encode.ts';
import { type Datagram, readIPv4 } from '../../src/core/vrrp/ipv4.ts';

export interface Sent {
  readonly source: Address;
  readonly priority: number;
  readonly ttl?: number;
  /** With the checksum of keepalived up to 1.3.6. */
  readonly old?: boolean;
}

/** As the instance gets it that has this configuration. IPv4 goes through its bytes. */
export function sentBy(config: InstanceConfig, { source, priority, ttl = 255, old = false }: Sent): Datagram | null {
  const { version, vrid, interval, addresses, authentication, peers, multicastGroup } = config;
  const destination = peers === null ? multicastGroup : config.source;
  const advert = { version, vrid, interval, addresses, priority };
  const checksum = old ? { checksumDestination: multicastGroup } : {};
  const envelope = { source, destination, authentication, pseudoHeader: true, ...checksum };
  if (source.includes(':')) {
    const payload = encodeAdvert(advert, envelope);
    return { source, destination, hopLimit: ttl, protocol: PROTOCOL_VRRP, header: null, payload };
  }
  return readIPv4(
    encodeDatagram(advert, { ...envelope, ttl, identification: 1, sequence: 1, unicast: peers !== null }),
  );
}
