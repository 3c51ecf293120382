/**
 * The Kernel over rtnetlink. Needs CAP_NET_ADMIN for probes; reading needs
 * nothing. Two sockets, so that notifications never mix with the parts of a dump.
 */
import { type Kernel, KernelError, type NeighbourKey } from '../facts.ts';
import { addressDumpBody, readAddress } from './address-message.ts';
import { MESSAGE, NLM_F } from './constants.ts';
import { linkDumpBody, readLink } from './link-message.ts';
import {
  neighbourDumpBody,
  neighbourGetBody,
  neighbourProbeBody,
  neighbourReleaseBody,
  readNeighbour,
} from './neighbour-message.ts';
import { followNotifications } from './notification-socket.ts';
import { openRequestSocket, type RequestSocket } from './request-socket.ts';
import { readRoute, routeGetBody } from './route-message.ts';

/** Throws where the kernel gives no netlink socket. */
export function openKernel(): Kernel {
  const requests = openRequestSocket();
  let unfollow = (): void => {};
  let managed: boolean | undefined; // not known until the first probe

  return {
    subscribe(listener) {
      unfollow = followNotifications(listener);
    },
    links: async () => present(await requests.dump('list links', MESSAGE.GETLINK, linkDumpBody()), readLink),
    addresses: async () =>
      present(await requests.dump('list addresses', MESSAGE.GETADDR, addressDumpBody()), readAddress),
    async neighbours() {
      const ask = (family: 4 | 6) => requests.dump('list neighbours', MESSAGE.GETNEIGH, neighbourDumpBody(family));
      return present([...(await ask(4)), ...(await ask(6))], readNeighbour);
    },
    async route(address) {
      try {
        const [answer] = await requests.request('find a route', MESSAGE.GETROUTE, 0, routeGetBody(address));
        return answer === undefined ? { ok: false, code: 'ENOENT' } : readRoute(answer);
      } catch (error) {
        if (error instanceof KernelError && ROUTE_ERRORS.has(error.code)) return { ok: false, code: error.code };
        throw error;
      }
    },
    async probe(key) {
      const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.REPLACE;
      await requests.request('probe a neighbour', MESSAGE.NEWNEIGH, flags, neighbourProbeBody(key));
      managed ??= await isManaged(requests, key);
      return { managed: managed ?? true };
    },
    async release(key) {
      // Without NLM_F_CREATE: an entry that is gone needs no release.
      await requests
        .request('release a neighbour', MESSAGE.NEWNEIGH, NLM_F.ACK | NLM_F.REPLACE, neighbourReleaseBody(key))
        .catch(ignoreGone);
    },
    close() {
      unfollow();
      requests.close();
    },
  };
}

/** Errors that say what the routing table says, as opposed to a lost answer. */
const ROUTE_ERRORS = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'ENETDOWN', 'ENODEV', 'EAGAIN']);

/** Undefined: the entry is gone again, which tells nothing. */
async function isManaged(requests: RequestSocket, key: NeighbourKey): Promise<boolean | undefined> {
  const [answer] = await requests
    .request('read a neighbour', MESSAGE.GETNEIGH, 0, neighbourGetBody(key))
    .catch((error: unknown) => ignoreGone(error) ?? []);
  return answer === undefined ? undefined : readNeighbour(answer)?.managed;
}

function ignoreGone(error: unknown): undefined {
  if (error instanceof KernelError && GONE.has(error.code)) return undefined;
  throw error;
}

const GONE = new Set(['ENOENT', 'ENODEV', 'ENXIO']);

function present<T>(bodies: readonly Buffer[], read: (body: Buffer) => T | null): T[] {
  return bodies.map(read).filter((value) => value !== null);
}
