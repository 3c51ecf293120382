/** Start, restart and end of the daemon; what survives and what is refused. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap } from 'libbpf-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../../src/core/model/command.ts';
import type { Traffic } from '../../src/dataplane/types.gen.ts';
import { Daemon, SERVER, SERVICE } from './support/daemon.ts';

const ADD: Command[] = [
  { type: 'service.add', service: { ...SERVICE, scheduler: 'wrr' } },
  { type: 'server.add', service: SERVICE, server: { ...SERVER, weight: 3 } },
  {
    type: 'server.drain',
    service: SERVICE,
    server: SERVER,
    admin: { action: 'drain', by: 'alice', at: 1, reason: 'kernel update' },
  },
];

test('what commands made survives an end and a crash', async () => {
  await using daemon = await Daemon.start();
  await daemon.client.execute(ADD);
  const { services } = await daemon.client.document();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await daemon.director.stopDaemon(signal);
    expect(await daemon.attached('eth0')).toBe(true);
    await daemon.director.startDaemon();
    expect((await daemon.client.document()).services).toEqual(services);
    const [service] = (await daemon.client.services()).services;
    expect(service?.servers[0]?.state).toMatchObject({
      effective: 'draining',
      admin: { by: 'alice', reason: 'kernel update' },
    });
  }
  expect(daemon.director.log()).not.toContain('put right');
});

test('a real server that answers no ARP keeps its next hop over a restart', async () => {
  await using daemon = await Daemon.start();
  const { lab, host, director, client } = daemon;
  const rs = lab.host('rs1');
  const address = rs.address4 as typeof SERVER.address;
  await client.execute([
    { type: 'service.add', service: SERVICE },
    { type: 'server.add', service: SERVICE, server: { ...SERVER, address } },
  ]);
  const server = async () => (await client.services()).services[0]?.servers[0];
  await expect.poll(server).toMatchObject({ state: { effective: 'up' } });
  const mac = (await server())?.next_hop.mac;
  using schedules = BpfMap.openPinned<number, unknown>(daemon.pin('schedules'));
  using nextHops = BpfMap.openPinned<number, unknown>(daemon.pin('next_hops'));
  const dump = () => [schedules, nextHops].map((map) => Array.from({ length: 256 }, (_, n) => map.get(n)));
  const before = dump();

  await director.stopDaemon('SIGKILL');
  await rs.run('ip', ['link', 'set', 'eth0', 'arp', 'off']);
  await host.run('ip', ['neigh', 'flush', 'all']);
  await director.startDaemon();
  expect(dump()).toEqual(before);
  expect(await server()).toMatchObject({ state: { effective: 'up' }, next_hop: { mac } });
  await expect
    .poll(async () => (await client.status()).problems, { timeout: 15_000 })
    .toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('frames go to the last MAC address known') }),
    );
  expect(dump()).toEqual(before);
});

test('totals start at zero where they were zeroed, also after a restart', async () => {
  await using daemon = await Daemon.start();
  await daemon.client.execute(ADD);
  const id = (await daemon.client.services()).services[0]?.id ?? 0;
  using traffic = BpfMap.openPinned<number, Traffic>(daemon.pin('service_traffic'));
  const counted = (traffic.getPerCpu(id) ?? []).map(() => ({
    connections: 1n,
    packets: 20n,
    bytes: 300n,
    out_packets: 0n,
    out_bytes: 0n,
  }));
  traffic.setPerCpu(id, counted);
  const totals = async () => (await daemon.client.services()).services[0]?.totals;

  const sum = { connections_total: counted.length, packets_in_total: 20 * counted.length };
  expect(await totals()).toMatchObject({ ...sum, bytes_in_total: 300 * counted.length });
  expect(await daemon.client.zero()).toMatchObject({ services: 1 });
  const zero = { connections_total: 0, packets_in_total: 0, bytes_in_total: 0 };
  expect(await totals()).toMatchObject(zero);
  await daemon.director.stopDaemon('SIGKILL');
  await daemon.director.startDaemon();
  expect(await totals()).toMatchObject(zero);
});

test('what somebody else does to the maps is put right', async () => {
  await using daemon = await Daemon.start();
  await daemon.client.execute(ADD);
  const names = ['services', 'vip_filter', 'interfaces', 'tx_ports', 'next_hops', 'schedules'] as const;
  const maps = Object.fromEntries(names.map((name) => [name, BpfMap.openPinned(daemon.pin(name))])) as Record<
    (typeof names)[number],
    BpfMap<Buffer, Buffer>
  >;
  const index = (n: number) => Buffer.from(Uint32Array.of(n).buffer);
  const arrays = names.slice(1).map((name) => maps[name]);
  const dump = () => [
    [...maps.services.keys()].map((key) => maps.services.keyCodec.encode(key).toString('hex')),
    ...arrays.map((map) => Array.from({ length: 1024 }, (_, n) => map.getRaw(index(n))?.toString('hex'))),
  ];
  const before = dump();
  for (const name of ['vip_filter', 'next_hops', 'schedules', 'interfaces'] as const) {
    const { valueSize, maxEntries } = maps[name].info();
    for (let n = 0; n < Math.min(1024, maxEntries); n++) maps[name].setRaw(index(n), Buffer.alloc(valueSize));
  }
  for (const key of [...maps.services.keys()]) maps.services.delete(key);
  expect(dump()).not.toEqual(before);

  await expect.poll(dump, { timeout: 15_000, interval: 500 }).toEqual(before);
  expect(daemon.director.log()).toContain('put right');
  for (const map of Object.values(maps)) map.close();
});

describe('refused, with nothing changed', () => {
  async function refused(damage: (daemon: Daemon) => void, message: RegExp): Promise<void> {
    await using daemon = await Daemon.start();
    await daemon.client.execute(ADD);
    await daemon.director.stopDaemon();
    damage(daemon);
    const state = () => readFileSync(daemon.statePath, 'utf8');
    const pins = () => readdirSync(daemon.director.bpffs, { recursive: true, encoding: 'utf8' }).sort();
    const before = [state(), pins()];
    const { code, stderr } = await daemon.second(daemon.director.args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect([state(), pins()]).toEqual(before);
    expect(await daemon.attached('eth0')).toBe(true);
  }

  test('a state file that is cut off', () =>
    refused(
      ({ statePath }) => writeFileSync(statePath, readFileSync(statePath, 'utf8').slice(0, 100)),
      /state\.json: is not JSON.*Nothing was changed/,
    ));

  test('a state file with a wrong value', () =>
    refused(
      ({ statePath }) =>
        writeFileSync(statePath, readFileSync(statePath, 'utf8').replace('"weight":3', '"weight":"x"')),
      /state\.json: document\.services\[0\]\.servers\[0\]\.weight/,
    ));
});

test('a state file that is missing beside services that are forwarded for is noticed', async () => {
  await using daemon = await Daemon.start();
  await daemon.client.execute(ADD);
  await daemon.director.stopDaemon();
  const words = daemon.director.args.map((word) =>
    word === daemon.director.runDirectory ? daemon.lab.path('other') : word,
  );
  const { code, stderr } = await daemon.second(words);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/other\/state\.json: it is not there, but the pinned data plane/),
  ]);
});

describe('a daemon', () => {
  let daemon: Daemon;
  beforeAll(async () => {
    const args = ['--connections', '4096', '--metrics', '127.0.0.1:9100', '--group', 'daemon'];
    daemon = await Daemon.start({ args });
    await daemon.host.run('ip', ['link', 'set', 'lo', 'up']);
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  test('says at SIGHUP that there is nothing to read again', async () => {
    process.kill(daemon.director.pid, 'SIGHUP');
    await expect.poll(() => daemon.director.log()).toContain('no configuration file is in use');
    expect((await daemon.client.status()).health).toBe('ok');
  });

  test('has metrics on a port of their own, and nothing else there', async () => {
    const get = (path: string) => daemon.host.tryRun('curl', ['-s', '-f', `http://127.0.0.1:9100${path}`]);
    expect((await get('/metrics')).stdout).toContain('xlb_connection_table_capacity 4096');
    expect((await get('/v1/status')).code).toBe(22);
  });

  test('has a socket of root and the group alone', async () => {
    const socket = join(daemon.director.runDirectory, 'xlb.sock');
    expect((await daemon.host.run('stat', ['-c', '%a %U %G', socket])).trim()).toBe('660 root daemon');
  });

  test('lets no second one have its run directory or its pins', async () => {
    const { runDirectory, bpffs } = daemon.director;
    const same = await daemon.second(['--run-dir', runDirectory, '--bpffs', daemon.lab.path('b')]);
    expect([same.code, same.stderr]).toEqual([1, expect.stringMatching(/another xlbd \(process \d+\) works in/)]);
    const pins = await daemon.second(['--run-dir', daemon.lab.path('r'), '--bpffs', bpffs]);
    expect([pins.code, pins.stderr]).toEqual([
      1,
      expect.stringMatching(/another xlbd \(process \d+\) works with the pins/),
    ]);
    expect((await daemon.client.status()).health).toBe('ok');
  });
});
