/**
 * What of a model has packets: the data plane is made of this. Services by
 * firewall mark are kept and listed, and left out here.
 */
import type { AddressKey, Model, ServiceKey, VirtualService } from './model.ts';

export type PacketService = VirtualService<AddressKey>;

export type PacketModel = Pick<Model, 'sysctls' | 'tunnel' | 'localAddresses'> & {
  readonly services: ReadonlyMap<string, PacketService>;
};

export function hasPackets(service: VirtualService): service is PacketService {
  return service.key.protocol !== 'fwmark';
}

/** Why no packet of the service is forwarded; null: they are. */
export function whyWithoutPackets(key: ServiceKey): string | null {
  return key.protocol === 'fwmark' ? 'kept and listed only: no packet of a firewall mark is forwarded yet' : null;
}

/** Services keep their identity. */
export function packetModel(model: Model): PacketModel {
  const entries = [...model.services].filter((entry): entry is [string, PacketService] => hasPackets(entry[1]));
  const { sysctls, tunnel, localAddresses } = model;
  return { services: new Map(entries), sysctls, tunnel, localAddresses };
}
