import { beforeEach, describe, expect, it } from 'vitest';
import { applyCommands, emptyModel } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import type { Address, Model } from '../core/model/model.ts';
import { FakeMaps } from '../core/reconcile/fake-maps.ts';
import type { Operation } from '../core/reconcile/operations.ts';
import { emptyState, type Network, Reconciler } from '../core/reconcile/reconciler.ts';
import { Director, type Prepared } from './director.ts';

const LIMITS = { services: 4, realServers: 8, nextHops: 8, lines: 512 };
const SERVICE = { protocol: 'tcp', address: '192.0.2.1' as Address, port: 80 } as const;
const SERVER = { address: '10.0.0.1' as Address, port: 80 };
const ADD: Command[] = [
  { type: 'service.add', service: { ...SERVICE, scheduler: 'rr' } },
  { type: 'server.add', service: SERVICE, server: SERVER },
];

let maps: FakeMaps;
let mac: number;
let director: Director;
let failAfter: number;
let applied: Operation[];

beforeEach(() => {
  maps = new FakeMaps(LIMITS);
  mac = 1;
  failAfter = Number.POSITIVE_INFINITY;
  applied = [];
  const execute = (operation: Operation) => {
    if (failAfter-- <= 0) throw new Error('the kernel refuses');
    maps.execute(operation);
  };
  director = new Director({
    model: emptyModel,
    reconciler: new Reconciler(emptyState(LIMITS)),
    maps: { apply: (operations) => operations.forEach(execute), tune: () => {}, read: () => maps.have() },
    network: () => network(),
    now: () => 0,
    onApplied: (operations) => applied.push(...operations),
  });
});

function network(): Network {
  const own = Uint8Array.of(2, 0, 0, 0, 0, 9);
  return {
    interfaces: [{ ifindex: 3, mac: own, attached: true, routers: [] }],
    resolution: (address) => ({
      ...{ state: 'resolved', ifindex: 3, interfaceName: 'eth0', gateway: address, mtu: 1500, source: null },
      ...{ mac: Uint8Array.of(2, 0, 0, 0, 0, mac), vlan: { mode: 'keep' }, neighbour: 'reachable' },
    }),
  };
}

function modelAfter(commands: readonly Command[]): Model {
  const result = applyCommands(director.model, commands);
  if ('error' in result) throw new Error(result.error.message);
  return result.model;
}

function prepare(model: Model): Prepared {
  const prepared = director.prepare(model);
  if (!prepared.ok) throw new Error(prepared.message);
  return prepared;
}

const hops = () => [...maps.have().nextHops.values()].map((hop) => hop.mac[5]);

describe('commit', () => {
  it('writes the maps and has the model', () => {
    const prepared = prepare(modelAfter(ADD));
    expect(maps.have().services).toEqual([]);
    director.commit(prepared);
    expect(maps.have().services).toHaveLength(1);
    expect(director.model).toBe(prepared.model);
    expect(applied.at(-1)?.op).toBe('set-service');
  });

  it('plans again where the network changed meanwhile', () => {
    const prepared = prepare(modelAfter(ADD));
    mac = 7;
    director.refresh();
    director.commit(prepared);
    expect(hops()).toEqual([7]);
  });

  it.each([0, 1, 2, 3, 4])('takes back what it wrote where operation %d fails', (count) => {
    director.commit(prepare(modelAfter(ADD)));
    const before = { maps: maps.have(), model: director.model };
    const other = { ...SERVICE, port: 443 };
    const prepared = prepare(
      modelAfter([
        { type: 'service.add', service: other },
        { type: 'server.add', service: other, server: { address: '10.0.0.2' as Address, port: 443 } },
        { type: 'service.delete', service: SERVICE },
      ]),
    );
    expect(prepared.plan.operations.length).toBeGreaterThan(4);
    failAfter = count;
    const failing = () => {
      try {
        director.commit(prepared);
      } finally {
        failAfter = Number.POSITIVE_INFINITY;
      }
    };
    // The repair itself meets the same fault; the next one mends it.
    expect(failing).toThrow('the kernel refuses');
    director.repair();
    expect(maps.have().services).toEqual(before.maps.services);
    expect(maps.have().filter).toEqual(before.maps.filter);
    expect(director.model).toBe(before.model);
    director.commit(prepare(prepared.model));
    expect(maps.have().services).toHaveLength(1);
  });

  it('is refused before where there is no room', () => {
    const services = Array.from({ length: 4 }, (_, i) => ({
      type: 'service.add' as const,
      service: { ...SERVICE, port: i + 1 },
    }));
    expect(director.prepare(modelAfter(services))).toEqual({
      ok: false,
      message: expect.stringContaining('--services'),
    });
  });
});

describe('refresh', () => {
  it('stores a new MAC address with one operation', () => {
    director.commit(prepare(modelAfter(ADD)));
    applied.length = 0;
    mac = 5;
    expect(director.refresh()).toBe(true);
    expect(applied.map(({ op }) => op)).toEqual(['store-next-hop']);
    expect(hops()).toEqual([5]);
    expect(director.refresh()).toBe(false);
  });
});

describe('repair', () => {
  it('does nothing to maps that are as written', () => {
    director.commit(prepare(modelAfter(ADD)));
    expect(director.repair()).toEqual([]);
  });

  it('puts back what somebody deleted', () => {
    director.commit(prepare(modelAfter(ADD)));
    const before = maps.have().services;
    maps.execute({ op: 'delete-service', key: before[0]!.key });
    expect(director.repair().map(({ op }) => op)).toEqual(['set-service']);
    expect(maps.have().services).toEqual(before);
  });
});

it('remembers what is deleted until a recount finds no connection', () => {
  director.commit(prepare(modelAfter(ADD)));
  director.commit(prepare(modelAfter([{ type: 'clear' }])));
  expect(director.isWaitingForRecount).toBe(true);
  expect(director.recounted({ startedAt: 1, isReferenced: () => true })).toBe(false);
  expect(director.entries.size).toBe(1);
  expect(director.recounted({ startedAt: 1, isReferenced: () => false })).toBe(true);
  expect(director.entries.size).toBe(0);
  expect(director.isWaitingForRecount).toBe(false);
});
