/**
 * docs/migrating-from-keepalived.md, tried as written: two machines run the real keepalived with one file
 * each; first the BACKUP, then the other one runs xlbd with the same file, and clients are served all the
 * while. IPVS is in no namespace, and in many kernels not at all: an nginx of the director stands in for
 * what it forwards, and answers at the VIP by the director's name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import type { Host } from '../../scripts/lab/host.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { request } from '../../scripts/lab/requests.ts';
import { standardSpec, VIP4 } from '../../scripts/lab/spec.ts';
import { waitFor } from '../../scripts/lab/wait.ts';

const XLBD = resolve('dist/xlbd');
const OF_XLB = /^xlb \{\n[^}]*\}\n/m;

interface Machine {
  readonly host: Host;
  /** As keepalived knows it: without a word of xlb's. */
  readonly file: string;
}

function machine(lab: Lab, n: 1 | 2): Machine {
  const host = lab.host(`director${n}`);
  const file = join(host.directory, `keepalived-${n}.conf`);
  writeFileSync(file, readFileSync(resolve('examples/failover', `dr-director${n}.conf`), 'utf8').replace(OF_XLB, ''));
  return { host, file };
}

/** Returns what stops it. `-P`: VRRP alone, for there is no IPVS. */
async function startKeepalived({ host, file }: Machine): Promise<() => Promise<void>> {
  const pids = ['-p', `${file}.main`, '-r', `${file}.vrrp`];
  const child = host.start('keepalived', ['-n', '-l', '-D', '-G', '-P', '-f', file, ...pids], {
    log: `${host.name}.kd`,
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const log = () => readFileSync(join(host.directory, `${host.name}.kd`), 'utf8');
  await waitFor(`keepalived of ${host.name}`, () => /Entering BACKUP STATE/.test(log()));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

async function startXlbd({ host, file }: Machine): Promise<Director> {
  return await Director.start(host, { args: ['-f', file, '--connections', '4096'] });
}

async function vrrp(director: Director): Promise<string | undefined> {
  return (await director.client.vrrp()).instances[0]?.state;
}

test('from keepalived to xlb, one machine after the other', async () => {
  await using lab = await Lab.build(standardSpec({ directors: 2, directorVips: [], vips: [VIP4], realServers: 3 }));
  await Promise.all(lab.hosts.filter(({ name }) => !name.startsWith('client')).map((host) => startNginx(host)));
  const [first, second] = [machine(lab, 1), machine(lab, 2)];
  const asked = async () => {
    const { by, failed } = await request(lab.host('client1'), `http://${VIP4}/`, 12);
    return { by: Object.fromEntries(by), failed };
  };
  const [old, real] = [
    { by: { director1: 12 }, failed: 0 },
    { by: { rs1: 4, rs2: 4, rs3: 4 }, failed: 0 },
  ];
  const isMaster = async (host: Host) => (await host.run('ip', ['-br', 'addr', 'show', 'eth0'])).includes(`${VIP4}/`);

  const [stopFirst, stopSecond] = [await startKeepalived(first), await startKeepalived(second)];
  await waitFor('keepalived on director1 is MASTER', () => isMaster(first.host));
  expect(await asked()).toEqual(old);

  // 1. The file is checked where it is.
  for (const { host, file } of [first, second]) {
    const { code, stderr, stdout } = await host.tryRun(XLBD, ['-t', '-f', file]);
    expect({ code, errors: /\berror\b/.test(stdout + stderr) }).toEqual({ code: 0, errors: false });
  }

  // 2. The BACKUP.
  await stopSecond();
  const director2 = await startXlbd(second);
  await waitFor('it hears keepalived', async () => (await director2.xlb(['vrrp'])).includes(first.host.address4));
  expect(await vrrp(director2)).toBe('BACKUP');
  expect(await director2.xlb(['services'])).toContain(`${VIP4}:80/tcp`);
  expect(await asked()).toEqual(old);

  // 3. Fail over.
  await stopFirst();
  await waitFor('director2 is MASTER', async () => (await vrrp(director2)) === 'MASTER');
  expect(await director2.xlb(['vrrp'])).toContain(`${first.host.address4} gave up (priority 0)`);
  await waitFor('the real servers answer', async () => (await asked()).failed === 0);
  expect(await asked()).toEqual(real);
  expect((await director2.tryXlb(['doctor'])).code).toBe(0);

  // And the other one, whose priority is higher.
  const director1 = await startXlbd(first);
  await waitFor('director1 is MASTER again', async () => (await vrrp(director1)) === 'MASTER');
  await waitFor('director2 is BACKUP', async () => (await vrrp(director2)) === 'BACKUP');
  await waitFor('the real servers answer', async () => (await asked()).failed === 0);
  expect(await asked()).toEqual(real);
  expect((await director1.tryXlb(['doctor'])).code).toBe(0);
});
