/** nat_icmp_send: what a real server of NAT sends outside of any connection is answered by the director. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import { parseFrame } from '../support/packet-parse.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, returning } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const UNTOUCHED = { verdict: 'pass', counted: {} } as const;
const REFUSED = { verdict: 'tx', counted: { drop_unknown_reply: 1, icmp_sent: 1 } } as const;
const FAMILIES = [
  { family: 4, client: CLIENT4, vip: VIP4, real: '192.0.2.201', direct: '192.0.2.202', director: '192.0.2.5' },
  { family: 6, client: CLIENT6, vip: VIP6, real: '2001:db8::2:1', direct: '2001:db8::2:2', director: '2001:db8::5' },
] as const;
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const EACH = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => [family.family, protocol, family] as const));

interface Ends {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly ttl?: number;
}

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.reset(world(services()));
  plane.set({ options: OPTIONS | Option.OPTION_NAT_ICMP_SEND });
});

function services(fields: Parameters<typeof server>[1] = {}) {
  return FAMILIES.flatMap(({ family, vip }) =>
    PROTOCOLS.map((protocol, n) => {
      const id = family * 8 + 2 * n;
      const real = server(1, { method: 'nat', port: 8080, family, id, ...fields });
      const direct = server(2, { port: 8080, family, id: id + 1 });
      return service([real, direct], { id, address: vip, protocol });
    }),
  );
}

function network(builder: PacketBuilder, { src, dst, ttl = 64 }: Ends): PacketBuilder {
  return src.includes(':') ? builder.ipv6({ src, dst, hopLimit: ttl }) : builder.ipv4({ src, dst, ttl });
}

function segment(
  builder: PacketBuilder,
  protocol: (typeof PROTOCOLS)[number],
  ends: Ends,
  last = false,
): PacketBuilder {
  const ports = { sport: ends.sport ?? 8080, dport: 40000 };
  const ip = network(builder, ends);
  if (protocol === 'udp') return ip.udp(ports);
  if (protocol === 'sctp') return ip.sctp({ ...ports, chunks: [last ? 'ABORT' : 'DATA'] });
  return ip.tcp({ ...ports, flags: last ? 'R.' : 'S.' });
}

/** Port unreachable from the director, about the packet as a router would have passed it on. */
function refusal(protocol: (typeof PROTOCOLS)[number], ends: Ends, director: string, size = 0): Buffer {
  const passedOn = segment(ethernet(), protocol, { ...ends, ttl: 63 })
    .payload(size)
    .build()
    .subarray(14);
  const is4 = director.includes('.');
  const quote = passedOn.subarray(0, is4 ? 576 - 28 : 1280 - 48);
  const ip = is4
    ? returning().ipv4({ src: director, dst: ends.src, tos: 0xc0, id: 0 }).icmp({ type: 3, code: 3 })
    : returning().ipv6({ src: director, dst: ends.src }).icmpv6({ type: 1, code: 4 });
  return ip.payload(quote).build();
}

describe.each(EACH)('IPv%i, %s', (_family, protocol, { client, real, direct, director, vip }) => {
  const ends = { src: real, dst: client };

  test.each([0, 100, 1300])('is answered, and goes no further: %i bytes', (size) => {
    const frame = segment(arriving(), protocol, ends).payload(size).build();
    const { frame: out } = expectPacket(plane, frame, { ...REFUSED, out: refusal(protocol, ends, director, size) });
    expectChecksums(out);
  });

  test('passes without the switch', () => {
    plane.set({ options: OPTIONS });
    expectPacket(plane, segment(arriving(), protocol, ends).build(), UNTOUCHED);
  });

  test.each([
    ['another port', { ...ends, sport: 8081 }],
    ['a real server by another method', { ...ends, src: direct }],
    ["the director's own address: the answer to a check", { ...ends, dst: director }],
    ['its last hop', { ...ends, ttl: 1 }],
  ])('passes: %s', (_what, other) => {
    expectPacket(plane, segment(arriving(), protocol, other).build(), UNTOUCHED);
  });

  test('passes: RST and ABORT, for there is nothing to end', () => {
    const frame = segment(arriving(), protocol, ends, true).build();
    if (protocol === 'udp') return void expectPacket(plane, frame, REFUSED);
    expectPacket(plane, frame, UNTOUCHED);
  });

  test('passes: not addressed to us, which is counted', () => {
    const elsewhere = ethernet({ dst: '02:00:00:00:00:99' });
    const counted = { pass_other_mac: 1 };
    expectPacket(plane, segment(elsewhere, protocol, ends).build(), { verdict: 'pass', counted });
  });

  test('a deleted one is no server any more, but its connections go on', () => {
    const opening = { sport: 40000, dport: 80 };
    const ip = network(arriving(), { src: client, dst: vip });
    if (protocol === 'tcp') plane.run(ip.tcp({ ...opening, flags: 'S' }).build());
    if (protocol === 'udp') plane.run(ip.udp(opening).build());
    if (protocol === 'sctp') plane.run(ip.sctp({ ...opening, chunks: ['INIT'] }).build());
    plane.configure(world(services({ available: false })));
    const replied = { verdict: 'tx', counted: { forwarded: 1, replies: 1, replies_returned: 1 } } as const;
    const { frame } = expectPacket(plane, segment(arriving(), protocol, ends).build(), replied);
    expect(parseFrame(frame).ip?.src).toBe(vip);
    expectPacket(plane, segment(arriving(), protocol, { ...ends, dst: director }).build(), UNTOUCHED);
    const strange = client.replace(/10$/, '11');
    expectPacket(plane, segment(arriving(), protocol, { ...ends, dst: strange }).build(), UNTOUCHED);
  });
});

test('comes from the addressee where the director has no address of its own on the way', () => {
  plane.reset(world(services({ outerSource: '0.0.0.0' })));
  plane.set({ options: OPTIONS | Option.OPTION_NAT_ICMP_SEND });
  const ends = { src: '192.0.2.201', dst: CLIENT4 };
  const out = refusal('udp', ends, CLIENT4);
  expectPacket(plane, segment(arriving(), 'udp', ends).build(), { ...REFUSED, out });
});

test('keeps VLAN tags', () => {
  const ends = { src: '192.0.2.201', dst: CLIENT4 };
  const frame = segment(arriving().vlan(7), 'udp', ends).build();
  const { frame: out } = expectPacket(plane, frame, REFUSED);
  expectChecksums(out);
  expect(out.subarray(12, 18)).toEqual(frame.subarray(12, 18));
  expect(parseFrame(out).ip).toMatchObject({ src: '192.0.2.5', dst: ends.src });
});

test('is told of a first fragment, and nothing of a later one', () => {
  const ends = { src: '192.0.2.201', dst: CLIENT4 };
  const fragment = (offset: number) => {
    const ip = arriving().ipv4({ ...ends, id: 9, offset, mf: offset === 0, protocol: 17 });
    return offset === 0 ? ip.udp({ sport: 8080, dport: 40000 }).payload(56) : ip.payload(24);
  };
  const { frame: out } = expectPacket(plane, fragment(0).build(), REFUSED);
  expectChecksums(out);
  expectPacket(plane, fragment(8).build(), UNTOUCHED);
});

test('an error about a packet of no connection passes', () => {
  const quote = segment(ethernet(), 'udp', { src: CLIENT4, dst: '192.0.2.201' }).build().subarray(14);
  const ip = arriving().ipv4({ src: '192.0.2.201', dst: CLIENT4 });
  expectPacket(plane, ip.icmp({ type: 3, code: 3 }).payload(quote).build(), UNTOUCHED);
});
