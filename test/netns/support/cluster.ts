/**
 * What most tests here begin with: a lab with nginx on its real servers, a
 * director that runs the built xlbd, and services made through its socket.
 */
import { expect } from 'vitest';
import { Director, type DirectorOptions } from '../../../scripts/lab/director.ts';
import type { Host } from '../../../scripts/lab/host.ts';
import { Lab } from '../../../scripts/lab/lab.ts';
import { startNginx, type WebServerOptions } from '../../../scripts/lab/nginx.ts';
import { type Answers, request } from '../../../scripts/lab/requests.ts';
import { type LabSpec, type StandardOptions, standardSpec, VIP4, VIP6, VIPS } from '../../../scripts/lab/spec.ts';
import { waitFor } from '../../../scripts/lab/wait.ts';
import type { ServerReport, ServicesReport } from '../../../src/api/protocol/services.ts';
import type { Command } from '../../../src/core/model/command.ts';
import type { Address, SchedulerName, ServiceKey } from '../../../src/core/model/model.ts';

export type Family = 4 | 6;
export type Method = 'dr' | 'tun' | 'nat' | 'fullnat';

export interface ClusterOptions extends StandardOptions {
  readonly director?: DirectorOptions;
  /** The standard one. */
  readonly spec?: LabSpec;
  readonly web?: WebServerOptions;
}

export class Cluster implements AsyncDisposable {
  readonly lab: Lab;
  readonly director: Director;
  readonly client: Host;
  readonly realServers: readonly Host[];

  private constructor(lab: Lab, director: Director) {
    this.lab = lab;
    this.director = director;
    this.client = lab.host('client1');
    this.realServers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
  }

  static async build(options: ClusterOptions = {}): Promise<Cluster> {
    const lab = await Lab.build(options.spec ?? standardSpec(options));
    try {
      const realServers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
      const interfaces = options.arms === 2 ? ['eth0', 'eth1'] : ['eth0'];
      const started = realServers.map((host) => startNginx(host, { ports: [80, 8080], ...options.web }));
      const director = await Director.start(lab.host('director1'), { interfaces, ...options.director });
      await Promise.all(started);
      return new Cluster(lab, director);
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** A service with all real servers, by their addresses of the family `inside`; returns its URL. They decapsulate where the method is `tun`. */
  async addService(
    family: Family,
    method: Method,
    options: { port?: number; scheduler?: SchedulerName; realPort?: number; inside?: Family } = {},
  ): Promise<string> {
    const { port = 80, scheduler = 'rr', realPort = port, inside = family } = options;
    if (method === 'tun') await this.decapsulate();
    const service = { protocol: 'tcp', address: family === 4 ? VIP4 : VIP6, port } as ServiceKey;
    const servers = this.realServers.map((host): Command => {
      const address = (inside === 4 ? host.address4 : host.address6) as Address;
      return { type: 'server.add', service, server: { address, port: realPort, method } };
    });
    await this.director.client.execute([{ type: 'service.add', service: { ...service, scheduler } }, ...servers]);
    await this.resolved();
    return `http://${serviceName(family, port).replace('/tcp', '')}/`;
  }

  /** Every real server strips the tunnel header of what comes for a virtual address. */
  async decapsulate(): Promise<void> {
    const vips = VIPS.flatMap((vip) => ['--vip', vip]);
    await Promise.all(this.realServers.map((host) => host.run(Director.XLB, ['decap', 'eth0', ...vips])));
  }

  async services(): Promise<ServicesReport['services']> {
    return (await this.director.client.services()).services;
  }

  /** One real server of one service, as the daemon reports it. */
  async server(name: string, host: Host): Promise<ServerReport> {
    const service = (await this.services()).find((one) => one.name === name);
    const found = service?.servers.find(({ address }) => address === host.address4 || address === host.address6);
    if (found === undefined) throw new Error(`${host.name} is no real server of ${name}`);
    return found;
  }

  /** Until every next hop is known. */
  async resolved(): Promise<void> {
    await waitFor('resolution of all next hops', async () => {
      const servers = (await this.services()).flatMap((service) => service.servers);
      return servers.every(({ state }) => state.effective !== 'unresolved');
    });
  }

  request(url: string, count: number): Promise<Answers> {
    return request(this.client, url, count);
  }

  /** All of them answer their equal share of `count` requests, and none fails. */
  async expectEvenAnswers(url: string, count: number): Promise<void> {
    const answers = await this.request(url, count);
    const share = count / this.realServers.length;
    const expected = { by: Object.fromEntries(this.realServers.map(({ name }) => [name, share])), failed: 0 };
    expect({ by: Object.fromEntries(answers.by), failed: answers.failed }).toEqual(expected);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab.remove();
  }
}

export function serviceName(family: Family, port = 80): string {
  return family === 4 ? `${VIP4}:${port}/tcp` : `[${VIP6}]:${port}/tcp`;
}

export function serverAddress(family: Family, host: Host): string {
  return family === 4 ? host.address4 : `[${host.address6}]`;
}
