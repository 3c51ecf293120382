import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import { Cluster } from './support/cluster.ts';

const example = (name: string): string => resolve('examples', name);

describe('examples', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.build({ realServers: 2 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test("ipvsadm.rules comes back as it was, in ipvsadm's order", async () => {
    const rules = readFileSync(example('ipvsadm.rules'), 'utf8');
    await cluster.director.xlb(['ipvsadm', '-R'], { input: rules });
    const saved = await cluster.director.xlb(['ipvsadm', '-S', '-n']);
    expect(saved.split('\n').sort()).toEqual(rules.split('\n').sort());
  });

  test('services.json is applied', async () => {
    const dry = await cluster.director.xlb(['apply', '--dry-run', example('services.json')]);
    expect(dry).toContain('192.0.2.100:53/udp');
    expect((await cluster.services()).map(({ name }) => name)).toContain('192.0.2.100:53/udp');

    await cluster.director.xlb(['apply', example('services.json')]);
    const names = (await cluster.services()).map(({ name }) => name);
    expect(names.sort()).toEqual(['192.0.2.100:80/tcp', '[2001:db8::100]:443/tcp']);
    await cluster.resolved();
    expect(Object.fromEntries((await cluster.request('http://192.0.2.100/', 30)).by)).toEqual({ rs1: 20, rs2: 10 });
  });

  test('real-server.sh makes a host a real server', async () => {
    const spec = standardSpec({ realServers: 1, vips: [] });
    await using lab = await Lab.build({
      hosts: spec.hosts.map((host) => (host.name === 'rs1' ? { ...host, silentAddresses: [] } : host)),
    });
    const server = lab.host('rs1');
    await startNginx(server);
    await server.run(example('real-server.sh'), [], { env: { PATH: `${resolve('dist')}:${process.env['PATH']}` } });

    expect(await server.run('ip', ['address', 'show', 'lo'])).toMatch(/192\.0\.2\.100\/32[\s\S]*2001:db8::100\/128/);
    const { code } = await lab.host('client1').tryRun('curl', ['-s', '-m', '1', 'http://192.0.2.100/']);
    expect(code).not.toBe(0);
  });
});
