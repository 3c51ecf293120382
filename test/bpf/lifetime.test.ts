/** How long connections live, and what is counted while they do and when they end. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionLimit } from '../../src/dataplane/types.gen.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { tcp4, udp4 } from './frames.ts';
import { server, service, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => {
  const servers = [server(1), server(2)];
  plane.reset(world([service(servers), service(servers, { id: 2, protocol: 'udp', port: 53 })]));
});
afterAll(() => plane.close());

const TIMEOUTS: [string, Buffer[], number][] = [
  ['SYN_RECV', [tcp4()], 60],
  ['ESTABLISHED', [tcp4(), tcp4({ flags: '.' })], 900],
  ['FIN_WAIT', [tcp4(), tcp4({ flags: '.' }), tcp4({ flags: 'F.' })], 120],
  ['CLOSE', [tcp4(), tcp4({ flags: '.' }), tcp4({ flags: 'R' })], 10],
  ['UDP', [udp4()], 300],
];

describe.each(TIMEOUTS)('%s', (state, frames, timeout) => {
  const follow = state === 'UDP' ? udp4() : tcp4({ flags: '.' });

  test(`lives ${timeout} s after its last packet`, () => {
    for (const frame of frames) plane.run(frame);
    expect(plane.entries()).toMatchObject([{ state }]);
    plane.advance(timeout - 1);
    expect(plane.sweep()).toMatchObject({ expired: 0, alive: 1 });
    expect(chosen(plane, follow)).toBe(1);
  });

  test('is dead from then on, swept or not', () => {
    for (const frame of frames) plane.run(frame);
    plane.advance(timeout);
    if (state === 'UDP') {
      expectPacket(plane, follow, {
        verdict: 'tx',
        counted: { forwarded: 1, connections_created: 1, connections_expired: 1 },
      });
    } else {
      expectPacket(plane, follow, { verdict: 'pass', counted: { pass_no_connection: 1 } });
    }
  });

  test('leaves the counts with the sweep', () => {
    for (const frame of frames) plane.run(frame);
    plane.advance(timeout);
    plane.counted();
    expect(plane.sweep()).toEqual({ expired: 1, alive: 0, now: plane.now });
    expect(plane.counted()).toEqual({ connections_expired: 1 });
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
    expect(plane.entries()).toEqual([]);
  });
});

test('every packet starts the time anew', () => {
  plane.run(tcp4());
  plane.run(tcp4({ flags: '.' }));
  for (let minutes = 0; minutes < 200; minutes += 14) {
    plane.advance(14 * 60);
    expect(plane.sweep()).toMatchObject({ expired: 0 });
    expect(chosen(plane, tcp4({ flags: '.' }))).toBe(1);
  }
});

test('deadlines wrap at 2^16 seconds', () => {
  plane.advance(900);
  plane.run(udp4());
  expect(plane.entries()[0]?.deadline).toBeLessThan(plane.now & 0xffff);
  plane.advance(299);
  expect(plane.sweep()).toMatchObject({ expired: 0, alive: 1 });
  plane.advance(1);
  expect(plane.sweep()).toMatchObject({ expired: 1, alive: 0 });
});

test('the timeouts are settings', () => {
  const timeout = new Array<number>(ConnectionLimit.CONNECTION_STATES).fill(7);
  plane.set({ timeout });
  plane.run(udp4());
  plane.advance(7);
  expect(plane.sweep()).toMatchObject({ expired: 1 });
});

describe('active and inactive', () => {
  const count = (): object => ({ one: plane.live(1), two: plane.live(2) });

  test('UDP is never active', () => {
    plane.run(udp4());
    expect(count()).toEqual({ one: { active: 0, inactive: 1 }, two: { active: 0, inactive: 0 } });
  });

  test('TCP is active until it closes', () => {
    plane.run(tcp4({ sport: 1 }));
    plane.run(tcp4({ sport: 2 }));
    plane.run(tcp4({ sport: 1, flags: '.' }));
    expect(count()).toEqual({ one: { active: 1, inactive: 0 }, two: { active: 1, inactive: 0 } });
    plane.run(tcp4({ sport: 1, flags: 'F.' }));
    plane.run(tcp4({ sport: 1, flags: 'F.' }));
    expect(count()).toEqual({ one: { active: 0, inactive: 1 }, two: { active: 1, inactive: 0 } });
    plane.run(tcp4({ sport: 1 })); // FIN_WAIT -> SYN_RECV
    expect(count()).toEqual({ one: { active: 1, inactive: 0 }, two: { active: 1, inactive: 0 } });
  });

  test('a recount finds the same', () => {
    for (let sport = 1001; sport < 1200; sport++) {
      plane.run(tcp4({ sport }));
      if (sport % 2) plane.run(tcp4({ sport, flags: '.' }));
      if (sport % 3 === 0) plane.run(tcp4({ sport, flags: 'F.' }));
    }
    expect(plane.sweep(true)).toMatchObject({ alive: 199 });
    for (const id of [1, 2]) expect(plane.live(id)).toEqual(plane.recounted(id));
  });
});

test('the key of a connection says who opened it and when', () => {
  plane.advance(11);
  plane.run(udp4({ sport: 5353 }));
  expect(plane.entries()).toMatchObject([
    {
      state: 'UDP',
      confirm: true,
      key: {
        source: '192.0.2.10',
        sport: 5353,
        destination: '192.0.2.100',
        dport: 53,
        service: 2,
        realServer: 1,
        created: plane.now,
      },
    },
  ]);
});
