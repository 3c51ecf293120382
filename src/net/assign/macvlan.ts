/** The interface of a virtual MAC (`use_vmac`): a macvlan on the instance's interface. */
import { macText } from '../address.ts';
import { KernelError } from '../facts.ts';
import { MESSAGE, NLM_F } from '../kernel/constants.ts';
import type { RequestSocket } from '../kernel/request-socket.ts';
import {
  type FoundLink,
  linkBody,
  linkByNameBody,
  linkUpBody,
  type Macvlan,
  macvlanAddBody,
  readFoundLink,
  withoutLinkLocalBody,
} from './macvlan-body.ts';

/** Of every virtual router; then 1 for IPv4 or 2 for IPv6, and the VRID (RFC 5798 7.3). */
const VRRP_MAC = '00:00:5e:00:0';

/**
 * A macvlan of that name which has another parent or MAC, but a virtual router's,
 * is one that an earlier run left behind: it is made anew. Anything else of that
 * name is not ours, and rejects with EEXIST.
 */
export async function addMacvlan(requests: RequestSocket, macvlan: Macvlan): Promise<number> {
  const verb = `add macvlan ${macvlan.name}`;
  const there = await findLink(requests, macvlan.name);
  const taken = there !== null && isSame(there, macvlan);
  if (there !== null && !taken) await deleteLeftover(requests, verb, there);
  if (!taken) {
    const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
    await requests.request(verb, MESSAGE.NEWLINK, flags, macvlanAddBody(macvlan));
  }
  const ifindex = taken ? there.ifindex : (await findLink(requests, macvlan.name))?.ifindex;
  if (ifindex === undefined) throw new KernelError(verb, 'ENODEV', 'it was deleted again');
  try {
    await setUp(requests, macvlan.name, ifindex);
  } catch (error) {
    if (!taken) await requests.request(verb, MESSAGE.DELLINK, NLM_F.ACK, linkBody(ifindex));
    throw error;
  }
  return ifindex;
}

function isSame(link: FoundLink, { parent, mac }: Macvlan): boolean {
  return link.kind === 'macvlan' && link.parent === parent && macText(link.mac) === macText(mac);
}

async function deleteLeftover(requests: RequestSocket, verb: string, link: FoundLink): Promise<void> {
  if (link.kind !== 'macvlan' || !macText(link.mac).startsWith(VRRP_MAC)) {
    const kind = link.kind === '' ? 'interface' : link.kind;
    throw new KernelError(verb, 'EEXIST', `found ${kind} ${link.name} with MAC ${macText(link.mac)}`);
  }
  await requests.request(`delete macvlan ${link.name}`, MESSAGE.DELLINK, NLM_F.ACK, linkBody(link.ifindex));
}

async function setUp(requests: RequestSocket, name: string, ifindex: number): Promise<void> {
  await requests
    .request(`configure macvlan ${name}`, MESSAGE.NEWLINK, NLM_F.ACK, withoutLinkLocalBody(ifindex))
    .catch(ignoreCode('EAFNOSUPPORT')); // a kernel without IPv6
  await requests.request(`set up macvlan ${name}`, MESSAGE.NEWLINK, NLM_F.ACK, linkUpBody(ifindex));
}

async function findLink(requests: RequestSocket, name: string): Promise<FoundLink | null> {
  const [answer] = await requests
    .request(`find interface ${name}`, MESSAGE.GETLINK, 0, linkByNameBody(name))
    .catch((error: unknown) => ignoreCode('ENODEV')(error) ?? []);
  return answer === undefined ? null : readFoundLink(answer);
}

function ignoreCode(code: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof KernelError && error.code === code) return undefined;
    throw error;
  };
}
