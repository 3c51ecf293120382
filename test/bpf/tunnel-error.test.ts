/** ICMP errors about tunnel packets: the client is told, as the virtual address. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import { PROTOCOL } from '../support/packet-layers.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, returning, tcp4, tcp6, udp4 } from './frames.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const DIRECTOR = { 4: '192.0.2.5', 6: '2001:db8::5' } as const;
const ROUTER = { 4: '203.0.113.1', 6: '2001:db8:9::1' } as const;
const told = { verdict: 'tx', counted: { drop_tunnel_error: 1, icmp_sent: 1 } } as const;
const nobody = { verdict: 'pass', counted: { pass_tunnel_error: 1 } } as const;
const unknown = { verdict: 'pass', counted: { pass_icmp_unknown: 1 } } as const;
const untouched = { verdict: 'pass', counted: {} } as const;

type Family = 4 | 6;

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

/** One connection of each family to server 1, through tunnels of `over`. */
function serve(over: Family, fields: Parameters<typeof server>[1] = {}): void {
  const servers = [server(1, { method: 'tun', family: over, ...fields })];
  plane.reset(
    world([
      service(servers),
      service(servers, { id: 2, address: VIP6 }),
      service(servers, { id: 3, protocol: 'udp', port: 53 }),
    ]),
  );
  for (const frame of [tcp4(), tcp6(), udp4()]) plane.run(frame);
  plane.counted();
}

function serverAddress(over: Family, n = 1): string {
  return over === 4 ? `192.0.2.${200 + n}` : `2001:db8::2:${n}`;
}

interface Inner {
  readonly df?: boolean;
  readonly sport?: number;
  readonly payload?: number;
}

/** What the client sent, as it stands in the tunnel. */
function inner(family: Family, { df = true, sport = 40000, payload = 600 }: Inner = {}): Buffer {
  const packet =
    family === 4
      ? ethernet().ipv4({ src: CLIENT4, dst: VIP4, ttl: 63, df })
      : ethernet().ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63 });
  return packet.tcp({ sport, flags: '.' }).payload(payload).build().subarray(14);
}

/** The tunnel's packet, without a link header. */
function tunnel(over: Family, inside: Buffer, fields: { to?: string; from?: string } = {}): Buffer {
  const { to = serverAddress(over), from = DIRECTOR[over] } = fields;
  const packet =
    over === 4 ? ethernet().ipv4({ src: from, dst: to, df: true }) : ethernet().ipv6({ src: from, dst: to });
  const isV6 = inside.readUInt8(0) >> 4 === 6;
  return packet
    .payload(inside, isV6 ? PROTOCOL.ipv6 : PROTOCOL.ipip)
    .build()
    .subarray(14);
}

interface ErrorFields {
  readonly type?: number;
  readonly code?: number;
  readonly rest?: number;
}

/** Default: too big, 1400 bytes would fit. */
function error(over: Family, quote: Buffer, fields: ErrorFields = {}, from: PacketBuilder = arriving()): Buffer {
  const { type = over === 4 ? 3 : 2, code = over === 4 ? 4 : 0, rest = 1400 } = fields;
  if (over === 4) {
    return from.ipv4({ src: ROUTER[4], dst: DIRECTOR[4] }).icmp({ type, code, rest }).payload(quote).build();
  }
  return from.ipv6({ src: ROUTER[6], dst: DIRECTOR[6] }).icmpv6({ type, code, rest }).payload(quote).build();
}

/** What the client gets. */
function answer(family: Family, quote: Buffer, fields: ErrorFields, from: PacketBuilder = returning()): Buffer {
  if (family === 4) {
    const ip = from.ipv4({ src: VIP4, dst: CLIENT4, tos: 0xc0, id: 0 });
    return ip.icmp(fields).payload(quote.subarray(0, 548)).build();
  }
  return from.ipv6({ src: VIP6, dst: CLIENT6 }).icmpv6(fields).payload(quote.subarray(0, 1232)).build();
}

const FAMILIES: [Family, Family][] = [
  [4, 4],
  [6, 4],
  [4, 6],
  [6, 6],
];

