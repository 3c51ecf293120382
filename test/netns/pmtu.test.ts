import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { type LabSpec, type PortSpec, VIP4, VIP6, VIPS } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import { type Family, serviceName } from './support/cluster.ts';

type Method = 'dr' | 'tun';

const WIDE = 1500;
const PORTS: Record<Method, number> = { dr: 80, tun: 8080 };
/** Behind which network a host is, and its number there. */
const REAL_SERVERS: Record<Method, [net: number, number: number]> = { dr: [2, 5], tun: [3, 2] };
const UPLOAD = 2 << 20;

interface Hops {
  /** MTU of the router's port to the client: the client's own knows nothing of it. */
  readonly client: number;
  /** MTU between the second router and the real server behind it. */
  readonly server: number;
}

/**
 *   client1 --a-- near --b-- director1
 *                        |-- rs-dr
 *                        |-- far --c-- rs-tun
 *
 * Answers go past the director, through `near`.
 */
function spec(hops: Hops): LabSpec {
  const director = port('b', 2, 3, WIDE);
  const vips = VIPS.map((vip) => `${vip}/${vip.includes(':') ? 128 : 32}`);
  const toVips = VIPS.map((vip) => `${vip} via ${address(vip.includes(':') ? 6 : 4, 2, 3)}`);
  const near = [port('a', 1, 1, hops.client), port('b', 2, 1, WIDE)];
  const far = [port('b', 2, 4, WIDE), port('c', 3, 1, hops.server)];
  return {
    hosts: [
      { name: 'client1', ports: [port('a', 1, 2, WIDE)], routes: defaults(1, 1) },
      { name: 'near', ports: near, forwarding: true, routes: [...toVips, ...toNet3()] },
      {
        name: 'director1',
        ports: [{ ...director, addresses: [...director.addresses, ...vips] }],
        routes: [...defaults(2, 1), ...toNet3()],
      },
      { name: 'far', ports: far, forwarding: true, routes: defaults(2, 1) },
      { name: 'rs-dr', ports: [port('b', 2, 5, WIDE)], silentAddresses: VIPS, routes: defaults(2, 1) },
      { name: 'rs-tun', ports: [port('c', 3, 2, hops.server)], silentAddresses: VIPS, routes: defaults(3, 1) },
    ],
  };
}

function address(family: Family, net: number, number: number): string {
  return family === 4 ? `198.18.${net}.${number}` : `2001:db8:${net}::${number}`;
}

function port(lan: string, net: number, number: number, mtu: number): PortSpec {
  const addresses = [`${address(4, net, number)}/24`, `${address(6, net, number)}/64`];
  return { lan, addresses, mac: `02:00:00:00:0${lan}:0${number}`, mtu };
}

function defaults(net: number, number: number): string[] {
  return ([4, 6] as const).map((family) => `default via ${address(family, net, number)}`);
}

function toNet3(): string[] {
  return [`198.18.3.0/24 via ${address(4, 2, 4)}`, `2001:db8:3::/64 via ${address(6, 2, 4)}`];
}

class Routed implements AsyncDisposable {
  readonly lab: Lab;
  readonly director: Director;
  readonly client: Host;

  private constructor(lab: Lab, director: Director) {
    this.lab = lab;
    this.director = director;
    this.client = lab.host('client1');
  }

  static async build(hops: Hops): Promise<Routed> {
    const lab = await Lab.build(spec(hops));
    try {
      const servers = [lab.host('rs-dr'), lab.host('rs-tun')];
      const web = { ports: Object.values(PORTS), large: Buffer.alloc(UPLOAD, 'x') };
      await Promise.all(servers.map((host) => startNginx(host, web)));
      await lab.host('rs-tun').run(Director.XLB, ['decap', 'eth0', ...VIPS.flatMap((vip) => ['--vip', vip])]);
      const routed = new Routed(lab, await Director.start(lab.host('director1')));
      await routed.#addServices();
      return routed;
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  /** What the router has told a host of the way to an address, in bytes; null: nothing. */
  async pathMtu(host: Host, destination: string, from: string[] = []): Promise<number | null> {
    const route = await host.run('ip', ['route', 'get', destination, ...from]);
    const mtu = / mtu (\d+)/.exec(route)?.[1];
    return mtu === undefined ? null : Number(mtu);
  }

  async count(reason: string): Promise<number> {
    const report = await this.director.xlb(['stats', '--json']);
    const found = new RegExp(`"${reason}"[^}]*?"total":\\s*(\\d+)`).exec(report)?.[1];
    return Number(found ?? Number.NaN);
  }

  async #addServices(): Promise<void> {
    const lines = ([4, 6] as const).flatMap((family) =>
      (['dr', 'tun'] as const).flatMap((method) => {
        const endpoint = serviceName(family, PORTS[method]).replace('/tcp', '');
        const server = address(family, ...REAL_SERVERS[method]);
        const real = `${family === 4 ? server : `[${server}]`}:${PORTS[method]}`;
        return [`-A -t ${endpoint} -s rr`, `-a -t ${endpoint} -r ${real} ${method === 'dr' ? '-g' : '-i'}`];
      }),
    );
    await this.director.xlb(['ipvsadm', '-R'], { input: `${lines.join('\n')}\n` });
    await waitFor('resolution of all next hops', async () => {
      const { servers } = await this.director.client.servers();
      return servers.every(({ state }) => state.effective !== 'unresolved');
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab.remove();
  }
}

const CASES: [Method, Family][] = [
  ['dr', 4],
  ['dr', 6],
  ['tun', 4],
  ['tun', 6],
];

function url(family: Family, method: Method, path: string): string {
  return `http://${serviceName(family, PORTS[method]).replace('/tcp', '')}/${path}`;
}

describe('a narrow hop between director and client', () => {
  const NARROW = 1340;
  let routed: Routed;
  beforeAll(async () => {
    routed = await Routed.build({ client: NARROW, server: WIDE });
  });
  afterAll(() => routed[Symbol.asyncDispose]());

  test.each(CASES)('%s over IPv%i: the real server hears of it, and the file comes whole', async (method, family) => {
    const output = ['-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
    const answer = await routed.client.run('curl', ['-s', '-m', '20', ...output, url(family, method, 'large')]);
    expect(answer).toBe(`200 ${UPLOAD}`);
    const host = routed.lab.host(`rs-${method}`);
    const from = ['from', family === 4 ? VIP4 : VIP6];
    expect(await routed.pathMtu(host, address(family, 1, 2), from)).toBe(NARROW);
  });
});

describe('a narrow hop between director and real server', () => {
  const NARROW = 1400;
  let routed: Routed;
  beforeAll(async () => {
    routed = await Routed.build({ client: WIDE, server: NARROW });
  });
  afterAll(() => routed[Symbol.asyncDispose]());

  test.each([
    [4, 20],
    [6, 40],
  ] as const)('IPv%i through a tunnel: the client hears of it, and its upload comes whole', async (family, outer) => {
    const upload = routed.lab.path('upload');
    writeFileSync(upload, Buffer.alloc(UPLOAD, 'x'));
    const args = ['-s', '-m', '20', '-H', 'Expect:', '-T', upload, '-w', '%{http_code} %{size_upload}'];
    const answer = await routed.client.run('curl', [...args, url(family, 'tun', 'upload')]);
    expect(answer).toBe(`rs-tun\n200 ${UPLOAD}`);
    expect(await routed.pathMtu(routed.client, family === 4 ? VIP4 : VIP6)).toBe(NARROW - outer);
    expect(await routed.count('drop_tunnel_error')).toBeGreaterThan(0);
  });
});
