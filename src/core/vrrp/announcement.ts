/**
 * What tells neighbours where a virtual address is now: whole Ethernet frames,
 * from the destination's MAC on, without the frame check sequence.
 */
import { addressBytes } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { checksum, pseudoHeader } from './checksum.ts';

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/** RFC 2464 7, for ff02::1. */
const ALL_NODES_MAC = [0x33, 0x33, 0, 0, 0, 1];
const ALL_NODES = 'ff02::1' as Address;
const PROTOCOL_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const FLAG = { ROUTER: 0x80, OVERRIDE: 0x20 } as const;
const OPTION_TARGET_LINK_LAYER = 2;

/**
 * A gratuitous ARP request (RFC 5227 3): sender and target are the address. The
 * target's MAC is broadcast, as keepalived has it. `mac`: 6 bytes; `address`: IPv4.
 */
export function gratuitousArp(mac: Uint8Array, address: Address): Uint8Array {
  const own = addressBytes(address);
  // Ethernet's ARP; hardware 1 with 6 bytes, protocol 0x0800 with 4 bytes, operation 1: a request.
  const header = [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1];
  return Uint8Array.from([...BROADCAST, ...mac, ...header, ...mac, ...own, ...BROADCAST, ...own]);
}

/**
 * An unsolicited neighbour advertisement (RFC 4861 4.4, 7.2.6) to all nodes, from
 * the address itself. `mac`: 6 bytes; `address`: IPv6; `router`: whether the
 * interface forwards IPv6, which hosts that use it as a router go by.
 */
export function neighbourAdvertisement(mac: Uint8Array, address: Address, router: boolean): Uint8Array {
  const own = addressBytes(address);
  const flags = FLAG.OVERRIDE | (router ? FLAG.ROUTER : 0);
  const message = Uint8Array.from([
    ...[NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0],
    ...own,
    // The length counts units of 8 bytes.
    ...[OPTION_TARGET_LINK_LAYER, 1, ...mac],
  ]);
  const sum = checksum(pseudoHeader(address, ALL_NODES, message.length, PROTOCOL_ICMPV6), message);
  message.set([sum >> 8, sum & 255], 2);
  const ipv6 = [0x60, 0, 0, 0, 0, message.length, PROTOCOL_ICMPV6, 255, ...own, ...addressBytes(ALL_NODES)];
  return Uint8Array.from([...ALL_NODES_MAC, ...mac, 0x86, 0xdd, ...ipv6, ...message]);
}
