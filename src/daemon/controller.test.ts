/** Commands through the controller, over fake maps and a fake state file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { NOT_SYNCHRONIZED } from '../../test/api/fake-sync.ts';
import type { Event } from '../api/protocol/changes.ts';
import { emptyModel } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import type { Address, Model } from '../core/model/model.ts';
import { FakeMaps } from '../core/reconcile/fake-maps.ts';
import type { Operation } from '../core/reconcile/operations.ts';
import { emptyState, Reconciler } from '../core/reconcile/reconciler.ts';
import type { Attachment } from '../dataplane/attachments.ts';
import { unresolved } from '../net/resolution.ts';
import { Configuration } from './config/configuration.ts';
import { DaemonController } from './controller.ts';
import { Director } from './director.ts';
import { Events } from './events.ts';
import { InterfaceManager } from './interface-manager.ts';
import { createLog } from './log.ts';
import type { Reporter } from './reporter.ts';
import { Saving } from './saving.ts';
import type { SavedState } from './state-file.ts';
import { Statistics } from './statistics.ts';

const LIMITS = { services: 3, realServers: 8, nextHops: 8, lines: 512 };
const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const SERVER = { address: '10.0.0.1' as Address, port: 80 };
const ADD: Command[] = [
  { type: 'service.add', service: { ...SERVICE, scheduler: 'rr' } },
  { type: 'server.add', service: SERVICE, server: SERVER },
];
const ALICE = { dryRun: false, user: 'alice' };

let maps: FakeMaps;
let saved: SavedState[];
let diskFull: boolean;
let broken: boolean;
let events: Event[];
let watched: Address[][];
let director: Director;
let controller: DaemonController;
let configuration: Configuration;
let manager: InterfaceManager;

beforeEach(() => {
  maps = new FakeMaps(LIMITS);
  [saved, events, watched, diskFull, broken] = [[], [], [], false, false];
  director = new Director({
    model: emptyModel,
    reconciler: new Reconciler(emptyState(LIMITS)),
    maps: { apply: (operations) => operations.forEach(write), tune: () => {}, read: () => maps.have() },
    network: () => ({ interfaces: [], resolution: () => ({ state: 'unresolved', reason: 'no route' }) }),
    now: () => 0,
  });
  configuration = new Configuration('lvs1');
  controller = createController();
  controller.subscribe((event) => events.push(event));
});

function write(operation: Operation): void {
  if (broken && operation.op === 'set-service') throw new Error('E2BIG');
  maps.execute(operation);
}

function createController(): DaemonController {
  const totals = () => ({ connections: 1, packets: 2, bytes: 3, outPackets: 4, outBytes: 5 });
  const statistics = new Statistics({ service: totals, server: totals, counters: () => ({}) as never });
  const list = new Map<number, Attachment>();
  const attach = ({ ifindex }: { readonly ifindex: number }) => {
    const attachment = { ifindex, mode: 'native', fragments: false } as const;
    list.set(ifindex, attachment);
    return { attachment, warnings: [] };
  };
  manager = new InterfaceManager({
    attachments: { list, attach, detach: (index) => list.delete(index), forget: () => {}, [Symbol.dispose]: () => {} },
    find: (which) => (which === 'eth0' || which === 2 ? ETH0 : undefined),
    onIndexes: () => {},
  });
  const save = async (state: SavedState) => {
    if (diskFull) throw new Error('ENOSPC');
    saved.push(state);
  };
  const current = () => ({ model: director.model, state: director.state });
  const onError = (error: unknown) => expect.fail(String(error));
  return new DaemonController({
    ...{ director, manager, statistics, events: new Events(), clock: () => 0, onChange: () => {} },
    ...{ configuration, given: { interfaces: [], logLevel: 'error' }, log: createLog('error', { write: () => {} }) },
    reporter: {} as Reporter,
    table: { slots: 0, scan: () => [], localPorts: () => [] },
    templates: () => [],
    examine: () => expect.fail('nobody asked the doctor'),
    vrrp: { report: async () => ({ instances: [] }) },
    syncReport: () => NOT_SYNCHRONIZED,
    saving: new Saving({
      file: { save },
      manager,
      statistics,
      table: 't',
      changedAt: null,
      config: null,
      current,
      onError,
    }),
    resolver: {
      watch: (addresses) => void watched.push([...addresses]),
      settled: async () => true,
      resolution: () => unresolved('no route'),
      interface: (which) => (which === 'eth0' ? ETH0 : undefined),
      localAddresses: () => [],
    },
  });
}

const ETH0 = { ifindex: 2, name: 'eth0', mac: new Uint8Array(6), mtu: 1500, up: true, kind: '' };

/** Nothing of a change is to be seen anywhere. */
function expectUnchanged(model: Model): void {
  expect(director.model).toBe(model);
  expect(maps.have().services).toHaveLength(model.services.size);
  expect(saved.at(-1)?.model ?? emptyModel).toBe(model);
  expect(watched.at(-1) ?? []).toEqual(
    [...model.services.values()].flatMap(({ servers }) => servers.map((s) => s.key.address)),
  );
}

