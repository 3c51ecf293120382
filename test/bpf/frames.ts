/** Short names for the packets that most tests send. */

import { ethernet, type PacketBuilder } from '../support/packet.ts';
import type { Ipv4Fields, Ipv6Fields, TcpFields, UdpFields } from '../support/packet-layers.ts';
import { CLIENT_MAC, CLIENT4, CLIENT6, hopMac, INGRESS, VIP4, VIP6 } from './world.ts';

/** From the client to the ingress interface. */
export function arriving(): PacketBuilder {
  return ethernet({ dst: INGRESS.mac, src: CLIENT_MAC });
}

/** From the ingress interface to next hop n. */
export function leaving(n: number): PacketBuilder {
  return ethernet({ dst: hopMac(n), src: INGRESS.mac });
}

/** From the VIP back to the client: MACs swapped. */
export function returning(): PacketBuilder {
  return ethernet({ dst: CLIENT_MAC, src: INGRESS.mac });
}

export function tcp4(fields: TcpFields = {}, ip: Ipv4Fields = {}): Buffer {
  return arriving()
    .ipv4({ src: CLIENT4, dst: VIP4, ...ip })
    .tcp(fields)
    .build();
}

export function tcp6(fields: TcpFields = {}, ip: Ipv6Fields = {}): Buffer {
  return arriving()
    .ipv6({ src: CLIENT6, dst: VIP6, ...ip })
    .tcp(fields)
    .build();
}

export function udp4(fields: UdpFields = {}, ip: Ipv4Fields = {}): Buffer {
  return arriving()
    .ipv4({ src: CLIENT4, dst: VIP4, ...ip })
    .udp(fields)
    .build();
}
