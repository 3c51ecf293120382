/**
 * Two connections with one tag, which happens to one pair in 2^26 and here to
 * all: each keeps its server.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ethernet } from '../support/packet.ts';
import { packEntry } from './entry-word.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, tcp4, udp4 } from './frames.ts';
import { WEAK_TAG_KEY } from './settings.ts';
import { CLIENT4, server, service, VIP4, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load({ buckets: 4, hashKey: WEAK_TAG_KEY });
});
beforeEach(() => {
  const servers = Array.from({ length: 5 }, (_, n) => server(n + 1));
  plane.reset(world([service(servers), service(servers, { id: 2, protocol: 'udp', port: 53 })]));
});
afterAll(() => plane.close());

test('connections of one tag are told apart by their keys', () => {
  const servers = new Map<number, number | null>();
  for (let sport = 1; sport <= 12; sport++) servers.set(sport, chosen(plane, tcp4({ sport })));
  const entries = plane.entries();
  expect(new Set(entries.map(({ tag }) => tag)).size).toBe(1);
  expect(entries.length).toBe(12);
  expect(new Set(servers.values()).size).toBe(5);
  for (const flags of ['.', 'P.', 'S', 'F.']) {
    for (const [sport, n] of servers) expect(chosen(plane, tcp4({ sport, flags })), `${sport} [${flags}]`).toBe(n);
  }
});

test('both are marked, and each meeting of an opening packet is counted', () => {
  plane.run(tcp4({ sport: 1 }));
  expect(plane.entries()).toMatchObject([{ confirm: false }]);
  plane.counted();
  // Ports 1 and 5 share their buckets under this key.
  const rival = [2, 3, 4, 5, 6, 7, 8, 9].find((sport) => {
    plane.run(tcp4({ sport }));
    return plane.counted()['tag_collisions'] !== undefined;
  });
  expect(rival).toBeDefined();
  const marked = plane.entries().filter(({ confirm }) => confirm);
  expect(marked.map(({ key }) => key.sport)).toContain(rival);
  expect(marked.length).toBeGreaterThanOrEqual(2);
});

/** What a CPU that is held up leaves for the others to see. */
function claimed(tag: number): bigint {
  return packEntry({ tag, confirm: true, slot: 0, state: 'BUSY', deadline: 0 });
}

test.each([
  ['TCP', tcp4({ sport: 1 })],
  ['UDP', udp4({ sport: 1 })],
])(
  '%s: what another CPU has claimed and does not show may be the same connection: nothing is opened beside it',
  (_, opening) => {
    plane.run(opening);
    const [own] = plane.entries();
    if (own === undefined) throw new Error('nothing was opened');
    for (let way = 0; way < 8; way++) {
      const place = own.number - (own.number % 8) + way;
      if (place === own.number) continue;
      plane.table.clear();
      plane.table.words[place] = claimed(own.tag);
      plane.sweep(true);
      expectPacket(plane, opening, { verdict: 'drop', counted: { drop_contended: 1 } });
      expect(plane.entries()).toMatchObject([{ number: place, state: 'BUSY' }]);
      plane.table.words[place] = 0n;
      expect(chosen(plane, opening), `way ${way}`).not.toBeNull();
    }
  },
);

test('a packet in mid-flow of a third connection with the same tag belongs to nobody', () => {
  for (let sport = 1; sport <= 12; sport++) plane.run(tcp4({ sport }));
  for (let sport = 101; sport <= 112; sport++) {
    expect(plane.run(tcp4({ sport, flags: '.' })).verdict, String(sport)).toBe('pass');
  }
});

test('UDP always compares the whole key', () => {
  const servers = new Map<number, number | null>();
  for (let sport = 1; sport <= 12; sport++) servers.set(sport, chosen(plane, udp4({ sport })));
  expect(plane.entries().every(({ confirm }) => confirm)).toBe(true);
  for (const [sport, n] of servers) expect(chosen(plane, udp4({ sport }))).toBe(n);
});

test('a connection that was reused stays marked', () => {
  for (let sport = 1; sport <= 8; sport++) plane.run(tcp4({ sport }));
  const marked = plane.entries().find(({ confirm }) => confirm);
  const sport = marked?.key.sport ?? 0;
  plane.run(tcp4({ sport, flags: '.' }));
  plane.run(tcp4({ sport, flags: 'R' }));
  plane.run(tcp4({ sport }));
  expect(plane.entries().find(({ key }) => key.sport === sport)).toMatchObject({ confirm: true, state: 'SYN_RECV' });
});

test('counts stay exact when a stray packet hits a connection of another service by its tag', () => {
  const first = [1, 2, 3, 4, 5].map((n) => server(n));
  const second = [11, 12, 13, 14, 15].map((n) => server(n));
  plane.configure(world([service(first), service(second, { id: 3, port: 81 })]));
  plane.run(tcp4({ sport: 1 }));
  for (let sport = 1; sport <= 60; sport++) plane.run(tcp4({ sport, flags: 'F.', dport: 81 }));
  expect(plane.entries()).toMatchObject([{ state: 'TIME_WAIT' }]); // the hit that this test is about
  plane.sweep(true);
  for (let id = 1; id <= 15; id++) expect(plane.live(id), `server ${id}`).toEqual(plane.recounted(id));
});

test('an ICMP error about a third connection with the same tag belongs to nobody, and marks nothing', () => {
  const error = (dport: number): Buffer => {
    const answer = ethernet().ipv4({ src: VIP4, dst: CLIENT4 }).tcp({ sport: 80, dport }).build().subarray(14);
    return arriving().ipv4({ dst: VIP4 }).icmp({ type: 3, code: 1 }).payload(answer).build();
  };
  plane.run(tcp4({ sport: 1 }));
  const before = plane.entries();
  plane.counted();
  for (let sport = 2; sport <= 12; sport++) {
    expectPacket(plane, error(sport), { verdict: 'pass', counted: { pass_icmp_unknown: 1 } });
  }
  expectPacket(plane, error(1), { verdict: 'tx', counted: { forwarded: 1 } });
  expect(plane.entries()).toEqual(before);
});
