/**
 * What one director tells another of a connection: the fields of struct ip_vs_sync_v4 and _v6
 * (net/netfilter/ipvs/ip_vs_sync.c). Ports are in host order, addresses words in host order.
 */
import type { AddressWords, Family } from '../model/address.ts';

export interface Endpoint {
  readonly words: AddressWords;
  readonly port: number;
}

export interface SyncRecord {
  readonly family: Family;
  /** Number of the IP protocol: a key of `STATE_COUNTS`. */
  readonly protocol: number;
  readonly client: Endpoint;
  readonly virtual: Endpoint;
  readonly server: Endpoint;
  /** Bits of SYNC_FLAGS, and a number of SYNC_METHODS in the lowest three. */
  readonly flags: number;
  /** As IPVS numbers the states of the protocol. */
  readonly state: number;
  /** Of the service; 0: it has an address. */
  readonly mark: number;
  /** Seconds that the state lasts; 0: not said, as in version 0. */
  readonly timeout: number;
}

/** IP_VS_CONN_F_ of include/uapi/linux/ip_vs.h, as far as they are on the wire. */
export const SYNC_FLAGS = {
  /** Of a service whose real servers' answers do not pass the director. */
  noOutput: 0x80,
  inactive: 0x100,
  noClientPort: 0x800,
  template: 0x1000,
} as const;

/** Changes of TCP's sequence numbers follow: of FTP in IPVS. */
export const SEQUENCE_FLAGS = 0x600;

/** In the lowest three bits of the flags. */
export const SYNC_METHODS = { nat: 0, tun: 2, dr: 3 } as const;

export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;

/** How many states each protocol has in IPVS (IP_VS_TCP_S_LAST and so on). */
export const STATE_COUNTS: Readonly<Record<number, number>> = { [TCP]: 11, [UDP]: 1, [SCTP]: 14 };

/** IP_VS_CTPL_S_LAST: a template is assured or not. */
export const TEMPLATE_STATES = 2;
export const TEMPLATE_ASSURED = 1;

export function isTemplate({ flags }: Pick<SyncRecord, 'flags'>): boolean {
  return (flags & SYNC_FLAGS.template) !== 0;
}
