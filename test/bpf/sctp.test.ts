/** SCTP through the real program: events, states, timeouts, what opens a connection and what is refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import type { PacketBuilder } from '../support/packet.ts';
import type { ChunkFields, ChunkName, SctpFields } from '../support/packet-layers.ts';
import { withLife } from './entry-word.ts';
import { chosen, expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning } from './frames.ts';
import { EVENTS, nextSctpState, SCTP_STATES } from './model/sctp-state.ts';
import { OPTIONS, STATES, type State, TIMEOUTS } from './settings.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const PORT = 2905;
const OPENED = { forwarded: 1, connections_created: 1 };
const FORWARDED = { forwarded: 1 };

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => {
  const dr = [server(1), server(2)];
  const tun = [server(3, { method: 'tun' }), server(4, { method: 'tun', family: 6 })];
  plane.reset(
    world([
      service(dr, { protocol: 'sctp', port: PORT }),
      service(dr, { id: 2, protocol: 'sctp', port: PORT, address: VIP6 }),
      service(tun, { id: 3, protocol: 'sctp', port: PORT + 1 }),
      service(tun, { id: 4, protocol: 'sctp', port: PORT + 1, address: VIP6 }),
    ]),
  );
});
afterAll(() => plane.close());

type Chunks = readonly (ChunkName | ChunkFields)[];

function sctp4(chunks: Chunks = ['INIT'], fields: SctpFields = {}, from = arriving(), ttl = 64): Buffer {
  return from
    .ipv4({ src: CLIENT4, dst: VIP4, ttl })
    .sctp({ dport: PORT, chunks, ...fields })
    .build();
}

function sctp6(chunks: Chunks = ['INIT'], fields: SctpFields = {}, from = arriving(), hopLimit = 64): Buffer {
  return from
    .ipv6({ src: CLIENT6, dst: VIP6, hopLimit })
    .sctp({ dport: PORT, chunks, ...fields })
    .build();
}

/** Rewrites the only entry's state, as nothing but time and packets could. */
function putState(state: State): void {
  const [entry] = plane.entries();
  if (entry === undefined) throw new Error('no connection');
  const live = state === 'SCTP_ESTABLISHED' ? { active: 1, inactive: 0 } : { active: 0, inactive: 1 };
  plane.table.words[entry.number] = withLife(entry.word, state, entry.deadline);
  plane.object.map('live_counts').set(1, { ...live, overloaded: 0, upper: 0, lower: 0, persistent: 0, gone: 0 });
}

function stateNow(): State | undefined {
  return plane.entries()[0]?.state;
}

