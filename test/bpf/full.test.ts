/** When a connection's two buckets are full: who goes, who stays, and who is placed without an entry. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withLife } from './entry-word.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { tcp4, udp4 } from './frames.ts';
import { STATES, type State, TIMEOUTS } from './settings.ts';
import { server, service, world } from './world.ts';

/** The whole table is one pair of buckets: sixteen places. */
const PLACES = 16;

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load({ buckets: 2 });
});
beforeEach(() => {
  const servers = [server(1), server(2), server(3)];
  plane.reset(world([service(servers), service(servers, { id: 2, protocol: 'udp', port: 53 })]));
});
afterAll(() => plane.close());

/** Fills the table with connections of ports 1 to 16, established unless said otherwise. */
function fill(established = true): void {
  for (let sport = 1; sport <= PLACES; sport++) {
    plane.run(tcp4({ sport }));
    if (established) plane.run(tcp4({ sport, flags: '.' }));
  }
  expect(plane.entries().length).toBe(PLACES);
  plane.counted();
}

/** Gives the connection from a port another state, `idle` seconds ago. */
function put(sport: number, state: State, idle: number): void {
  const entry = plane.entries().find(({ key }) => key.sport === sport);
  if (entry === undefined) throw new Error(`no connection from port ${sport}`);
  const deadline = plane.now + (TIMEOUTS[STATES.indexOf(state)] ?? 0) - idle;
  plane.table.words[entry.number] = withLife(entry.word, state, deadline);
}

function hasPort(sport: number): boolean {
  return plane.entries().some(({ key }) => key.sport === sport);
}

const pushedOut = { forwarded: 1, connections_created: 1, connections_evicted: 1 };
const placed = { forwarded: 1, connections_unrecorded: 1 };

describe('who may go', () => {
  const rows: [State, number][] = [
    ['CLOSE', 0],
    ['TIME_WAIT', 0],
    ['LAST_ACK', 0],
    ['SYN_RECV', 3],
    ['SYN_SENT', 3],
    ['FIN_WAIT', 10],
    ['CLOSE_WAIT', 10],
    ['SYNACK', 10],
    ['LISTEN', 10],
    ['UDP', 30],
  ];
  test.each(rows)('%s after %i quiet seconds', (state, quiet) => {
    fill();
    if (quiet > 0) {
      put(7, state, quiet - 1);
      expectPacket(plane, tcp4({ sport: 100 }), { verdict: 'tx', counted: placed });
      plane.reset(world([service([server(1), server(2), server(3)])]));
      fill();
    }
    put(7, state, quiet);
    expectPacket(plane, tcp4({ sport: 100 }), { verdict: 'tx', counted: pushedOut });
    expect([hasPort(7), hasPort(100)]).toEqual([false, true]);
  });

  test('an established connection never, however long it is idle', () => {
    fill();
    for (let sport = 1; sport <= PLACES; sport++) put(sport, 'ESTABLISHED', 899);
    const before = plane.entries();
    expectPacket(plane, tcp4({ sport: 100 }), { verdict: 'tx', counted: placed });
    expect(plane.entries()).toEqual(before);
  });

  test('dead ones first, before any that lives', () => {
    fill();
    put(5, 'CLOSE', 0);
    put(9, 'ESTABLISHED', 900);
    expectPacket(plane, tcp4({ sport: 100 }), {
      verdict: 'tx',
      counted: { forwarded: 1, connections_created: 1, connections_expired: 1 },
    });
    expect([hasPort(5), hasPort(9)]).toEqual([true, false]);
  });
});

describe('who goes first', () => {
  const order: [State, number][] = [
    ['CLOSE', 1],
    ['FIN_WAIT', 119],
    ['SYN_RECV', 59],
    ['UDP', 299],
  ];
  test('closing, then half closed, then half open, then UDP, whatever time they have left', () => {
    fill();
    order.forEach(([state, idle], index) => void put(3 * (order.length - index), state, idle));
    for (const [index] of order.entries()) {
      expectPacket(plane, tcp4({ sport: 100 + index }), { verdict: 'tx', counted: pushedOut });
      plane.run(tcp4({ sport: 100 + index, flags: '.' }));
      plane.counted();
      const left = order.map((_, other) => hasPort(3 * (order.length - other)));
      expect(left).toEqual(order.map((_, other) => other > index));
    }
  });

  test('of one kind, the one nearest its end', () => {
    fill();
    put(4, 'TIME_WAIT', 20);
    put(8, 'TIME_WAIT', 100);
    put(12, 'TIME_WAIT', 50);
    plane.run(tcp4({ sport: 100 }));
    expect([hasPort(4), hasPort(8), hasPort(12)]).toEqual([true, false, true]);
  });

  test('a burst of SYNs cannot push out SYNs of the last three seconds', () => {
    fill(false);
    expectPacket(plane, tcp4({ sport: 100 }), { verdict: 'tx', counted: placed });
    plane.advance(3);
    expectPacket(plane, tcp4({ sport: 101 }), { verdict: 'tx', counted: pushedOut });
  });

  test('what goes leaves the counts of its server', () => {
    fill();
    const total = (): number => [1, 2, 3].reduce((sum, id) => sum + plane.live(id).active + plane.live(id).inactive, 0);
    plane.run(tcp4({ sport: 7, flags: 'R' }));
    plane.run(tcp4({ sport: 100 }));
    expect(total()).toBe(PLACES);
    plane.sweep(true);
    for (const id of [1, 2, 3]) expect(plane.live(id)).toEqual(plane.recounted(id));
  });
});

