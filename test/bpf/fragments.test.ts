/** Packets in fragments: the first is decided like any packet, later ones follow it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PacketBuilder } from '../support/packet.ts';
import type { Ipv4Fields } from '../support/packet-layers.ts';
import { expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, tcp4, tcp6 } from './frames.ts';
import { server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  const dr = [server(1), server(2)];
  const tun = [server(3, { method: 'tun' }), server(4, { method: 'tun' })];
  plane.reset(
    world([
      service(dr, { protocol: 'udp', port: 53 }),
      service(tun, { id: 2, protocol: 'udp', port: 54 }),
      service(dr, { id: 3, protocol: 'udp', port: 53, address: VIP6 }),
      service(dr, { id: 4 }),
      service(dr, { id: 5, address: VIP6 }),
    ]),
  );
});

type Ends = { from?: PacketBuilder; ttl?: number };
const opened = { forwarded: 1, connections_created: 1 };
const followed = { forwarded: 1 };
const unknown = { verdict: 'pass', counted: { pass_fragment: 1 } } as const;
const malformed = { verdict: 'pass', counted: { pass_malformed: 1 } } as const;

function first4(
  fields: Ipv4Fields & { dport?: number; sport?: number } = {},
  { from = arriving(), ttl = 64 }: Ends = {},
): Buffer {
  const { dport = 53, sport = 40000, ...ip } = fields;
  const udp = { sport, dport, length: 2008, checksum: 0x1234 };
  return from
    .ipv4({ dst: VIP4, mf: true, ttl, ...ip })
    .udp(udp)
    .payload(1000)
    .build();
}

function later4(fields: Ipv4Fields = {}, { from = arriving(), ttl = 64 }: Ends = {}): Buffer {
  return from
    .ipv4({ dst: VIP4, offset: 126, ttl, protocol: 17, ...fields })
    .payload(1000)
    .build();
}

function first6(fields: { id?: number } = {}, from = arriving(), hopLimit = 64): Buffer {
  const udp = { dport: 53, length: 2008, checksum: 0x1234 };
  return from
    .ipv6({ dst: VIP6, hopLimit })
    .fragment({ more: true, ...fields })
    .udp(udp)
    .payload(1000)
    .build();
}

function later6(fields: { id?: number; offset?: number } = {}, from = arriving(), hopLimit = 64): Buffer {
  return from
    .ipv6({ dst: VIP6, hopLimit })
    .fragment({ offset: 126, ...fields })
    .payload(1000, 17)
    .build();
}

describe('later fragments follow the first one, byte for byte', () => {
  test('IPv4, dr', () => {
    expectPacket(plane, first4(), { verdict: 'tx', out: first4({}, { from: leaving(1), ttl: 63 }), counted: opened });
    expectPacket(plane, later4(), { verdict: 'tx', out: later4({}, { from: leaving(1), ttl: 63 }), counted: followed });
    expectPacket(plane, later4({ mf: true }), { verdict: 'tx', counted: followed });
    expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 3, bytes: 1028 + 2 * 1020 });
  });

  test('IPv6, dr', () => {
    expectPacket(plane, first6(), { verdict: 'tx', out: first6({}, leaving(1), 63), counted: opened });
    expectPacket(plane, later6(), { verdict: 'tx', out: later6({}, leaving(1), 63), counted: followed });
  });

  test('behind VLAN tags and IPv6 extension headers', () => {
    const first = (from: PacketBuilder, hopLimit: number): Buffer => {
      const ip = from.vlan(7).ipv6({ dst: VIP6, hopLimit }).hopByHop().fragment({ more: true });
      return ip.destinationOptions(1).udp({ dport: 53, checksum: 1 }).payload(8).build();
    };
    const later = (from: PacketBuilder, hopLimit: number, offset: number): Buffer =>
      from.vlan(7).ipv6({ dst: VIP6, hopLimit }).hopByHop().fragment({ offset }).payload(8, 60).build();
    expectPacket(plane, first(arriving(), 64), { verdict: 'tx', out: first(leaving(1), 63), counted: opened });
    expectPacket(plane, later(arriving(), 64, 4), { verdict: 'tx', out: later(leaving(1), 63, 4), counted: followed });
    // 16 bytes of options and 8 of UDP: 24 of the fragmentable part are headers.
    expectPacket(plane, later(arriving(), 64, 3), { verdict: 'tx', counted: followed });
    expectPacket(plane, later(arriving(), 64, 2), malformed);
  });

  test('IPv4, tun: each in a packet of its own', () => {
    expectPacket(plane, first4({ dport: 54, df: true }), { verdict: 'tx', counted: opened });
    const outer = leaving(3).ipv4({ src: '192.0.2.5', dst: '192.0.2.203', df: true, ttl: 63 });
    const out = later4({ df: true }, { from: outer, ttl: 63 });
    expectPacket(plane, later4({ df: true }), { verdict: 'tx', out, counted: followed });
  });

  test('TCP', () => {
    const first = arriving().ipv4({ dst: VIP4, mf: true }).tcp().payload(4).build();
    expectPacket(plane, first, { verdict: 'tx', counted: opened });
    const rest = arriving().ipv4({ dst: VIP4, offset: 3, protocol: 6 }).payload(30).build();
    expectPacket(plane, rest, { verdict: 'tx', counted: followed });
  });

  test('each packet has its own: other connections, other identifications', () => {
    expectPacket(plane, first4({ id: 1 }), { verdict: 'tx', counted: opened });
    expectPacket(plane, first4({ id: 2, sport: 40001 }), { verdict: 'tx', counted: opened });
    for (const [id, hop] of [
      [1, 1],
      [2, 2],
      [1, 1],
    ] as const) {
      const out = later4({ id }, { from: leaving(hop), ttl: 63 });
      expectPacket(plane, later4({ id }), { verdict: 'tx', out, counted: followed });
    }
  });
});

test('an IPv6 packet in one fragment is a packet (RFC 6946), and nothing follows it', () => {
  const atomic = (from: PacketBuilder, hopLimit: number): Buffer =>
    from.ipv6({ dst: VIP6, hopLimit }).fragment().tcp().build();
  expectPacket(plane, atomic(arriving(), 64), { verdict: 'tx', out: atomic(leaving(1), 63), counted: opened });
  expectPacket(plane, later6(), unknown);
});

describe('left to the kernel', () => {
  const known: [string, Buffer][] = [
    ['another identification', later4({ id: 0x1235 })],
    ['another source', later4({ src: '192.0.2.11' })],
    ['another protocol', later4({ protocol: 6 })],
    ['another identification, IPv6', later6({ id: 0x12345679 })],
    [
      'an IPv6 fragment of no transport',
      arriving().ipv6({ dst: VIP6 }).fragment({ more: true }).payload(8, 59).build(),
    ],
  ];
  test.each(known)('%s', (_, frame) => {
    plane.run(first4());
    plane.run(first6());
    expectPacket(plane, frame, unknown);
  });

  test('one that comes before its first, which it does not wait for', () => {
    expectPacket(plane, later4(), unknown);
    expectPacket(plane, first4(), { verdict: 'tx', counted: opened });
    expectPacket(plane, later4(), { verdict: 'tx', counted: followed });
  });

  test('after 30 s', () => {
    plane.run(first4());
    plane.advance(29);
    expectPacket(plane, later4(), { verdict: 'tx', counted: followed });
    plane.advance(1);
    expectPacket(plane, later4(), unknown);
  });

  test('those of what is no service', () => {
    expectPacket(plane, first4({ dport: 55 }), { verdict: 'pass', counted: {} });
    expectPacket(plane, later4(), unknown);
  });

  test('those of a first one that was left to the kernel', () => {
    const first = arriving().ipv4({ dst: VIP4, mf: true }).tcp({ flags: '.' }).payload(4).build();
    expectPacket(plane, first, { verdict: 'pass', counted: { pass_no_connection: 1 } });
    const rest = arriving().ipv4({ dst: VIP4, offset: 3, protocol: 6 }).payload(30).build();
    expectPacket(plane, rest, unknown);
  });

  test('those to another MAC', () => {
    plane.run(first4());
    const frame = later4();
    frame[5] = 0x77;
    expectPacket(plane, frame, { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });
});

describe('tiny and overlapping fragments', () => {
  const v4 = (mf: boolean, offset = 0): PacketBuilder => arriving().ipv4({ dst: VIP4, mf, offset, protocol: 6 });
  const header = tcp4().subarray(34);
  const tiny: [string, Buffer][] = [
    ['no ports', v4(true).payload(header.subarray(0, 3), 6).build()],
    ['ports, but no flags', v4(true).payload(header.subarray(0, 8), 6).build()],
    ['all but the last byte of a TCP header', v4(true).payload(header.subarray(0, 19), 6).build()],
    ['7 bytes of UDP', arriving().ipv4({ dst: VIP4, mf: true }).payload(Buffer.alloc(7), 17).build()],
    ['TCP options that are not all there', arriving().ipv4({ dst: VIP4, mf: true }).tcp({ doff: 6 }).build()],
    ['TCP data offset below 5', arriving().ipv4({ dst: VIP4, mf: true }).tcp({ doff: 4 }).build()],
    [
      'IPv6: half a TCP header',
      arriving().ipv6({ dst: VIP6 }).fragment({ more: true }).payload(tcp6().subarray(54, 64), 6).build(),
    ],
    ['two fragment headers', arriving().ipv6({ dst: VIP6 }).fragment().fragment({ more: true }).tcp().build()],
  ];
  test.each(tiny)('first fragment: %s', (_, frame) => {
    expectPacket(plane, frame, malformed);
    expect(plane.entries()).toEqual([]);
  });

  test.each([1, 2])('a fragment at %i * 8 would write over flags that were judged', (offset) => {
    const first = arriving().ipv4({ dst: VIP4, mf: true }).tcp().payload(4).build();
    expectPacket(plane, first, { verdict: 'tx', counted: opened });
    expectPacket(plane, v4(false, offset).payload(30, 6).build(), malformed);
  });

  test('one that would end beyond 65535 bytes', () => {
    plane.run(first4());
    expectPacket(plane, later4({ offset: 8100 }), malformed);
  });

  test('a second first one of the same packet: the newest decides', () => {
    plane.run(first4());
    expectPacket(plane, first4({ sport: 40001 }), { verdict: 'tx', counted: opened });
    const out = later4({}, { from: leaving(2), ttl: 63 });
    expectPacket(plane, later4(), { verdict: 'tx', out, counted: followed });
  });
});

describe('what happens to the server happens to what follows', () => {
  test('deleted', () => {
    plane.run(first4());
    const gone = [server(1, { available: false }), server(2)];
    plane.configure(world([service(gone, { protocol: 'udp', port: 53 })]));
    expectPacket(plane, later4(), { verdict: 'drop', counted: { drop_real_server_gone: 1 } });
  });

  test('the service is gone: the kernel', () => {
    plane.run(first4());
    plane.configure(world([service([server(1)], { id: 4 })]));
    expectPacket(plane, later4(), { verdict: 'pass', counted: {} });
  });

  test('no ICMP error about a later IPv4 fragment, one about a first one (RFC 1122, 3.2.2)', () => {
    expectPacket(plane, first4({ ttl: 1 }), {
      verdict: 'tx',
      counted: { connections_created: 1, drop_ttl_exceeded: 1, icmp_sent: 1 },
    });
    expectPacket(plane, later4({ ttl: 1 }), { verdict: 'drop', counted: { drop_ttl_exceeded: 1 } });
    const small = [server(1, { mtu: 500 }), server(2)];
    plane.configure(world([service(small, { protocol: 'udp', port: 53 })]));
    expectPacket(plane, later4({ df: true }), { verdict: 'drop', counted: { drop_too_big: 1 } });
  });

  test('IPv6: a later fragment that is too big is answered', () => {
    plane.run(first6());
    const small = [server(1, { mtu: 1000 }), server(2)];
    plane.configure(world([service(small, { id: 3, protocol: 'udp', port: 53, address: VIP6 })]));
    expectPacket(plane, later6(), { verdict: 'tx', counted: { drop_too_big: 1, icmp_sent: 1 } });
  });
});

test('cut at every byte: nothing but a whole fragment is forwarded', () => {
  for (const whole of [first4(), later4(), first6(), later6()]) {
    plane.run(first4());
    plane.run(first6());
    for (let length = 14; length < Math.min(whole.length, 120); length++) {
      const frame = whole.subarray(0, length);
      const { verdict, frame: out } = plane.run(frame);
      expect(verdict, `${length} of ${whole.length} bytes`).toBe('pass');
      expect(out.equals(frame)).toBe(true);
    }
  }
});
