/** Start, restart and end of the daemon; what survives and what is refused. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, possibleCpus } from 'libbpf-ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../../src/core/model/command.ts';
import { DEFAULT_SIZES } from '../../src/dataplane/sizes.ts';
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

let daemon: Daemon;
beforeAll(async () => {
  const args = ['--connections', '4096', '--metrics', '127.0.0.1:9100', '--group', 'daemon'];
  daemon = await Daemon.start({ args });
  await daemon.host.run('ip', ['link', 'set', 'lo', 'up']);
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe('while it runs', () => {
  beforeEach(() => daemon.client.execute([{ type: 'clear' }]));

  // The first: what is not used any more stays in the maps, and nobody puts that right.
  test('what somebody else does to the maps is put right', async () => {
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

  test('what commands made survives an end and a crash, and totals that were zeroed start at zero', async () => {
    const { client, director } = daemon;
    const logged = director.log().length;
    await client.execute(ADD);
    const { services } = await client.document();
    const id = (await client.services()).services[0]?.id ?? 0;
    using traffic = BpfMap.openPinned<number, Traffic>(daemon.pin('service_traffic'));
    const one = { connections: 1n, packets: 20n, bytes: 300n, out_packets: 0n, out_bytes: 0n };
    const cpus = possibleCpus();
    for (let cpu = 0; cpu < cpus; cpu++) traffic.set(cpu * DEFAULT_SIZES.services + id, one);
    const totals = async () => (await client.services()).services[0]?.totals;

    const sum = { connections_total: cpus, packets_in_total: 20 * cpus };
    expect(await totals()).toMatchObject({ ...sum, bytes_in_total: 300 * cpus });
    expect(await client.zero()).toMatchObject({ services: 1 });
    const zero = { connections_total: 0, packets_in_total: 0, bytes_in_total: 0 };
    expect(await totals()).toMatchObject(zero);

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await director.stopDaemon(signal);
      expect(await daemon.attached('eth0')).toBe(true);
      await director.startDaemon();
      expect((await client.document()).services).toEqual(services);
      const [service] = (await client.services()).services;
      expect(service?.servers[0]?.state).toMatchObject({
        effective: 'draining',
        admin: { by: 'alice', reason: 'kernel update' },
      });
      expect(await totals()).toMatchObject(zero);
    }
    expect(director.log().slice(logged)).not.toContain('put right');
  });
});

describe('a start is refused, with nothing changed, where', () => {
  let written: string;
  beforeAll(async () => {
    await daemon.client.execute([{ type: 'clear' }, ...ADD]);
    await daemon.director.stopDaemon();
    written = readFileSync(daemon.statePath, 'utf8');
  });

  async function refused(words: readonly string[], message: RegExp): Promise<void> {
    const state = () => readFileSync(daemon.statePath, 'utf8');
    const pins = () => readdirSync(daemon.director.bpffs, { recursive: true, encoding: 'utf8' }).sort();
    const before = [state(), pins()];
    const { code, stderr } = await daemon.second(words);
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect([state(), pins()]).toEqual(before);
    expect(await daemon.attached('eth0')).toBe(true);
  }

  test.each<[string, (text: string) => string, RegExp]>([
    ['is cut off', (text) => text.slice(0, 100), /state\.json: is not JSON.*Nothing was changed/],
    [
      'has a wrong value',
      (text) => text.replace('"weight":3', '"weight":"x"'),
      /state\.json: document\.services\[0\]\.servers\[0\]\.weight/,
    ],
  ])('the state file %s', async (_, damaged, message) => {
    writeFileSync(daemon.statePath, damaged(written));
    await refused(daemon.director.args, message);
  });

  test('the state file is missing beside services that are forwarded for', async () => {
    const { args, runDirectory } = daemon.director;
    const words = args.map((word) => (word === runDirectory ? daemon.lab.path('other') : word));
    await refused(words, /other\/state\.json: it is not there, but the pinned data plane/);
  });
});

test('a real server that answers no ARP keeps its next hop over a restart', async () => {
  // Of its own: maps are compared whole, so nothing may be left in them.
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
