/**
 * Gives this network namespace what a MASTER holds, and takes it away again, by
 * rtnetlink. Each request stands for itself; in which order they come is the
 * caller's matter. Needs CAP_NET_ADMIN.
 */
import { addressFamily } from '../../core/model/address.ts';
import { KernelError } from '../facts.ts';
import { MESSAGE, NLM_F } from '../kernel/constants.ts';
import { openRequestSocket, type RequestSocket } from '../kernel/request-socket.ts';
import { addressAddBody, addressDeleteBody, addressGetBody } from './address-body.ts';
import {
  type AddressAssignment,
  addressName,
  type RouteAssignment,
  type RuleAssignment,
  routeName,
  ruleName,
} from './assignments.ts';
import { addMacvlan } from './macvlan.ts';
import { linkBody, type Macvlan, readFoundLink } from './macvlan-body.ts';
import { routeAddBody, routeDeleteBody } from './route-body.ts';
import { ruleBody } from './rule-body.ts';

/** Promises reject with a KernelError that names the object, like `add 192.0.2.9/24 to eth0: ENODEV`. */
export interface Assigner {
  /** `there`: it was there with the same prefix. What else is said of it stays as it was then. */
  addAddress(address: AddressAssignment): Promise<'added' | 'there'>;
  /** One that is not there, or whose interface is gone, is deleted. */
  deleteAddress(address: AddressAssignment): Promise<void>;
  /**
   * Placed by `replace`, it takes the place of whatever route has its
   * destination, metric and table, ours or not; twice is safe.
   */
  replaceRoute(route: RouteAssignment): Promise<void>;
  /** `there`: a route of its destination, metric and table was, and stays, whoever made it. */
  addRoute(route: RouteAssignment): Promise<'added' | 'there'>;
  /** One that is gone, perhaps with its interface, is deleted. Never another's with the same destination. */
  deleteRoute(route: RouteAssignment): Promise<void>;
  addRule(rule: RuleAssignment): Promise<'added' | 'there'>;
  deleteRule(rule: RuleAssignment): Promise<void>;
  /** Set up, in private mode; resolves with its index. One of that name, parent and MAC is taken over. */
  addMacvlan(macvlan: Macvlan): Promise<number>;
  /** One that is gone is deleted. */
  deleteLink(ifindex: number): Promise<void>;
  /** What is still asked is rejected. Twice is safe. */
  close(): void;
}

/** Throws a KernelError where the kernel gives no netlink socket. */
export function openAssigner(): Assigner {
  const requests = openRequestSocket();
  const ask = (verb: string, type: number, flags: number, body: Buffer) =>
    requests.request(verb, type, flags | NLM_F.ACK, body);

  return {
    addAddress: (address) => addAddress(requests, address),
    async deleteAddress(address) {
      const verb = async () => `delete ${addressName(address)} from ${await interfaceName(requests, address.ifindex)}`;
      await named(verb, ask('', MESSAGE.DELADDR, 0, addressDeleteBody(address)).catch(unless(ADDRESS_GONE)));
    },
    async replaceRoute(route) {
      const flags = PLACING[route.placing];
      await ask(`add ${routeName(route)}`, MESSAGE.NEWROUTE, flags, routeAddBody(route)).catch(
        unless(route.placing === 'replace' ? NOTHING : THERE),
      );
    },
    addRoute: (route) =>
      ask(`add ${routeName(route)}`, MESSAGE.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL, routeAddBody(route))
        .then(() => 'added' as const)
        .catch(unless(THERE, 'there' as const)),
    async deleteRoute(route) {
      const verb = `delete ${routeName(route)}`;
      await ask(verb, MESSAGE.DELROUTE, 0, routeDeleteBody(route)).catch(unless(ROUTE_GONE));
    },
    addRule: (rule) =>
      ask(`add ${ruleName(rule)}`, MESSAGE.NEWRULE, NLM_F.CREATE | NLM_F.EXCL, ruleBody(rule))
        .then(() => 'added' as const)
        .catch(unless(THERE, 'there' as const)),
    async deleteRule(rule) {
      await ask(`delete ${ruleName(rule)}`, MESSAGE.DELRULE, 0, ruleBody(rule)).catch(unless(RULE_GONE));
    },
    addMacvlan: (macvlan) => addMacvlan(requests, macvlan),
    async deleteLink(ifindex) {
      await ask(`delete interface ${ifindex}`, MESSAGE.DELLINK, 0, linkBody(ifindex)).catch(unless(LINK_GONE));
    },
    close: () => requests.close(),
  };
}

const NOTHING: ReadonlySet<string> = new Set();
const THERE: ReadonlySet<string> = new Set(['EEXIST']);
const ADDRESS_GONE: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'ENODEV']);
const ROUTE_GONE: ReadonlySet<string> = new Set(['ESRCH', 'ENODEV']);
const RULE_GONE: ReadonlySet<string> = new Set(['ENOENT']);
const LINK_GONE: ReadonlySet<string> = new Set(['ENODEV']);

const PLACING: Readonly<Record<RouteAssignment['placing'], number>> = {
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  append: NLM_F.CREATE | NLM_F.APPEND,
  prepend: NLM_F.CREATE,
};

async function addAddress(requests: RequestSocket, address: AddressAssignment): Promise<'added' | 'there'> {
  const flags = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;
  const verb = async () => `add ${addressName(address)} to ${await interfaceName(requests, address.ifindex)}`;
  try {
    await named(verb, requests.request('', MESSAGE.NEWADDR, flags, addressAddBody(address)));
    return 'added';
  } catch (error) {
    if (!(error instanceof KernelError && error.code === 'EEXIST')) throw error;
    // Of IPv4 this means address and prefix; an IPv6 address is there once, whatever its prefix.
    const prefix = addressFamily(address.address) === 6 ? await presentPrefix(requests, address) : address.prefix;
    if (prefix === address.prefix) return 'there';
    if (prefix === null) throw error;
    throw new KernelError(await verb(), error.code, `it is there with the prefix length ${prefix}`);
  }
}

/** Null: it is gone meanwhile. */
async function presentPrefix(requests: RequestSocket, address: AddressAssignment): Promise<number | null> {
  const verb = `read ${address.address}`;
  const [answer] = await requests
    .request(verb, MESSAGE.GETADDR, 0, addressGetBody(address))
    .catch(unless(ADDRESS_GONE, []));
  return answer?.readUInt8(1) ?? null;
}

/** Names are asked for where they are needed, which is in errors: on the way of a failover each question would cost time. */
async function named<T>(verb: () => Promise<string>, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError(await verb(), error.code, error.explanation);
  }
}

async function interfaceName(requests: RequestSocket, ifindex: number): Promise<string> {
  const [answer] = await requests
    .request(`read interface ${ifindex}`, MESSAGE.GETLINK, 0, linkBody(ifindex))
    .catch(() => []); // the error that is being told is the one that matters
  return answer === undefined ? `interface ${ifindex}` : readFoundLink(answer).name;
}

/** For `catch`: takes these codes for success. */
function unless<T>(codes: ReadonlySet<string>, instead?: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof KernelError && codes.has(error.code)) return instead as T;
    throw error;
  };
}
