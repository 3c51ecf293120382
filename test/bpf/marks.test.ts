/** Services by firewall mark, packet by packet: which service a packet has, and what is shared over a mark. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import {
  CLIENT4,
  CLIENT6,
  type MarkConfig,
  markRule,
  markService,
  type ServiceConfig,
  server,
  service,
  VIP4,
  VIP6,
  world,
} from './world.ts';

const OTHER4 = '192.0.2.101';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

function load(services: readonly ServiceConfig[], marks: readonly MarkConfig[]): void {
  plane.reset(world(services, { marks }));
}

let lastPort = 10000;

interface To {
  readonly dst?: string;
  readonly src?: string;
  readonly port?: number;
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
  readonly from?: number;
}

/** An opening packet. */
function opening({ dst = VIP4, src, port = 80, protocol = 'tcp', from = lastPort++ }: To): Buffer {
  const ip = dst.includes(':')
    ? arriving().ipv6({ src: src ?? CLIENT6, dst })
    : arriving().ipv4({ src: src ?? CLIENT4, dst });
  if (protocol === 'sctp') return ip.sctp({ sport: from, dport: port, chunks: ['INIT'] }).build();
  return (
    protocol === 'udp' ? ip.udp({ sport: from, dport: port }) : ip.tcp({ sport: from, dport: port, flags: 'S' })
  ).build();
}

/** Server 1 is of mark 5, server 2 of mark 6, 3 of the exact port, 4 of port 0, 5 of mark 5 of IPv6. */
const SERVICES = [
  markService(5, [server(1)]),
  markService(6, [server(2)], { id: 2 }),
  service([server(3)], { id: 3 }),
  service([server(4)], { id: 4, port: 0 }),
  markService(5, [server(5, { family: 6 })], { id: 5, address: VIP6 }),
];

describe('the order of look-up', () => {
  const WIDE = '192.0.2.96/28';
  const rows: [string, MarkConfig[], To, number | null][] = [
    ['no rule', [], {}, 3],
    ['a mark goes before the exact port', [markRule()], {}, 1],
    ['a mark goes before port 0', [markRule({ ports: [[81, 81]] })], { port: 81 }, 1],
    ['another port', [markRule({ ports: [[81, 81]] })], { port: 82 }, 4],
    ['the ends of a range', [markRule({ ports: [[8000, 8100]] })], { port: 8000 }, 1],
    ['the other end', [markRule({ ports: [[8000, 8100]] })], { port: 8100 }, 1],
    ['beyond the end', [markRule({ ports: [[8000, 8100]] })], { port: 8101 }, 4],
    ['before the range', [markRule({ ports: [[8000, 8100]] })], { port: 7999 }, 4],
    ['another protocol', [markRule({ ports: [] })], { protocol: 'udp' }, null],
    ['every protocol', [markRule({ ports: [], protocols: [] })], { protocol: 'udp' }, 1],
    ['SCTP', [markRule({ ports: [], protocols: ['sctp'] })], { protocol: 'sctp' }, 1],
    ['a mark without a service is as none', [markRule({ mark: 9 })], {}, 3],
    [
      'a mark that has a service in the other family only',
      [markRule({ mark: 6, destination: VIP6 })],
      { dst: VIP6 },
      null,
    ],
    ['an address of a prefix', [markRule({ destination: WIDE })], { dst: OTHER4 }, 1],
    ['an address beside the prefix', [markRule({ destination: '192.0.2.102/31' })], { dst: OTHER4 }, null],
    [
      'the longer destination wins',
      [markRule({ destination: WIDE }), markRule({ destination: OTHER4, ports: [], mark: 6 })],
      { dst: OTHER4 },
      2,
    ],
    [
      'where the longer one says nothing of the port, the shorter one does',
      [markRule({ destination: WIDE }), markRule({ destination: OTHER4, ports: [[443, 443]], mark: 6 })],
      { dst: OTHER4 },
      1,
    ],
    ['a source', [markRule({ source: '192.0.2.0/28', mark: 6 }), markRule()], {}, 2],
    ['another source', [markRule({ source: '192.0.2.0/28', mark: 6 }), markRule()], { src: '192.0.2.17' }, 1],
    ['a source alone', [markRule({ source: '192.0.2.0/28', mark: 6 })], { src: '192.0.2.17' }, 3],
    ['the narrower ports win', [markRule({ ports: [] }), markRule({ mark: 6 })], {}, 2],
    ['the fewer protocols win', [markRule({ protocols: [], mark: 6 }), markRule()], {}, 1],
    ['IPv6', [markRule({ destination: '2001:db8::/64' })], { dst: VIP6 }, 5],
    ['every address of IPv4', [markRule({ destination: '0.0.0.0/0' })], { dst: '10.1.2.3' }, 1],
    ['a wide prefix of IPv6', [markRule({ destination: '2001:db8::/32' })], { dst: '2001:db8:7::1' }, 5],
  ];

  test.each(rows)('%s', (_title, marks, to, expected) => {
    load(SERVICES, marks);
    // Asked again, the CPU's copy answers.
    for (let i = 0; i < 40; i++) expect(chosen(plane, opening(to))).toBe(expected);
  });
});

