/** SCTP between real sockets, through a director. Needs a kernel with SCTP: `make test-sctp` has one in a virtual machine. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { standardSpec, VIP4, VIP6, VIPS } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import type { ServicesReport } from '../../src/api/protocol/services.ts';

const SCRIPT = fileURLToPath(new URL('./support/sctp.py', import.meta.url));
const PORTS = { dr: 2905, tun: 2906 } as const;
/** Milliseconds: in an emulated machine all takes long. */
const PATIENCE = 600_000;
const ASSOCIATIONS = 12;
const MESSAGES = 40;

const hasSctp = spawnSync('python3', [SCRIPT, 'probe']).status === 0;

const CASES = [
  ['dr', 4, VIP4],
  ['tun', 4, VIP4],
  ['dr', 6, VIP6],
  ['tun', 6, VIP6],
] as const;

describe.skipIf(!hasSctp)('SCTP sockets through a director', () => {
  let lab: Lab;
  let director: Director;
  let realServers: readonly Host[];

  beforeAll(async () => {
    lab = await Lab.build(standardSpec({ realServers: 3 }));
    realServers = lab.hosts.filter(({ name }) => name.startsWith('rs'));
    for (const host of realServers) {
      for (const vip of VIPS) {
        for (const port of Object.values(PORTS)) {
          host.start('python3', [SCRIPT, 'serve', vip, String(port), host.name], { log: `${host.name}.${port}.log` });
        }
      }
    }
    director = await Director.start(lab.host('director1'), { interfaces: ['eth0'], args: ['--connections', '65536'] });
    const vips = VIPS.flatMap((vip) => ['--vip', vip]);
    await Promise.all(realServers.map((host) => host.run(Director.XLB, ['decap', 'eth0', ...vips])));
    await director.xlb(['ipvsadm', '-R'], { input: CASES.map(rules).join('') });
    await waitFor('resolution of all next hops', async () =>
      (await services()).every(({ servers }) => servers.every(({ state }) => state.effective !== 'unresolved')),
    );
  }, PATIENCE);
  afterAll(() => lab?.remove(), PATIENCE);

  function rules([method, family, vip]: (typeof CASES)[number]): string {
    const name = family === 4 ? `${vip}:${PORTS[method]}` : `[${vip}]:${PORTS[method]}`;
    const servers = realServers.map((host) => {
      const address = family === 4 ? host.address4 : `[${host.address6}]`;
      return `-a --sctp-service ${name} -r ${address}:${PORTS[method]} ${method === 'dr' ? '-g' : '-i'}\n`;
    });
    return `-A --sctp-service ${name} -s rr\n${servers.join('')}`;
  }

  async function services(): Promise<ServicesReport['services']> {
    return (await director.client.services()).services;
  }

  test.each(CASES)(
    '%s over IPv%i: every message comes back, each server has its turn',
    { timeout: PATIENCE },
    async (method, family, vip) => {
      const client = lab.host('client1');
      const from = family === 4 ? client.address4 : client.address6;
      const port = String(PORTS[method]);
      const words = [SCRIPT, 'ask', from, vip, port, String(ASSOCIATIONS), String(MESSAGES)];
      const answered = (await client.run('python3', words)).trim().split('\n');
      const by = realServers.map(({ name }) => answered.filter((line) => line === name).length);
      expect(by).toEqual(realServers.map(() => ASSOCIATIONS / realServers.length));

      const [service] = (await services()).filter(({ port: own, address }) => String(own) === port && address === vip);
      expect(service?.totals.connections_total).toBe(ASSOCIATIONS);
      const listed = await director.xlb(['ipvsadm', '-L', '-n', '-c']);
      const closed = listed.split('\n').filter((line) => line.includes(`${vip}`) && line.includes(`:${port} `));
      expect(closed).toHaveLength(ASSOCIATIONS);
      for (const line of closed) expect(line).toMatch(/^SCTP \d\d:\d\d {2}(?:CLOSED|S-RECEIVED|ESTABLISHED) /);
    },
  );
});
