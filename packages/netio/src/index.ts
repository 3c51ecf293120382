export { errorName, NetioError } from './error.ts';
export { NetlinkSocket, type NetlinkSocketOptions } from './netlink-socket.ts';
