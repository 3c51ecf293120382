/** The sockets of synchronization: a multicast group on one interface, or peers by their addresses. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addressFamily } from '../../core/model/address.ts';
import type { Address, SyncDaemon } from '../../core/model/model.ts';

/** Where datagrams go, and come from. */
export interface Route {
  readonly interface: string;
  readonly group: Address;
  readonly port: number;
  readonly ttl: number;
  /** Instead of the group, where there are any. */
  readonly peers: readonly Address[];
}

export interface Channel {
  /** Resolves when the kernel has taken it for everybody; rejects with what it said. */
  send(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Of a socket: a burst of a whole table waits here while this process is at something else. */
const BUFFER = 4 << 20;

export function routeOf(daemon: SyncDaemon, peers: readonly Address[]): Route {
  const { interface: name, group, port, ttl } = daemon;
  return { interface: name, group, port, ttl, peers };
}

/** Rejects where the interface has no address yet. */
export async function openSender(route: Route): Promise<Channel> {
  const family = addressFamily(route.peers[0] ?? route.group);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  socket.on('error', () => {}); // each datagram has its own answer
  try {
    await bind(socket, { port: 0 });
    if (route.peers.length === 0) {
      socket.setMulticastInterface(ownAddress(route));
      socket.setMulticastTTL(route.ttl);
      socket.setMulticastLoopback(false);
    }
  } catch (error) {
    socket.close();
    throw error;
  }
  const targets = route.peers.length > 0 ? route.peers : [route.group];
  return {
    send: async (bytes) => void (await Promise.all(targets.map((address) => sendTo(socket, bytes, route, address)))),
    close: () => socket.close(),
  };
}

export async function openListener(
  route: Route,
  onDatagram: (bytes: Uint8Array, from: string) => void,
  onError: (error: Error) => void,
): Promise<{ close(): void }> {
  const family = addressFamily(route.peers[0] ?? route.group);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', reuseAddr: true });
  socket.on('message', (bytes, { address }) => onDatagram(bytes, withoutZone(address)));
  try {
    const isGroup = route.peers.length === 0;
    await bind(socket, isGroup && family === 4 ? { port: route.port, address: route.group } : { port: route.port });
    if (isGroup) socket.addMembership(route.group, ownAddress(route));
    socket.setRecvBufferSize(BUFFER);
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', onError);
  return { close: () => socket.close() };
}

function sendTo(socket: Socket, bytes: Uint8Array, { port, interface: name }: Route, address: Address): Promise<void> {
  const target = isIPv6(address) && address.startsWith('ff') ? `${address}%${name}` : address;
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, target, (error) => (error === null ? resolve() : reject(error)));
  });
}

function bind(socket: Socket, options: { port: number; address?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}

/** What names the interface to the kernel: of IPv4 its address, of IPv6 itself. */
function ownAddress({ interface: name, group }: Route): string {
  if (addressFamily(group) === 6) return `::%${name}`;
  const own = networkInterfaces()[name]?.find(({ family }) => family === 'IPv4');
  if (own === undefined) throw new Error(`the interface ${name} has no IPv4 address, or is down`);
  return own.address;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}
