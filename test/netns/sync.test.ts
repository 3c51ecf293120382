/**
 * Two directors with VRRP that share connections; the second one joins late. The machine of the MASTER
 * dies under keep-alive connections and downloads by dr, tun and nat: as many go on as `xlb sync` said.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { type HostSpec, standardSpec } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import type { SyncReport } from '../../src/api/protocol/sync.ts';
import { script } from './support/session.ts';

const VIPS = { dr: '192.0.2.100', tun: '192.0.2.102', nat: '192.0.2.103' } as const;
const GATEWAY = '192.0.2.101';
const SERVERS = ['192.0.2.31', '192.0.2.32'];
/** Of each method, twice: before the second director is there, and after. */
const HTTP = 84;
const STREAMS = 9;
/** Connections that were never worth telling of: two packets. */
const SILENT = 5;
const TOLD = 3 * 2 * (HTTP + STREAMS);
const ALL = TOLD + 3 * 2 * SILENT;

/** client2's answers come through the directors, those to client1 do not. */
function world(): { readonly hosts: HostSpec[] } {
  const { hosts } = standardSpec({
    clients: 2,
    directors: 2,
    realServers: 2,
    vips: [VIPS.dr, VIPS.tun],
    directorVips: [],
  });
  return {
    hosts: hosts.map((host) => {
      if (host.name.startsWith('director')) return { ...host, forwarding: true };
      return host.name.startsWith('rs') ? { ...host, routes: [`192.0.2.12/32 via ${GATEWAY}`] } : host;
    }),
  };
}

function config(n: number, key: string): string {
  const services = Object.entries(VIPS).map(
    ([method, vip]) => `
virtual_server ${vip} 80 {
  lb_algo rr
  lb_kind ${method.toUpperCase()}
  protocol TCP
${SERVERS.map((server) => `  real_server ${server} 80 {\n    weight 1\n  }`).join('\n')}
}`,
  );
  return `
global_defs {
  router_id director${n}
  vrrp_version 3
  lvs_sync_daemon eth0 VI_1 id 7
}
xlb {
  interface eth0
  sync_key ${key}
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${110 - n * 10}
  advert_int 0.2
  virtual_ipaddress {
${[...Object.values(VIPS), GATEWAY].map((vip) => `    ${vip}/32`).join('\n')}
  }
}
${services.join('\n')}
`;
}

async function start(lab: Lab, n: 1 | 2): Promise<Director> {
  const host = lab.host(`director${n}`);
  const [file, key] = [join(host.directory, `${n}.conf`), join(host.directory, 'key')];
  writeFileSync(key, 'a key that two directors share\n');
  writeFileSync(file, config(n, key));
  return await Director.start(host, { interfaces: [], args: ['-f', file, '--connections', '4096'] });
}

async function syncOf(director: Director): Promise<SyncReport> {
  return JSON.parse((await director.tryXlb(['sync', '--json'])).stdout);
}

class Held {
  readonly #host: Host;
  readonly #log: string;
  readonly #child: ReturnType<Host['start']>;

  constructor(host: Host, words: readonly string[]) {
    this.#host = host;
    this.#log = `held-${host.name}.log`;
    this.#child = host.start('python3', [script('survivors.py'), ...words], { log: this.#log });
  }

  async ready(times: number): Promise<void> {
    await waitFor(`${this.#host.name} holds its connections`, () => {
      if (this.#child.exitCode !== null) throw new Error(this.#text());
      return this.#text().split('ready').length > times;
    });
  }

  openMore(): void {
    this.#child.kill('SIGUSR1');
  }

  async survivors(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
    return JSON.parse(this.#text().split('\n').at(-2) ?? '');
  }

  #text(): string {
    return readFileSync(join(this.#host.directory, this.#log), 'utf8');
  }
}

test('every connection that was told of goes on at the other director', async () => {
  await using lab = await Lab.build(world());
  const servers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
  await Promise.all(servers.map((host) => startNginx(host)));
  for (const host of servers) await host.run(Director.XLB, ['decap', 'eth0', '--vip', VIPS.tun]);
  const first = await start(lab, 1);
  await waitFor('director1 tells', async () => (await syncOf(first)).sent !== null);

  const words = (method: keyof typeof VIPS) => `${method}=${VIPS[method]}:80,${HTTP},${STREAMS},${SILENT}`;
  const clients = [
    new Held(lab.host('client1'), [words('dr'), words('tun')]),
    new Held(lab.host('client2'), [words('nat')]),
  ];
  await Promise.all(clients.map((client) => client.ready(1)));
  const second = await start(lab, 2);
  await waitFor('the table has come', async () => (await syncOf(second)).received?.records['new'] === TOLD / 2);
  for (const client of clients) client.openMore();
  await Promise.all(clients.map((client) => client.ready(2)));
  await waitFor('everything is told', async () => (await syncOf(first)).survival.told === TOLD);
  await waitFor('everything has come', async () => (await syncOf(second)).received?.records['new'] === TOLD);
  const { survival, authenticated } = await syncOf(first);
  expect({ ...survival, authenticated }).toEqual({ connections: ALL, told: TOLD, authenticated: true });
  expect((await syncOf(second)).received?.refused).toEqual({});

  await lab.host('director1').run('ip', ['link', 'set', 'eth0', 'down']);
  await first.stopDaemon('SIGKILL');
  await waitFor('director2 tells', async () => (await syncOf(second)).master !== null);
  const each = { http: 2 * HTTP, streams: 2 * STREAMS, silent: 0 };
  expect(await Promise.all(clients.map((client) => client.survivors()))).toEqual([
    { dr: each, tun: each },
    { nat: each },
  ]);
});
