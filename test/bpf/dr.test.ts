/** Direct routing: only the link header and the TTL change. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ethernet } from '../support/packet.ts';
import { PROTOCOL } from '../support/packet-layers.ts';
import { chosen, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, tcp4, tcp6, udp4 } from './frames.ts';
import {
  CLIENT_MAC,
  CLIENT4,
  CLIENT6,
  EMPTY,
  hop,
  hopMac,
  INGRESS,
  OTHER_PORT,
  server,
  service,
  VIP4,
  VIP6,
  type World,
  world,
} from './world.ts';

const opened = { forwarded: 1, connections_created: 1 };

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

function load(initial: World): DataPlane {
  plane.reset(initial);
  return plane;
}

describe('packets out', () => {
  const servers = [server(1)];
  const services = [
    service(servers),
    service(servers, { id: 2, address: VIP6 }),
    service(servers, { id: 3, port: 0, protocol: 'udp' }),
  ];
  beforeEach(() => void load(world(services)));

  const in4 = (): ReturnType<typeof arriving> => arriving();
  const rows: [string, Buffer, Buffer][] = [
    ['TCP over IPv4', tcp4(), leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).tcp().build()],
    ['TCP over IPv6', tcp6(), leaving(1).ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63 }).tcp().build()],
    ['UDP', udp4(), leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).udp().build()],
    [
      'IPv4 options',
      in4()
        .ipv4({ src: CLIENT4, dst: VIP4, options: Buffer.alloc(40, 1) })
        .tcp({ options: Buffer.alloc(12, 1) })
        .payload(5)
        .build(),
      leaving(1)
        .ipv4({ src: CLIENT4, dst: VIP4, options: Buffer.alloc(40, 1), ttl: 63 })
        .tcp({ options: Buffer.alloc(12, 1) })
        .payload(5)
        .build(),
    ],
    [
      'IPv6 extension headers',
      in4()
        .ipv6({ src: CLIENT6, dst: VIP6 })
        .hopByHop(1)
        .destinationOptions()
        .routing(2)
        .destinationOptions(3)
        .tcp()
        .build(),
      leaving(1)
        .ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63 })
        .hopByHop(1)
        .destinationOptions()
        .routing(2)
        .destinationOptions(3)
        .tcp()
        .build(),
    ],
    [
      'six extension headers',
      in4()
        .ipv6({ src: CLIENT6, dst: VIP6 })
        .hopByHop()
        .routing()
        .routing()
        .routing()
        .routing()
        .routing()
        .tcp()
        .build(),
      leaving(1)
        .ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63 })
        .hopByHop()
        .routing()
        .routing()
        .routing()
        .routing()
        .routing()
        .tcp()
        .build(),
    ],
    [
      'authentication header',
      in4().ipv6({ src: CLIENT6, dst: VIP6 }).hopByHop().extension(PROTOCOL.ah, 2).tcp().build(),
      leaving(1).ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63 }).hopByHop().extension(PROTOCOL.ah, 2).tcp().build(),
    ],
    [
      'one VLAN tag kept',
      in4().vlan(0x6123).ipv4({ dst: VIP4 }).tcp().build(),
      leaving(1).vlan(0x6123).ipv4({ dst: VIP4, ttl: 63 }).tcp().build(),
    ],
    [
      'two VLAN tags kept',
      in4().vlan(7, 0x88a8).vlan(9).ipv6({ dst: VIP6 }).tcp().build(),
      leaving(1).vlan(7, 0x88a8).vlan(9).ipv6({ dst: VIP6, hopLimit: 63 }).tcp().build(),
    ],
    [
      'padding behind a short packet',
      Buffer.concat([tcp4(), Buffer.alloc(6)]),
      Buffer.concat([leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).tcp().build(), Buffer.alloc(6)]),
    ],
    ['TTL 2', tcp4({}, { ttl: 2 }), leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 1 }).tcp().build()],
    [
      'exactly the MTU',
      in4().ipv4({ dst: VIP4 }).tcp().payload(1460).build(),
      leaving(1).ipv4({ dst: VIP4, ttl: 63 }).tcp().payload(1460).build(),
    ],
    [
      'a SYN with data and ACK',
      tcp4({ flags: 'S.' }),
      leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).tcp({ flags: 'S.' }).build(),
    ],
  ];
  test.each(rows)('%s', (_, frame, out) => {
    expectPacket(plane, frame, { verdict: 'tx', out, counted: opened });
  });

  test('the IPv4 checksum is right for every TTL and many identifications', () => {
    for (let ttl = 2; ttl < 256; ttl++) {
      for (const id of [0, 1, 0xfffe, 0xffff, ttl * 251]) {
        const out = leaving(1)
          .ipv4({ src: CLIENT4, dst: VIP4, ttl: ttl - 1, id })
          .tcp()
          .build();
        const outcome = plane.run(tcp4({}, { ttl, id }));
        expect(outcome.frame.equals(out), `ttl ${ttl} id ${id}`).toBe(true);
      }
    }
  });

  test('bytes are those of the IP packet, per service and server', () => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }));
    plane.run(Buffer.concat([tcp4({ flags: '.' }), Buffer.alloc(6)]));
    expect(plane.traffic('service_traffic', 1)).toEqual({ connections: 1, packets: 3, bytes: 120 });
    expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 3, bytes: 120 });
  });

  test('traffic is what came in for the server, sent on or not, as in IPVS', () => {
    plane.run(tcp4());
    plane.run(tcp4({ flags: '.' }, { ttl: 1 }));
    plane.run(arriving().ipv4({ dst: VIP4, src: CLIENT4, df: true }).tcp({ flags: '.' }).payload(1461).build());
    expect(plane.traffic('service_traffic', 1)).toEqual({ connections: 1, packets: 3, bytes: 80 + 1501 });
    expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 3, bytes: 80 + 1501 });
    const next = [hop(0), hop(1, { port: 0 })];
    plane.configure(world(services, { nextHops: next }));
    plane.run(tcp4({ flags: '.' }));
    expect(plane.traffic('server_traffic', 1)).toMatchObject({ packets: 4 });
  });
});

describe('services', () => {
  test('the exact port before port 0, and port 0 for the rest', () => {
    const each = load(
      world([
        service([server(1)], { port: 0 }),
        service([server(2)], { id: 2, port: 80 }),
        service([server(3)], { id: 3, address: VIP6, port: 0 }),
      ]),
    );
    expect(chosen(each, tcp4({ dport: 80 }))).toBe(2);
    expect(chosen(each, tcp4({ dport: 81 }))).toBe(1);
    expect(chosen(each, tcp4({ dport: 0 }))).toBe(1);
    expect(chosen(each, tcp6({ dport: 12345 }))).toBe(3);
    expect(chosen(each, udp4({ dport: 80 }))).toBe(null);
  });

  test('ports of one port-0 service are connections of their own', () => {
    const each = load(world([service([server(1), server(2)], { port: 0 })]));
    expect(chosen(each, tcp4({ dport: 80 }))).toBe(1);
    expect(chosen(each, tcp4({ dport: 81 }))).toBe(2);
    expect(chosen(each, tcp4({ dport: 80, flags: '.' }))).toBe(1);
  });

  test('a deleted service leaves its packets to the kernel', () => {
    const each = load(world([service([server(1)])]));
    each.run(tcp4());
    each.configure(world([]));
    expectPacket(each, tcp4({ flags: '.' }), { verdict: 'pass', counted: {} });
  });
});

describe('schedulers', () => {
  const picks = (each: DataPlane, count: number): (number | null)[] =>
    Array.from({ length: count }, (_, i) => chosen(each, tcp4({ sport: 1000 + i })));

  test('rr: one after another, weight 0 left out', () => {
    const each = load(world([service([server(1), server(2, { weight: 0 }), server(3)])]));
    expect(picks(each, 5)).toEqual([1, 3, 1, 3, 1]);
  });

  test('wrr: heaviest first, as the kernel', () => {
    const servers = [server(1, { weight: 1 }), server(2, { weight: 3 }), server(3, { weight: 2 })];
    const each = load(world([service(servers, { scheduler: 'wrr' })]));
    expect(picks(each, 12)).toEqual([2, 2, 3, 1, 2, 3, 2, 2, 3, 1, 2, 3]);
  });

  test('wrr: many servers, more turns than one line holds', () => {
    const servers = Array.from({ length: 15 }, (_, n) => server(n, { weight: 1 + (n % 3) }));
    const each = load(world([service(servers, { scheduler: 'wrr' })]));
    const counts = new Map<number | null, number>();
    for (const n of picks(each, 300)) counts.set(n, (counts.get(n) ?? 0) + 1);
    for (const [n, entry] of servers.entries()) expect(counts.get(n)).toBe(entry.weight * 10);
  });

  test('mh: by the source address, whatever the port', () => {
    const servers = [server(1), server(2), server(3)];
    const each = load(world([service(servers, { scheduler: 'mh' })]));
    expect(new Set(picks(each, 20)).size).toBe(1);
    const others = Array.from({ length: 60 }, (_, n) => chosen(each, tcp4({}, { src: `198.51.100.${n}` })));
    expect(new Set(others)).toEqual(new Set([1, 2, 3]));
  });

  test('mh-port: the port counts too', () => {
    const each = load(world([service([server(1), server(2), server(3)], { scheduler: 'mh', hashPort: true })]));
    expect(new Set(picks(each, 60))).toEqual(new Set([1, 2, 3]));
  });

  test('mh: flows of a server without weight are refused, with mh-fallback they move', () => {
    const servers = [server(1, { weight: 0 }), server(2)];
    const ring = Array.from({ length: 31 }, (_, n) => n % 2);
    const refusing = load(world([service(servers, { scheduler: 'mh', ring })]));
    const sources = Array.from({ length: 40 }, (_, n) => tcp4({}, { src: `198.51.100.${n}` }));
    const refused = sources.map((frame) => chosen(refusing, frame));
    expect(new Set(refused)).toEqual(new Set([null, 2]));
    const moving = load(world([service(servers, { scheduler: 'mh', ring, fallback: true })]));
    expect(new Set(sources.map((frame) => chosen(moving, frame)))).toEqual(new Set([2]));
  });

  test('mh: an empty ring slot refuses', () => {
    const each = load(world([service([server(1)], { scheduler: 'mh', ring: new Array<number>(31).fill(EMPTY) })]));
    expectPacket(each, tcp4(), { verdict: 'tx', counted: { drop_no_real_server: 1, icmp_sent: 1 } });
  });
});

describe('where frames leave', () => {
  const servers = [server(1)];

  test('by another interface: redirected, from its address', () => {
    const nextHops = [hop(0), hop(1, { port: OTHER_PORT.ifindex + 1 })];
    const each = load(world([service(servers)], { nextHops }));
    const out = ethernet({ dst: hopMac(1), src: OTHER_PORT.mac })
      .ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 })
      .tcp()
      .build();
    expectPacket(each, tcp4(), { verdict: 'redirect', out, counted: opened });
  });

  const TAGS: [string, Buffer, { tci: number; tpid: number }[]][] = [
    ['a tag added', tcp4(), [{ tci: 100, tpid: 0x8100 }]],
    [
      'two tags added',
      tcp4(),
      [
        { tci: 100, tpid: 0x88a8 },
        { tci: 200, tpid: 0x8100 },
      ],
    ],
    [
      'a tag replaced',
      arriving().vlan(5).ipv4({ src: CLIENT4, dst: VIP4 }).tcp().build(),
      [{ tci: 100, tpid: 0x8100 }],
    ],
    ['a tag removed', arriving().vlan(5).ipv4({ src: CLIENT4, dst: VIP4 }).tcp().build(), []],
    ['two tags removed', arriving().vlan(5).vlan(6).ipv4({ src: CLIENT4, dst: VIP4 }).tcp().build(), []],
    [
      'two tags made one',
      arriving().vlan(5, 0x88a8).vlan(6).ipv4({ src: CLIENT4, dst: VIP4 }).tcp().build(),
      [{ tci: 7, tpid: 0x8100 }],
    ],
  ];
  test.each(TAGS)('explicit VLAN: %s', (_, frame, tags) => {
    const each = load(world([service(servers)], { nextHops: [hop(0), hop(1, { tags })] }));
    const tagged = tags.reduce((packet, tag) => packet.vlan(tag.tci, tag.tpid), leaving(1));
    const out = tagged.ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).tcp().build();
    expectPacket(each, frame, { verdict: 'tx', out, counted: opened });
  });

  test('a next hop that is not resolved: dropped, and forwarded once it is', () => {
    const unresolved = [hop(0), hop(1, { port: 0 })];
    const each = load(world([service(servers)], { nextHops: unresolved }));
    expectPacket(each, tcp4(), { verdict: 'drop', counted: { connections_created: 1, drop_no_next_hop: 1 } });
    each.configure(world([service(servers)]));
    expectPacket(each, tcp4({ flags: '.' }), { verdict: 'tx', counted: { forwarded: 1 } });
  });

  test('an interface that is gone: dropped', () => {
    const nextHops = [hop(0), hop(1, { port: 900 })];
    const each = load(world([service(servers)], { nextHops }));
    expectPacket(each, tcp4(), { verdict: 'drop', counted: { connections_created: 1, drop_no_next_hop: 1 } });
  });

  test('an interface that the kernel has just taken out of the devmap: dropped, and counted', () => {
    const nextHops = [hop(0), hop(1, { port: OTHER_PORT.ifindex + 1 })];
    const each = load(world([service(servers)], { nextHops }));
    each.object.map('tx_ports').delete(OTHER_PORT.ifindex);
    expectPacket(each, tcp4(), { verdict: 'drop', counted: { connections_created: 1, drop_no_next_hop: 1 } });
  });

  test('frames that came to the MAC address of another of our interfaces pass', () => {
    const each = load(world([service(servers)]));
    const frame = ethernet({ dst: OTHER_PORT.mac, src: CLIENT_MAC }).ipv4({ dst: VIP4 }).tcp().build();
    expectPacket(each, frame, { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });

  test.each([
    ['of a virtual router that is MASTER there', '00:00:5e:00:01:33', [0x33], 'tx'],
    ['of one over IPv6', '00:00:5e:00:02:33', [0x133], 'tx'],
    ['of another', '00:00:5e:00:01:34', [0x33], 'pass'],
    ['of the other family', '00:00:5e:00:02:33', [0x33], 'pass'],
    ['like one', '00:00:5e:00:03:33', [0x33], 'pass'],
    ['of none', '00:00:5e:00:00:ff', [0xff, 0x1ff], 'pass'],
    ['far from one', '00:00:5f:00:01:33', [0x33], 'pass'],
  ] as const)('frames to the MAC address %s: %s', (_, dst, routers, verdict) => {
    const each = load(world([service(servers)], { interfaces: [{ ...INGRESS, routers }, OTHER_PORT] }));
    const frame = ethernet({ dst, src: CLIENT_MAC }).ipv4({ dst: VIP4 }).tcp().build();
    expect(each.run(frame).verdict).toBe(verdict);
  });

  test('an interface that is not attached any more passes everything', () => {
    const each = load(world([service(servers)], { interfaces: [{ ...INGRESS, mac: '02:00:00:00:00:0a' }] }));
    expectPacket(each, tcp4(), { verdict: 'pass', counted: { pass_other_mac: 1 } });
  });
});

describe('real servers that cannot take a packet', () => {
  test('none at all', () => {
    const each = load(world([service([])]));
    expectPacket(each, tcp4(), { verdict: 'tx', counted: { drop_no_real_server: 1, icmp_sent: 1 } });
    expect(each.entries()).toEqual([]);
  });

  test('none with a weight', () => {
    const each = load(world([service([server(1, { weight: 0 })])]));
    expectPacket(each, tcp4(), { verdict: 'tx', counted: { drop_no_real_server: 1, icmp_sent: 1 } });
    expectPacket(each, udp4(), { verdict: 'pass', counted: {} });
  });

  test('weight 0 keeps its connections', () => {
    const each = load(world([service([server(1)])]));
    each.run(tcp4());
    each.configure(world([service([server(1, { weight: 0 }), server(2)], { generation: 2 })]));
    expect(chosen(each, tcp4({ flags: '.' }))).toBe(1);
    expect(chosen(each, tcp4({ sport: 2 }))).toBe(2);
  });

  test('a deleted server: its packets are dropped, neither state nor deadline move, and it may come back', () => {
    const each = load(world([service([server(1)])]));
    each.run(tcp4());
    const [before] = each.entries();
    each.advance(5);
    each.configure(world([service([server(1, { available: false }), server(2)], { generation: 2 })]));
    expectPacket(each, tcp4({ flags: '.' }), { verdict: 'drop', counted: { drop_real_server_gone: 1 } });
    expect(each.entries()).toEqual([before]);
    expect(chosen(each, tcp4({ sport: 2 }))).toBe(2);
    each.configure(world([service([server(1), server(2)], { generation: 3 })]));
    expect(chosen(each, tcp4({ flags: '.' }))).toBe(1);
  });
});
