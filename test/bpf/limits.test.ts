/** What limits new connections: rates, connections and lists of a service and of each source. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyCommands, emptyModel } from '../../src/core/model/apply-command.ts';
import type { LimitsSpec } from '../../src/core/model/limits.ts';
import type { Address, ServiceKey } from '../../src/core/model/model.ts';
import { limitMapsOf, NO_LIMIT } from '../../src/core/reconcile/limits.ts';
import { Option } from '../../src/dataplane/types.gen.ts';
import { expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { tcp4, tcp6, udp4 } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { type ServerConfig, type ServiceConfig, server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

const LIMITED = 4;
const LISTED = 8;
const opened = { forwarded: 1, connections_created: 1 };
const unrecorded = { forwarded: 1, connections_over_rate: 1, connections_unrecorded: 1 };

/** Services 1 (IPv4, TCP), 2 (IPv6, TCP) and 3 (IPv4, UDP) with two servers each. */
function serve(limits: LimitsSpec, fields: Partial<ServerConfig> = {}, more: Partial<ServiceConfig> = {}): void {
  const four = [server(1, fields), server(2, fields)];
  const six = [server(3, { family: 6, ...fields, id: 13 }), server(4, { family: 6, ...fields, id: 14 })];
  plane.reset(
    world([
      service(four, more),
      service(six, { id: 2, address: VIP6, ...more }),
      service(four, { id: 3, protocol: 'udp', port: 53, ...more }),
    ]),
  );
  write({ protocol: 'tcp', address: VIP4 as Address, port: 80 }, 1, limits);
}

/** As the reconciler writes them; the flags of the element, too. */
function write(key: ServiceKey, id: number, limits: LimitsSpec): void {
  const applied = applyCommands(emptyModel, [{ type: 'service.add', service: { ...key, limits } }]);
  if ('error' in applied) throw new Error(applied.error.message);
  const maps = limitMapsOf(applied.model, () => id);
  const { object } = plane;
  object.map('limits').set(id, maps?.limits.get(id) ?? NO_LIMIT);
  const listed = object.map('sources');
  for (const old of [...listed.keys()]) listed.delete(old);
  for (const element of maps?.listed.values() ?? []) listed.set(element.key, element.value);
  const has = (maps?.listed.size ?? 0) > 0;
  plane.flag(id, LIMITED | (has ? LISTED : 0));
}

beforeEach(() => {
  const { object } = plane;
  for (let id = 0; id < 4; id++) {
    object.map('limits').set(id, NO_LIMIT);
    object.map('limit_states').set(id, { arrival: 0n, connections: 0, over_at: 0 });
  }
  for (const key of [...object.map('source_states').keys()]) object.map('source_states').delete(key);
});

const state = (id = 1) => plane.object.map<number, { connections: number; over_at: number }>('limit_states').get(id);
const from = (n: number, sport = 40000) => tcp4({ sport }, { src: `198.51.100.${n}` });

describe('the rate of a service', () => {
  test.each(['dr', 'tun'] as const)('%s: a burst gets entries, the rest goes by the ring without', async (method) => {
    serve({ rate: 1, burst: 3 }, { method });
    for (let n = 1; n <= 3; n++) expectPacket(plane, from(n), { verdict: 'tx', counted: opened });
    const late = plane.run(from(4)).frame;
    expect(plane.counted()).toEqual(unrecorded);
    expect(plane.entries()).toHaveLength(3);
    expect(state()?.over_at).toBe(plane.now);
    // Sent again it meets the same server, and so does what follows.
    expect(plane.run(from(4)).frame.subarray(0, 6)).toEqual(late.subarray(0, 6));
    const follows = plane.run(tcp4({ sport: 40000, flags: '.' }, { src: '198.51.100.4' }));
    expect(follows.frame.subarray(0, 6)).toEqual(late.subarray(0, 6));
    // What was there before goes on by its entry.
    plane.counted();
    expectPacket(plane, tcp4({ flags: '.' }, { src: '198.51.100.1' }), { verdict: 'tx', counted: { forwarded: 1 } });
    await sleep(1100); // time makes a token
    expectPacket(plane, from(5), { verdict: 'tx', counted: opened });
  });

  test('nat needs its entry: dropped, and counted', () => {
    serve({ rate: 1, burst: 1 }, { method: 'nat' });
    expect(plane.run(from(1)).verdict).toBe('tx');
    plane.counted();
    expectPacket(plane, from(2), { verdict: 'drop', counted: { drop_over_rate: 1 } });
  });

  test('leaves no templates of persistent clients', () => {
    serve({ rate: 1, burst: 1 }, {}, { persistence: 300 });
    plane.run(from(1));
    plane.run(from(2));
    expect(plane.templates()).toHaveLength(1);
  });

  test('of all services: each takes of the same', () => {
    serve({});
    plane.object.map('limits').set(0, { ...NO_LIMIT, interval: 1e9, window: 2_000_000_000n });
    plane.set({ options: OPTIONS | Option.OPTION_LIMIT_ALL });
    plane.counted();
    expectPacket(plane, from(1), { verdict: 'tx', counted: opened });
    expectPacket(plane, tcp6(), { verdict: 'tx', counted: opened });
    expectPacket(plane, from(2), { verdict: 'tx', counted: unrecorded });
    expectPacket(plane, udp4(), { verdict: 'tx', counted: unrecorded });
    expect(state(0)?.over_at).toBe(plane.now);
  });
});