test('what no service has goes to the kernel, also beside a wide prefix', () => {
  load(SERVICES, [markRule({ destination: '10.0.0.0/8' })]);
  expectPacket(plane, opening({ dst: '10.1.2.3', port: 81 }), { verdict: 'pass', counted: {} });
  expectPacket(plane, opening({ dst: '11.1.2.3' }), { verdict: 'pass', counted: {} });
});

describe('copies of sources', () => {
  /** More than a CPU has room for (SERVICE_CACHE_SLOTS), so that some meet in one slot. */
  const SOURCES = Array.from({ length: 2400 }, (_, n) => n);
  const four = (n: number) => `10.${n >> 6}.${(n << 2) & 255}.${(n * 7) & 255}`;
  const six = (n: number) => `2001:db8:${n.toString(16)}::${(n * 7).toString(16)}`;

  test.each<[string, ServiceConfig[], string, (n: number) => string, (number | null)[]]>([
    ['beside an exact port', SERVICES, VIP4, four, [1, 2, 3]],
    ['beside nothing', SERVICES.slice(0, 2), VIP4, four, [1, 2, null]],
    ['of IPv6, one mark without a service', SERVICES, VIP6, six, [5, null, null]],
  ])('%s: each source has its own', (_title, services, dst, source, expected) => {
    const marks = SOURCES.filter((n) => n % 3 < 2).map((n) =>
      markRule({ destination: dst, source: source(n), mark: 5 + (n % 3) }),
    );
    load(services, marks);
    // Again and again: where another one has to go, copies are made now and then only.
    for (let round = 0; round < 2; round++) {
      const found = SOURCES.map((n) => chosen(plane, opening({ dst, src: source(n) })));
      expect(found.flatMap((id, n) => (id === expected[n % 3] ? [] : [`${source(n)}: ${id}`]))).toEqual([]);
    }
  });

  test('none stands where all sources are looked up', () => {
    // Of these, source_slot of service_cache.h makes 0 and 1: the slot of the key itself, and that beside it.
    const odd = ['198.51.101.160', '198.51.102.100', '198.51.100.220'];
    const marks = [...odd, '198.51.100.1'].map((source) => markRule({ source, mark: 6 }));
    load(SERVICES, marks);
    // Of each copy that is made, one in 32 would stand there; a new epoch makes all of them again.
    for (let epoch = 0; epoch < 100; epoch++) {
      plane.configure(world(SERVICES, { marks }));
      for (const src of odd) expect(chosen(plane, opening({ src }))).toBe(2);
      expect(chosen(plane, opening({ src: '198.51.100.2' }))).toBe(3);
    }
  });

  test('they go with the rule', () => {
    const bySource = (mark: number) => [markRule({ source: '192.0.2.0/28', mark }), markRule()];
    const both = () => [chosen(plane, opening({})), chosen(plane, opening({ src: '192.0.2.17' }))];
    load(SERVICES, bySource(6));
    for (let i = 0; i < 40; i++) expect(both()).toEqual([2, 1]);
    plane.configure(world(SERVICES, { marks: bySource(9) }));
    expect(both()).toEqual([3, 1]);
    plane.configure(world(SERVICES, { marks: [markRule()] }));
    expect(both()).toEqual([1, 1]);
  });
});

