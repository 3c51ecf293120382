/** ICMP errors about connections go to the connection's real server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import { expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, tcp4, tcp6, udp4 } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const ROUTER4 = '203.0.113.1';
const ROUTER6 = '2001:db8:9::1';
const forwarded = { forwarded: 1 };
const unknown = { verdict: 'pass', counted: { pass_icmp_unknown: 1 } } as const;
const untouched = { verdict: 'pass', counted: {} } as const;

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  serve();
  for (const frame of [tcp4(), tcp4({ flags: '.' }), tcp6(), udp4()]) plane.run(frame);
  plane.counted();
});

/** TCP over IPv4 on server 1, over IPv6 on server 2, UDP on server 3. */
function serve(fields: Parameters<typeof server>[1] = {}, generation = 1): void {
  const tcp = service([server(1, fields)], { generation });
  const v6 = service([server(2, fields)], { id: 2, address: VIP6, generation });
  const udp = service([server(3, fields)], { id: 3, protocol: 'udp', port: 53, generation });
  if (generation === 1) plane.reset(world([tcp, v6, udp]));
  else plane.configure(world([tcp, v6, udp]));
}

/** Without a link header: what an error quotes. */
function quoted(build: (packet: PacketBuilder) => PacketBuilder, length?: number): Buffer {
  return build(ethernet()).build().subarray(14).subarray(0, length);
}

/** What server 1 answered. */
function answer4(length?: number, dport = 40000): Buffer {
  return quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).tcp({ sport: 80, dport, flags: 'S.' }), length);
}

function answer6(length?: number): Buffer {
  return quoted((packet) => packet.ipv6({ src: VIP6, dst: CLIENT6 }).tcp({ sport: 80, dport: 40000 }), length);
}

interface ErrorFields {
  readonly type?: number;
  readonly code?: number;
  readonly rest?: number;
  readonly ttl?: number;
}

function error4(
  quote: Buffer,
  { type = 3, code = 4, rest = 1400, ttl = 64 }: ErrorFields = {},
  from = arriving(),
): Buffer {
  return from.ipv4({ src: ROUTER4, dst: VIP4, ttl }).icmp({ type, code, rest }).payload(quote).build();
}

function error6(
  quote: Buffer,
  { type = 2, code = 0, rest = 1400, ttl = 64 }: ErrorFields = {},
  from = arriving(),
): Buffer {
  return from.ipv6({ src: ROUTER6, dst: VIP6, hopLimit: ttl }).icmpv6({ type, code, rest }).payload(quote).build();
}