describe('forwarding', () => {
  test('dr, IPv4: TTL and MACs change, and no byte of SCTP', () => {
    const out = sctp4(['INIT'], {}, leaving(1), 63);
    expectPacket(plane, sctp4(), { verdict: 'tx', counted: OPENED, out });
    expectPacket(plane, sctp4(['COOKIE_ECHO', 'DATA']), { verdict: 'tx', counted: FORWARDED });
  });

  test('dr, IPv6, behind extension headers as well', () => {
    const out = sctp6(['INIT'], {}, leaving(1), 63);
    expectPacket(plane, sctp6(), { verdict: 'tx', counted: OPENED, out });
    const behind = (from: PacketBuilder, hopLimit: number): Buffer =>
      from
        .ipv6({ src: CLIENT6, dst: VIP6, hopLimit })
        .hopByHop()
        .destinationOptions(1)
        .sctp({ dport: PORT, chunks: ['DATA'] })
        .build();
    expectPacket(plane, behind(arriving(), 64), { verdict: 'tx', counted: FORWARDED, out: behind(leaving(1), 63) });
  });

  test.each([
    ['IPv4', sctp4],
    ['IPv6', sctp6],
  ] as const)('tun, %s inside both families', (_, packet) => {
    for (const sport of [1, 2]) {
      const frame = packet(['INIT'], { sport, dport: PORT + 1 });
      const { frame: out } = expectPacket(plane, frame, { verdict: 'tx', counted: OPENED });
      expectChecksums(out);
      expect(out.subarray(-40).equals(frame.subarray(-40))).toBe(true);
    }
  });

  test('a wrong checksum goes through as it came: ends check it', () => {
    const out = sctp4(['INIT'], { checksum: 1 }, leaving(1), 63);
    expectPacket(plane, sctp4(['INIT'], { checksum: 1 }), { verdict: 'tx', counted: OPENED, out });
  });

  test('TTL and MTU as any packet', () => {
    const short = sctp4(['INIT'], {}, arriving(), 1);
    expectPacket(plane, short, {
      verdict: 'tx',
      counted: { connections_created: 1, drop_ttl_exceeded: 1, icmp_sent: 1 },
    });
    const data = { type: 'DATA', value: Buffer.alloc(1600) } as const;
    const big = sctp6([data]);
    plane.run(sctp6());
    plane.counted();
    expectPacket(plane, big, { verdict: 'tx', counted: { drop_too_big: 1, icmp_sent: 1 } });
  });

  test('a service on port 0, and one of TCP on the same port, are others', () => {
    const servers = [server(5)];
    plane.reset(
      world([
        service(servers, { protocol: 'sctp', port: 0 }),
        service([server(6)], { id: 2, protocol: 'tcp', port: PORT }),
        service([server(7)], { id: 3, protocol: 'udp', port: PORT }),
      ]),
    );
    expect(chosen(plane, sctp4())).toBe(5);
    expect(chosen(plane, sctp4(['INIT'], { dport: 9 }))).toBe(5);
  });

  test('connections and bytes are counted', () => {
    plane.run(sctp4());
    plane.run(sctp4(['COOKIE_ECHO']));
    const bytes = sctp4().length + sctp4(['COOKIE_ECHO']).length - 28;
    expect(plane.traffic('service_traffic', 1)).toEqual({ connections: 1, packets: 2, bytes });
    expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 2, bytes });
  });
});

describe('states where only the client is seen', () => {
  const cells = EVENTS.flatMap((event, number) =>
    SCTP_STATES.map((from): [ChunkName, State, State] => [event, from, nextSctpState(from, number)]),
  );

  test.each(cells)('%s in %s gives %s', (event, from, to) => {
    plane.run(sctp4());
    putState(from);
    plane.advance(1);
    plane.run(sctp4([event]));
    const reused = event === 'INIT' && from === 'SCTP_CLOSED';
    const wanted = reused ? 'SCTP_INIT1' : to;
    const [entry] = plane.entries();
    expect(entry?.state).toBe(wanted);
    expect(entry?.deadline).toBe((plane.now + (TIMEOUTS[STATES.indexOf(wanted)] ?? 0)) & 0xffff);
    const live = wanted === 'SCTP_ESTABLISHED' ? { active: 1, inactive: 0 } : { active: 0, inactive: 1 };
    expect(plane.live(reused ? 2 : 1)).toEqual(live);
  });

  test('the life of an association, as ipvsadm -Lnc would show it', () => {
    const walk: [ChunkName, State, number][] = [
      ['INIT', 'SCTP_INIT1', 4],
      ['INIT', 'SCTP_INIT', 61],
      ['COOKIE_ECHO', 'SCTP_ESTABLISHED', 900],
      ['DATA', 'SCTP_ESTABLISHED', 900],
      ['SACK', 'SCTP_ESTABLISHED', 900],
      ['HEARTBEAT_ACK', 'SCTP_ESTABLISHED', 900],
      ['SHUTDOWN', 'SCTP_SHUTDOWN_RECEIVED', 61],
      ['SHUTDOWN_COMPLETE', 'SCTP_CLOSED', 61],
    ];
    for (const [chunk, state, timeout] of walk) {
      plane.advance(2);
      expect(chosen(plane, sctp6([chunk]))).toBe(1);
      expect(plane.entries()).toMatchObject([{ state, deadline: (plane.now + timeout) & 0xffff }]);
      const isActive = state === 'SCTP_ESTABLISHED';
      expect(plane.live(1)).toEqual({ active: isActive ? 1 : 0, inactive: isActive ? 0 : 1 });
    }
  });

  test('an entry without packets expires after its timeout and is counted out', () => {
    plane.run(sctp4());
    plane.advance(3);
    expect(plane.sweep()).toMatchObject({ expired: 0, alive: 1 });
    plane.advance(1);
    expect(plane.sweep()).toMatchObject({ expired: 1, alive: 0 });
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  });
});

