/** ICMP errors inside connections by masquerading: translated both ways, with what they quote. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Option } from '../../src/dataplane/types.gen.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import { type Ends, FORWARDED, network, PROTOCOLS, type Protocol, REPLIED, UNTOUCHED } from './ends.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning } from './frames.ts';
import { OPTIONS } from './settings.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const FAMILIES = [
  { family: 4, client: CLIENT4, vip: VIP4, real: '192.0.2.201', router: '203.0.113.1' },
  { family: 6, client: CLIENT6, vip: VIP6, real: '2001:db8::2:1', router: '2001:db8:9::1' },
] as const;

type Family = (typeof FAMILIES)[number];

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.reset(world(services()));
  for (const { family, client, vip } of FAMILIES) {
    for (const protocol of PROTOCOLS) {
      const opening = segment(arriving(), { src: client, dst: vip, sport: 40000, dport: 80 }, protocol, 'open').build();
      expect(plane.run(opening).verdict, `${protocol} over IPv${family}`).toBe('tx');
    }
  }
  plane.counted();
});

function services(port = 8080) {
  return FAMILIES.flatMap(({ family, vip }) =>
    PROTOCOLS.map((protocol, n) => {
      const real = server(1, { method: 'nat', port, family, id: family * 8 + n });
      return service([real], { id: family * 8 + n, address: vip, protocol });
    }),
  );
}

function segment(
  builder: PacketBuilder,
  ends: Ends,
  protocol: Protocol,
  kind: 'open' | 'data' = 'data',
): PacketBuilder {
  return transport(network(builder, ends), ends, protocol, kind);
}

function transport(ip: PacketBuilder, ends: Ends, protocol: Protocol, kind: 'open' | 'data'): PacketBuilder {
  const { sport, dport } = ends;
  if (protocol === 'udp') return ip.udp({ sport, dport });
  if (protocol === 'sctp') return ip.sctp({ sport, dport, chunks: [kind === 'open' ? 'INIT' : 'DATA'] });
  return ip.tcp({ sport, dport, flags: kind === 'open' ? 'S' : '.' });
}

/** What an error quotes, cut to `length` bytes. */
function quoteOf(ends: Ends, protocol: Protocol, payload = 40, length?: number): Buffer {
  return segment(ethernet(), ends, protocol).payload(payload).build().subarray(14).subarray(0, length);
}

/** The same packet between other ends, but for its transport's checksum, which stays as it was. */
function translatedQuote(ends: Ends, protocol: Protocol, quote: Buffer): Buffer {
  const wanted = quoteOf(ends, protocol, 40).subarray(0, quote.length);
  const header = ends.src.includes(':') ? 40 : 20;
  return Buffer.concat([wanted.subarray(0, header + 4), quote.subarray(header + 4)]);
}

function error(
  builder: PacketBuilder,
  { src, dst }: Pick<Ends, 'src' | 'dst'>,
  quote: Buffer,
  ttl = 64,
): PacketBuilder {
  const ip = network(builder, { src, dst }, ttl);
  const icmp = src.includes(':')
    ? ip.icmpv6({ type: 2, code: 0, rest: 1400 })
    : ip.icmp({ type: 3, code: 4, rest: 1400 });
  return icmp.payload(quote);
}

/** As the client knows the real server's answer, and as the real server sent it. */
function answers({ client, vip, real }: Family): { outside: Ends; inside: Ends } {
  const rest = { dst: client, dport: 40000 };
  return { outside: { src: vip, sport: 80, ...rest }, inside: { src: real, sport: 8080, ...rest } };
}

/** As the client sent its request, and as the real server got it. */
function requests({ client, vip, real }: Family): { outside: Ends; inside: Ends } {
  const rest = { src: client, sport: 40000 };
  return { outside: { dst: vip, dport: 80, ...rest }, inside: { dst: real, dport: 8080, ...rest } };
}

const EACH = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => [family.family, protocol, family] as const));

