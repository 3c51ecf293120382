/**
 * One lab for every method and family: each has virtual addresses of its own,
 * so that all protocols keep their own ports. Clients are two, because what a
 * real server answers goes back through the director for one of them (nat) and
 * past it for the other.
 */
import { randomBytes } from 'node:crypto';
import { Director } from '../../../scripts/lab/director.ts';
import type { Host } from '../../../scripts/lab/host.ts';
import { address4, address6, type LabSpec, standardSpec } from '../../../scripts/lab/spec.ts';
import { Cluster, type Family, type Method } from './cluster.ts';
import { type ServiceWords, startServers } from './traffic-servers.ts';

export interface Way {
  readonly title: string;
  readonly method: Method;
  /** Of the virtual address. */
  readonly family: Family;
  /** Of the real servers' addresses. */
  readonly inside: Family;
  readonly vip: string;
}

const OPTIONS = { dr: '-g', tun: '-i', nat: '-m', fullnat: '--fullnat' };
const NAT_CLIENT = 12;
const DIRECTOR = 21;

export const WAYS: readonly Way[] = [
  way('dr', 4, 4, 100),
  way('dr', 6, 6, 100),
  way('tun', 4, 4, 101),
  way('tun', 6, 6, 101),
  way('tun', 4, 6, 102),
  way('tun', 6, 4, 102),
  way('nat', 4, 4, 103),
  way('nat', 6, 6, 103),
];

/** Nothing repeats, so what is swapped is seen. */
export const BODY = randomBytes(2 << 20);

export class Traffic implements AsyncDisposable {
  readonly cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async build(words: readonly ServiceWords[]): Promise<Traffic> {
    const cluster = await Cluster.build({ spec: spec(), web: { large: BODY } });
    try {
      const traffic = new Traffic(cluster);
      await Promise.all(cluster.realServers.map((host) => traffic.#serve(host)));
      await traffic.command(WAYS.flatMap((one) => words.flatMap((service) => traffic.#add(one, service))));
      await cluster.resolved();
      return traffic;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  client({ method }: Way): Host {
    return this.cluster.lab.host(method === 'nat' ? 'client2' : 'client1');
  }

  /** Lines of ipvsadm, all in one start of xlb. */
  async command(lines: readonly string[]): Promise<void> {
    await this.cluster.director.xlb(['ipvsadm', '-R'], { input: lines.map((line) => `${line}\n`).join('') });
  }

  /** What names a real server of a service, and how it is reached: `-t VIP:80 -r RIP:80 -g`. */
  serverWords(one: Way, { flag, port }: ServiceWords, host: Host): string {
    const real = one.inside === 4 ? host.address4 : `[${host.address6}]`;
    return `${flag} ${endpoint(one, port)} -r ${real}:${port} ${OPTIONS[one.method]}`;
  }

  #add(one: Way, service: ServiceWords): string[] {
    const servers = this.cluster.realServers.map((host) => `-a ${this.serverWords(one, service, host)}`);
    return [`-A ${service.flag} ${endpoint(one, service.port)} ${service.options}`, ...servers];
  }

  async #serve(host: Host): Promise<void> {
    const tunnelled = WAYS.filter(({ method }) => method === 'tun').flatMap(({ vip }) => ['--vip', vip]);
    await host.run(Director.XLB, ['decap', 'eth0', ...tunnelled]);
    await startServers(host, [...WAYS.flatMap(silent), host.address4, host.address6], BODY);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cluster[Symbol.asyncDispose]();
  }
}

export function endpoint({ family, vip }: Way, port: number): string {
  return family === 4 ? `${vip}:${port}` : `[${vip}]:${port}`;
}

function way(method: Method, family: Family, inside: Family, number: number): Way {
  const title = `${method} over IPv${family}${inside === family ? '' : ` in IPv${inside}`}`;
  return { title, method, family, inside, vip: family === 4 ? address4('a', number) : address6('a', number) };
}

/** Virtual addresses that real servers have, too. */
function silent({ method, vip }: Way): string[] {
  return method === 'nat' ? [] : [vip];
}

function spec(): LabSpec {
  const standard = standardSpec({ clients: 2, realServers: 2, vips: WAYS.map(({ vip }) => vip) });
  const routes = [
    `${address4('a', NAT_CLIENT)}/32 via ${address4('a', DIRECTOR)}`,
    `${address6('a', NAT_CLIENT)}/128 via ${address6('a', DIRECTOR)}`,
  ];
  const hosts = standard.hosts.map((host) => {
    if (host.name.startsWith('rs')) return { ...host, silentAddresses: WAYS.flatMap(silent), routes };
    return { ...host, forwarding: host.name === 'director1' };
  });
  return { hosts };
}