describe('connections of a service', () => {
  test('so many and no more, until one closes or ends', () => {
    serve({ connections: 2 });
    for (const n of [1, 2]) expectPacket(plane, from(n), { verdict: 'tx', counted: opened });
    expectPacket(plane, from(3), { verdict: 'drop', counted: { drop_connection_limit: 1 } });
    expect(state()?.connections).toBe(2);
    plane.run(tcp4({ flags: 'F.' }, { src: '198.51.100.1' }));
    expect(state()?.connections).toBe(1);
    plane.counted();
    expectPacket(plane, from(3), { verdict: 'tx', counted: opened });
    // The closed one ends, which is not counted twice; the others end, too.
    plane.advance(20_000);
    plane.sweep();
    expect(state()?.connections).toBe(0);
  });

  test('a closed one that a SYN reuses counts again', () => {
    serve({ connections: 5 });
    plane.run(from(1));
    plane.run(tcp4({ flags: '.' }, { src: '198.51.100.1' }));
    plane.run(tcp4({ flags: 'R.' }, { src: '198.51.100.1' }));
    expect(state()?.connections).toBe(0);
    plane.run(from(1));
    expect(state()?.connections).toBe(1);
  });
});

describe('of each source', () => {
  test('connections: others are not concerned', () => {
    serve({ sourceConnections: 2 });
    for (const sport of [1, 2]) expectPacket(plane, from(1, sport), { verdict: 'tx', counted: opened });
    expectPacket(plane, from(1, 3), { verdict: 'drop', counted: { drop_source_limit: 1 } });
    expectPacket(plane, from(2, 3), { verdict: 'tx', counted: opened });
    plane.run(tcp4({ sport: 1, flags: 'F.' }, { src: '198.51.100.1' }));
    plane.counted();
    expectPacket(plane, from(1, 3), { verdict: 'tx', counted: opened });
    expectPacket(plane, from(1, 4), { verdict: 'drop', counted: { drop_source_limit: 1 } });
  });

  test('rate: dropped, not placed', async () => {
    serve({ sourceRate: 1, sourceBurst: 1 });
    expectPacket(plane, from(1), { verdict: 'tx', counted: opened });
    expectPacket(plane, from(1, 2), { verdict: 'drop', counted: { drop_source_rate: 1 } });
    expectPacket(plane, from(2), { verdict: 'tx', counted: opened });
    await sleep(1100);
    expectPacket(plane, from(1, 2), { verdict: 'tx', counted: opened });
  });

  test('of IPv6 a network of 64 bits', () => {
    serve({});
    write({ protocol: 'tcp', address: VIP6 as Address, port: 80 }, 2, { sourceConnections: 1 });
    const six = (src: string) => tcp6({}, { src });
    expectPacket(plane, six('2001:db8:7:1::1'), { verdict: 'tx', counted: opened });
    expectPacket(plane, six('2001:db8:7:1:f::2'), { verdict: 'drop', counted: { drop_source_limit: 1 } });
    expectPacket(plane, six('2001:db8:7:2::1'), { verdict: 'tx', counted: opened });
  });
});

describe('lists', () => {
  const denied = { verdict: 'drop', counted: { drop_denied: 1 } } as const;
  const taken = { verdict: 'tx', counted: opened } as const;

  test('denied ones are dropped, the rest is taken', () => {
    serve({ deny: ['198.51.100.0/28', '203.0.113.7'] });
    expectPacket(plane, from(15), denied);
    expectPacket(plane, from(16), taken);
    expectPacket(plane, tcp4({}, { src: '203.0.113.7' }), denied);
    expectPacket(plane, tcp4({}, { src: '203.0.113.8' }), taken);
  });

  test('allowed ones are taken, the rest is dropped; the longest prefix decides', () => {
    serve({ allow: ['198.51.100.0/24', '198.51.100.9/32'], deny: ['198.51.100.8/29'] });
    expectPacket(plane, from(1), taken);
    expectPacket(plane, from(8), denied);
    expectPacket(plane, from(9), taken);
    expectPacket(plane, tcp4({}, { src: '203.0.113.7' }), denied);
  });

  test('connections that were there go on', () => {
    serve({});
    plane.run(from(1));
    write({ protocol: 'tcp', address: VIP4 as Address, port: 80 }, 1, { deny: ['0.0.0.0/0'] });
    plane.counted();
    const packet = tcp4({ flags: '.' }, { src: '198.51.100.1' });
    expectPacket(plane, packet, { verdict: 'tx', counted: { forwarded: 1 } });
    expectPacket(plane, from(2), denied);
  });

  test('packets that follow the ring do not', () => {
    serve({ rate: 1, burst: 1 });
    plane.run(from(1));
    plane.run(from(2));
    const packet = tcp4({ flags: '.' }, { src: '198.51.100.2' });
    plane.counted();
    expectPacket(plane, packet, { verdict: 'tx', counted: { forwarded: 1, followed_ring: 1 } });
    write({ protocol: 'tcp', address: VIP4 as Address, port: 80 }, 1, { rate: 1, burst: 1, deny: ['198.51.100.2'] });
    plane.counted();
    expectPacket(plane, packet, denied);
  });

  test('of another service say nothing', () => {
    serve({ deny: ['0.0.0.0/0'] });
    expectPacket(plane, udp4(), taken);
    expectPacket(plane, tcp6(), taken);
  });

  test('of IPv6', () => {
    serve({});
    write({ protocol: 'tcp', address: VIP6 as Address, port: 80 }, 2, { allow: ['2001:db8:7::/48'] });
    expectPacket(plane, tcp6({}, { src: '2001:db8:7:1::1' }), taken);
    expectPacket(plane, tcp6({}, { src: '2001:db8:8:1::1' }), denied);
  });
});