describe.each(FAMILIES)('IPv%i in IPv%i', (family, over) => {
  beforeEach(() => serve(over));
  const overhead = over === 4 ? 20 : 40;

  test('too big: what fits, less the outer header', () => {
    const mtu = family === 4 ? { type: 3, code: 4 } : { type: 2, code: 0 };
    const out = answer(family, inner(family), { ...mtu, rest: Math.max(1400 - overhead, family === 6 ? 1280 : 0) });
    expectPacket(plane, error(over, tunnel(over, inner(family))), { ...told, out });
  });

  test('behind VLAN tags', () => {
    const tagged = (from: PacketBuilder): PacketBuilder => from.vlan(7, 0x88a8).vlan(9);
    const fields = family === 4 ? { type: 3, code: 4, rest: 1500 - overhead } : { type: 2, rest: 1500 - overhead };
    const frame = error(over, tunnel(over, inner(family)), { rest: 1500 }, tagged(arriving()));
    expectPacket(plane, frame, { ...told, out: answer(family, inner(family), fields, tagged(returning())) });
  });

  test('every length of the quote from the ports on; shorter ones are not told apart', () => {
    const ports = (family === 4 ? 20 : 40) + 4;
    for (let length = 0; length < 200; length++) {
      const quote = inner(family).subarray(0, length);
      const frame = error(over, tunnel(over, inner(family)).subarray(0, overhead + length));
      if (length < ports) expectPacket(plane, frame, untouched);
      else expectChecksums(expectPacket(plane, frame, told).frame);
      expect(quote.length).toBe(length);
    }
  });

  test('unreachable, and hops that run out', () => {
    const rows: ErrorFields[] =
      over === 4
        ? [
            { type: 3, code: 1 },
            { type: 11, code: 0 },
          ]
        : [{ type: 1 }, { type: 3 }, { type: 4 }];
    for (const { type = 0, code = 0 } of rows) {
      const as = family === 6 ? { type: 1, code: 3 } : over === 4 ? { type, code } : { type: 3, code: 1 };
      const frame = error(over, tunnel(over, inner(family)), { type, code, rest: 0 });
      expectPacket(plane, frame, { ...told, out: answer(family, inner(family), { ...as, rest: 0 }) });
    }
  });

  test('forged: another client, another real server, another tunnel, another sender', () => {
    expectPacket(plane, error(over, tunnel(over, inner(family, { sport: 40001 }))), unknown);
    expectPacket(plane, error(over, tunnel(over, inner(family), { to: serverAddress(over, 2) })), unknown);
    expectPacket(plane, error(over, tunnel(over, inner(family), { from: ROUTER[over] })), untouched);
    const other = over === 4 ? 6 : 4;
    expectPacket(plane, error(other, tunnel(other, inner(family))), unknown);
  });

  test('a wrong checksum, another MAC', () => {
    const broken = error(over, tunnel(over, inner(family)));
    broken[broken.length - 1] = broken.readUInt8(broken.length - 1) ^ 1;
    expectPacket(plane, broken, { verdict: 'pass', counted: { pass_malformed: 1 } });
    const foreign = error(over, tunnel(over, inner(family)));
    foreign[5] = 0x77;
    expectPacket(plane, foreign, { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });

  test('cut at every byte: the kernel gets it untouched', () => {
    const whole = error(over, tunnel(over, inner(family, { payload: 8 })));
    for (let length = 14; length < whole.length; length++) {
      expectPacket(plane, Buffer.from(whole.subarray(0, length)), untouched);
    }
  });

  test('a server that is gone, or answers by dr', () => {
    for (const fields of [{ available: false }, { method: 'dr' as const }]) {
      serve(over, {});
      const servers = [server(1, { method: 'tun', family: over, ...fields })];
      const edited = [service(servers), service(servers, { id: 2, address: VIP6 })];
      plane.configure(world(edited.map((entry) => ({ ...entry, generation: 2 }))));
      expectPacket(plane, error(over, tunnel(over, inner(family))), unknown);
    }
  });

  test('state, deadlines and traffic stay as they were', () => {
    const traffic = (): unknown[] => [1, 2].map((id) => plane.traffic('service_traffic', id));
    const [entries, before] = [plane.entries(), traffic()];
    plane.advance(5);
    plane.run(error(over, tunnel(over, inner(family))));
    expect(plane.entries()).toEqual(entries);
    expect(traffic()).toEqual(before);
  });
});

describe('the MTU that the client is told', () => {
  const rows: [Family, Family, number, number][] = [
    [4, 4, 1500, 1480],
    [4, 4, 89, 69],
    [4, 4, 88, 88], // what is left would be less than IPv4's least
    [4, 4, 0, 0], // a router from before RFC 1191
    [4, 4, 0xabcd05dc, 1480], // the upper half is not of the MTU
    [6, 4, 1500, 1480],
    [6, 4, 576, 1280],
    [4, 6, 1500, 1460],
    [4, 6, 1000, 1240], // less than IPv6's least
    [4, 6, 0x20000, 0xffff],
    [6, 6, 1500, 1460],
    [6, 6, 1280, 1280],
  ];
  test.each(rows)('IPv%i in IPv%i, MTU %i: %i', (family, over, rest, mtu) => {
    serve(over);
    const out = answer(family, inner(family), { ...(family === 4 ? { type: 3, code: 4 } : { type: 2 }), rest: mtu });
    expectPacket(plane, error(over, tunnel(over, inner(family)), { rest }), { ...told, out });
  });
});

describe('nobody is told', () => {
  test('who does no path MTU discovery, and whoever comes while pmtu_disc is 0', () => {
    for (const over of [4, 6] as const) {
      serve(over);
      expectPacket(plane, error(over, tunnel(over, inner(4, { df: false }))), nobody);
      plane.set({ options: 0 });
      expectPacket(plane, error(over, tunnel(over, inner(4))), nobody);
      expectPacket(plane, error(over, tunnel(over, inner(6))), told);
    }
  });

  test('types without a counterpart', () => {
    serve(4);
    expectPacket(plane, error(4, tunnel(4, inner(6)), { type: 4 }), nobody);
    expectPacket(plane, error(4, tunnel(4, inner(4)), { type: 5 }), untouched);
    serve(6);
    expectPacket(plane, error(6, tunnel(6, inner(4)), { type: 100 }), nobody);
    expectPacket(plane, error(6, tunnel(6, inner(4)), { type: 128 }), untouched);
  });

  test('beyond the rate', () => {
    serve(4);
    plane.set({ icmp_rate: 0, icmp_burst: 0 });
    const counted = { drop_tunnel_error: 1, icmp_rate_limited: 1 };
    expectPacket(plane, error(4, tunnel(4, inner(4))), { verdict: 'drop', counted });
    plane.set({ icmp_rate: 1_000_000, icmp_burst: 1_000_000 });
  });

  test('later fragments of the tunnel, or inside it', () => {
    serve(4);
    const later = ethernet()
      .ipv4({ src: DIRECTOR[4], dst: serverAddress(4), offset: 1 })
      .payload(inner(4), PROTOCOL.ipip);
    expectPacket(plane, error(4, later.build().subarray(14)), untouched);
    const inside = ethernet().ipv4({ src: CLIENT4, dst: VIP4, offset: 1 }).tcp().build().subarray(14);
    expectPacket(plane, error(4, tunnel(4, inside)), untouched);
  });
});

test('UDP, and options in both headers', () => {
  serve(4);
  const options = Buffer.alloc(12, 1);
  const inside = ethernet().ipv4({ src: CLIENT4, dst: VIP4, df: true, options }).udp().payload(30).build().subarray(14);
  const outer = ethernet()
    .ipv4({ src: DIRECTOR[4], dst: serverAddress(4), options })
    .payload(inside, PROTOCOL.ipip);
  const out = answer(4, inside, { type: 3, code: 4, rest: 1380 });
  expectPacket(plane, error(4, outer.build().subarray(14)), { ...told, out });
});

test('a spread outer source is the one that the router answered', () => {
  serve(4, { outerSource: '192.0.2.0', spreadBits: 4 });
  expectPacket(plane, error(4, tunnel(4, inner(4))), told);
});