describe('every kind of error reaches the real server, whole', () => {
  test.each([
    [3, 0],
    [3, 1],
    [3, 2],
    [3, 3],
    [3, 4],
    [3, 13],
    [4, 0],
    [11, 0],
    [11, 1],
  ])('IPv4 type %i code %i', (type, code) => {
    const out = error4(answer4(28), { type, code, ttl: 63 }, leaving(1));
    expectPacket(plane, error4(answer4(28), { type, code }), { verdict: 'tx', out, counted: forwarded });
  });

  test.each([
    [1, 0],
    [1, 4],
    [2, 0],
    [3, 0],
    [3, 1],
    [4, 1],
    [100, 0],
    [127, 0],
  ])('IPv6 type %i code %i', (type, code) => {
    const out = error6(answer6(), { type, code, ttl: 63 }, leaving(2));
    expectPacket(plane, error6(answer6(), { type, code }), { verdict: 'tx', out, counted: forwarded });
  });

  test('UDP', () => {
    const quote = quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).udp({ sport: 53, dport: 40000 }));
    const out = error4(quote, { code: 3, ttl: 63 }, leaving(3));
    expectPacket(plane, error4(quote, { code: 3 }), { verdict: 'tx', out, counted: forwarded });
  });

  test('SCTP', () => {
    plane.reset(world([service([server(1)], { protocol: 'sctp', port: 2905 })]));
    plane.run(
      arriving()
        .ipv4({ src: CLIENT4, dst: VIP4 })
        .sctp({ sport: 40000, dport: 2905, chunks: ['INIT'] })
        .build(),
    );
    plane.counted();
    const quote = quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).sctp({ sport: 2905, dport: 40000 }), 28);
    const out = error4(quote, { code: 2, ttl: 63 }, leaving(1));
    expectPacket(plane, error4(quote, { code: 2 }), { verdict: 'tx', out, counted: forwarded });
  });

  test('with IPv4 options in both headers, and behind VLAN tags', () => {
    const options = Buffer.alloc(40, 1);
    const quote = quoted(
      (packet) => packet.ipv4({ src: VIP4, dst: CLIENT4, options }).tcp({ sport: 80, dport: 40000 }),
      64,
    );
    const build = (from: PacketBuilder, ttl: number): Buffer =>
      from
        .vlan(7, 0x88a8)
        .vlan(9)
        .ipv4({ src: ROUTER4, dst: VIP4, options, ttl })
        .icmp({ type: 11 })
        .payload(quote)
        .build();
    expectPacket(plane, build(arriving(), 64), { verdict: 'tx', out: build(leaving(1), 63), counted: forwarded });
  });

  test('with extension headers in both', () => {
    const quote = quoted((packet) =>
      packet.ipv6({ src: VIP6, dst: CLIENT6 }).hopByHop().destinationOptions(2).tcp({ sport: 80, dport: 40000 }),
    );
    const build = (from: PacketBuilder, hopLimit: number): Buffer =>
      from.ipv6({ src: ROUTER6, dst: VIP6, hopLimit }).destinationOptions(1).icmpv6({ type: 1 }).payload(quote).build();
    expectPacket(plane, build(arriving(), 64), { verdict: 'tx', out: build(leaving(2), 63), counted: forwarded });
  });

  test('a quote of a first fragment', () => {
    const quote = quoted((packet) =>
      packet.ipv4({ src: VIP4, dst: CLIENT4, mf: true }).tcp({ sport: 80, dport: 40000 }),
    );
    expectPacket(plane, error4(quote), { verdict: 'tx', counted: forwarded });
  });
});

describe('through a tunnel', () => {
  const rows: [4 | 6, 4 | 6][] = [
    [4, 4],
    [4, 6],
    [6, 4],
    [6, 6],
  ];
  test.each(rows)('IPv%i in IPv%i', (family, over) => {
    serve({ method: 'tun', family: over });
    plane.run(family === 4 ? tcp4() : tcp6());
    const n = family === 4 ? 1 : 2;
    const outer =
      over === 4
        ? leaving(n).ipv4({ src: '192.0.2.5', dst: `192.0.2.${200 + n}`, df: true, ttl: 63 })
        : leaving(n).ipv6({ src: '2001:db8::5', dst: `2001:db8::2:${n}`, hopLimit: 63 });
    const build = (from: PacketBuilder, ttl: number): Buffer =>
      family === 4
        ? from
            .ipv4({ src: ROUTER4, dst: VIP4, df: true, ttl })
            .icmp({ type: 3, code: 4, rest: 1400 })
            .payload(answer4(28))
            .build()
        : error6(answer6(), { ttl }, from);
    const isCopy = family === 4 || over === 6; // an outer IPv4 header without DF has an identification of its own
    const out = isCopy ? { out: build(outer, 63) } : {};
    plane.counted();
    expectPacket(plane, build(arriving(), 64), { verdict: 'tx', ...out, counted: forwarded });
  });
});

test('it counts as a packet of service and server; state and deadline stay', () => {
  const before = plane.entries();
  const frame = error4(answer4(28));
  plane.advance(30);
  const traffic = (): unknown[] => [plane.traffic('service_traffic', 1), plane.traffic('server_traffic', 1)];
  expect(traffic()).toEqual(Array(2).fill({ connections: 1, packets: 2, bytes: 80 }));
  plane.run(frame);
  expect(traffic()).toEqual(Array(2).fill({ connections: 1, packets: 3, bytes: 80 + frame.length - 14 }));
  expect(plane.entries()).toEqual(before);
});

