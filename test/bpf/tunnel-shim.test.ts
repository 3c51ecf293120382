/** GUE and GRE in all four combinations of families: every byte, sums of every length, and what does not fit. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PacketBuilder } from '../support/packet.ts';
import { parseFrame } from '../support/packet-parse.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning, tcp4, tcp6 } from './frames.ts';
import { CLIENT4, CLIENT6, type ServerConfig, server, service, VIP4, VIP6, world } from './world.ts';

type Family = 4 | 6;
type Tunnel = Pick<ServerConfig, 'tunnel' | 'tunnelSum'>;

const TUNNELS: [string, Tunnel, number][] = [
  ['gue', { tunnel: 'gue', tunnelSum: false }, 12],
  ['gue with a sum', { tunnel: 'gue', tunnelSum: true }, 12],
  ['gre', { tunnel: 'gre', tunnelSum: false }, 4],
  ['gre with a sum', { tunnel: 'gre', tunnelSum: true }, 8],
];
const FAMILIES: [Family, Family][] = [
  [4, 4],
  [6, 4],
  [4, 6],
  [6, 6],
];

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

function tunnelTo(over: Family, fields: Partial<ServerConfig>): void {
  const servers = [server(1, { family: over, method: 'tun', outerDf: 'set', ...fields })];
  plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
}

const client = (family: Family, payload: number, hops = 64): ((from: PacketBuilder) => PacketBuilder) => {
  return (from) =>
    (family === 4
      ? from.ipv4({ src: CLIENT4, dst: VIP4, ttl: hops, tos: 0xb9, id: 77, df: true })
      : from.ipv6({ src: CLIENT6, dst: VIP6, hopLimit: hops, trafficClass: 0xb9, flowLabel: 0x12345 })
    )
      .tcp()
      .payload(payload);
};

function outer(over: Family, id: number): PacketBuilder {
  return over === 4
    ? leaving(1).ipv4({ src: '192.0.2.5', dst: '192.0.2.201', ttl: 63, tos: 0xb9, id, df: true })
    : leaving(1).ipv6({ src: '2001:db8::5', dst: '2001:db8::2:1', hopLimit: 63, trafficClass: 0xb9 });
}

function shimmed(from: PacketBuilder, { tunnel, tunnelSum }: Tunnel, sport: number): PacketBuilder {
  if (tunnel === 'gre') return from.gre({ sum: tunnelSum });
  return from.udp({ sport, dport: 6080, ...(tunnelSum ? {} : { checksum: 0 }) }).gue();
}

describe.each(TUNNELS)('%s', (_, tunnel, bytes) => {
  describe.each(FAMILIES)('IPv%i in IPv%i', (family, over) => {
    test('the whole packet', () => {
      tunnelTo(over, tunnel);
      for (const payload of [0, 1, 8, 9, 37, 1000]) {
        const frame = client(family, payload)(arriving()).build();
        const { frame: sent } = plane.run(frame);
        const sport = tunnel.tunnel === 'gue' ? (parseFrame(sent).ip?.transport?.sport ?? 0) : 0;
        if (tunnel.tunnel === 'gue') expect(sport).toBeGreaterThanOrEqual(32768);
        plane.counted();
        const out = client(family, payload, 63)(shimmed(outer(over, family === 4 ? 77 : 0), tunnel, sport)).build();
        expectPacket(plane, frame, { verdict: 'tx', out, counted: { forwarded: 1 } });
      }
    });

    test('its headers count in what fits', () => {
      const room = 1500 - (over === 4 ? 20 : 40) - bytes;
      tunnelTo(over, tunnel);
      const header = family === 4 ? 40 : 60;
      const fits = client(family, room - header)(arriving()).build();
      expect(parseFrame(plane.run(fits).frame).ip?.length).toBe(1500);
      plane.counted();
      const { verdict, frame } = plane.run(client(family, room - header + 1)(arriving()).build());
      expect(verdict).toBe('tx');
      expectChecksums(frame);
      const rest = parseFrame(frame).ip?.icmp?.rest;
      expect(rest).toBe(room);
      expect(plane.counted()).toMatchObject({ drop_too_big: 1, icmp_sent: 1 });
    });
  });
});

test('bytes of a short frame behind the packet are not summed', () => {
  tunnelTo(4, { tunnel: 'gue', tunnelSum: true });
  const { frame } = plane.run(Buffer.concat([tcp4({}, { df: true }), Buffer.alloc(6, 0xaa)]));
  expectChecksums(frame);
  expect(parseFrame(frame)).toMatchObject({ length: 14 + 32 + 40 + 6, ip: { length: 72 } });
});

describe("UDP's source port", () => {
  const ports = (make: (sport: number) => Buffer): number[] =>
    Array.from({ length: 128 }, (_, n) => parseFrame(plane.run(make(1000 + n)).frame).ip?.transport?.sport ?? 0);

  test.each([4, 6] as const)('over IPv%i: one for a flow, others for others, in the range of the kernel', (over) => {
    tunnelTo(over, { tunnel: 'gue' });
    const found = ports((sport) => (over === 4 ? tcp4({ sport }) : tcp6({ sport })));
    expect(ports((sport) => (over === 4 ? tcp4({ sport, flags: '.' }) : tcp6({ sport, flags: '.' })))).toEqual(found);
    expect(new Set(found).size).toBeGreaterThan(120);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(32768);
    expect(Math.max(...found)).toBeLessThan(60999);
    expect(Math.max(...found) - Math.min(...found)).toBeGreaterThan(20000);
  });

  test('a spread source is in the sum', () => {
    tunnelTo(4, { tunnel: 'gue', tunnelSum: true, outerSource: '172.16.1.5', spreadBits: 16 });
    for (let sport = 1; sport < 64; sport++) expectChecksums(plane.run(tcp4({ sport })).frame);
  });
});

describe('VLAN tags and other egress', () => {
  test.each(TUNNELS)('%s behind two tags', (_, tunnel) => {
    tunnelTo(6, tunnel);
    const { frame } = plane.run(client(4, 9)(arriving().vlan(5).vlan(6)).build());
    expectChecksums(frame);
    const { tags, ip } = parseFrame(frame);
    expect(tags.map(({ tci }) => tci)).toEqual([5, 6]);
    expect(ip?.protocol).toBe(tunnel.tunnel === 'gue' ? 17 : 47);
  });
});

/** The client's packet in the tunnel, quoted by a router on the way. */
function quoted(family: Family, over: Family, tunnel: Tunnel, port = 6080): Buffer {
  const sent = shimmed(outer(over, 0), tunnel, 40000);
  const frame = (
    family === 4 ? sent.ipv4({ src: CLIENT4, dst: VIP4, ttl: 63, df: true }) : sent.ipv6({ src: CLIENT6, dst: VIP6 })
  )
    .tcp({ flags: '.' })
    .payload(600)
    .build();
  if (tunnel.tunnel === 'gue') frame.writeUInt16BE(port, 14 + (over === 4 ? 20 : 40) + 2);
  return frame.subarray(14);
}

