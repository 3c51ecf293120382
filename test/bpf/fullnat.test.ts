/** fullnat: both ends of a packet change, there and back; ports of local addresses are taken and given back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PacketBuilder } from '../support/packet.ts';
import { addressBytes } from '../support/packet-bytes.ts';
import { type Ends, FORWARDED, network, PROTOCOLS, type Protocol, REPLIED, UNTOUCHED } from './ends.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning } from './frames.ts';
import { Random } from './model/random.ts';
import { CLIENT4, CLIENT6, type LocalConfig, server, service, VIP4, VIP6, world } from './world.ts';

const OPENED = { verdict: 'tx', counted: { forwarded: 1, connections_created: 1 } } as const;
const REFUSED = { verdict: 'drop', counted: { drop_no_local_port: 1 } } as const;
const FAMILIES = [
  { family: 4, client: CLIENT4, vip: VIP4, real: '192.0.2.201', local: '10.0.0.2', router: '203.0.113.1' },
  { family: 6, client: CLIENT6, vip: VIP6, real: '2001:db8::2:1', local: '2001:db8:5::2', router: '2001:db8:9::1' },
] as const;

type Family = (typeof FAMILIES)[number];

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load({ buckets: 1 << 16 });
});
afterAll(() => plane.close());
beforeEach(() => configure(5000, 5000));

/** Ports of a local address of each family. */
function configure(first: number, last: number): void {
  const services = FAMILIES.flatMap(({ family, vip }) =>
    PROTOCOLS.map((protocol, n) => {
      const real = server(1, { method: 'fullnat', port: 8080, family, id: family * 8 + n });
      return service([real], { id: family * 8 + n, address: vip, protocol });
    }),
  );
  plane.reset(world(services, { locals: FAMILIES.map(({ local }) => ({ address: local, first, last })) }));
}

type Kind = 'open' | 'answer' | 'data' | 'end';
const FLAGS = { open: 'S', answer: 'S.', data: '.', end: 'R' };
const CHUNKS = { open: 'INIT', answer: 'INIT_ACK', data: 'DATA', end: 'ABORT' } as const;

function segment(builder: PacketBuilder, ends: Ends, protocol: Protocol, kind: Kind, ttl = 64): PacketBuilder {
  const { sport, dport } = ends;
  const ip = network(builder, ends, ttl);
  if (protocol === 'udp') return ip.udp({ sport, dport }).payload(5);
  if (protocol === 'sctp') return ip.sctp({ sport, dport, chunks: [CHUNKS[kind]] });
  return ip.tcp({ sport, dport, flags: FLAGS[kind] }).payload(kind === 'data' ? 5 : 0);
}

/** What a connection's packets look like outside and inside. */
function ways({ client, vip, real, local }: Family, sport = 40000, lport = 5000) {
  const reverse = ({ src, dst, sport, dport }: Ends): Ends => ({ src: dst, dst: src, sport: dport, dport: sport });
  const outside = { src: client, dst: vip, sport, dport: 80 };
  const inside = { src: local, dst: real, sport: lport, dport: 8080 };
  return { outside, inside, answerInside: reverse(inside), answerOutside: reverse(outside) };
}

function opening(family: Family, protocol: Protocol, sport: number): Buffer {
  return segment(arriving(), ways(family, sport).outside, protocol, 'open').build();
}

const EACH = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => [family.family, protocol, family] as const));

