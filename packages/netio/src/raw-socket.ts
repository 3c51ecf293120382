/** Raw IP sockets of one protocol on one interface. What datagrams mean is the user's matter. */
import { isIP, isIPv4 } from 'node:net';
import { constants } from 'node:os';
import { check, errorName, NetioError } from './error.ts';
import { addon, type NativeRawSocket, type NativeReceived } from './native.ts';

/** Datagrams handed over before other events get their turn. */
const DATAGRAMS_AT_ONCE = 64;

/** With its header. */
export interface IPv4Datagram {
  readonly family: 4;
  readonly data: Buffer;
}

/** What follows the IPv6 header and its extensions. Addresses are text without a zone. */
export interface IPv6Datagram {
  readonly family: 6;
  readonly data: Buffer;
  readonly source: string;
  readonly destination: string;
  /** 0 to 255. */
  readonly hopLimit: number;
}

export type RawDatagram = IPv4Datagram | IPv6Datagram;

export interface RawSocketOptions {
  readonly family: 4 | 6;
  /** The IP header's protocol, 1 to 254. */
  readonly protocol: number;
  /** Name of the interface; nothing else is sent or received on. */
  readonly device: string;
  /** Multicast groups to join there; none. Others are not received. */
  readonly groups?: readonly string[];
  /** The sender's address, and the only one that is received for: IPv6 without groups, or to choose a source. */
  readonly source?: string;
  /** IPv6: of what is sent; 255. IPv4 has it in the header that the user writes. */
  readonly hopLimit?: number;
  /** IPv6: of what is sent; 0. */
  readonly trafficClass?: number;
  readonly onDatagram: (datagram: RawDatagram) => void;
  /** Receiving fails (an errno name, like ENETDOWN where the interface goes down). The socket goes on. */
  readonly onError: (code: string) => void;
}

/**
 * Opened by the constructor, which throws a NetioError where the kernel refuses (CAP_NET_RAW is
 * needed); keeps the process alive until it is closed. Its own multicast datagrams are not received.
 */
export class RawSocket implements Disposable {
  readonly #options: RawSocketOptions;
  readonly #native: NativeRawSocket;
  #closed = false;

  constructor(options: RawSocketOptions) {
    checkOptions(options);
    const { family, protocol, device, groups = [], source, hopLimit = 255, trafficClass = 0 } = options;
    this.#options = options;
    this.#native = new (addon().RawSocket)();
    const onReadable = () => this.#receive();
    check(
      this.#native.open(family, protocol, device, hopLimit, trafficClass, onReadable),
      `open a raw socket on ${device}`,
    );
    try {
      if (source !== undefined) check(this.#native.bindTo(source), `bind a raw socket to ${source}`);
      for (const group of groups) check(this.#native.join(group), `join ${group} on ${device}`);
      check(this.#native.arm(), 'watch a raw socket');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * IPv4: with a header (the kernel fills its checksum, and a source, identification or length of 0);
   * IPv6: without. `destination`: an address of the socket's family. Throws a NetioError where it is
   * not taken, like ENETDOWN or ENETUNREACH.
   */
  send(data: Uint8Array, destination: string): void {
    if (!(data instanceof Uint8Array)) throw new NetioError('data is no Uint8Array', 'ARGUMENT');
    requireAddress(destination, this.#options.family);
    if (this.#closed) throw new NetioError('the raw socket is closed', 'CLOSED');
    check(this.#native.send(data, destination), `send to ${destination}`);
  }

  /**
   * Hands over what has arrived already, without waiting for the event loop: who was late looks
   * here before acting on a timer.
   */
  drain(): void {
    for (let i = 0; i < DATAGRAMS_AT_ONCE && !this.#closed; i++) {
      const received = this.#native.receive();
      if (typeof received !== 'number') this.#options.onDatagram(datagramOf(received));
      else if (received === -constants.errno.EAGAIN) return;
      else if (received !== -constants.errno.EINTR) this.#options.onError(errorName(received));
    }
  }

  /** Nothing is called back any more. Twice is safe. */
  close(): void {
    this.#closed = true;
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #receive(): void {
    this.drain();
    if (this.#closed) return;
    const armed = this.#native.arm();
    if (armed < 0) this.#options.onError(errorName(armed));
  }
}

function datagramOf([data, source, destination, hopLimit]: NativeReceived): RawDatagram {
  if (source === undefined) return { family: 4, data };
  return { family: 6, data, source, destination: destination ?? '', hopLimit: hopLimit ?? 0 };
}

function checkOptions(options: RawSocketOptions): void {
  const { family, protocol, device, groups = [], source, hopLimit = 255, trafficClass = 0 } = options;
  if (family !== 4 && family !== 6) throw new NetioError(`${family} is no family: 4 or 6`, 'ARGUMENT');
  requireRange(protocol, 1, 254);
  requireRange(hopLimit, 0, 255);
  requireRange(trafficClass, 0, 255);
  requireDevice(device);
  for (const address of source === undefined ? groups : [...groups, source]) requireAddress(address, family);
}

/** IFNAMSIZ counts the zero at the end. */
export function requireDevice(device: string): void {
  if (typeof device === 'string' && /^[^\s/]{1,15}$/.test(device)) return;
  throw new NetioError(`${JSON.stringify(device)} is no name of an interface`, 'ARGUMENT');
}

function requireAddress(text: string, family: 4 | 6): void {
  const good = family === 4 ? isIPv4(text) : isIP(text) === 6 && !text.includes('%');
  if (!good) throw new NetioError(`${JSON.stringify(text)} is no IPv${family} address`, 'ARGUMENT');
}

function requireRange(value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new NetioError(`${value} is no number from ${least} to ${most}`, 'ARGUMENT');
}
