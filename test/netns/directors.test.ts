import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { request } from '../../scripts/lab/requests.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';
import { serviceName } from './support/cluster.ts';

const SECOND_VIP = '192.0.2.101';

describe('several directors', () => {
  let lab: Lab;
  let directors: [Director, Director];
  beforeAll(async () => {
    const [first, second] = [
      standardSpec({ realServers: 2 }),
      standardSpec({ directors: 2, realServers: 0, clients: 0 }).hosts.filter(({ name }) => name === 'director2'),
    ];
    const hosts = [...first.hosts, ...second].map((host) => withSecondVip(host));
    lab = await Lab.build({ hosts });
    await Promise.all(['rs1', 'rs2'].map((name) => startNginx(lab.host(name))));
    directors = [await Director.start(lab.host('director1')), await Director.start(lab.host('director2'))];
  });
  afterAll(() => lab.remove());

  test('two on one machine, each with its own run directory, do not disturb each other', async () => {
    const vips = ['192.0.2.100', SECOND_VIP];
    for (const [index, director] of directors.entries()) {
      await director.xlb(['service', 'add', `${vips[index]}:80/tcp`, '--scheduler', 'rr']);
      // Each sends to a server of its own.
      await director.xlb(['server', 'add', `${vips[index]}:80/tcp`, lab.host(`rs${index + 1}`).address4]);
      await waitFor('service', async () => {
        const { servers } = await director.client.servers();
        return servers.every(({ state }) => state.effective !== 'unresolved');
      });
    }

    for (const [index, vip] of vips.entries()) {
      const answers = await request(lab.host('client1'), `http://${vip}/`, 20);
      expect(answers).toEqual({ by: new Map([[`rs${index + 1}`, 20]]), failed: 0 });
    }
    await directors[0].stopDaemon('SIGTERM');
    expect((await directors[1].xlb(['services'])).includes(SECOND_VIP)).toBe(true);
    expect((await directors[0].tryXlb(['services'])).code).toBe(3);
  });

  test('links named like ipvsadm speak its words', async () => {
    const [, director] = directors;
    const links = lab.path('links');
    mkdirSync(links);
    for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'])
      symlinkSync(resolve('dist/xlb'), `${links}/${name}`);
    expect(readdirSync(links)).toHaveLength(3);
    const env = { XLB_RUN_DIR: director.runDirectory };
    const link = (name: string, args: string[], input?: string): Promise<string> =>
      director.host.run(`${links}/${name}`, args, { env, ...(input !== undefined && { input }) });

    await link('ipvsadm', ['-C']);
    await link('ipvsadm', ['-A', '-t', '192.0.2.100:80', '-s', 'rr']);
    await link('ipvsadm', ['-a', '-t', '192.0.2.100:80', '-r', '192.0.2.31', '-g', '-w', '2']);
    const saved = await link('ipvsadm-save', ['-n']);
    expect(saved).toBe('-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 192.0.2.31:80 -g -w 2\n');
    await link('ipvsadm', ['-C']);
    await link('ipvsadm-restore', [], saved);
    expect((await director.client.services()).services.map(({ name }) => name)).toEqual([serviceName(4)]);
  });
});

function withSecondVip(host: ReturnType<typeof standardSpec>['hosts'][number]): typeof host {
  if (host.name.startsWith('rs')) return { ...host, silentAddresses: [...(host.silentAddresses ?? []), SECOND_VIP] };
  if (host.name !== 'director2') return host;
  return {
    ...host,
    ports: host.ports.map((port) => ({ ...port, addresses: [...port.addresses, `${SECOND_VIP}/32`] })),
  };
}