test('a rule that goes takes its copies along', () => {
  load(SERVICES, [markRule()]);
  expect(chosen(plane, opening({}))).toBe(1);
  plane.configure(world(SERVICES, { marks: [markRule({ mark: 6 })] }));
  expect(chosen(plane, opening({}))).toBe(2);
  plane.configure(world(SERVICES));
  expect(chosen(plane, opening({}))).toBe(3);
});

describe('what a mark shares', () => {
  const SPREAD = markRule({ destination: '192.0.2.100/31', protocols: [], ports: [] });

  test('whose turn it is', () => {
    load([markService(5, [server(1), server(2)])], [SPREAD]);
    const to: To[] = [{}, { dst: OTHER4 }, { port: 443 }, { protocol: 'udp' }];
    expect(to.map((each) => chosen(plane, opening(each)))).toEqual([1, 2, 1, 2]);
  });

  test('persistence, over addresses, ports and protocols', () => {
    load([markService(5, [server(1), server(2)], { persistence: 300 })], [SPREAD]);
    const to: To[] = [{}, { dst: OTHER4 }, { port: 443 }, { protocol: 'udp' }, { protocol: 'sctp', port: 9 }];
    expect(to.map((each) => chosen(plane, opening(each)))).toEqual([1, 1, 1, 1, 1]);
    expect(chosen(plane, opening({ src: '192.0.2.11' }))).toBe(2);
    expect(plane.templates()).toHaveLength(2);
  });

  test('not a connection: the same addresses and ports of two protocols are two', () => {
    load([markService(5, [server(1), server(2)])], [SPREAD]);
    const same = { from: 7777, port: 443 };
    expect(chosen(plane, opening({ ...same }))).toBe(1);
    expect(chosen(plane, opening({ ...same, protocol: 'udp' }))).toBe(2);
    expect(chosen(plane, opening({ ...same, protocol: 'sctp' }))).toBe(1);
    const ack = arriving().ipv4({ src: CLIENT4, dst: VIP4 }).tcp({ sport: 7777, dport: 443, flags: '.' }).build();
    expect(chosen(plane, ack)).toBe(1);
    expect(plane.live(1)).toEqual({ active: 1, inactive: 1 });
    expect(plane.live(2)).toEqual({ active: 0, inactive: 1 });
  });

  test('a threshold', () => {
    load([markService(5, [server(1, { upper: 1 }), server(2)])], [SPREAD]);
    expect([{}, { dst: OTHER4 }, { port: 443 }].map((each) => chosen(plane, opening(each)))).toEqual([1, 2, 2]);
  });

  test('one-packet scheduling of datagrams alone', () => {
    load([markService(5, [server(1), server(2)], { onePacket: true })], [SPREAD]);
    const same = { from: 7778 };
    expect([1, 2, 3].map(() => chosen(plane, opening({ ...same, protocol: 'udp' })))).toEqual([1, 2, 1]);
    expect([1, 2].map(() => chosen(plane, opening(same)))).toEqual([2, 2]);
  });

  test('fragments follow the first one', () => {
    load([markService(5, [server(1), server(2)])], [SPREAD]);
    const first = arriving()
      .ipv4({ src: CLIENT4, dst: OTHER4, id: 9, mf: true })
      .udp({ sport: 5, dport: 9 })
      .payload(64);
    const later = arriving().ipv4({ src: CLIENT4, dst: OTHER4, id: 9, offset: 9 }).payload(8, 17);
    expect([first, later].map((packet) => chosen(plane, packet.build()))).toEqual([1, 1]);
  });
});
