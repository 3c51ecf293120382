/** ICMP errors from the VIP: when, to whom, and byte for byte what. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PacketBuilder } from '../support/packet.ts';
import { ipOffset } from '../support/packet-parse.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, returning, tcp4, tcp6, udp4 } from './frames.ts';
import { CLIENT4, CLIENT6, type ServerConfig, server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => plane.set({ icmp_rate: 1_000_000, icmp_burst: 1_000_000 }));
afterAll(() => plane.close());

function serve(fields: Partial<ServerConfig> & { family?: 4 | 6 }): void {
  const servers = [server(1, fields)];
  plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
  for (const frame of [tcp4(), tcp6()]) plane.run(frame);
}

/** A packet of an open connection, `length` bytes of IP. */
function packet4(length: number, fields: { df?: boolean; ttl?: number } = {}): Buffer {
  const ip = arriving().ipv4({ src: CLIENT4, dst: VIP4, df: true, ...fields });
  return ip
    .tcp({ flags: '.' })
    .payload(length - 40)
    .build();
}

function packet6(length: number, hopLimit = 64): Buffer {
  const ip = arriving().ipv6({ src: CLIENT6, dst: VIP6, hopLimit });
  return ip
    .tcp({ flags: '.' })
    .payload(length - 60)
    .build();
}

const from4 = (): PacketBuilder => returning().ipv4({ src: VIP4, dst: CLIENT4, tos: 0xc0, id: 0, ttl: 64 });
const from6 = (): PacketBuilder => returning().ipv6({ src: VIP6, dst: CLIENT6, hopLimit: 64 });

/** The first bytes of the packet in a frame. */
function quoteOf(frame: Buffer, length: number): Buffer {
  const at = ipOffset(frame);
  return frame.subarray(at, at + length);
}

/** The same where the packet had a hop taken off before it was found too big, as IPVS does. */
function quoteOnward(frame: Buffer, length: number): Buffer {
  const quote = Buffer.from(quoteOf(frame, length));
  const isIpv4 = quote.readUInt8(0) >> 4 === 4;
  quote.writeUInt8(quote.readUInt8(isIpv4 ? 8 : 7) - 1, isIpv4 ? 8 : 7);
  if (isIpv4) quote.writeUInt16BE(quote.readUInt16BE(10) + 0x100, 10);
  return quote;
}