describe.each(EACH)('IPv%i, %s', (number, protocol, family) => {
  const { outside, inside, answerInside, answerOutside } = ways(family);
  const id = number * 8 + PROTOCOLS.indexOf(protocol);
  const header = number === 4 ? 20 : 40;

  test('there and back', () => {
    const out = segment(leaving(1), inside, protocol, 'open', 63).build();
    expectChecksums(expectPacket(plane, opening(family, protocol, 40000), { ...OPENED, out }).frame);
    for (const kind of ['answer', 'data'] as const) {
      const frame = segment(arriving(), answerInside, protocol, kind).build();
      const back = segment(returning(), answerOutside, protocol, kind, 63).build();
      expectChecksums(expectPacket(plane, frame, { ...REPLIED, out: back }).frame);
    }
    const frame = segment(arriving(), outside, protocol, 'data').build();
    expectPacket(plane, frame, { ...FORWARDED, out: segment(leaving(1), inside, protocol, 'data', 63).build() });
    expect(plane.traffic('service_traffic', id)).toMatchObject({ connections: 1, packets: 2, out_packets: 2 });
  });

  test('no port left: the packet goes nowhere and nothing of it stays', () => {
    expectPacket(plane, opening(family, protocol, 40000), OPENED);
    const before = plane.entries();
    expectPacket(plane, opening(family, protocol, 40001), REFUSED);
    expect(plane.entries()).toEqual(before);
    expect(plane.traffic('server_traffic', id)).toMatchObject({ connections: 1 });
    // A packet of the one that is there goes on.
    expectPacket(plane, segment(arriving(), outside, protocol, 'data').build(), FORWARDED);
  });

  test("the port of a connection that is over is the next one's, whether a sweep came by or not", () => {
    plane.run(opening(family, protocol, 40000));
    plane.advance(1000);
    const out = segment(leaving(1), inside, protocol, 'open', 63).build();
    expectPacket(plane, opening(family, protocol, 40001), { ...OPENED, out });
    plane.advance(1000);
    // A reply entry goes with its connection: in the same sweep, or in the next one where it stands before it.
    plane.sweep();
    plane.sweep();
    expect(plane.entries()).toEqual([]);
    expectPacket(plane, opening(family, protocol, 40002), { ...OPENED, out });
  });

  test("what comes to a local address and answers nothing is the kernel's", () => {
    expectPacket(plane, segment(arriving(), answerInside, protocol, 'data').build(), UNTOUCHED);
    plane.run(opening(family, protocol, 40000));
    const other = { ...answerInside, dport: 5001 };
    expectPacket(plane, segment(arriving(), other, protocol, 'data').build(), UNTOUCHED);
  });

  test("an answer's last hop: the real server is told by the address that it wrote to", () => {
    plane.run(opening(family, protocol, 40000));
    const frame = segment(arriving(), answerInside, protocol, 'data', 1).build();
    const counted = { drop_ttl_exceeded: 1, icmp_sent: 1 };
    const { frame: out } = expectPacket(plane, frame, { verdict: 'tx', counted });
    const [from, to] = number === 4 ? [26, 30] : [22, 38];
    const size = number === 4 ? 4 : 16;
    expect(out.subarray(from, from + size)).toEqual(frame.subarray(to, to + size));
    expect(out.subarray(to, to + size)).toEqual(frame.subarray(from, from + size));
    expectChecksums(out);
  });

  function quoteOf(ends: Ends): Buffer {
    return segment(arriving(), ends, protocol, 'data')
      .build()
      .subarray(14, 14 + header + 8);
  }

  /** As NAT: addresses and ports are those of the other side, the transport's checksum stays. */
  function moved(quote: Buffer, ends: Ends): Buffer {
    return Buffer.concat([quoteOf(ends).subarray(0, header + 4), quote.subarray(header + 4)]);
  }

  function error(builder: PacketBuilder, src: string, dst: string, quote: Buffer, ttl = 64): Buffer {
    const ip = network(builder, { src, dst }, ttl);
    const icmp = number === 4 ? ip.icmp({ type: 3, code: 4, rest: 1400 }) : ip.icmpv6({ type: 2, code: 0, rest: 1400 });
    return icmp.payload(quote).build();
  }

  test('ICMP errors, both ways', () => {
    plane.run(opening(family, protocol, 40000));
    const request = quoteOf(inside);
    const toClient = error(returning(), family.vip, family.client, moved(request, outside), 63);
    const fromRouter = error(arriving(), family.router, family.local, request);
    expectChecksums(expectPacket(plane, fromRouter, { ...REPLIED, out: toClient }).frame);

    const answer = quoteOf(answerOutside);
    const toReal = error(leaving(1), family.local, family.real, moved(answer, answerInside), 63);
    const fromClient = error(arriving(), family.router, family.vip, answer);
    expectChecksums(expectPacket(plane, fromClient, { ...FORWARDED, out: toReal }).frame);
  });
});

describe.each(FAMILIES)('TOA over IPv$family', (family) => {
  const { outside, inside, answerInside } = ways(family);
  const option = Buffer.concat([
    Buffer.from([254, family.family === 4 ? 8 : 20, outside.sport >> 8, outside.sport & 255]),
    addressBytes(family.client),
  ]);

  function data(builder: PacketBuilder, ends: Ends, ack: number, options: Buffer, payload = 5, ttl = 64): Buffer {
    const { sport, dport } = ends;
    return network(builder, ends, ttl).tcp({ sport, dport, flags: '.', seq: 8, ack, options }).payload(payload).build();
  }

  beforeEach(() => {
    const { family: number, vip, local } = family;
    const toa = service([server(1, { method: 'fullnat', port: 8080, family: number })], { address: vip, toa: true });
    plane.reset(world([toa], { locals: [{ address: local, first: 5000, last: 5000 }] }));
    plane.run(opening(family, 'tcp', 40000));
    const { sport, dport } = answerInside;
    plane.run(network(arriving(), answerInside).tcp({ sport, dport, flags: 'S.', seq: 0xffffffff }).build());
  });

  test.each([0, 12])('what acknowledges the SYN alone tells the client, before %i bytes of options', (length) => {
    const options = Buffer.alloc(length, 1);
    for (const payload of [0, 5, 101]) {
      const out = data(leaving(1), inside, 0, Buffer.concat([option, options]), payload, 63);
      const frame = data(arriving(), outside, 0, options, payload);
      expectChecksums(expectPacket(plane, frame, { ...FORWARDED, out }).frame);
    }
    const later = data(arriving(), outside, 1, options);
    expectPacket(plane, later, { ...FORWARDED, out: data(leaving(1), inside, 1, options, 5, 63) });
  });

  test('no room, in the TCP header or in the packet: it goes without, and is counted', () => {
    const header = (family.family === 4 ? 20 : 40) + 20;
    for (const [options, payload] of [
      [40, 5],
      [0, 1500 - header - 4],
    ] as const) {
      const out = data(leaving(1), inside, 0, Buffer.alloc(options, 1), payload, 63);
      const frame = data(arriving(), outside, 0, Buffer.alloc(options, 1), payload);
      expectPacket(plane, frame, { verdict: 'tx', counted: { forwarded: 1, toa_left_out: 1 }, out });
    }
  });
});