it('warns of real servers that a change touches, and of no others', async () => {
  await controller.execute(ADD, ALICE);
  const other = { ...SERVER, address: '10.0.0.2' as Address };
  const warningsOf = async (command: Command) => {
    const outcome = await controller.execute([command], ALICE);
    return outcome.ok ? outcome.value.warnings : outcome.message;
  };
  const added = await warningsOf({ type: 'server.add', service: SERVICE, server: other });
  expect(added).toEqual(['192.0.2.1:80/tcp > 10.0.0.2:80: no route']);
  const edited = await warningsOf({ type: 'server.edit', service: SERVICE, server: { ...SERVER, weight: 7 } });
  expect(edited).toEqual(['192.0.2.1:80/tcp > 10.0.0.1:80: no route']);
  const admin = { action: 'drain', by: 'alice', at: 1, reason: '' } as const;
  expect(await warningsOf({ type: 'server.drain', service: SERVICE, server: other, admin })).toEqual([]);
  expect(await warningsOf({ type: 'service.edit', service: { ...SERVICE, scheduler: 'wrr' } })).toEqual([]);
  const both = [SERVICE, { ...SERVICE, port: 81 }].map((service) => ({
    ...service,
    scheduler: 'rr' as const,
    servers: [{ ...SERVER, port: service.port, weight: 9 }],
  }));
  const replaced = await warningsOf({ type: 'replace', services: both });
  expect(replaced).toEqual(['192.0.2.1:80/tcp > 10.0.0.1:80 and 1 more: no route']);
});

it('goes on watching what is to go until it is gone', async () => {
  await controller.execute(ADD, ALICE);
  watched.length = 0;
  const servers = [{ ...SERVER, address: '10.0.0.2' as Address }];
  await controller.execute([{ type: 'replace', services: [{ ...SERVICE, servers }] }], ALICE);
  expect(watched).toEqual([['10.0.0.1', '10.0.0.2'], ['10.0.0.2']]);
});

it('has a tunnel of gre in the data plane', async () => {
  const encapsulation = { type: 'gre', checksum: 'none' } as const;
  const outcome = await controller.execute(
    [...ADD, { type: 'server.edit', service: SERVICE, server: { ...SERVER, method: 'tun', encapsulation } }],
    ALICE,
  );
  expect(outcome.ok && outcome.value.warnings).toEqual(['192.0.2.1:80/tcp > 10.0.0.1:80: no route']);
  const [element] = maps.have().services;
  expect(element).toMatchObject({ slot_count: 1, turn_count: 1 });
  expect(maps.have().line(element?.schedule ?? 0)?.server).toMatchObject({ tunnel: 47, overhead: 24 });
  expect(watched.at(-1)).toEqual(['10.0.0.1']);
});

it('starts a synchronization daemon only on an interface that is there', async () => {
  const start = (name: string): Command => ({ type: 'sync.start', state: 'backup', daemon: { interface: name } });
  expect(await controller.execute([start('eth0'), start('eth7')], ALICE)).toMatchObject({
    ...{ ok: false, code: 'no-such-interface', path: 'daemon.interface', index: 1 },
  });
  expect(director.model.syncDaemons.backup).toBeNull();
  expect(await controller.execute([start('eth0')], ALICE)).toMatchObject({
    value: { changes: [{ kind: 'sync', text: 'backup started on eth0' }] },
  });
  expect(saved.at(-1)?.model.syncDaemons.backup?.interface).toBe('eth0');
});

