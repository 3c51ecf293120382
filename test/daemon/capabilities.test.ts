/** xlbd as a user of its own, with four capabilities and no more. */
import { chownSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Lab } from '../../scripts/lab/lab.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';
import { Client } from '../../src/api/client.ts';
import { SERVER, SERVICE } from './support/daemon.ts';

const XLBD = resolve(import.meta.dirname, '../../dist/xlbd');
/** A user that no one is. */
const USER = 64123;
const CAPABILITIES = '+bpf,+net_admin,+net_raw,+perfmon';

test('starts, forwards, and adopts again', async () => {
  await using lab = await Lab.build(standardSpec({ clients: 0, realServers: 1 }));
  const host = lab.host('director1');
  const [runDir, bpffs] = [lab.path('run'), lab.path('bpf')];
  for (const directory of [runDir, bpffs]) mkdirSync(directory);
  chownSync(runDir, USER, USER);
  // What the service manager does.
  await host.run('mount', ['-t', 'bpf', '-o', `uid=${USER},gid=${USER},mode=0700`, 'bpf', bpffs]);

  const words = ['-i', 'eth0', '--run-dir', runDir, '--bpffs', bpffs, '--connections', '4096'];
  const drop = ['--reuid', `${USER}`, '--regid', `${USER}`, '--clear-groups', '--no-new-privs'];
  const caps = [
    '--inh-caps',
    `-all,${CAPABILITIES}`,
    '--ambient-caps',
    `-all,${CAPABILITIES}`,
    '--bounding-set',
    `-all,${CAPABILITIES}`,
  ];
  const client = new Client({ socket: join(runDir, 'xlb.sock') });
  for (const round of [1, 2]) {
    const child = host.start('setpriv', [...drop, ...caps, XLBD, ...words], { log: `capabilities-${round}.log` });
    const ended = new Promise((done) => child.once('exit', done));
    try {
      await expect
        .poll(() => client.status().catch((error: Error) => error.message), { timeout: 20_000 })
        .toMatchObject({ health: 'ok' });
      const status = await host.run('cat', [`/proc/${child.pid}/status`]);
      expect(status).toMatch(/^Uid:\s+64123\s/m);
      expect(status).toMatch(/^CapEff:\s+000000c000003000$/m);
      if (round === 1) {
        const server = { ...SERVER, address: lab.host('rs1').address4 as typeof SERVER.address };
        const commands = [
          { type: 'service.add', service: SERVICE },
          { type: 'server.add', service: SERVICE, server },
        ] as const;
        await client.execute(commands);
      }
      const [service] = (await client.services()).services;
      expect(service?.servers[0]).toMatchObject({ state: { effective: 'up' }, next_hop: { interface: 'eth0' } });
      expect((await client.interfaces()).interfaces[0]).toMatchObject({ mode: 'native', problem: null });
    } finally {
      child.kill(round === 1 ? 'SIGKILL' : 'SIGTERM');
      await ended;
    }
  }
});