describe.each(EACH)('IPv%i, %s', (number, protocol, family) => {
  const { client, vip, real, router } = family;
  const header = number === 4 ? 20 : 40;

  test.each([header + 8, header + 9, header + 13, header + 30])(
    'an error about an answer, %i bytes quoted',
    (length) => {
      const { outside, inside } = answers(family);
      const quote = quoteOf(outside, protocol, 40, length);
      const out = error(leaving(1), { src: router, dst: real }, translatedQuote(inside, protocol, quote), 63).build();
      const frame = error(arriving(), { src: router, dst: vip }, quote).build();
      expectChecksums(expectPacket(plane, frame, { ...FORWARDED, out }).frame);
    },
  );

  test.each([header + 8, header + 9, header + 13, header + 30])(
    'an error about a request, %i bytes quoted',
    (length) => {
      const { outside, inside } = requests(family);
      const quote = quoteOf(inside, protocol, 40, length);
      const out = error(returning(), { src: vip, dst: client }, translatedQuote(outside, protocol, quote), 63).build();
      // The real server itself, or a router before it: the client gets it from the VIP.
      for (const src of [real, router]) {
        const frame = error(arriving(), { src, dst: client }, quote).build();
        expectChecksums(expectPacket(plane, frame, { ...REPLIED, out }).frame);
      }
    },
  );

  test('neither moves the connection', () => {
    const before = plane.entries();
    const request = quoteOf(requests(family).inside, protocol);
    const answer = quoteOf(answers(family).outside, protocol);
    plane.advance(5);
    plane.run(error(arriving(), { src: router, dst: client }, request).build());
    plane.run(error(arriving(), { src: router, dst: vip }, answer).build());
    expect(plane.entries()).toEqual(before);
  });

  test("none of ours is the kernel's, untouched", () => {
    const { inside } = requests(family);
    const strange = quoteOf({ ...inside, sport: 40001 }, protocol);
    expectPacket(plane, error(arriving(), { src: real, dst: client }, strange).build(), UNTOUCHED);
    const elsewhere = quoteOf({ ...inside, dst: number === 4 ? '192.0.2.99' : '2001:db8::99' }, protocol);
    expectPacket(plane, error(arriving(), { src: router, dst: client }, elsewhere).build(), UNTOUCHED);
    const notTheirs = quoteOf({ ...inside, src: router }, protocol);
    expectPacket(plane, error(arriving(), { src: real, dst: client }, notTheirs).build(), UNTOUCHED);
  });

  test('a wrong checksum, or a frame for another machine: counted, and the kernel decides', () => {
    const quote = quoteOf(requests(family).inside, protocol);
    const broken = error(arriving(), { src: real, dst: client }, quote).build();
    broken[broken.length - 1] = broken.readUInt8(broken.length - 1) ^ 1;
    expectPacket(plane, broken, { verdict: 'pass', counted: { pass_malformed: 1 } });
    const other = error(ethernet({ dst: '02:00:00:00:00:99' }), { src: real, dst: client }, quote).build();
    expectPacket(plane, other, { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });

  test('its last hop: the kernel tells, or nobody does', () => {
    const request = error(
      arriving(),
      { src: real, dst: client },
      quoteOf(requests(family).inside, protocol),
      1,
    ).build();
    expectPacket(plane, request, { verdict: 'pass', counted: { pass_reply_error: 1 } });
    const answer = error(arriving(), { src: router, dst: vip }, quoteOf(answers(family).outside, protocol), 1).build();
    expectPacket(plane, answer, { verdict: 'drop', counted: { drop_ttl_exceeded: 1 } });
  });

  test('no room for ports in the quote', () => {
    const quote = quoteOf(requests(family).inside, protocol, 40, header + 3);
    expectPacket(plane, error(arriving(), { src: real, dst: client }, quote).build(), UNTOUCHED);
  });
});

test('a quote with IP options, and a port that stays', () => {
  plane.reset(world(services(0)));
  plane.run(segment(arriving(), { src: CLIENT4, dst: VIP4, sport: 40000, dport: 80 }, 'tcp', 'open').build());
  plane.counted();
  const quote = (dst: string): Buffer => {
    const ip = ethernet().ipv4({ src: CLIENT4, dst, options: Buffer.alloc(8, 1) });
    return ip
      .tcp({ sport: 40000, dport: 80, flags: '.' })
      .build()
      .subarray(14, 14 + 36);
  };
  const to = { src: '203.0.113.1', dst: CLIENT4 };
  const wanted = Buffer.from(quote(VIP4));
  const out = error(returning(), { src: VIP4, dst: CLIENT4 }, wanted, 63).build();
  expectPacket(plane, error(arriving(), to, quote('192.0.2.201')).build(), { ...REPLIED, out });
});

test('schedule_icmp: an error opens the connection and finds its real server', () => {
  plane.set({ options: OPTIONS | Option.OPTION_SCHEDULE_ICMP });
  const [family] = FAMILIES;
  const { outside, inside } = answers(family);
  const quote = quoteOf({ ...outside, dport: 5555 }, 'tcp', 40, 28);
  const wanted = translatedQuote({ ...inside, dport: 5555 }, 'tcp', quote);
  const out = error(leaving(1), { src: family.router, dst: family.real }, wanted, 63).build();
  const frame = error(arriving(), { src: family.router, dst: VIP4 }, quote).build();
  expectPacket(plane, frame, { verdict: 'tx', counted: { forwarded: 1, connections_created: 1 }, out });
});
