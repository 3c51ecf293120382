/**
 * What a lab is made of. Hosts are network namespaces; each of their ports is a
 * veth to a bridge (a LAN) in one more namespace, the switch.
 */

export interface PortSpec {
  /** Name of the LAN; `a` where there is only one. */
  readonly lan: string;
  /** With prefix length. */
  readonly addresses: readonly string[];
  readonly mac: string;
  /** 1500. */
  readonly mtu?: number;
}

export interface HostSpec {
  readonly name: string;
  /** eth0, eth1, ... in this order. */
  readonly ports: readonly PortSpec[];
  /** `default via 192.0.2.1`, as `ip route add` takes them. */
  readonly routes?: readonly string[];
  /** On `lo`, /32 or /128, and never announced: the virtual addresses of a real server. */
  readonly silentAddresses?: readonly string[];
  readonly forwarding?: boolean;
}

export interface LabSpec {
  readonly hosts: readonly HostSpec[];
}

export interface StandardOptions {
  /** 1. */
  readonly clients?: number;
  /** 1. */
  readonly directors?: number;
  /** 3. */
  readonly realServers?: number;
  /** Of the real servers. */
  readonly vips?: readonly string[];
  /** Of the first director, where VRRP does not move them; `vips`. */
  readonly directorVips?: readonly string[];
  /** Directors get a second port, and real servers live there; a router leads back to the clients. */
  readonly arms?: 1 | 2;
  /** With `nat`: the number of the address that replies go to; the first director's. */
  readonly gateway?: number;
  /** Replies go through the first director, a router, and no real server has a VIP. */
  readonly nat?: boolean;
}

export const VIP4 = '192.0.2.100';
export const VIP6 = '2001:db8::100';
export const VIPS: readonly string[] = [VIP4, VIP6];

const CLIENT = 10;
const DIRECTOR = 20;
const REAL_SERVER = 30;
const ROUTER = 1;

/** Clients, directors and real servers, all on one LAN, or with two arms on two. */
export function standardSpec(options: StandardOptions = {}): LabSpec {
  const { clients = 1, directors = 1, realServers = 3, vips = VIPS, arms = 1, nat = false } = options;
  const { directorVips = vips, gateway = DIRECTOR + 1 } = options;
  const inside = arms === 2 ? 'b' : 'a';
  const hosts: HostSpec[] = [];
  for (const n of count(clients))
    hosts.push({ name: `client${n}`, ports: [port('a', CLIENT + n)], routes: clientRoutes(arms) });
  for (const n of count(directors)) hosts.push({ ...director(n, n === 1 ? directorVips : [], arms), forwarding: nat });
  for (const n of count(realServers)) {
    hosts.push({
      name: `rs${n}`,
      ports: [port(inside, REAL_SERVER + n)],
      silentAddresses: nat ? [] : vips,
      routes: nat ? natRoutes(clients, inside, gateway) : arms === 2 ? defaultRoutes('b', ROUTER) : [],
    });
  }
  if (arms === 2) hosts.push({ name: 'router', ports: [port('a', ROUTER), port('b', ROUTER)], forwarding: true });
  return { hosts };
}

/** The address of a host's port, without prefix length. */
export function address4(lan: string, number: number): string {
  return `192.0.2.${lan === 'a' ? number : 128 + number}`;
}

export function address6(lan: string, number: number): string {
  return `2001:db8:${lan === 'a' ? '' : '1'}::${number}`.replace(':::', '::');
}

function port(lan: string, number: number): PortSpec {
  const hex = number.toString(16).padStart(2, '0');
  return {
    lan,
    addresses: [`${address4(lan, number)}/25`, `${address6(lan, number)}/64`],
    mac: `02:00:00:00:0${lan}:${hex}`,
  };
}

function director(n: number, vips: readonly string[], arms: 1 | 2): HostSpec {
  const outside = port('a', DIRECTOR + n);
  const own = {
    ...outside,
    addresses: [...outside.addresses, ...vips.map((vip) => (vip.includes(':') ? `${vip}/128` : `${vip}/32`))],
  };
  return { name: `director${n}`, ports: arms === 2 ? [own, port('b', DIRECTOR + n)] : [own] };
}

function defaultRoutes(lan: string, gateway: number): string[] {
  return [`default via ${address4(lan, gateway)}`, `default via ${address6(lan, gateway)}`];
}

/** By the director, even to clients on the same LAN. */
function natRoutes(clients: number, lan: string, director: number): string[] {
  const toClients = count(clients).flatMap((n) => [
    `${address4('a', CLIENT + n)}/32 via ${address4(lan, director)}`,
    `${address6('a', CLIENT + n)}/128 via ${address6(lan, director)}`,
  ]);
  return lan === 'a' ? toClients : defaultRoutes(lan, director);
}

function clientRoutes(arms: 1 | 2): string[] {
  return arms === 2
    ? [`192.0.2.128/25 via ${address4('a', ROUTER)}`, `2001:db8:1::/64 via ${address6('a', ROUTER)}`]
    : [];
}

function count(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}