describe('left to the kernel without a word: nothing of a service', () => {
  const echo = (type: number): Buffer => arriving().ipv4({ dst: VIP4 }).icmp({ type }).payload(answer4()).build();
  const rows: [string, Buffer][] = [
    ['ping', echo(8)],
    ['redirect', echo(5)],
    ['parameter problem', echo(12)],
    ['ping over IPv6', error6(answer6(), { type: 128 })],
    ['neighbour solicitation', error6(answer6(), { type: 135 })],
    ['router advertisement', error6(answer6(), { type: 134 })],
    [
      'about no service',
      error4(quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).tcp({ sport: 81, dport: 40000 }))),
    ],
    ['about another protocol', error4(quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).icmp()))],
    [
      'about a later fragment',
      error4(quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4, offset: 1 }).tcp({ sport: 80, dport: 40000 }))),
    ],
    [
      'about a later IPv6 fragment',
      error6(
        quoted((packet) =>
          packet.ipv6({ src: VIP6, dst: CLIENT6 }).fragment({ offset: 1 }).tcp({ sport: 80, dport: 40000 }),
        ),
      ),
    ],
    [
      'about a packet that the addressee did not send',
      error4(quoted((packet) => packet.ipv4({ src: '192.0.2.77', dst: CLIENT4 }).tcp({ sport: 80 }))),
    ],
    ['about a client’s packet', error4(quoted((packet) => packet.ipv4({ src: CLIENT4, dst: VIP4 }).tcp()))],
    ['in fragments', arriving().ipv4({ dst: VIP4, mf: true }).icmp({ type: 3 }).payload(answer4()).build()],
  ];
  test.each(rows)('%s', (_, frame) => {
    expectPacket(plane, frame, untouched);
  });

  test('an ICMPv6 error in fragments, which no error is', () => {
    const frame = arriving()
      .ipv6({ dst: VIP6 })
      .fragment({ more: true })
      .icmpv6({ type: 1 })
      .payload(answer6())
      .build();
    expectPacket(plane, frame, { verdict: 'pass', counted: { pass_fragment: 1 } });
  });
});

