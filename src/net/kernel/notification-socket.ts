/** The kernel's notifications, as changes. */
import { type NetlinkMessage, parseMessages } from 'netlink';
import type { KernelChange } from '../facts.ts';
import { readAddress } from './address-message.ts';
import { GROUP, MESSAGE } from './constants.ts';
import { readLink, readLinkIndex } from './link-message.ts';
import { readNeighbour } from './neighbour-message.ts';
import { openSocket } from './request-socket.ts';
import { readRoutePrefix } from './route-message.ts';

/** Milliseconds after which a broken socket is opened anew. */
const REOPEN_DELAY = 1000;

/**
 * Follows links, addresses, routes, rules and neighbours. Whenever notifications
 * may have been lost, whatever the cause, the listener gets a `lost` change.
 * Returns the function that ends it.
 */
export function followNotifications(listener: (change: KernelChange) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let socket = open();

  function open() {
    const opened = openSocket();
    for (const group of Object.values(GROUP)) opened.addMembership(group);
    opened.on('message', (data) => deliver(data, listener));
    opened.on('error', (error) => {
      if (error.code !== 'ENOBUFS' && timer === undefined) timer = setTimeout(reopen, REOPEN_DELAY);
      listener({ type: 'lost', reason: error.message });
    });
    return opened;
  }

  function reopen(): void {
    timer = undefined;
    socket.close();
    socket = open();
    listener({ type: 'lost', reason: 'the netlink socket was opened anew' });
  }

  return () => {
    clearTimeout(timer);
    socket.close();
  };
}

function deliver(data: Buffer, listener: (change: KernelChange) => void): void {
  let messages: NetlinkMessage[];
  try {
    messages = parseMessages(data);
  } catch (error) {
    listener({ type: 'lost', reason: `a notification cannot be read: ${String(error)}` });
    return;
  }
  for (const message of messages) {
    const change = readChange(message.type, message.data);
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
