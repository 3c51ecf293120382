/**
 * Packets for tests, from the outside in:
 *
 *   ethernet().vlan(7).ipv4({ dst: VIP }).tcp({ flags: 'S' }).build()
 *
 * Lengths, protocol numbers and checksums are right unless a field says
 * otherwise. A builder never changes: every method answers a new one.
 */
import {
  type EthernetFields,
  ethernetLayer,
  extensionLayer,
  fragmentLayer,
  type GreFields,
  greLayer,
  gueLayer,
  type IcmpFields,
  type Ipv4Fields,
  type Ipv6Fields,
  icmpLayer,
  ipv4Layer,
  ipv6Layer,
  type Layer,
  PROTOCOL,
  rawLayer,
  type SctpFields,
  sctpLayer,
  type TcpFields,
  tcpLayer,
  type UdpFields,
  udpLayer,
  vlanLayer,
} from './packet-layers.ts';

export class PacketBuilder {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[] = []) {
    this.#layers = layers;
  }

  /** `tci`: priority and VLAN id. `tpid`: 0x8100, or 0x88a8 for a service tag. */
  vlan(tci: number, tpid?: number): PacketBuilder {
    return this.#with(vlanLayer(tci, tpid));
  }

  ipv4(fields: Ipv4Fields = {}): PacketBuilder {
    return this.#with(ipv4Layer(fields));
  }

  ipv6(fields: Ipv6Fields = {}): PacketBuilder {
    return this.#with(ipv6Layer(fields));
  }

  hopByHop(units = 0): PacketBuilder {
    return this.#with(extensionLayer(PROTOCOL.hopByHop, units, padOption(units)));
  }

  routing(units = 0): PacketBuilder {
    return this.#with(extensionLayer(PROTOCOL.routing, units));
  }

  destinationOptions(units = 0): PacketBuilder {
    return this.#with(extensionLayer(PROTOCOL.destinationOptions, units, padOption(units)));
  }

  /** Any other header that looks like an extension header: AH, mobility and the like. */
  extension(protocol: number, units = 0): PacketBuilder {
    return this.#with(extensionLayer(protocol, units));
  }

  fragment(fields: { offset?: number; more?: boolean; id?: number } = {}): PacketBuilder {
    return this.#with(fragmentLayer(fields.offset ?? 0, fields.more ?? false, fields.id));
  }

  tcp(fields: TcpFields = {}): PacketBuilder {
    return this.#with(tcpLayer(fields));
  }

  udp(fields: UdpFields = {}): PacketBuilder {
    return this.#with(udpLayer(fields));
  }

  sctp(fields: SctpFields = {}): PacketBuilder {
    return this.#with(sctpLayer(fields));
  }

  gre(fields: GreFields = {}): PacketBuilder {
    return this.#with(greLayer(fields));
  }

  /** Behind UDP. */
  gue(fields: { lengths?: number; protocol?: number; flags?: number } = {}): PacketBuilder {
    return this.#with(gueLayer(fields));
  }

  icmp(fields: IcmpFields = {}): PacketBuilder {
    return this.#with(icmpLayer(fields, PROTOCOL.icmp));
  }

  icmpv6(fields: IcmpFields = {}): PacketBuilder {
    return this.#with(icmpLayer(fields, PROTOCOL.icmpv6));
  }

  /** Text, bytes, or that many bytes counting up from 0. */
  payload(content: string | Uint8Array | number, protocol?: number): PacketBuilder {
    if (typeof content === 'string') return this.#with(rawLayer(Buffer.from(content), protocol));
    return this.#with(rawLayer(typeof content === 'number' ? countingBytes(content) : content, protocol));
  }

  /** The frame; a fresh buffer at every call. */
  build(): Buffer {
    let inner: Buffer = Buffer.alloc(0);
    for (let index = this.#layers.length - 1; index >= 0; index--) {
      const around = this.#layers.slice(0, index).findLast((layer) => layer.ip !== undefined) ?? null;
      inner = (this.#layers[index] as Layer).encode(inner, this.#layers[index + 1] ?? null, around);
    }
    return inner;
  }

  #with(layer: Layer): PacketBuilder {
    return new PacketBuilder([...this.#layers, layer]);
  }
}

export function ethernet(fields: EthernetFields = {}): PacketBuilder {
  return new PacketBuilder([ethernetLayer(fields)]);
}

/** A PadN option (RFC 8200, 4.2) that fills an options header. */
function padOption(units: number): Uint8Array {
  return Uint8Array.from([1, 8 * (units + 1) - 4]);
}

function countingBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = at;
  return bytes;
}
