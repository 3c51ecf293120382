/**
 * An IPv6 multicast datagram as a whole Ethernet frame: of a virtual router with a MAC address of its own,
 * whose interface has no address that a socket could send from.
 */
import { addressBytes } from '../model/address.ts';
import type { Address } from '../model/model.ts';

export interface FrameFields {
  /** 6 bytes: whom the frame is from. */
  readonly mac: Uint8Array;
  readonly source: Address;
  /** A multicast address. */
  readonly destination: Address;
  /** 0 to 255, each. */
  readonly protocol: number;
  readonly hopLimit: number;
  readonly trafficClass: number;
}

export function multicastFrame(fields: FrameFields, payload: Uint8Array): Uint8Array {
  const { mac, source, destination, protocol, hopLimit, trafficClass } = fields;
  const group = addressBytes(destination);
  const header = [0x60 | (trafficClass >> 4), (trafficClass & 15) << 4, 0, 0];
  return Uint8Array.from([
    // RFC 2464 7.
    ...[0x33, 0x33, ...group.subarray(12), ...mac, 0x86, 0xdd],
    ...[...header, payload.length >> 8, payload.length & 255, protocol, hopLimit],
    ...[...addressBytes(source), ...group],
    ...payload,
  ]);
}
