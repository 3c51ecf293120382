/** The kernel's notifications, as changes. */
import { NetlinkSocket } from 'netio';
import type { KernelChange } from '../facts.ts';
import { readAddress } from './address-message.ts';
import { GROUP, MESSAGE, NETLINK_ROUTE } from './constants.ts';
import { readLink, readLinkIndex } from './link-message.ts';
import { type Message, parseMessages } from './message.ts';
import { readNeighbour } from './neighbour-message.ts';
import { kernelError } from './request-socket.ts';
import { readRoutePrefix } from './route-message.ts';

/** Bytes. A burst as long as this passes while the event loop is busy. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/**
 * Follows links, addresses, routes, rules and neighbours. Whenever notifications
 * may have been lost, whatever the cause, the listener gets a `lost` change.
 * Throws a KernelError where the kernel gives no socket. Returns the function
 * that ends it.
 */
export function followNotifications(listener: (change: KernelChange) => void): () => void {
  try {
    const socket = new NetlinkSocket({
      protocol: NETLINK_ROUTE,
      groups: Object.values(GROUP),
      receiveBuffer: RECEIVE_BUFFER,
      onData: (data) => deliver(data, listener),
      onOverrun: () => listener({ type: 'lost', reason: 'more notifications came than there was time for' }),
      onError(code) {
        throw new Error(`the socket for the kernel's notifications is broken: ${code}`);
      },
    });
    return () => socket.close();
  } catch (error) {
    throw kernelError("follow the kernel's notifications", error);
  }
}

function deliver(data: Buffer, listener: (change: KernelChange) => void): void {
  let messages: Message[];
  try {
    messages = parseMessages(data);
  } catch (error) {
    listener({ type: 'lost', reason: `a notification cannot be read: ${String(error)}` });
    return;
  }
  for (const message of messages) {
    const change = readChange(message.type, message.body);
    if (change !== null) listener(change);
  }
}

/** Null: nothing that matters here. */
export function readChange(type: number, data: Buffer): KernelChange | null {
  try {
    switch (type) {
      case MESSAGE.NEWLINK:
        return wrap(readLink(data), (link) => ({ type: 'link', link }));
      case MESSAGE.DELLINK:
        return wrap(readLinkIndex(data), (ifindex) => ({ type: 'link-gone', ifindex }));
      case MESSAGE.NEWADDR:
        return wrap(readAddress(data), (address) => ({ type: 'address', address }));
      case MESSAGE.DELADDR:
        return wrap(readAddress(data), (address) => ({ type: 'address-gone', address }));
      case MESSAGE.NEWNEIGH:
        return wrap(readNeighbour(data), (neighbour) => ({ type: 'neighbour', neighbour }));
      case MESSAGE.DELNEIGH:
        return wrap(readNeighbour(data), ({ ifindex, address }) => ({
          type: 'neighbour-gone',
          key: { ifindex, address },
        }));
      case MESSAGE.NEWROUTE:
      case MESSAGE.DELROUTE:
        return wrap(readRoutePrefix(data), (prefix) => ({ type: 'route', prefix }));
      case MESSAGE.NEWRULE:
      case MESSAGE.DELRULE:
      case MESSAGE.NEWNEXTHOP:
      case MESSAGE.DELNEXTHOP:
        return { type: 'route', prefix: null };
      default:
        return null;
    }
  } catch (error) {
    return { type: 'lost', reason: `a notification cannot be read: ${String(error)}` };
  }
}

function wrap<T>(value: T | null, change: (value: T) => KernelChange): KernelChange | null {
  return value === null ? null : change(value);
}
