/**
 * Two directors with VRRP that share connections; the second one joins late. The machine of the MASTER
 * dies under keep-alive connections and downloads by dr, tun and nat: as many go on as `xlb sync` said.
 * Then it comes back, and they talk by their addresses instead of a group.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
/** A persistent service by mark and nat. */
const MARK = 5;
const KEPT_PORT = 81;
const SYNC_PORT = 8848;
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

interface Way {
  readonly key: string;
  readonly priority: number;
  /** The other director; null: a group. */
  readonly peer: string | null;
}

function config(n: number, { key, priority, peer }: Way): string {
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
  mark ${MARK} ${VIPS.nat} tcp ${KEPT_PORT}
  sync_key ${key}${peer === null ? '' : `\n  sync_peer ${peer}`}
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 0.2
  virtual_ipaddress {
${[...Object.values(VIPS), GATEWAY].map((vip) => `    ${vip}/32`).join('\n')}
  }
}
${services.join('\n')}
virtual_server fwmark ${MARK} {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  persistence_timeout 300
${SERVERS.map((server) => `  real_server ${server} 80 {\n    weight 1\n  }`).join('\n')}
}
`;
}

function configure(n: 1 | 2, priority: number, peer: string | null): string {
  const { directory } = lab.host(`director${n}`);
  const [file, key] = [join(directory, `${n}.conf`), join(directory, 'key')];
  writeFileSync(key, 'a key that two directors share\n');
  writeFileSync(file, config(n, { key, priority, peer }));
  return file;
}

async function start(n: 1 | 2): Promise<Director> {
  const file = configure(n, 110 - n * 10, null);
  const args = ['-f', file, '--connections', '4096'];
  return await Director.start(lab.host(`director${n}`), { interfaces: [], args });
}

async function syncOf(director: Director): Promise<SyncReport> {
  return await director.client.sync();
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

let lab: Lab;
let first: Director;
let second: Director;

beforeAll(async () => {
  lab = await Lab.build(world());
  const servers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
  await Promise.all(servers.map((host) => startNginx(host, { ports: [80, KEPT_PORT] })));
  for (const host of servers) await host.run(Director.XLB, ['decap', 'eth0', '--vip', VIPS.tun]);
  first = await start(1);
});
afterAll(() => lab.remove());

test('every connection that was told of goes on at the other director', async () => {
  await waitFor('director1 tells', async () => (await syncOf(first)).sent !== null);

  const words = (method: keyof typeof VIPS) => `${method}=${VIPS[method]}:80,${HTTP},${STREAMS},${SILENT}`;
  const clients = [
    new Held(lab.host('client1'), [words('dr'), words('tun')]),
    new Held(lab.host('client2'), [words('nat')]),
  ];
  await Promise.all(clients.map((client) => client.ready(1)));
  second = await start(2);
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

/** What a director lists of the persistent service: a template has the mark for an address. */
async function keptAt(director: Director): Promise<{ templates: number; connections: number }> {
  const lines = (await director.xlb(['ipvsadm', '-L', '-c', '-n'])).split('\n');
  const count = (endpoint: string) => lines.filter((line) => line.includes(` ${endpoint} `)).length;
  return { templates: count(`0.0.0.${MARK}:0`), connections: count(`${VIPS.nat}:${KEPT_PORT}`) };
}

/** Has one datagram of director2's be heard twice, and once from somebody else. */
async function playAgain(peer: string, meanwhile: () => Promise<unknown>): Promise<void> {
  const host = lab.host('director2');
  const child = host.start('python3', [script('replay.py'), peer, String(SYNC_PORT)], { log: 'replay.log' });
  const lines = (): string[] => readFileSync(join(host.directory, 'replay.log'), 'utf8').split('\n');
  await waitFor('the listener', () => lines().length > 1);
  const ended = once(child, 'exit');
  await meanwhile();
  await ended;
  const send = `import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes.fromhex('${lines()[1]}'), ('${peer}', ${SYNC_PORT}))`;
  await lab.host('client1').run('python3', ['-c', send]);
}

test('by their addresses, with sync_persist_mode: clients and their servers alone, and nothing twice', async () => {
  const [one, two] = [lab.host('director1'), lab.host('director2')];
  const ask = () => lab.host('client2').run('curl', ['-s', '-m', '5', `http://${VIPS.nat}:${KEPT_PORT}/`]);
  configure(1, 80, two.address4);
  configure(2, 90, one.address4);
  await one.run('ip', ['link', 'set', 'eth0', 'up']);
  await Promise.all([first.startDaemon(), second.xlb(['reload']), second.xlb(['sysctl', 'sync_persist_mode=1'])]);
  await waitFor('director1 hears', async () => ((await syncOf(first)).received?.senders.length ?? 0) > 0);
  expect((await syncOf(first)).received?.senders).toMatchObject([{ address: two.address4 }]);

  await playAgain(one.address4, ask);
  await waitFor('the client has its server', async () => (await keptAt(first)).templates > 0);
  expect(await keptAt(first)).toEqual({ templates: 1, connections: 0 });
  expect((await keptAt(second)).connections).toBe(1);
  expect((await syncOf(first)).received?.refused).toEqual({ replayed: 1, 'other-sender': 1 });

  await second.xlb(['sysctl', 'sync_persist_mode=0']);
  await ask();
  await waitFor('its next connection', async () => (await keptAt(first)).connections > 0);
});
