/**
 * Asks a link who has an address, and reads the answers: whole Ethernet frames, from the
 * destination's MAC on, without the frame check sequence.
 */
import { addressBytes, addressFromWords } from '../model/address.ts';
import type { Address } from '../model/model.ts';
import { checksum, pseudoHeader } from './checksum.ts';

export interface AddressAnswer {
  readonly address: Address;
  /** 6 bytes. */
  readonly mac: Uint8Array;
  /** To a question; else nobody asked. */
  readonly solicited: boolean;
}

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const NO_MAC = [0, 0, 0, 0, 0, 0];
const NO_ADDRESS = [0, 0, 0, 0];
const ARP_LENGTH = 42;
const PROTOCOL_ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** RFC 4861 4.4 */
const SOLICITED = 0x40;
const OPTION = { SOURCE_LINK_LAYER: 1, TARGET_LINK_LAYER: 2 } as const;
/** Ethernet and IPv6 header. */
const ICMPV6_AT = 54;
const HOP_LIMIT = 255;

/**
 * An ARP probe (RFC 5227 2.1.1): it names no sender, so that nobody's table learns of it.
 * `mac`: 6 bytes, who asks; `address`: IPv4.
 */
export function arpProbe(mac: Uint8Array, address: Address): Uint8Array {
  const header = [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1];
  return Uint8Array.from([
    ...[...BROADCAST, ...mac, ...header, ...mac, ...NO_ADDRESS],
    ...[...NO_MAC, ...addressBytes(address)],
  ]);
}

/**
 * A neighbour solicitation (RFC 4861 4.3) to the address's solicited-node group. `source`: an address of
 * who asks: one without a source is duplicate address detection, and would take the address from a host
 * that is about to have it.
 */
export function neighbourSolicitation(mac: Uint8Array, source: Address, address: Address): Uint8Array {
  const target = addressBytes(address);
  const low = [...target.slice(13)];
  // RFC 4291 2.7.1, and RFC 2464 7.
  const group = addressFromWords(6, [
    0xff02_0000,
    0,
    1,
    (0xff00_0000 | (low[0]! << 16) | (low[1]! << 8) | low[2]!) >>> 0,
  ]);
  const message = Uint8Array.from([
    ...[NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0],
    ...target,
    ...[OPTION.SOURCE_LINK_LAYER, 1, ...mac],
  ]);
  const sum = checksum(pseudoHeader(source, group, message.length, PROTOCOL_ICMPV6), message);
  message.set([sum >> 8, sum & 255], 2);
  const addresses = [...addressBytes(source), ...addressBytes(group)];
  const ipv6 = [0x60, 0, 0, 0, 0, message.length, PROTOCOL_ICMPV6, HOP_LIMIT, ...addresses];
  return Uint8Array.from([0x33, 0x33, 0xff, ...low, ...mac, 0x86, 0xdd, ...ipv6, ...message]);
}

/** Who says that an address is theirs: in ARP of either kind (RFC 5227 2.4), or a neighbour advertisement. Null: nobody. */
export function addressAnswer(frame: Uint8Array): AddressAnswer | null {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type === 0x0806) return arpAnswer(frame);
  return type === 0x86dd ? neighbourAnswer(frame) : null;
}

function arpAnswer(frame: Uint8Array): AddressAnswer | null {
  // Ethernet and IPv4, and not a probe, which claims nothing.
  const isIPv4 = frame.length >= ARP_LENGTH && frame[15] === 1 && frame[16] === 8 && frame[18] === 6 && frame[19] === 4;
  const sender = frame.subarray(28, 32);
  if (!isIPv4 || sender.every((byte) => byte === 0)) return null;
  return { address: addressFromWords(4, [wordAt(frame, 28)]), mac: frame.slice(22, 28), solicited: frame[21] === 2 };
}

function neighbourAnswer(frame: Uint8Array): AddressAnswer | null {
  const isAdvertisement = frame[20] === PROTOCOL_ICMPV6 && frame[ICMPV6_AT] === NEIGHBOUR_ADVERTISEMENT;
  // A hop limit below 255 has come through a router (RFC 4861 7.1.2).
  if (!isAdvertisement || frame[21] !== HOP_LIMIT || frame.length < ICMPV6_AT + 24) return null;
  const words = [62, 66, 70, 74].map((at) => wordAt(frame, at));
  const option = frame.subarray(78, 86);
  const hasMac = option[0] === OPTION.TARGET_LINK_LAYER && option[1] === 1 && option.length === 8;
  const mac = hasMac ? option.slice(2) : frame.slice(6, 12);
  return { address: addressFromWords(6, words), mac, solicited: (frame[58]! & SOLICITED) !== 0 };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at);
}
