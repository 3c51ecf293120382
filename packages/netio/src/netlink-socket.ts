/** A socket to the kernel's netlink families. What messages mean is the user's matter. */
import { constants } from 'node:os';
import { check, errorName, NetioError } from './error.ts';
import { addon, type NativeNetlinkSocket } from './native.ts';

/** Datagrams handed over before other events get their turn. */
const DATAGRAMS_AT_ONCE = 64;
const DEFAULT_RECEIVE_BUFFER = 1024 * 1024;

export interface NetlinkSocketOptions {
  /** A NETLINK_* number: 0 is NETLINK_ROUTE. */
  readonly protocol: number;
  /** Multicast groups to join (RTNLGRP_*); none. */
  readonly groups?: readonly number[];
  /** Bytes; 1 MiB. Without CAP_NET_ADMIN the kernel gives no more than net.core.rmem_max. */
  readonly receiveBuffer?: number;
  /** One datagram of the kernel's: one or more messages. Datagrams of other processes are dropped. */
  readonly onData: (data: Buffer) => void;
  /** The receive buffer was full and datagrams are lost. The socket goes on. */
  readonly onOverrun: () => void;
  /** Receiving fails for another reason (an errno name) and the socket is closed. */
  readonly onError: (code: string) => void;
}

/**
 * Opened by the constructor, which throws a NetioError where the kernel refuses;
 * keeps the process alive until it is closed.
 */
export class NetlinkSocket implements Disposable {
  readonly #options: NetlinkSocketOptions;
  readonly #native: NativeNetlinkSocket;
  #closed = false;

  constructor(options: NetlinkSocketOptions) {
    const { protocol, groups = [], receiveBuffer = DEFAULT_RECEIVE_BUFFER } = options;
    for (const value of [protocol, receiveBuffer, ...groups]) requireInteger(value);
    this.#options = options;
    this.#native = new (addon().NetlinkSocket)();
    check(
      this.#native.open(protocol, receiveBuffer, () => this.#receive()),
      'open a netlink socket',
    );
    try {
      for (const group of groups) check(this.#native.join(group), `join netlink group ${group}`);
      check(this.#native.arm(), 'watch a netlink socket');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** To the kernel. Throws a NetioError where it does not take the datagram, or the socket is closed. */
  send(data: Uint8Array): void {
    if (!(data instanceof Uint8Array)) throw new NetioError('data is no Uint8Array', 'ARGUMENT');
    if (this.#closed) throw new NetioError('the netlink socket is closed', 'CLOSED');
    check(this.#native.send(data), 'send to netlink');
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
    for (let i = 0; i < DATAGRAMS_AT_ONCE && !this.#closed; i++) {
      const received = this.#native.receive();
      if (typeof received !== 'number') this.#options.onData(received);
      else if (received === -constants.errno.EAGAIN) break;
      else if (received === -constants.errno.ENOBUFS) this.#options.onOverrun();
      else if (received !== -constants.errno.EINTR) this.#fail(received);
    }
    if (this.#closed) return;
    const armed = this.#native.arm();
    if (armed < 0) this.#fail(armed);
  }

  #fail(result: number): void {
    this.close();
    this.#options.onError(errorName(result));
  }
}

function requireInteger(value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) {
    throw new NetioError(`${value} is no number from 0 to 2147483647`, 'ARGUMENT');
  }
}
