/** The sockets that VRRP speaks through: one for each way of speaking, shared by all virtual routers that use it. */
import { NetioError, PacketSocket, type RawDatagram, RawSocket } from 'netio';
import { parseAddress } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { type Datagram, readIPv4 } from '../../core/vrrp/ipv4.ts';
import { multicastFrame } from '../../core/vrrp/multicast-frame.ts';

/** VRRP by itself, or within an authentication header (RFC 2338 5.3.6.3). */
export type TransportProtocol = 112 | 51;

export interface Endpoint {
  /** Name and index of the interface; one that was made anew has another index. */
  readonly device: string;
  readonly ifindex: number;
  readonly family: 4 | 6;
  readonly protocol: TransportProtocol;
  /** The multicast group to listen to; null: unicast, to `source`. */
  readonly group: Address | null;
  readonly source: Address;
  /** Of what is sent over IPv6, 0 to 255; an IPv4 datagram brings its own. */
  readonly hopLimit: number;
  /** IPv6 by multicast: `source` is on another interface, and whole frames leave from this MAC address (6 bytes); null: no. */
  readonly frameMac: Uint8Array | null;
}

export interface TransportOptions {
  /** `datagram`: null where it could not be read. */
  readonly onDatagram: (endpoint: string, datagram: Datagram | null) => void;
  /** Receiving fails; the code is an errno's name. */
  readonly onError: (endpoint: string, code: string) => void;
}

/** keepalived sets it, too: internetwork control. */
const TRAFFIC_CLASS = 0xc0;
const PROTOCOL_VRRP = 112;

interface Opened {
  readonly endpoint: Endpoint;
  readonly raw: RawSocket;
  readonly frames: PacketSocket | null;
  /** When the group was joined, by `performance.now()`. */
  readonly at: number;
}

export class Transport implements Disposable {
  readonly #options: TransportOptions;
  readonly #sockets = new Map<string, Opened>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * Opens what is missing and closes what is not among them; what fails is tried again by the next
   * call. Returns why, by key.
   */
  use(endpoints: readonly Endpoint[]): Map<string, string> {
    const wanted = new Map(endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
    for (const [key, opened] of this.#sockets) if (!wanted.has(key)) this.#close(key, opened);
    const faults = new Map<string, string>();
    for (const [key, endpoint] of wanted) {
      if (this.#sockets.has(key)) continue;
      try {
        this.#sockets.set(key, this.#open(key, endpoint));
      } catch (error) {
        if (!(error instanceof NetioError)) throw error;
        faults.set(key, error.message);
      }
    }
    return faults;
  }

  /** When it began to hear, by `performance.now()`; undefined: it does not. */
  openedAt(endpoint: string): number | undefined {
    return this.#sockets.get(endpoint)?.at;
  }

  /** Throws a NetioError where the kernel does not take it, or the endpoint is not open. */
  send(endpoint: string, bytes: Uint8Array, destination: Address): void {
    const opened = this.#sockets.get(endpoint);
    if (opened === undefined) throw new NetioError(`send to ${destination}: the socket is not open`, 'CLOSED');
    const { raw, frames } = opened;
    if (frames === null) raw.send(bytes, destination);
    else frames.send(frameOf(opened.endpoint, bytes, destination));
  }

  /** Hands over what has arrived already. */
  drain(): void {
    for (const { raw } of this.#sockets.values()) raw.drain();
  }

  [Symbol.dispose](): void {
    this.use([]);
  }

  #open(key: string, endpoint: Endpoint): Opened {
    const raw = this.#openRaw(key, endpoint);
    const at = performance.now();
    try {
      return { endpoint, raw, at, frames: endpoint.frameMac === null ? null : new PacketSocket(endpoint.device) };
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  #openRaw(key: string, endpoint: Endpoint): RawSocket {
    const { family, protocol, device, group, source, hopLimit, frameMac } = endpoint;
    const bound = (family === 6 && frameMac === null) || group === null;
    return new RawSocket({
      family,
      protocol,
      device,
      groups: group === null ? [] : [group],
      // Over IPv4 the header names the source, and a bound socket would not hear the group.
      ...(bound ? { source } : {}),
      hopLimit,
      trafficClass: TRAFFIC_CLASS,
      onDatagram: (datagram) => this.#options.onDatagram(key, datagramOf(datagram)),
      onError: (code) => this.#options.onError(key, code),
    });
  }

  #close(key: string, { raw, frames }: Opened): void {
    raw.close();
    frames?.close();
    this.#sockets.delete(key);
  }
}

export function endpointKey({ ifindex, family, protocol, group, source, hopLimit }: Endpoint): string {
  return [ifindex, family, protocol, group ?? 'unicast', source, hopLimit].join(' ');
}

function frameOf({ frameMac, source, hopLimit }: Endpoint, bytes: Uint8Array, destination: Address): Uint8Array {
  const fields = { mac: frameMac!, source, destination, hopLimit };
  return multicastFrame({ ...fields, protocol: PROTOCOL_VRRP, trafficClass: TRAFFIC_CLASS }, bytes);
}

function datagramOf(received: RawDatagram): Datagram | null {
  if (received.family === 4) return readIPv4(received.data);
  const { source, destination, hopLimit, data } = received;
  return {
    source: parseAddress(source)!,
    destination: parseAddress(destination)!,
    hopLimit,
    protocol: PROTOCOL_VRRP,
    header: null,
    payload: data,
  };
}