describe('the event of a packet', () => {
  const after = (chunks: Chunks): State | undefined => {
    plane.run(sctp4());
    putState('SCTP_ESTABLISHED');
    plane.run(sctp4(chunks));
    return stateNow();
  };
  const cookie = (length: number): ChunkFields => ({ type: 'COOKIE_ECHO', value: Buffer.alloc(length) });
  const rows: [string, Chunks, State][] = [
    ['the first chunk decides', ['SHUTDOWN', 'ABORT'], 'SCTP_SHUTDOWN_RECEIVED'],
    ['DATA before SHUTDOWN', ['DATA', 'SHUTDOWN'], 'SCTP_ESTABLISHED'],
    ['an ABORT behind COOKIE ECHO', ['COOKIE_ECHO', 'ABORT'], 'SCTP_CLOSED'],
    ['an ABORT behind COOKIE ACK', ['COOKIE_ACK', 'ABORT'], 'SCTP_CLOSED'],
    ['an ABORT behind a padded cookie', [cookie(5), 'ABORT'], 'SCTP_CLOSED'],
    ['an ABORT behind a long cookie', [cookie(700), 'ABORT'], 'SCTP_CLOSED'],
    ['an ABORT third', ['COOKIE_ECHO', 'DATA', 'ABORT'], 'SCTP_ESTABLISHED'],
    ['a cookie shorter than its header', [{ ...cookie(0), length: 3 }, 'ABORT'], 'SCTP_ESTABLISHED'],
    ['a cookie that ends beyond the packet', [{ ...cookie(0), length: 65535 }, 'ABORT'], 'SCTP_ESTABLISHED'],
    ['a chunk of another type', [{ type: 15 }], 'SCTP_ESTABLISHED'],
    ['type 255', [{ type: 255 }], 'SCTP_ESTABLISHED'],
    ['I-DATA', [{ type: 64 }], 'SCTP_ESTABLISHED'],
  ];
  test.each(rows)('%s', (_, chunks, state) => {
    expect(after(chunks)).toBe(state);
  });

  test('an ABORT that only the frame has, and not the packet', () => {
    plane.run(sctp4());
    putState('SCTP_ESTABLISHED');
    plane.run(Buffer.concat([sctp4(['COOKIE_ECHO']), Buffer.from([6, 0, 0, 4])]));
    expect(stateNow()).toBe('SCTP_ESTABLISHED');
  });
});