describe('about a service, but not believed', () => {
  test('no such connection', () => {
    expectPacket(plane, error4(answer4(28, 40001)), unknown);
  });

  test('a connection that is over', () => {
    plane.advance(20_000);
    expectPacket(plane, error4(answer4(28)), unknown);
  });

  test('a wrong checksum', () => {
    for (const frame of [error4(answer4(28)), error6(answer6())]) {
      frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1);
      expectPacket(plane, frame, { verdict: 'pass', counted: { pass_malformed: 1 } });
    }
  });

  test('another MAC', () => {
    const frame = error4(answer4(28));
    frame[5] = 0x77;
    expectPacket(plane, frame, { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });

  test('cut at every byte of the quote, lengths and sums right: only with the ports', () => {
    for (let length = 0; length <= 40; length++) {
      const verdict = length < 24 ? untouched : { verdict: 'tx' as const, counted: forwarded };
      expectPacket(plane, error4(answer4(length)), verdict);
    }
    for (let length = 0; length <= 60; length++) {
      const verdict = length < 44 ? untouched : { verdict: 'tx' as const, counted: forwarded };
      expectPacket(plane, error6(answer6(length)), verdict);
    }
  });

  test('padding behind a quote without ports is not read as ports', () => {
    const frame = Buffer.concat([error4(answer4(20)), answer4().subarray(20)]);
    expectPacket(plane, frame, untouched);
  });

  test('cut at every byte, and every byte changed: passes untouched, or leaves well formed', () => {
    for (const whole of [error4(answer4(28)), error6(answer6())]) {
      for (let length = 14; length < whole.length; length++) {
        const frame = whole.subarray(0, length);
        const { verdict, frame: out } = plane.run(frame);
        expect(verdict, `${length} of ${whole.length} bytes`).toBe('pass');
        expect(out.equals(frame)).toBe(true);
      }
      for (let at = 14; at < whole.length; at++) {
        const frame = Buffer.from(whole);
        frame[at] = frame.readUInt8(at) ^ 0x41;
        const { verdict, frame: out } = plane.run(frame);
        if (verdict === 'pass') expect(out.equals(frame), `byte ${at}`).toBe(true);
      }
    }
  });
});

test('a deleted server: dropped like the packets of its connections', () => {
  serve({ available: false }, 2);
  expectPacket(plane, error4(answer4(28)), { verdict: 'drop', counted: { drop_real_server_gone: 1 } });
});

describe('no ICMP error about an ICMP error', () => {
  test('hops that run out', () => {
    expectPacket(plane, error4(answer4(28), { ttl: 1 }), { verdict: 'drop', counted: { drop_ttl_exceeded: 1 } });
    expectPacket(plane, error6(answer6(), { ttl: 1 }), { verdict: 'drop', counted: { drop_ttl_exceeded: 1 } });
  });

  test('larger than the MTU', () => {
    serve({ mtu: 50 }, 2);
    expectPacket(plane, error6(answer6()), { verdict: 'drop', counted: { drop_too_big: 1 } });
    expectPacket(plane, error4(answer4(28)), { verdict: 'drop', counted: { drop_too_big_no_df: 1 } });
  });
});

describe('schedule_icmp', () => {
  const new4 = error4(answer4(28, 40001));
  const opens = { connections_created: 1, forwarded: 1 };
  beforeEach(() => plane.set({ options: OPTIONS | Option.OPTION_SCHEDULE_ICMP }));

  test('an error about an unknown connection opens it: inactive, for 3 s, until a packet comes', () => {
    expectPacket(plane, new4, { verdict: 'tx', counted: opens });
    expect(plane.entries()).toContainEqual(expect.objectContaining({ state: 'NONE' }));
    expect(plane.live(1)).toEqual({ active: 1, inactive: 1 });
    plane.advance(2);
    expectPacket(plane, new4, { verdict: 'tx', counted: forwarded });
    expectPacket(plane, tcp4({ sport: 40001 }), { verdict: 'tx', counted: forwarded });
    expect(plane.live(1)).toEqual({ active: 2, inactive: 0 });
  });

  test('gone after 3 s', () => {
    plane.run(new4);
    plane.advance(3);
    plane.sweep();
    expect(plane.live(1)).toEqual({ active: 1, inactive: 0 });
  });

  test('a known connection is used as ever', () => {
    const before = plane.entries();
    expectPacket(plane, error4(answer4(28)), { verdict: 'tx', counted: forwarded });
    expect(plane.entries()).toEqual(before);
  });

  test('no real server: dropped without an answer', () => {
    plane.configure(world([service([], { generation: 2 })]));
    expectPacket(plane, new4, { verdict: 'drop', counted: { drop_no_real_server: 1 } });
  });

  test('a one-packet service leaves no entry', () => {
    plane.reset(world([service([server(1)], { protocol: 'udp', port: 53, onePacket: true })]));
    plane.set({ options: OPTIONS | Option.OPTION_SCHEDULE_ICMP });
    const quote = quoted((packet) => packet.ipv4({ src: VIP4, dst: CLIENT4 }).udp({ sport: 53, dport: 9 }));
    expectPacket(plane, error4(quote), { verdict: 'tx', counted: { one_packet: 1, forwarded: 1 } });
    expect(plane.entries()).toEqual([]);
  });

  test("FTP's data connections, drop_packet, and a wrong checksum open nothing", () => {
    expectPacket(plane, error4(answer4(28, 20)), unknown);
    plane.set({ drop_rate: 1 });
    expectPacket(plane, new4, { verdict: 'drop', counted: { drop_defense: 1 } });
    plane.set({ drop_rate: 0 });
    const broken = Buffer.from(new4);
    broken[broken.length - 1] = broken.readUInt8(broken.length - 1) ^ 1;
    expectPacket(plane, broken, { verdict: 'pass', counted: { pass_malformed: 1 } });
  });
});
