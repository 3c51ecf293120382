import { describe, expect, test } from 'vitest';
import { RealServerFlag, type ScheduleLine, VipFilterLimit } from '../../dataplane/types.gen.ts';
import { parseAddress } from '../model/address.ts';
import { applyCommands, emptyModel } from '../model/apply-command.ts';
import type { Command } from '../model/command.ts';
import type { Address, Model } from '../model/model.ts';
import type { Resolution } from '../model/resolution.ts';
import { adopt } from './adopt.ts';
import { FakeMaps } from './fake-maps.ts';
import type { Operation } from './operations.ts';
import { emptyState, type Network, Reconciler } from './reconciler.ts';
import { repair } from './repair.ts';

const LIMITS = { services: 64, realServers: 256, nextHops: 256, lines: 4096 };
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

const address = (text: string): Address => parseAddress(text) as Address;
const vip = { protocol: 'tcp', address: address('192.0.2.100'), port: 80 } as const;
const server = (n: number, weight = 1) => ({ address: address(`192.0.2.${n}`), port: 80, weight });

const resolved = (gateway: Address, mac: Uint8Array = MAC): Resolution => ({
  state: 'resolved',
  ifindex: 5,
  interfaceName: 'eth0',
  gateway,
  mac,
  mtu: 1500,
  source: address('192.0.2.1'),
  vlan: { mode: 'keep' },
  neighbour: 'reachable',
});

const network: Network = {
  resolution: (server) => resolved(server),
  interfaces: [{ ifindex: 5, mac: Uint8Array.of(2, 0, 0, 0, 0, 1), attached: true, routers: [] }],
};

function model(...commands: Command[]): Model {
  const result = applyCommands(emptyModel, commands);
  if ('error' in result) throw new Error(JSON.stringify(result));
  return result.model;
}

const rr: Command = { type: 'service.add', service: { ...vip, scheduler: 'rr' } };
const add = (n: number, weight?: number): Command => ({ type: 'server.add', service: vip, server: server(n, weight) });
const addNat = (n: number): Command => ({
  type: 'server.add',
  service: vip,
  server: { ...server(n), method: 'nat' },
});

const otherVip = { ...vip, port: 81 };
const other: Command = { type: 'service.add', service: { ...otherVip, scheduler: 'rr' } };
const addToOther: Command = { type: 'server.add', service: otherVip, server: { ...server(13), port: 81 } };

/** Plans, executes on the fake maps, commits. */
function reconcile(reconciler: Reconciler, maps: FakeMaps, wanted: Model, now: number, net = network): Operation[] {
  const planned = reconciler.plan(wanted, net, now);
  if (!planned.ok) throw new Error(planned.message);
  for (const operation of planned.operations) {
    maps.execute(operation);
    maps.checkReferences();
  }
  reconciler.commit(planned);
  return [...planned.operations];
}

function fresh(): [Reconciler, FakeMaps] {
  return [new Reconciler(emptyState(LIMITS)), new FakeMaps(LIMITS)];
}