describe('fragments', () => {
  const [four] = FAMILIES;
  const { outside, inside, answerInside, answerOutside } = ways(four);
  const data = Buffer.alloc(64, 7);

  function pieces(builder: () => PacketBuilder, ends: Ends, ttl = 64): [Buffer, Buffer] {
    const ip = { src: ends.src, dst: ends.dst, ttl, id: 77 };
    const whole = builder().ipv4(ip).udp({ sport: ends.sport, dport: ends.dport }).payload(data).build().subarray(34);
    const first = builder()
      .ipv4({ ...ip, mf: true, protocol: 17 })
      .payload(whole.subarray(0, 40))
      .build();
    const last = builder()
      .ipv4({ ...ip, offset: 40, protocol: 17 })
      .payload(whole.subarray(40))
      .build();
    return [first, last];
  }

  test('later ones follow the first, both ways', () => {
    const [first, last] = pieces(arriving, outside);
    const [firstOut, lastOut] = pieces(() => leaving(1), inside, 63);
    expectPacket(plane, first, { ...OPENED, out: firstOut });
    expectPacket(plane, last, { ...FORWARDED, out: lastOut });
    const [answer, rest] = pieces(arriving, answerInside);
    const [answerOut, restOut] = pieces(returning, answerOutside, 63);
    expectPacket(plane, answer, { ...REPLIED, out: answerOut });
    expectPacket(plane, rest, { ...REPLIED, out: restOut });
  });
});

test('without a local address of its family nothing opens', () => {
  const [four, six] = FAMILIES;
  const locals: LocalConfig[] = [{ address: six.local, first: 5000, last: 5000 }];
  const services = [service([server(1, { method: 'fullnat' })])];
  plane.reset(world(services, { locals }));
  expectPacket(plane, opening(four, 'tcp', 40000), REFUSED);
  expect(plane.entries()).toEqual([]);
});

test('two real servers have each port, two services of one real server share them', () => {
  const services = [
    service([server(1, { method: 'fullnat' }), server(2, { method: 'fullnat' })]),
    service([server(1, { method: 'fullnat', id: 3 })], { id: 2, port: 81 }),
  ];
  plane.reset(world(services, { locals: [{ address: '10.0.0.2', first: 5000, last: 5000 }] }));
  const [four] = FAMILIES;
  expectPacket(plane, opening(four, 'tcp', 40000), OPENED);
  expectPacket(plane, opening(four, 'tcp', 40001), OPENED);
  const other = { ...ways(four, 40002).outside, dport: 81 };
  expectPacket(plane, segment(arriving(), other, 'tcp', 'open').build(), REFUSED);
});

test('60,000 connections through one local address to one real server, each by a port of its own', () => {
  configure(1024, 65535);
  const frame = opening(FAMILIES[0], 'udp', 0);
  const ports = new Set<number>();
  const clients = new Random(7);
  for (let n = 0; n < 60_000; n++) {
    frame.writeUInt32BE(0x0a000000 + clients.below(1 << 24), 26);
    frame.writeUInt16BE(1024 + clients.below(60_000), 34);
    fixChecksum(frame);
    const { verdict, frame: out } = plane.run(frame);
    if (verdict !== 'tx') expect.fail(`connection ${n}: ${verdict}, ${JSON.stringify(plane.counted())}`);
    ports.add(out.readUInt16BE(34));
  }
  expect(ports.size).toBe(60_000);
  expect(plane.counted()).toEqual({ forwarded: 60_000, connections_created: 60_000 });
});

/** Of the IPv4 header alone; UDP goes without. */
function fixChecksum(frame: Buffer): void {
  frame.writeUInt16BE(0, 40);
  frame.writeUInt16BE(0, 24);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += frame.readUInt16BE(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  frame.writeUInt16BE(~(sum + (sum >>> 16)) & 0xffff, 24);
}