describe('without an entry', () => {
  test('every packet of a connection meets one server, spread over all of them', () => {
    fill();
    const servers = new Map<number, number | null>();
    for (let sport = 100; sport < 160; sport++) servers.set(sport, chosen(plane, tcp4({ sport })));
    expect(new Set(servers.values())).toEqual(new Set([1, 2, 3]));
    for (const [sport, n] of servers) {
      for (const flags of ['S', '.', 'P.', 'F.']) expect(chosen(plane, tcp4({ sport, flags }))).toBe(n);
    }
    expect(plane.counted()).toMatchObject({ connections_unrecorded: 120, followed_ring: 180 });
  });

  test('packets of recorded connections keep to their entries', () => {
    fill();
    const before = new Map(plane.entries().map(({ key, slot }) => [key.sport, slot + 1]));
    plane.run(tcp4({ sport: 100 }));
    for (const [sport, n] of before) expect(chosen(plane, tcp4({ sport, flags: '.' }))).toBe(n);
  });

  test('a SYN sent again within a minute meets the same server, even where there is room by then', () => {
    fill();
    const first = Array.from({ length: 30 }, (_, n) => chosen(plane, tcp4({ sport: 100 + n })));
    plane.table.words.fill(0n);
    plane.advance(59);
    for (let n = 0; n < 8; n++) expect(chosen(plane, tcp4({ sport: 100 + n }))).toBe(first[n]);
    expect(plane.counted()).toMatchObject({ connections_created: 8 });
  });

  test('after a minute the scheduler decides again', () => {
    fill();
    plane.run(tcp4({ sport: 100 }));
    plane.table.words.fill(0n);
    plane.advance(60);
    const turns = Array.from({ length: 6 }, (_, n) => chosen(plane, tcp4({ sport: 200 + n })));
    expect(turns.slice(0, 3)).toEqual(turns.slice(3));
    expect(new Set(turns)).toEqual(new Set([1, 2, 3]));
  });

  test('packets without an entry follow the ring for 900 s after the last of them, then go to the kernel', () => {
    fill();
    const n = chosen(plane, tcp4({ sport: 100 }));
    for (let times = 0; times < 3; times++) {
      plane.advance(899);
      expect(chosen(plane, tcp4({ sport: 100, flags: '.' }))).toBe(n);
    }
    plane.advance(900);
    expectPacket(plane, tcp4({ sport: 100, flags: '.' }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });

  test('of one service only', () => {
    fill();
    plane.run(udp4({ sport: 9 }));
    expectPacket(plane, tcp4({ sport: 200, flags: '.' }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });

  test('UDP is placed packet by packet', () => {
    fill();
    const n = chosen(plane, udp4({ sport: 9 }));
    expectPacket(plane, udp4({ sport: 9 }), { verdict: 'tx', counted: placed });
    expect(chosen(plane, udp4({ sport: 9 }))).toBe(n);
  });

  test('mh places where it would place anyhow', () => {
    const config = service([server(1), server(2), server(3)], { scheduler: 'mh', hashPort: true });
    plane.reset(world([config]));
    const recorded = Array.from({ length: 12 }, (_, n) => chosen(plane, tcp4({ sport: 1 + n })));
    fill();
    const again = Array.from({ length: 30 }, (_, n) => chosen(plane, tcp4({ sport: 100 + n })));
    plane.table.words.fill(0n);
    expect(Array.from({ length: 12 }, (_, n) => chosen(plane, tcp4({ sport: 1 + n })))).toEqual(recorded);
    expect(Array.from({ length: 2 }, (_, n) => chosen(plane, tcp4({ sport: 100 + n })))).toEqual(again.slice(0, 2));
  });

  test('a drained server keeps out of the ring', () => {
    fill();
    plane.run(tcp4({ sport: 100 }));
    plane.configure(world([service([server(1, { weight: 0 }), server(2), server(3)], { generation: 2 })]));
    const all = Array.from({ length: 40 }, (_, n) => chosen(plane, tcp4({ sport: 200 + n })));
    expect(new Set(all)).toEqual(new Set([2, 3]));
  });
});