describe('a plan', () => {
  test('publishes a service after everything that it refers to', () => {
    const [reconciler, maps] = fresh();
    const operations = reconcile(reconciler, maps, model(rr, add(11), add(12)), 0);
    expect(operations.map(({ op }) => op)).toEqual([
      'zero',
      'write-interface',
      'set-tx-port',
      'write-next-hop',
      'write-next-hop',
      'write-lines',
      'write-filter',
      'set-service',
    ]);
    const [service] = maps.have().services;
    expect(service).toMatchObject({ id: 1, slot_count: 2, turn_count: 2, ring_size: 1021 });
  });

  test('is empty when nothing changed', () => {
    const [reconciler, maps] = fresh();
    const wanted = model(rr, add(11));
    reconcile(reconciler, maps, wanted, 0);
    expect(reconcile(reconciler, maps, wanted, 10)).toEqual([]);
  });

  test('lists the newest server first, and keeps slots where they are', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11)), 0);
    reconcile(reconciler, maps, model(rr, add(11), add(12)), 10);
    const [service] = maps.have().services;
    const turns = maps.have().line(service?.turns_line ?? 0)?.turns;
    expect(turns?.slice(0, 2).map(({ index }) => index)).toEqual([1, 0]);
    expect(maps.slot(0, 1)).toMatchObject({ turns_after: 1 });
    expect(maps.slot(0, 0)).toMatchObject({ turns_after: 2 });
  });

  test('turns a new MAC address into one store', () => {
    const [reconciler, maps] = fresh();
    const wanted = model(rr, add(11));
    reconcile(reconciler, maps, wanted, 0);
    const moved: Network = { ...network, resolution: (to) => resolved(to, Uint8Array.of(2, 0, 0, 0, 0, 77)) };
    expect(reconcile(reconciler, maps, wanted, 10, moved)).toMatchObject([{ op: 'store-next-hop', id: 1 }]);
  });

  test('keeps a deleted server in its slot, and gives the slot back to it', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11), add(12)), 0);
    const id = maps.slot(0, 0)?.id;
    reconcile(reconciler, maps, model(rr, add(12)), 10);
    expect(maps.slot(0, 0)).toMatchObject({ id, flags: 0 });
    reconcile(reconciler, maps, model(rr, add(12), add(13), add(11)), 20);
    expect(maps.slot(0, 0)).toMatchObject({ id });
    expect(maps.slot(0, 0)?.flags).toBe(RealServerFlag.REAL_SERVER_AVAILABLE | RealServerFlag.REAL_SERVER_ELIGIBLE);
    expect(maps.slot(0, 2)?.id).not.toBe(id);
  });

  test('gives a slot to another server only after a recount found it free', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11), add(12)), 0);
    reconcile(reconciler, maps, model(rr, add(12)), 10);
    reconciler.recounted((id) => id === 1, 20, 30);
    reconcile(reconciler, maps, model(rr, add(12), add(13)), 40);
    expect(maps.slot(0, 2)).toMatchObject({ address: { word: [0xc000020d, 0, 0, 0] } });
    reconciler.recounted(() => false, 50, 60);
    reconcile(reconciler, maps, model(rr, add(12), add(13), add(14)), 70);
    expect(maps.slot(0, 0)).toMatchObject({ address: { word: [0xc000020e, 0, 0, 0] } });
  });

  test.each([
    ['by itself', model(rr)],
    ['with its service', model()],
  ])('lets replies of a real server deleted %s through until its last connection is gone', (_how, without) => {
    const [reconciler, maps] = fresh();
    const isHeard = () => [...maps.have().filter.keys()].some((word) => word >= VipFilterLimit.REPLY_FILTER);
    reconcile(reconciler, maps, model(rr, addNat(11)), 0);
    reconcile(reconciler, maps, without, 10);
    expect(isHeard()).toBe(true);
    const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 15));
    expect(reconcile(again, maps, without, 15)).toEqual([]);
    again.recounted(() => false, 20, 30);
    reconcile(again, maps, without, 40);
    expect(isHeard()).toBe(false);
  });

  test('knows the real servers of nat only while nat_icmp_send asks for them', () => {
    const [reconciler, maps] = fresh();
    const ask: Command = { type: 'sysctl.set', values: { nat_icmp_send: 1 } };
    const known = () => [...maps.have().natServers.values()];
    reconcile(reconciler, maps, model(rr, add(12), addNat(11)), 0);
    expect(known()).toEqual([]);
    reconcile(reconciler, maps, model(ask, rr, add(12), addNat(11)), 10);
    const key = { address: { word: [0xc000020b, 0, 0, 0] }, port: 80, protocol: 6, family: 4 };
    expect(known()).toEqual([{ op: 'set-nat-server', key, value: { source: { word: [0xc0000201, 0, 0, 0] } } }]);
    const lost: Network = { ...network, resolution: () => ({ state: 'unresolved', reason: 'no route' }) };
    reconcile(reconciler, maps, model(ask, rr, add(12), addNat(11)), 20, lost);
    expect(known()).toMatchObject([{ key, value: { source: { word: [0, 0, 0, 0] } } }]);
    reconcile(reconciler, maps, model(ask, rr, add(12)), 30);
    expect(known()).toEqual([]);
  });

  test('gives an id on only when no line names it any more', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11)), 0);
    reconcile(reconciler, maps, model(rr), 10);
    reconciler.recounted(() => false, 20, 30);
    const operations = reconcile(reconciler, maps, model(rr, other, addToOther), 2000);
    expect(operations[0]).toEqual({ op: 'zero', serviceIds: [2], serverIds: [1] });
    expect(maps.have().services.map(({ slot_count }) => slot_count)).toEqual([0, 1]);
  });

  test('counts a new generation for every edit that wrr must see, and never 0', () => {
    const [reconciler, maps] = fresh();
    const generation = () => maps.have().services[0]?.generation;
    const scheduled = (scheduler: 'rr' | 'wrr', ...more: Command[]) =>
      reconcile(reconciler, maps, model({ type: 'service.add', service: { ...vip, scheduler } }, ...more), 0);
    expect(scheduled('wrr', add(11), add(12)).at(-1)).toMatchObject({ op: 'set-service', settle: 'restart' });
    expect(generation()).toBe(1);
    expect(scheduled('wrr', add(11), add(12, 3)).at(-1)).toMatchObject({ op: 'set-service', settle: 'edit' });
    expect(generation()).toBe(2);
    scheduled('wrr', add(12, 3), add(11));
    expect(generation()).toBe(3);
    const asItIs = { ...add(11), type: 'server.edit' } as Command;
    expect(scheduled('wrr', add(12, 3), add(11), asItIs)).toMatchObject([{ op: 'write-lines' }, { settle: 'edit' }]);
    expect(generation()).toBe(4);
    expect(scheduled('rr', add(12, 3), add(11)).at(-1)).toMatchObject({ op: 'set-service', settle: 'restart' });
    expect(generation()).toBe(5);
    const [name, entry] = [...reconciler.state.entries][0]!;
    reconciler.state.entries.set(name, { ...entry, generation: 0xffff });
    scheduled('rr', add(11));
    expect(generation()).toBe(1);
  });

  test.each([
    [{ ...LIMITS, services: 2 }, [rr, other], '--services'],
    [{ ...LIMITS, realServers: 2 }, [rr, add(11), add(12)], '--real-servers'],
    [{ ...LIMITS, nextHops: 2 }, [rr, add(11), add(12)], 'next hops'],
    [{ ...LIMITS, lines: 40 }, [rr, add(11), other, addToOther], '--schedule-lines'],
  ])('with %j finds no room, and says what to raise', (limits, commands, option) => {
    const reconciler = new Reconciler(emptyState(limits));
    const before = JSON.stringify([...reconciler.state.entries]);
    const planned = reconciler.plan(model(...commands), network, 0);
    expect(planned).toMatchObject({ ok: false, message: expect.stringContaining(option) });
    expect(JSON.stringify([...reconciler.state.entries])).toBe(before);
    expect(reconciler.plan(model(rr), network, 0)).toMatchObject({ ok: true });
  });

  test('that finds no room says which option to raise, and changes nothing', () => {
    const small = { ...LIMITS, lines: 20 };
    const reconciler = new Reconciler(emptyState(small));
    const planned = reconciler.plan(model(rr, add(11)), network, 0);
    expect(planned).toMatchObject({ ok: false, message: expect.stringContaining('--schedule-lines') });
    expect(reconciler.state.entries.size).toBe(0);
  });
});

