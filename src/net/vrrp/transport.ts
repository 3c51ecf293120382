/** The sockets that VRRP speaks through: one for each way of speaking, shared by all virtual routers that use it. */
import { NetioError, type RawDatagram, RawSocket } from 'netio';
import { parseAddress } from '../../core/model/address.ts';
import type { Address } from '../../core/model/model.ts';
import { type Datagram, readIPv4 } from '../../core/vrrp/ipv4.ts';

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

export class Transport implements Disposable {
  readonly #options: TransportOptions;
  readonly #sockets = new Map<string, RawSocket>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * Opens what is missing and closes what is not among them; what fails is tried again by the next
   * call. Returns why, by key.
   */
  use(endpoints: readonly Endpoint[]): Map<string, string> {
    const wanted = new Map(endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
    for (const [key, socket] of this.#sockets) if (!wanted.has(key)) this.#close(key, socket);
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

  /** Throws a NetioError where the kernel does not take it, or the endpoint is not open. */
  send(endpoint: string, bytes: Uint8Array, destination: Address): void {
    const socket = this.#sockets.get(endpoint);
    if (socket === undefined) throw new NetioError(`send to ${destination}: the socket is not open`, 'CLOSED');
    socket.send(bytes, destination);
  }

  /** Hands over what has arrived already. */
  drain(): void {
    for (const socket of this.#sockets.values()) socket.drain();
  }

  [Symbol.dispose](): void {
    this.use([]);
  }

  #open(key: string, endpoint: Endpoint): RawSocket {
    const { family, protocol, device, group, source, hopLimit } = endpoint;
    return new RawSocket({
      family,
      protocol,
      device,
      groups: group === null ? [] : [group],
      // Over IPv4 the header names the source, and a bound socket would not hear the group.
      ...(family === 6 || group === null ? { source } : {}),
      hopLimit,
      trafficClass: TRAFFIC_CLASS,
      onDatagram: (datagram) => this.#options.onDatagram(key, datagramOf(datagram)),
      onError: (code) => this.#options.onError(key, code),
    });
  }

  #close(key: string, socket: RawSocket): void {
    socket.close();
    this.#sockets.delete(key);
  }
}

export function endpointKey({ ifindex, family, protocol, group, source, hopLimit }: Endpoint): string {
  return [ifindex, family, protocol, group ?? 'unicast', source, hopLimit].join(' ');
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