describe('execute', () => {
  it('saves, writes, tells and answers what changed', async () => {
    const outcome = await controller.execute(ADD, ALICE);
    expect(outcome).toEqual({
      ok: true,
      value: {
        dry_run: false,
        changes: [expect.objectContaining({ kind: 'service' }), expect.objectContaining({ kind: 'server' })],
        warnings: ['192.0.2.1:80/tcp > 10.0.0.1:80: no route'],
      },
    });
    expectUnchanged(director.model);
    expect(director.model.services.size).toBe(1);
    expect(controller.epoch).toBe(1);
    expect(events.map(({ type, subject, user, epoch }) => [type, subject, user, epoch])).toEqual([
      ['change', '192.0.2.1:80/tcp', 'alice', 1],
      ['change', '192.0.2.1:80/tcp > 10.0.0.1:80', 'alice', 1],
    ]);
  });

  it('only says what would change in a dry run', async () => {
    const outcome = await controller.execute(ADD, { ...ALICE, dryRun: true });
    expect(outcome).toMatchObject({ ok: true, value: { dry_run: true, changes: [{}, {}] } });
    expectUnchanged(emptyModel);
    expect([controller.epoch, events, saved]).toEqual([0, [], []]);
  });

  it('names the command at fault', async () => {
    const outcome = await controller.execute([...ADD, ...ADD], ALICE);
    expect(outcome).toMatchObject({ ok: false, code: 'service-exists', index: 2 });
    expectUnchanged(emptyModel);
  });

  it('refuses what there is no room for', async () => {
    const services = Array.from({ length: 3 }, (_, i) => ({ ...SERVICE, port: i + 1, servers: [] }));
    const outcome = await controller.execute([{ type: 'replace', services }], ALICE);
    expect(outcome).toMatchObject({ ok: false, code: 'too-many', message: expect.stringContaining('--services') });
    expectUnchanged(emptyModel);
  });

  it('changes nothing where the state cannot be saved', async () => {
    await controller.execute(ADD, ALICE);
    const before = director.model;
    diskFull = true;
    const outcome = await controller.execute([{ type: 'clear' }], ALICE);
    expect(outcome).toMatchObject({ ok: false, code: 'apply-failed', message: expect.stringContaining('ENOSPC') });
    expectUnchanged(before);
    expect(controller.epoch).toBe(1);
  });

  it('changes nothing where the maps cannot be written', async () => {
    broken = true;
    const outcome = await controller.execute(ADD, ALICE);
    expect(outcome).toMatchObject({ ok: false, code: 'apply-failed', message: expect.stringContaining('E2BIG') });
    expectUnchanged(emptyModel);
    broken = false;
    expect(await controller.execute(ADD, ALICE)).toMatchObject({ ok: true });
  });

  it('does one request after the other', async () => {
    const [first, second] = await Promise.all([controller.execute(ADD, ALICE), controller.execute(ADD, ALICE)]);
    expect([first.ok, second.ok]).toEqual([true, false]);
    expect(saved).toHaveLength(1);
  });
});

describe('zero', () => {
  it('zeroes one or all, and refuses what is not there', async () => {
    await controller.execute(ADD, ALICE);
    expect(await controller.zero(SERVICE)).toEqual({ ok: true, value: { services: 1 } });
    expect(saved.at(-1)?.zeroed).toEqual({
      services: [[1, 1, 2, 3, 4, 5]],
      servers: [[1, 1, 2, 3, 4, 5]],
    });
    expect(await controller.zero({ ...SERVICE, port: 81 })).toMatchObject({ ok: false, code: 'no-such-service' });
    expect(await controller.zero()).toEqual({ ok: true, value: { services: 1 } });
  });
});

describe('attach and detach', () => {
  it('answer failures of the data plane', async () => {
    expect(await controller.attach('eth7', 'auto')).toMatchObject({ ok: false, code: 'no-such-interface' });
    expect(await controller.detach('eth7')).toMatchObject({ ok: false, code: 'not-attached' });
    expect(events).toEqual([]);
  });
});