describe('a start on maps in use', () => {
  test('takes over what is published: the first plan is empty', () => {
    const [reconciler, maps] = fresh();
    const wanted = model(rr, add(11), add(12, 3));
    reconcile(reconciler, maps, wanted, 0);
    const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 100));
    expect(reconcile(again, maps, wanted, 100)).toEqual([]);
  });

  test.each([
    { id: 1 },
    { schedule: 0 },
    { slot_count: 0xffffffff },
    { turns_line: 0 },
    { ring_size: 0xffffffff },
    { turn_count: 9 },
  ])('publishes a service damaged by %j anew, and leaves its neighbour alone', (damage) => {
    const [reconciler, maps] = fresh();
    const wanted = model(rr, add(11), add(12), other, addToOther);
    reconcile(reconciler, maps, wanted, 0);
    const element = maps.have().services[1]!;
    maps.execute({ op: 'set-service', key: element.key, value: { ...element, ...damage }, settle: null });
    const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 100));
    const planned = again.plan(wanted, network, 100);
    if (!planned.ok) throw new Error(planned.message);
    for (const operation of planned.operations) maps.execute(operation);
    again.commit(planned);
    maps.checkReferences();
    expect(planned.operations.filter(({ op }) => op === 'set-service')).toMatchObject([{ key: element.key }]);
    expect(maps.have().services[1]).toMatchObject({ id: 2, slot_count: 1, turn_count: 1 });
    expect(maps.slot(1, 0)).toMatchObject({ id: 3 });
    expect(repair(again.state, maps.have())).toEqual([]);
  });

  test('deletes a damaged service that nobody wants', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11), other), 0);
    const element = maps.have().services[1]!;
    maps.execute({ op: 'set-service', key: element.key, value: { ...element, id: 1 }, settle: null });
    const again = new Reconciler(adopt(maps.have(), [], LIMITS, 100));
    const planned = again.plan(model(rr, add(11)), network, 100);
    expect(planned.ok && planned.operations).toEqual([{ op: 'delete-service', key: element.key }]);
  });

  test('knows the next hops of servers that share a MAC address', () => {
    const [reconciler, maps] = fresh();
    const wanted = model(rr, add(12), add(11));
    reconcile(reconciler, maps, model(rr, add(11)), 0);
    reconcile(reconciler, maps, wanted, 10);
    const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 100));
    expect(reconcile(again, maps, wanted, 100)).toEqual([]);
  });

  test('remembers the ids of a service that was deleted', () => {
    const [reconciler, maps] = fresh();
    reconcile(reconciler, maps, model(rr, add(11)), 0);
    reconcile(reconciler, maps, model(), 10);
    const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 100));
    reconcile(again, maps, model({ ...rr, service: { ...rr.service, port: 81 } } as Command), 110);
    expect(maps.have().services[0]?.id).toBe(2);
  });

  test('after a crash at any operation, the next plan reaches the same maps', () => {
    const first = model(rr, add(11), add(12));
    const second = model(rr, add(12), add(13), add(14, 5));
    const steps = (() => {
      const [reconciler, maps] = fresh();
      reconcile(reconciler, maps, first, 0);
      return reconcile(reconciler, maps, second, 10).length;
    })();
    for (let crash = 0; crash <= steps; crash++) {
      const [reconciler, maps] = fresh();
      reconcile(reconciler, maps, first, 0);
      const planned = reconciler.plan(second, network, 10);
      if (!planned.ok) throw new Error(planned.message);
      for (const operation of planned.operations.slice(0, crash)) maps.execute(operation);
      const again = new Reconciler(adopt(maps.have(), reconciler.memory(), LIMITS, 100));
      reconcile(again, maps, second, 100);
      expect(repair(again.state, maps.have())).toEqual([]);
      expect(maps.serverOrder(0)).toEqual(['192.0.2.14', '192.0.2.13', '192.0.2.12']);
    }
  });
});

test('repair puts back what somebody else wrote over', () => {
  const [reconciler, maps] = fresh();
  reconcile(reconciler, maps, model(rr, add(11)), 0);
  const zero: ScheduleLine = { ring: Array<number>(32).fill(0) };
  maps.execute({ op: 'write-lines', line: 0, lines: [zero] });
  maps.execute({ op: 'write-filter', word: 3, value: 1n });
  const key = { address: { word: [1, 0, 0, 0] }, port: 80, protocol: 6, family: 4 };
  maps.execute({ op: 'set-nat-server', key, value: { source: { word: [2, 0, 0, 0] } } });
  const operations = repair(reconciler.state, maps.have());
  expect(operations.map(({ op }) => op).sort()).toEqual(['delete-nat-server', 'write-filter', 'write-lines']);
  for (const operation of operations) maps.execute(operation);
  expect(repair(reconciler.state, maps.have())).toEqual([]);
});
