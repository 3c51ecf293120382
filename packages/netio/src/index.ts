export { errorName, NetioError } from './error.ts';
export { NetlinkSocket, type NetlinkSocketOptions } from './netlink-socket.ts';
export { leavesChecksums } from './offloads.ts';
export { type FilterInstruction, type FrameListener, PacketSocket } from './packet-socket.ts';
export {
  type IPv4Datagram,
  type IPv6Datagram,
  type RawDatagram,
  RawSocket,
  type RawSocketOptions,
} from './raw-socket.ts';