describe('a reload', () => {
  const directory = mkdtempSync(join(tmpdir(), 'xlb-reload-'));
  const file = join(directory, 'xlb.conf');
  afterAll(() => rmSync(directory, { recursive: true }));
  const conf = (...weights: readonly number[]) =>
    `virtual_server 192.0.2.9 80 {\nprotocol TCP\nlb_algo rr\nlb_kind DR\n${weights
      .map((weight, n) => `real_server 10.0.0.${n} 80 {\nweight ${weight}\n}\n`)
      .join('')}}\n`;
  const reload = async (text: string, { dryRun = false, reset = false, user = 'alice' as string | null } = {}) => {
    writeFileSync(file, text);
    const outcome = await controller.reload({ file, dryRun, reset, user });
    return outcome.ok
      ? outcome.value.changes.map(({ action, server, text }) => `${action} ${server} ${text}`)
      : outcome;
  };

  it('changes what the file says in another way, and tells', async () => {
    const heard: unknown[] = [];
    configuration.onConfig((model) => heard.push(model.services[0]?.services[0]?.servers.length));
    await controller.execute(ADD, ALICE);
    expect(await reload(conf(1, 2))).toHaveLength(3);
    const edit = { service: { ...SERVICE, address: '192.0.2.9' as Address }, server: { ...SERVER, weight: 7 } };
    await controller.execute([{ type: 'server.edit', ...edit }], ALICE);
    events.length = 0;
    expect(await reload(conf(3, 2), { user: null })).toEqual(['change 10.0.0.0:80 weight 1 -> 3']);
    expect(events).toMatchObject([{ type: 'change', subject: '192.0.2.9:80/tcp > 10.0.0.0:80', user: null }]);
    expect([...director.model.services.keys()]).toEqual(['tcp 192.0.2.1:80', 'tcp 192.0.2.9:80']);
    expect(saved.at(-1)?.config).toMatchObject({ path: file, share: { timeouts: {} } });
    expect(saved.at(-1)?.config?.share.services).toEqual(configuration.current?.share.services);
    expect(heard).toEqual([2, 2]);
    expect(await reload(conf(3, 2), { reset: true })).toEqual(['change 10.0.0.1:80 weight 7 -> 2']);
  });

  it('says what would be, and changes nothing', async () => {
    const { model } = director;
    expect(await reload(conf(1), { dryRun: true })).toHaveLength(2);
    expectUnchanged(model);
    expect(configuration.current).toBeNull();
    expect(await controller.config()).toMatchObject({ ok: false, code: 'no-file' });
    expect(await controller.reload({ ...ALICE, reset: false })).toMatchObject({ ok: false, code: 'no-file' });
  });

  it.each<readonly [string, string, string, object]>([
    ['has errors', 'virtual_server 192.0.2.9 80 {', '', { code: 'bad-file' }],
    ['finds no room', [1, 2, 3, 4].map((n) => conf(1).replace('2.9', `2.${n}`)).join(''), '', { code: 'too-many' }],
    ['cannot be saved', conf(2), 'disk', { code: 'apply-failed' }],
    ['cannot be written', conf(2), 'maps', { code: 'apply-failed' }],
  ])('that %s changes nothing, and is kept in mind', async (_title, text, damage, expected) => {
    await reload(conf(1));
    const [{ current }, { model }] = [configuration, director];
    const { config } = saved.at(-1)!;
    [diskFull, broken] = [damage === 'disk', damage === 'maps'];
    expect(await reload(text)).toMatchObject({ ok: false, ...expected });
    expect([configuration.current, director.model, saved.at(-1)?.config]).toEqual([current, model, config]);
    expect(configuration.failed?.path).toBe(file);
    [diskFull, broken] = [false, false];
    expect(await reload(conf(1))).toEqual([]);
    expect(configuration.failed).toBeNull();
  });

  it('attaches and detaches interfaces of the file, and says what has to wait', async () => {
    const own = (lines: string) => `xlb {\n${lines}\n}\n`;
    const warnings = async (text: string) => {
      writeFileSync(file, text);
      const outcome = await controller.reload({ file, dryRun: false, reset: false, user: null });
      return outcome.ok ? outcome.value.warnings : outcome;
    };
    const interfaces = () => manager.states.map(({ name, attachment }) => `${name} ${attachment?.mode}`);
    expect(await warnings(own('interface eth0\ninterface eth9'))).toEqual([expect.stringMatching(/no interface eth9/)]);
    expect(interfaces()).toEqual(['eth0 native', 'eth9 undefined']);
    expect(await warnings(own('interface eth0 generic\nconnections 4096'))).toEqual([
      expect.stringMatching(/'connections' of the block xlb takes effect when xlbd starts again/),
      expect.stringMatching(/eth0 stays in native mode/),
    ]);
    expect(interfaces()).toEqual(['eth0 native']);
    expect(saved.at(-1)?.config?.interfaces).toEqual(['eth0']);
    expect(await warnings(own('connections 4096'))).toEqual([]);
    expect(interfaces()).toEqual([]);
  });

  it('shows the file in use', async () => {
    await reload(conf(1));
    const shown = await controller.config();
    expect(shown).toMatchObject({ ok: true, value: { file, model: { flush: false } } });
    expect(shown.ok && shown.value.text).toMatch(/^virtual_server 192\.0\.2\.9 80 \{\n {2}lb_algo rr\n/);
  });
});