describe('too big', () => {
  const counted = { drop_too_big: 1, icmp_sent: 1 };
  const rows: [string, Partial<ServerConfig> & { family?: 4 | 6 }, number, number][] = [
    ['dr', {}, 1500, 1500],
    ['dr, small MTU', { mtu: 700 }, 700, 700],
    ['IPv4 outside', { method: 'tun' }, 1480, 1480],
    ['IPv6 outside', { method: 'tun', family: 6 }, 1460, 1460],
  ];
  test.each(rows)('IPv4, %s: fits, then one byte more', (_, fields, largest, mtu) => {
    serve(fields);
    expectPacket(plane, packet4(largest), { verdict: 'tx', counted: { forwarded: 1 } });
    const frame = packet4(largest + 1);
    const out = from4().icmp({ type: 3, code: 4, rest: mtu }).payload(quoteOnward(frame, 548)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
    expect(out.length - 14).toBe(576);
  });

  test.each(rows.filter(([, , largest]) => largest >= 1280))(
    'IPv6, %s: fits, then one byte more',
    (_, fields, largest, mtu) => {
      serve(fields);
      expectPacket(plane, packet6(largest), { verdict: 'tx', counted: { forwarded: 1 } });
      const frame = packet6(largest + 1);
      const out = from6().icmpv6({ type: 2, rest: mtu }).payload(quoteOnward(frame, 1232)).build();
      expectPacket(plane, frame, { verdict: 'tx', out, counted });
      expect(out.length - 14).toBe(1280);
    },
  );

  test('a packet shorter than the most that may be quoted is quoted whole', () => {
    serve({ mtu: 300 });
    const frame = packet4(301);
    const out = from4().icmp({ type: 3, code: 4, rest: 300 }).payload(quoteOnward(frame, 301)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
  });

  test('IPv6: never less than 1280', () => {
    serve({ mtu: 1280, method: 'tun' });
    const frame = packet6(1270);
    const out = from6().icmpv6({ type: 2, rest: 1280 }).payload(quoteOnward(frame, 1232)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
  });

  test('IPv4 that may be fragmented: dropped, for XDP cannot make two packets of one', () => {
    serve({ method: 'tun' });
    expectPacket(plane, packet4(1481, { df: false }), { verdict: 'drop', counted: { drop_too_big_no_df: 1 } });
    expectPacket(plane, packet4(1480, { df: false }), { verdict: 'tx', counted: { forwarded: 1 } });
  });

  test('a SYN that is too big opens its connection and gets the answer', () => {
    plane.reset(world([service([server(1, { mtu: 100 })])]));
    const frame = arriving().ipv4({ dst: VIP4, df: true }).tcp().payload(100).build();
    expectPacket(plane, frame, { verdict: 'tx', counted: { ...counted, connections_created: 1 } });
  });

  test('behind VLAN tags, with options and padding', () => {
    serve({ mtu: 120 });
    const ip = { src: CLIENT4, dst: VIP4, df: true, options: Buffer.alloc(8, 1) };
    const packet = arriving().vlan(7, 0x88a8).vlan(9).ipv4(ip).tcp({ flags: '.' }).payload(80);
    const frame = Buffer.concat([packet.build(), Buffer.alloc(5, 0xee)]);
    const back = returning().vlan(7, 0x88a8).vlan(9).ipv4({ src: VIP4, dst: CLIENT4, tos: 0xc0, id: 0 });
    const out = back.icmp({ type: 3, code: 4, rest: 120 }).payload(quoteOnward(frame, 128)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
  });
});

describe('hops run out', () => {
  const counted = { drop_ttl_exceeded: 1, icmp_sent: 1 };

  test.each([0, 1])('IPv4 TTL %i', (ttl) => {
    serve({});
    const frame = packet4(61, { ttl });
    const out = from4().icmp({ type: 11 }).payload(quoteOf(frame, 61)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
  });

  test.each([0, 1])('IPv6 hop limit %i', (hopLimit) => {
    serve({ method: 'tun', family: 6 });
    const frame = packet6(1400, hopLimit);
    const out = from6().icmpv6({ type: 3 }).payload(quoteOf(frame, 1232)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
  });

  test('comes before the MTU', () => {
    serve({ mtu: 100 });
    expectPacket(plane, packet4(500, { ttl: 1 }), { verdict: 'tx', counted });
  });
});

describe('no real server', () => {
  const counted = { drop_no_real_server: 1, icmp_sent: 1 };

  test.each([0, 1])('of weight > 0, %i in the list: port unreachable, for TCP too', (count) => {
    const servers = Array.from({ length: count }, () => server(1, { weight: 0 }));
    plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
    const frame4 = tcp4();
    const out4 = from4().icmp({ type: 3, code: 3 }).payload(quoteOf(frame4, 40)).build();
    expectPacket(plane, frame4, { verdict: 'tx', out: out4, counted });
    const frame6 = tcp6();
    const out6 = from6().icmpv6({ type: 1, code: 4 }).payload(quoteOf(frame6, 60)).build();
    expectPacket(plane, frame6, { verdict: 'tx', out: out6, counted });
    expect(plane.entries()).toEqual([]);
  });

  test('UDP, and a packet that the rate does not let answer', () => {
    plane.reset(world([service([], { protocol: 'udp', port: 53 })]));
    const frame = udp4();
    const out = from4().icmp({ type: 3, code: 3 }).payload(quoteOf(frame, 28)).build();
    expectPacket(plane, frame, { verdict: 'tx', out, counted });
    plane.set({ icmp_rate: 0, icmp_burst: 0 });
    expectPacket(plane, frame, { verdict: 'drop', counted: { drop_no_real_server: 1, icmp_rate_limited: 1 } });
  });
});

test('quotes of every length are summed right', () => {
  serve({ mtu: 60 });
  for (let length = 61; length < 200; length++) {
    const { frame } = plane.run(packet4(length));
    expectChecksums(frame);
    expectChecksums(plane.run(packet6(length, 1)).frame);
  }
});

describe('no answer', () => {
  test.each(['0.0.0.0', '127.0.0.1', '224.0.0.5', '255.255.255.255'])('to %s', (src) => {
    plane.reset(world([service([server(1)])]));
    expectPacket(plane, tcp4({}, { src, ttl: 1 }), {
      verdict: 'drop',
      counted: { connections_created: 1, drop_ttl_exceeded: 1 },
    });
  });

  test.each(['::', '::1', 'ff02::1'])('to %s', (src) => {
    serve({});
    expectPacket(plane, tcp6({}, { src, hopLimit: 1 }), {
      verdict: 'drop',
      counted: { connections_created: 1, drop_ttl_exceeded: 1 },
    });
  });

  test('beyond the rate: the burst, then what the clock gives back', async () => {
    serve({});
    plane.set({ icmp_rate: 1_000_000, icmp_burst: 5 });
    plane.run(packet4(60, { ttl: 1 })); // fills this CPU's bucket and leaves four
    plane.set({ icmp_rate: 0 });
    plane.counted();
    const verdicts = Array.from({ length: 20 }, () => plane.run(packet4(60, { ttl: 1 })).verdict);
    const { drop_ttl_exceeded, icmp_sent = 0, icmp_rate_limited = 0 } = plane.counted();
    expect(drop_ttl_exceeded).toBe(20);
    expect(verdicts.filter((verdict) => verdict === 'tx').length).toBe(icmp_sent);
    expect(icmp_sent + icmp_rate_limited).toBe(20);
    // Each CPU has a bucket of its own, and the test may move between them.
    expect(icmp_rate_limited).toBeGreaterThan(0);
    plane.set({ icmp_rate: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expectPacket(plane, packet4(60, { ttl: 1 }), { verdict: 'tx', counted: { drop_ttl_exceeded: 1, icmp_sent: 1 } });
  });
});
