/** Who was heard on the network: kept beside the state machine, which needs only its master. */
import type { Address } from '../../core/model/model.ts';
import { AH_LENGTH } from '../../core/vrrp/authentication-header.ts';
import type { Datagram } from '../../core/vrrp/ipv4.ts';

export interface HeardPeer {
  readonly address: Address;
  /** As the datagram said, whether it was accepted or not. */
  readonly priority: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Senders can be forged; memory is not theirs to take. */
const KEPT_PEERS = 16;
const PROTOCOL_AH = 51;

/** The virtual router that a datagram is about; undefined: too short to say. */
export function vridOf(datagram: Datagram): number | undefined {
  return datagram.payload[headerOf(datagram) + 1];
}

/** Per virtual router, the last 16 senders. */
export class Hearing {
  readonly #peers = new Map<string, Map<Address, HeardPeer>>();

  heard(instance: string, datagram: Datagram, at: number): void {
    const priority = datagram.payload[headerOf(datagram) + 2];
    if (priority === undefined) return;
    const peers = this.#peers.get(instance) ?? new Map<Address, HeardPeer>();
    this.#peers.set(instance, peers);
    peers.delete(datagram.source);
    peers.set(datagram.source, { address: datagram.source, priority, at });
    if (peers.size > KEPT_PEERS) peers.delete(peers.keys().next().value!);
  }

  peersOf(instance: string): HeardPeer[] {
    return [...(this.#peers.get(instance)?.values() ?? [])];
  }

  forget(instance: string): void {
    this.#peers.delete(instance);
  }
}

function headerOf({ protocol }: Datagram): number {
  return protocol === PROTOCOL_AH ? AH_LENGTH : 0;
}
