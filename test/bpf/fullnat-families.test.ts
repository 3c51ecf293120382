/** fullnat between the families: NAT64 and NAT46, by the rules of RFC 7915. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PacketBuilder } from '../support/packet.ts';
import { addressBytes } from '../support/packet-bytes.ts';
import { checksumsOk, type ParsedIp, parseFrame } from '../support/packet-parse.ts';
import { frameDump } from '../support/packet-print.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import {
  blank,
  EACH,
  type Ends,
  endsOf,
  error,
  headerOf,
  isFour,
  moved,
  NAT46,
  NAT64,
  network,
  PROTOCOLS,
  quoteOf,
  type Said,
  segment,
  WAYS,
  type Way,
  withoutId,
} from './families.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning } from './frames.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const FORWARDED = { verdict: 'tx', counted: { forwarded: 1 } } as const;
const OPENED = { verdict: 'tx', counted: { forwarded: 1, connections_created: 1 } } as const;
const REPLIED = { verdict: 'tx', counted: { forwarded: 1, replies: 1, replies_returned: 1 } } as const;
let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  const services = WAYS.flatMap(({ vip, real }, way) =>
    PROTOCOLS.map((protocol, n) => {
      const id = way * 3 + n + 1;
      const toa = protocol === 'tcp';
      return service([server(1, { method: 'fullnat', port: 8080, address: real, id })], {
        ...{ id, address: vip, protocol, toa },
      });
    }),
  );
  plane.reset(world(services, { locals: WAYS.map(({ local }) => ({ address: local, first: 5000, last: 5000 })) }));
});

function expectOut(frame: Buffer, expected: { verdict: 'tx'; counted: Record<string, number> }, out: Buffer): void {
  const { frame: found } = expectPacket(plane, frame, expected);
  expect(withoutId(found), frameDump(found)).toBe(withoutId(out));
  expectChecksums(found);
}

function ipOf(frame: Buffer): ParsedIp {
  const { ip } = parseFrame(frame);
  if (ip === null) throw new Error(`no IP packet: ${frameDump(frame)}`);
  return ip;
}

describe.each(EACH)('%s, %s', (_name, protocol, way) => {
  const { outside, inside, answerInside, answerOutside } = endsOf(way);

  test('there and back', () => {
    expectOut(
      segment(arriving(), outside, protocol, 'open'),
      OPENED,
      segment(leaving(1), inside, protocol, 'open', 63),
    );
    for (const kind of ['answer', 'data'] as const) {
      const back = segment(returning(), answerOutside, protocol, kind, 63);
      expectOut(segment(arriving(), answerInside, protocol, kind), REPLIED, back);
    }
    const out = segment(leaving(1), inside, protocol, 'data', 63);
    expectOut(segment(arriving(), outside, protocol, 'data'), FORWARDED, out);
  });

  test('with VLAN tags', () => {
    const tagged = (builder: PacketBuilder) => builder.vlan(7, 0x88a8).vlan(9);
    const out = segment(tagged(leaving(1)), inside, protocol, 'open', 63);
    expectOut(segment(tagged(arriving()), outside, protocol, 'open'), OPENED, out);
    const back = segment(tagged(returning()), answerOutside, protocol, 'answer', 63);
    expectOut(segment(tagged(arriving()), answerInside, protocol, 'answer'), REPLIED, back);
  });

  test('the last hop is told to who sent it, as what it wrote to', () => {
    plane.run(segment(arriving(), outside, protocol, 'open'));
    for (const ends of [outside, answerInside]) {
      const counted = { drop_ttl_exceeded: 1, icmp_sent: 1 };
      const { frame } = expectPacket(plane, segment(arriving(), ends, protocol, 'data', 1), { verdict: 'tx', counted });
      expect(ipOf(frame)).toMatchObject({ src: ends.dst, dst: ends.src, icmp: { checksumOk: true } });
    }
  });
});

describe.each(WAYS)('$name, sums', (way) => {
  const { outside, inside, answerInside, answerOutside } = endsOf(way);
  const LENGTHS = [...Array.from({ length: 130 }, (_, n) => n), 1231, 1232, 1233, 1240, 1241, 1391, 1392];

  test.each(['tcp', 'udp'] as const)('%s: right ones stay right at every length', (protocol) => {
    plane.run(segment(arriving(), outside, protocol, 'open'));
    for (const size of LENGTHS) {
      for (const [from, to] of [
        [outside, inside],
        [answerInside, answerOutside],
      ] as const) {
        const frame = segment(arriving(), from, protocol, 'data', 64, size);
        const out = ipOf(plane.run(frame).frame);
        expect(out, `${size} bytes`).toMatchObject({ src: to.src, dst: to.dst, transport: { checksumOk: true } });
        expect(out.checksumOk && out.transport?.payload.equals(ipOf(frame).transport!.payload), `${size}`).toBe(true);
        if (isFour(to.src)) expect(out.df, `${size} bytes`).toBe(out.length > 1260);
      }
    }
  });

  test('wrong ones stay wrong', () => {
    const { sport, dport } = outside;
    const broken = [
      network(arriving(), outside).tcp({ sport, dport, checksum: 0x1234 }).build(),
      network(arriving(), outside).udp({ sport, dport, checksum: 0x1234 }).build(),
      network(arriving(), outside).sctp({ sport, dport, checksum: 0x1234 }).build(),
    ];
    for (const frame of broken) {
      const { frame: out } = expectPacket(plane, frame, OPENED);
      expect(ipOf(out)).toMatchObject({ dst: inside.dst, checksumOk: true, transport: { checksumOk: false } });
    }
  });
});

describe('UDP without a checksum', () => {
  const bare = (way: Way, size: number, length = 8 + size) => {
    const ends = endsOf(way).outside;
    const { sport, dport } = ends;
    return network(arriving(), ends).udp({ sport, dport, checksum: 0, length }).payload(size).build();
  };

  test('IPv6 gets one, at every length', () => {
    for (let size = 0; size < 130; size++) {
      const out = segment(leaving(1), endsOf(NAT46).inside, 'udp', 'data', 63, size);
      expectOut(bare(NAT46, size), size === 0 ? OPENED : FORWARDED, out);
    }
  });

  test('where its length is wrong, there is none to make', () => {
    plane.run(bare(NAT46, 5));
    for (const length of [0, 7, 14, 0xffff]) {
      expectPacket(plane, bare(NAT46, 5, length), { verdict: 'drop', counted: { drop_untranslated: 1 } });
    }
  });

  test('IPv4 may go without', () => {
    const { frame } = expectPacket(plane, bare(NAT64, 5), OPENED);
    expect(frame.readUInt16BE(14 + 20 + 6)).toBe(0);
    expectChecksums(frame);
  });
});

describe('TOA is of the client', () => {
  test.each(WAYS)('$name', (way) => {
    const { outside, inside, answerInside } = endsOf(way);
    plane.run(segment(arriving(), outside, 'tcp', 'open'));
    plane.run(network(arriving(), answerInside).tcp({ sport: 8080, dport: 5000, flags: 'S.', seq: 99 }).build());
    const ack = (builder: PacketBuilder, of: Ends, ttl: number, options: Buffer) => {
      const { sport, dport } = of;
      return network(builder, of, ttl).tcp({ sport, dport, flags: '.', ack: 100, options }).payload(7).build();
    };
    const client = addressBytes(way.client);
    const option = Buffer.concat([Buffer.from([254, 4 + client.length, 40000 >> 8, 40000 & 255]), client]);
    expectOut(ack(arriving(), outside, 64, Buffer.alloc(0)), FORWARDED, ack(leaving(1), inside, 63, option));
  });
});

describe('options and extension headers', () => {
  const drop = { verdict: 'drop', counted: { drop_untranslated: 1, connections_created: 1 } } as const;
  const tcp = (builder: PacketBuilder) => builder.tcp({ dport: 80 }).payload(5).build();
  const options = (...bytes: number[]) =>
    tcp(arriving().ipv4({ src: CLIENT4, dst: VIP4, tos: 0x28, options: Buffer.from(bytes) }));
  const six = arriving().ipv6({ src: CLIENT6, dst: VIP6, trafficClass: 0x28 });

  test.each([
    ['padding', NAT46, options(1, 1, 1, 0)],
    ['all of the room', NAT46, options(...new Array(40).fill(1))],
    ['a router alert', NAT46, options(148, 4, 0, 0)],
    ['a source route that has been gone', NAT46, options(131, 7, 8, 192, 0, 2, 1)],
    ['extension headers', NAT64, tcp(six.hopByHop().routing(1).destinationOptions(2))],
  ] as const)('%s: left out', (_name, way, frame) => {
    expectOut(frame, OPENED, segment(leaving(1), endsOf(way).inside, 'tcp', 'open', 63));
  });

  test.each([
    ['a source route', options(1, 131, 7, 4, 192, 0, 2, 1)],
    ['a strict one', options(137, 7, 4, 192, 0, 2, 1)],
    ['an option without a length', options(148, 1, 0, 0)],
    ['a routing header with stations left', withByte(tcp(six.routing()), 14 + 40 + 3, 1)],
    ['an authentication header', tcp(six.extension(51, 1))],
    ['a fragment header', tcp(six.fragment())],
    ['the first fragment of IPv6', tcp(six.fragment({ more: true }))],
    ['the first fragment of IPv4', tcp(arriving().ipv4({ src: CLIENT4, dst: VIP4, mf: true }))],
  ])('%s: dropped, and counted', (_name, frame) => {
    expectPacket(plane, frame, drop);
  });

  test('fragments of an answer', () => {
    const { outside, answerInside } = endsOf(NAT46);
    plane.run(segment(arriving(), outside, 'udp', 'open'));
    const { src, dst, sport, dport } = answerInside;
    const frame = arriving().ipv6({ src, dst }).fragment({ more: true }).udp({ sport, dport }).payload(64).build();
    expectPacket(plane, frame, { verdict: 'drop', counted: { drop_untranslated: 1 } });
  });
});

function withByte(frame: Buffer, at: number, value: number): Buffer {
  frame[at] = value;
  return frame;
}

describe('too big', () => {
  const sized = (way: Way, length: number, df = false) => {
    const { outside } = endsOf(way);
    const { src, dst, sport, dport } = outside;
    const ip = isFour(src) ? arriving().ipv4({ src, dst, df }) : arriving().ipv6({ src, dst });
    return ip
      .udp({ sport, dport })
      .payload(length - headerOf(src) - 8)
      .build();
  };

  test('an IPv6 client may send 20 bytes more than its IPv4 server gets', () => {
    const { frame } = expectPacket(plane, sized(NAT64, 1520), OPENED);
    expect(ipOf(frame)).toMatchObject({ length: 1500, df: true });
    const counted = { drop_too_big: 1, icmp_sent: 1 };
    const { frame: told } = expectPacket(plane, sized(NAT64, 1521), { verdict: 'tx', counted });
    expect(ipOf(told)).toMatchObject({ src: VIP6, dst: CLIENT6, icmp: { type: 2, code: 0, rest: 1520 } });
  });

  test('an IPv4 client 20 bytes less', () => {
    expectPacket(plane, sized(NAT46, 1480, true), OPENED);
    const counted = { drop_too_big: 1, icmp_sent: 1 };
    const { frame } = expectPacket(plane, sized(NAT46, 1481, true), { verdict: 'tx', counted });
    expect(ipOf(frame)).toMatchObject({ src: VIP4, dst: CLIENT4, icmp: { type: 3, code: 4, rest: 1480 } });
    expectPacket(plane, sized(NAT46, 1481), { verdict: 'drop', counted: { drop_too_big_no_df: 1 } });
  });
});

describe.each(EACH)('ICMP errors, %s, %s', (_name, protocol, way) => {
  const { outside, inside, answerInside, answerOutside } = endsOf(way);
  const tooBig = (to: string, mtu: number): Said => (isFour(to) ? [3, 4, mtu] : [2, 0, mtu]);

  function expectError(frame: Buffer, expected: typeof REPLIED | typeof FORWARDED, out: Buffer): void {
    const { frame: found } = expectPacket(plane, frame, expected);
    expect(blank(found), frameDump(found)).toBe(blank(out));
    expectChecksums(found);
  }

  test.each([8, 5000])('of routers, both ways, with %i bytes of the transport quoted at most', (most) => {
    plane.run(segment(arriving(), outside, protocol, 'open'));
    // A request was too big for a router behind the director.
    const request = quoteOf(inside, protocol).subarray(0, headerOf(inside.src) + most);
    const fromInside = error(arriving(), { src: way.inner, dst: way.local }, tooBig(way.local, 1400), request);
    const grown = isFour(way.local) ? 1420 : 1380;
    const quote = moved(request, inside, outside, protocol, 5);
    expectError(
      fromInside,
      REPLIED,
      error(returning(), { src: way.vip, dst: way.client }, tooBig(way.vip, grown), quote, 63),
    );
    // An answer was too big for a router before the client.
    const answer = quoteOf(answerOutside, protocol).subarray(0, headerOf(answerOutside.src) + most);
    const fromOutside = error(arriving(), { src: way.outer, dst: way.vip }, tooBig(way.vip, 1400), answer);
    const shrunk = isFour(way.vip) ? 1420 : 1380;
    const told = moved(answer, answerOutside, answerInside, protocol, 5);
    expectError(
      fromOutside,
      FORWARDED,
      error(leaving(1), { src: way.local, dst: way.real }, tooBig(way.local, shrunk), told, 63),
    );
  });

  test('cut at every byte: whole or untouched', () => {
    plane.run(segment(arriving(), outside, protocol, 'open'));
    const request = quoteOf(inside, protocol);
    for (let length = 0; length <= request.length; length++) {
      const ends = { src: way.inner, dst: way.local };
      const frame = error(arriving(), ends, tooBig(way.local, 1400), request.subarray(0, length));
      const { verdict, frame: out } = plane.run(frame);
      const isWhole = length >= headerOf(way.local) + 4;
      expect(verdict, `${length} bytes`).toBe(isWhole ? 'tx' : 'pass');
      if (isWhole) expect(ipOf(out).icmp?.checksumOk, frameDump(out)).toBe(true);
      else expect(out.equals(frame)).toBe(true);
    }
  });
});

describe('what ICMP errors say in the other family', () => {
  const told = (way: Way, said: Said, size = 5) => {
    const { inside } = endsOf(way);
    return error(arriving(), { src: way.inner, dst: way.local }, said, quoteOf(inside, 'udp', size));
  };

  test.each<[string, Said, Said | null]>([
    ['no route to the host', [3, 1], [1, 0]],
    ['no route to the network', [3, 0], [1, 0]],
    ['the protocol', [3, 2], [4, 1, 6]],
    ['the port', [3, 3], [1, 4]],
    ['a source route', [3, 5], [1, 0]],
    ['the network prohibited', [3, 9], [1, 1]],
    ['the host prohibited', [3, 10], [1, 1]],
    ['for this type of service', [3, 12], [1, 0]],
    ['prohibited', [3, 13], [1, 1]],
    ['a precedence', [3, 14], null],
    ['a cutoff', [3, 15], [1, 1]],
    ['what nobody knows', [3, 16], null],
    ['too big, by a router that tells no MTU', [3, 4, 0], [2, 0, 1280]],
    ['too big for IPv6', [3, 4, 600], [2, 0, 1280]],
    ['the TTL', [11, 0], [3, 0]],
    ['fragments that never came', [11, 1], [3, 1]],
    ['source quench', [4, 0], null],
  ])('IPv4: %s', (_name, said, expected) => expectSaid(NAT64, said, expected));

  test.each<[string, Said, Said | null]>([
    ['no route', [1, 0], [3, 1]],
    ['prohibited', [1, 1], [3, 10]],
    ['beyond the scope', [1, 2], [3, 1]],
    ['the address', [1, 3], [3, 1]],
    ['the port', [1, 4], [3, 3]],
    ['a policy', [1, 5], null],
    ['too big', [2, 0, 1280], [3, 4, 1260]],
    ['smaller than any link', [2, 0, 1279], null],
    ['larger than any packet', [2, 0, 0x10000], null],
    ['the hop limit', [3, 0], [11, 0]],
    ['a next header', [4, 1, 6], [3, 2]],
    ['another header', [4, 0, 0], null],
    ['an unknown type', [100, 0], null],
  ])('IPv6: %s', (_name, said, expected) => expectSaid(NAT46, said, expected));

  function expectSaid(way: Way, said: Said, expected: Said | null): void {
    const { outside } = endsOf(way);
    plane.run(segment(arriving(), outside, 'udp', 'open'));
    if (expected === null) {
      const counted = { drop_untranslated: 1, replies_returned: 1 };
      expectPacket(plane, told(way, said), { verdict: 'drop', counted });
      return;
    }
    const [type, code, rest = 0] = expected;
    const { frame } = expectPacket(plane, told(way, said), REPLIED);
    expect(ipOf(frame)).toMatchObject({ src: way.vip, dst: way.client, icmp: { type, code, rest, checksumOk: true } });
  }

  test('a long quote is cut to what any host takes', () => {
    for (const [way, most] of [
      [NAT64, 1280],
      [NAT46, 576],
    ] as const) {
      plane.run(segment(arriving(), endsOf(way).outside, 'udp', 'open'));
      const { frame } = expectPacket(plane, told(way, isFour(way.local) ? [3, 3] : [1, 4], 1300), REPLIED);
      expect(ipOf(frame)).toMatchObject({ length: most, icmp: { checksumOk: true } });
      expect(frame.length).toBe(14 + most);
    }
  });
});

describe.each(WAYS)('$name, every byte of the headers with other values', (way) => {
  const { outside, inside, answerInside } = endsOf(way);
  const said: Said = isFour(way.local) ? [3, 3] : [1, 4];

  test.each([
    ['a request', segment(arriving(), outside, 'tcp', 'data')],
    ['an answer', segment(arriving(), answerInside, 'udp', 'data')],
    ['an error', error(arriving(), { src: way.inner, dst: way.local }, said, quoteOf(inside, 'tcp'))],
  ])('%s passes untouched, drops, or leaves well formed', (_name, whole) => {
    for (const protocol of PROTOCOLS) plane.run(segment(arriving(), outside, protocol, 'open'));
    for (let at = 12; at < Math.min(whole.length, 110); at++) {
      for (const value of [0, 1, 0x0f, 0x40, 0x7f, 0x80, 0xfe, 0xff]) {
        const frame = withByte(Buffer.from(whole), at, value);
        const { verdict, frame: out } = plane.run(frame);
        expect(['pass', 'drop', 'tx']).toContain(verdict);
        if (verdict === 'pass') expect(out.equals(frame), `byte ${at} = ${value}\n${frameDump(out)}`).toBe(true);
        else if (verdict === 'tx')
          expect(parseFrame(out).ip?.checksumOk, `byte ${at} = ${value}\n${frameDump(out)}`).toBe(true);
      }
    }
    expect(checksumsOk(parseFrame(whole).ip)).toBe(true);
  });
});