describe('what opens a connection', () => {
  test.each(EVENTS.filter((event) => event !== 'INIT'))('%s does not: the kernel answers', (event) => {
    expectPacket(plane, sctp4([event]), { verdict: 'pass', counted: { pass_no_connection: 1 } });
    expectPacket(plane, sctp6([event]), { verdict: 'pass', counted: { pass_no_connection: 1 } });
    expect(plane.entries()).toEqual([]);
  });

  const sloppy = EVENTS.filter((event) => event !== 'ABORT');
  test.each(sloppy)('%s does with sloppy_sctp', (event) => {
    plane.set({ options: OPTIONS | Option.OPTION_SLOPPY_SCTP });
    expectPacket(plane, sctp4([event]), { verdict: 'tx', counted: OPENED });
    expect(stateNow()).toBe(nextSctpState('SCTP_NONE', EVENTS.indexOf(event)));
  });

  test('an ABORT does not even then, unless a cookie stands before it', () => {
    plane.set({ options: OPTIONS | Option.OPTION_SLOPPY_SCTP });
    expectPacket(plane, sctp4(['ABORT']), { verdict: 'pass', counted: { pass_no_connection: 1 } });
    expectPacket(plane, sctp4(['COOKIE_ECHO', 'ABORT']), { verdict: 'tx', counted: OPENED });
    expect(stateNow()).toBe('SCTP_CLOSED');
  });

  test('sloppy_tcp does not count for SCTP', () => {
    plane.set({ options: OPTIONS | Option.OPTION_SLOPPY_TCP });
    expectPacket(plane, sctp4(['DATA']), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });

  test('nothing from port 20, as in IPVS', () => {
    expectPacket(plane, sctp4(['INIT'], { sport: 20 }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  });

  test('an INIT on a closed association is scheduled anew, unless conn_reuse_mode is 0', () => {
    plane.run(sctp4());
    putState('SCTP_CLOSED');
    plane.set({ options: 0 });
    expect(chosen(plane, sctp4())).toBe(1);
    putState('SCTP_CLOSED');
    plane.set({ options: OPTIONS });
    expectPacket(plane, sctp4(), { verdict: 'tx', counted: { ...OPENED, connections_reused: 1 } });
    expect(plane.entries()).toMatchObject([{ slot: 1, state: 'SCTP_INIT1' }]);
    expect(plane.live(1)).toEqual({ active: 0, inactive: 0 });
  });

  test.each(['SCTP_REJECTED', 'SCTP_SHUTDOWN_RECEIVED'] as const)('%s keeps its server', (state) => {
    plane.run(sctp4());
    putState(state);
    expectPacket(plane, sctp4(), { verdict: 'tx', counted: FORWARDED });
  });
});

describe('refused', () => {
  test.each([
    ['IPv4', sctp4, returning().ipv4({ src: VIP4, dst: CLIENT4, tos: 0xc0, id: 0 }).icmp({ type: 3, code: 3 })],
    ['IPv6', sctp6, returning().ipv6({ src: VIP6, dst: CLIENT6 }).icmpv6({ type: 1, code: 4 })],
  ] as const)('no eligible server, %s: port unreachable, the packet quoted', (_, packet, answer) => {
    const servers = [server(1, { weight: 0 })];
    const fields = { protocol: 'sctp', port: PORT } as const;
    plane.reset(world([service(servers, fields), service(servers, { id: 2, address: VIP6, ...fields })]));
    const frame = packet();
    expectPacket(plane, frame, {
      verdict: 'tx',
      counted: { drop_no_real_server: 1, icmp_sent: 1 },
      out: answer.payload(frame.subarray(14)).build(),
    });
  });

  test.each([
    ['a packet without a chunk', sctp4([])],
    ['a packet without a chunk, IPv6', sctp6([])],
    ['half a chunk header', arriving().ipv4({ dst: VIP4, totalLength: 34 }).sctp({ dport: PORT }).build()],
  ])('malformed: %s', (_, frame) => {
    expectPacket(plane, frame, { verdict: 'pass', counted: { pass_malformed: 1 } });
  });

  test('a deleted server: dropped; with expire_nodest_conn its association ends', () => {
    plane.run(sctp4());
    putState('SCTP_ESTABLISHED');
    const servers = [server(1, { available: false }), server(2)];
    plane.configure(world([service(servers, { protocol: 'sctp', port: PORT, generation: 2 })]));
    expectPacket(plane, sctp4(['DATA']), { verdict: 'drop', counted: { drop_real_server_gone: 1 } });
    plane.set({ options: OPTIONS | Option.OPTION_EXPIRE_NODEST_CONN });
    expectPacket(plane, sctp4(), { verdict: 'tx', counted: { ...OPENED, connections_without_server: 1 } });
  });
});

test('the third packet of a persistent client assures its template', () => {
  const servers = [server(1), server(2)];
  plane.reset(world([service(servers, { protocol: 'sctp', port: PORT, persistence: 300 })]));
  plane.run(sctp4());
  expect(plane.templates()[0]?.value.flags).toBe(0);
  plane.run(sctp4(['COOKIE_ECHO']));
  expect(plane.templates()[0]?.value.flags).toBe(1);
  expect(chosen(plane, sctp4(['INIT'], { sport: 7 }))).toBe(1);
});

describe('in fragments', () => {
  const data = { type: 'DATA', value: Buffer.alloc(1000) } as const;

  test.each([
    [
      'IPv4',
      (more: boolean) => arriving().ipv4({ src: CLIENT4, dst: VIP4, mf: more, offset: more ? 0 : 130, protocol: 132 }),
    ],
    [
      'IPv6',
      (more: boolean) =>
        arriving()
          .ipv6({ src: CLIENT6, dst: VIP6 })
          .fragment({ more, offset: more ? 0 : 130 }),
    ],
  ] as const)('%s: later ones follow the first', (family, fragment) => {
    plane.run(family === 'IPv4' ? sctp4() : sctp6());
    plane.counted();
    const first = fragment(true)
      .sctp({ dport: PORT, chunks: ['COOKIE_ECHO', data] })
      .build();
    const { frame: out } = expectPacket(plane, first, { verdict: 'tx', counted: FORWARDED });
    expect(out.readUInt8(5)).toBe(1);
    expect(stateNow()).toBe('SCTP_ESTABLISHED');
    const later = fragment(false).payload(500, 132).build();
    expect(expectPacket(plane, later, { verdict: 'tx', counted: FORWARDED }).frame.readUInt8(5)).toBe(1);
  });

  test('the first one must hold a chunk header, and no later one may lie over it', () => {
    const ip = { src: CLIENT4, dst: VIP4, protocol: 132 };
    const tiny = arriving()
      .ipv4({ ...ip, mf: true })
      .payload(sctp4().subarray(34, 42), 132)
      .build();
    expectPacket(plane, tiny, { verdict: 'pass', counted: { pass_malformed: 1 } });
    const first = arriving()
      .ipv4({ ...ip, mf: true })
      .sctp({ dport: PORT })
      .build();
    expectPacket(plane, first, { verdict: 'tx', counted: OPENED });
    const over = arriving()
      .ipv4({ ...ip, offset: 1 })
      .payload(16, 132)
      .build();
    expectPacket(plane, over, { verdict: 'pass', counted: { pass_malformed: 1 } });
  });
});

test('a full pair of buckets: what is closing goes first, an established association never', () => {
  using small = DataPlane.load({ buckets: 2 });
  small.reset(world([service([server(1)], { protocol: 'sctp', port: PORT })]));
  const put = (number: number, state: State): void => {
    small.table.words[number] = withLife(small.table.words[number] ?? 0n, state, small.now + 61);
  };
  for (let sport = 1; sport <= 16; sport++) small.run(sctp4(['INIT'], { sport }));
  for (let number = 0; number < 16; number++) put(number, 'SCTP_ESTABLISHED');
  small.counted();
  expectPacket(small, sctp4(['INIT'], { sport: 100 }), {
    verdict: 'tx',
    counted: { forwarded: 1, connections_unrecorded: 1 },
  });
  put(5, 'SCTP_CLOSED');
  expectPacket(small, sctp4(['INIT'], { sport: 101 }), {
    verdict: 'tx',
    counted: { ...OPENED, connections_evicted: 1 },
  });
  expect(small.entries()[5]?.key.sport).toBe(101);
  small.advance(3);
  expectPacket(small, sctp4(['INIT'], { sport: 102 }), {
    verdict: 'tx',
    counted: { ...OPENED, connections_evicted: 1 },
  });
});

test('drop_entry takes half-open associations out, and no others', () => {
  plane.run(sctp4());
  putState('SCTP_ESTABLISHED');
  for (let sport = 1; sport <= 300; sport++) plane.run(sctp4(['INIT'], { sport }));
  for (let round = 0; round < 40; round++) plane.sweep(false, { shed: true });
  expect(plane.counted()['connections_shed']).toBeGreaterThan(100);
  expect(plane.entries().filter(({ state }) => state === 'SCTP_ESTABLISHED')).toHaveLength(1);
});
