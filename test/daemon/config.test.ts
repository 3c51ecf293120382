/** A director that runs a configuration file: start, reload, restart, with traffic. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Director } from '../../scripts/lab/director.ts';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { request } from '../../scripts/lab/requests.ts';
import { standardSpec, VIP4 } from '../../scripts/lab/spec.ts';
import { Client } from '../../src/api/client.ts';
import { openSession, script } from '../netns/support/session.ts';

const directory = mkdtempSync(join(tmpdir(), 'xlb-conf-'));
const FILE = join(directory, 'xlb.conf');
afterAll(() => rmSync(directory, { recursive: true }));

const STREAM = script('stream.py');

/** What a tutorial has its readers write, and a service that comes later. */
function file(realServers: readonly string[], port: number): string {
  const real = (address: string) => `  real_server ${address} ${port} {\n    weight 1\n    TCP_CHECK {\n    }\n  }\n`;
  return `virtual_server ${VIP4} ${port} {
  delay_loop 6
  lb_algo rr
  lb_kind DR
  protocol TCP
${realServers.map(real).join('')}}
`;
}

const LOCAL = '192.0.2.120';
/** As DPVS's keepalived has it; the kernel gets the local address from the file, too. */
function fullnat(realServer: string): string {
  return `static_ipaddress {
  ${LOCAL}/32 dev eth0
}
local_address_group inside {
  ${LOCAL}
}
virtual_server ${VIP4} 8081 {
  lb_algo rr
  lb_kind FNAT
  protocol TCP
  laddr_group_name inside
  real_server ${realServer} 80 {
  }
}
`;
}
const OWN = 'xlb {\n  interface eth0\n  connections 4096\n}\n';

test('a file runs, is read again whole or not at all, and what it says as before goes on', async () => {
  await using lab = await Lab.build(standardSpec({ realServers: 2 }));
  const [client, hosts] = [lab.host('client1'), ['rs1', 'rs2'].map((name) => lab.host(name))];
  await Promise.all(hosts.map((host) => startNginx(host)));
  for (const host of hosts) host.start('python3', [STREAM, 'serve', '7000', host.name]);
  const addresses = hosts.map(({ address4 }) => address4);
  const first = OWN + file(addresses, 80) + file(addresses, 7000) + fullnat(addresses[0]!);
  writeFileSync(FILE, first);
  const director = await Director.start(lab.host('director1'), { interfaces: [], args: ['-f', FILE] });
  const api = new Client({ socket: join(director.runDirectory, 'xlb.sock') });
  const weights = async () =>
    (await api.services()).services.map(({ name, origin, servers }) => ({
      [`${name} ${origin}`]: servers.map(({ weight, origin: own }) => `${weight.configured} ${own}`),
    }));
  const logged = (text: string) => expect.poll(() => director.log(), { timeout: 5000 }).toContain(text);

  const url = `http://${VIP4}/`;
  await expect.poll(async () => (await request(client, url, 2)).failed, { timeout: 5000 }).toBe(0);
  expect(await request(client, url, 20)).toEqual({
    by: new Map([
      ['rs1', 10],
      ['rs2', 10],
    ]),
    failed: 0,
  });
  expect((await request(client, `http://${VIP4}:8081/`, 3)).by).toEqual(new Map([['rs1', 3]]));
  await director.xlb(['local-address', 'add', '192.0.2.121']);
  const locals = async () =>
    (await api.localAddresses()).local_addresses.map(({ address, service, origin, connections }) => ({
      [`${address} ${service} ${origin}`]: connections,
    }));
  const other = { '192.0.2.121 null command': 0 };
  expect(await locals()).toEqual([{ [`${LOCAL} ${VIP4}:8081/tcp file`]: 3 }, other]);
  expect(await api.status()).toMatchObject({
    health: 'degraded',
    config: { file: FILE },
    problems: [{ id: 'no-such-address', subject: 'local address 192.0.2.121' }],
    table: { capacity: 4096 },
    interfaces: [{ name: 'eth0' }],
  });

  const stream = await openSession(client, [STREAM, 'open', VIP4, '7000']);
  await director.xlb(['ipvsadm', '-e', '-t', `${VIP4}:80`, '-r', addresses[1]!, '-g', '-w', '0']);
  const before = [
    { [`${VIP4}:80/tcp file`]: ['0 file', '1 file'] },
    { [`${VIP4}:7000/tcp file`]: ['1 file', '1 file'] },
    { [`${VIP4}:8081/tcp file`]: ['1 file'] },
  ];
  expect(await weights()).toEqual(before);

  writeFileSync(FILE, `${first}virtual_server 192.0.2.1 {\n`);
  process.kill(director.pid, 'SIGHUP');
  await logged(`${FILE} cannot be used; nothing was changed`);
  expect(await weights()).toEqual(before);
  expect((await api.status()).problems.map(({ id }) => id)).toEqual(['reload-failed', 'no-such-address']);
  const refused = await director.tryXlb(['reload']);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/error: .*\n.*\|.*virtual_server 192\.0\.2\.1 \{/),
  ]);

  writeFileSync(FILE, OWN + file(addresses, 80) + file(addresses, 7000) + file(addresses.slice(0, 1), 8080));
  expect((await director.xlb(['config', 'diff'])).replaceAll(/ {2}\(.*\)/g, '').split('\n')).toEqual([
    `+ service ${VIP4}:8080/tcp`,
    `+ real server ${addresses[0]}:8080 of ${VIP4}:8080/tcp`,
    `- service ${VIP4}:8081/tcp`,
    `- local address ${VIP4}:8081/tcp`,
    '- static_ipaddress',
    '',
  ]);
  process.kill(director.pid, 'SIGHUP');
  await logged('the configuration file was read and is in use');
  const after = [...before.slice(0, 2), { [`${VIP4}:8080/tcp file`]: ['1 file'] }];
  expect(await weights()).toEqual(after);
  expect((await api.status()).problems.map(({ id }) => id)).toEqual(['no-such-address']);
  expect((await request(client, url, 10)).by).toEqual(new Map([['rs1', 10]]));

  await director.stopDaemon('SIGKILL');
  await director.startDaemon();
  expect(await weights()).toEqual(after);
  expect(await locals()).toEqual([other]);
  expect(await director.xlb(['reload', '--reset'])).toMatch(/weight 0 -> 1/);
  expect((await request(client, url, 20)).by.get('rs2')).toBe(10);
  const { sent, server_received } = (await stream.end()) as Record<string, number>;
  expect(sent).toBe(server_received);
});

test('a file with errors starts nothing', async () => {
  await using lab = await Lab.build(standardSpec({ clients: 0, realServers: 0 }));
  writeFileSync(FILE, 'virtual_server 192.0.2.1 80 {\n  lb_algo wrrr\n}\n');
  const runDirectory = lab.path('run');
  const words = ['-f', FILE, '--run-dir', runDirectory, '--bpffs', lab.path('bpf')];
  const { code, stderr } = await lab.host('director1').tryRun(Director.XLB.replace(/xlb$/, 'xlbd'), words);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/:2:11: error: [^\n]*\n.*\n.*\^{4}\n.*\n.*the file cannot be used\n$/),
  ]);
  expect((await lab.host('director1').tryRun('ls', [runDirectory])).code).not.toBe(0);
});