function tooBig(over: Family, quote: Buffer, mtu: number): Buffer {
  return over === 4
    ? arriving()
        .ipv4({ src: '203.0.113.1', dst: '192.0.2.5' })
        .icmp({ type: 3, code: 4, rest: mtu })
        .payload(quote)
        .build()
    : arriving()
        .ipv6({ src: '2001:db8:9::1', dst: '2001:db8::5' })
        .icmpv6({ type: 2, rest: mtu })
        .payload(quote)
        .build();
}

describe.each(TUNNELS)('an ICMP error about %s', (_, tunnel, bytes) => {
  test.each(FAMILIES)('IPv%i in IPv%i: the client learns what fits', (family, over) => {
    tunnelTo(over, tunnel);
    plane.run(family === 4 ? tcp4() : tcp6());
    plane.counted();
    const fits = 1460 - (over === 4 ? 20 : 40) - bytes;
    const quote = quoted(family, over, tunnel);
    const inside = quote.subarray((over === 4 ? 20 : 40) + bytes);
    const out =
      family === 4
        ? returning()
            .ipv4({ src: VIP4, dst: CLIENT4, tos: 0xc0, id: 0 })
            .icmp({ type: 3, code: 4, rest: fits })
            .payload(inside.subarray(0, 548))
        : returning().ipv6({ src: VIP6, dst: CLIENT6 }).icmpv6({ type: 2, rest: fits }).payload(inside);
    expectPacket(plane, tooBig(over, quote, 1460), {
      verdict: 'tx',
      out: out.build(),
      counted: { drop_tunnel_error: 1, icmp_sent: 1 },
    });
  });

  test('none of ours: of another type, or to another port', () => {
    tunnelTo(4, tunnel);
    plane.run(tcp4());
    plane.counted();
    const others: Buffer[] = TUNNELS.filter(([, other]) => other.tunnel !== tunnel.tunnel).map(([, other]) =>
      quoted(4, 4, other),
    );
    if (tunnel.tunnel === 'gue') others.push(quoted(4, 4, tunnel, 6081));
    for (const quote of others) {
      expectPacket(plane, tooBig(4, quote, 1400), { verdict: 'pass', counted: { pass_icmp_unknown: 1 } });
    }
  });
});

test("what is no tunnel packet of ours is the kernel's, uncounted", () => {
  tunnelTo(4, { tunnel: 'gre' });
  plane.run(tcp4());
  plane.counted();
  const inside = (from: PacketBuilder) => from.ipv4({ src: CLIENT4, dst: VIP4 }).tcp({ flags: '.' });
  const quotes = [
    inside(outer(4, 0).gre({ flags: 0x2000 })),
    inside(outer(4, 0).gre({ type: 0x6558 })),
    inside(outer(4, 0).udp({ dport: 6080 }).gue({ lengths: 0x20 })),
    inside(outer(4, 0).udp({ dport: 6080 }).gue({ flags: 1 })),
    inside(outer(4, 0).udp({ dport: 6080 }).gue({ protocol: 6 })),
    outer(4, 0).udp({ dport: 6080 }),
    outer(4, 0).gre(),
  ];
  for (const quote of quotes) {
    expectPacket(plane, tooBig(4, quote.build().subarray(14), 1400), { verdict: 'pass', counted: {} });
  }
});
