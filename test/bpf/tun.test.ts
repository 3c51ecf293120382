/** IPIP in all four combinations of families, field by field. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressText } from '../support/packet-bytes.ts';
import { ipOffset, type ParsedIp, parseFrame } from '../support/packet-parse.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, tcp4, tcp6 } from './frames.ts';
import { CLIENT4, CLIENT6, hop, type ServerConfig, server, service, VIP4, VIP6, world } from './world.ts';

const opened = { forwarded: 1, connections_created: 1 };
const DIRECTOR4 = '192.0.2.5';
const DIRECTOR6 = '2001:db8::5';
const SERVER4 = '192.0.2.201';
const SERVER6 = '2001:db8::2:1';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());

/** One server behind both VIPs. */
function tunnelTo(family: 4 | 6, fields: Partial<ServerConfig> = {}): void {
  const servers = [server(1, { family, method: 'tun', ...fields })];
  plane.reset(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
}

function outerOf(frame: Buffer): ParsedIp {
  const { verdict, frame: out } = plane.run(frame);
  expect(verdict).toBe('tx');
  expectChecksums(out);
  const { ip } = parseFrame(out);
  if (ip === null) throw new Error('no IP packet came out');
  return ip;
}

describe('the whole packet', () => {
  test('4 in 4', () => {
    tunnelTo(4);
    const out = leaving(1)
      .ipv4({ src: DIRECTOR4, dst: SERVER4, ttl: 63, tos: 0xb9, id: 77, df: true })
      .ipv4({ src: CLIENT4, dst: VIP4, ttl: 63, tos: 0xb9, id: 77, df: true })
      .tcp()
      .payload(9);
    const frame = arriving().ipv4({ src: CLIENT4, dst: VIP4, tos: 0xb9, id: 77, df: true }).tcp().payload(9).build();
    expectPacket(plane, frame, { verdict: 'tx', out: out.build(), counted: opened });
  });

  test('6 in 6', () => {
    tunnelTo(6);
    const out = leaving(1)
      .ipv6({ src: DIRECTOR6, dst: SERVER6, hopLimit: 63, trafficClass: 0xb9 })
      .ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63, trafficClass: 0xb9, flowLabel: 0x12345 })
      .tcp();
    const frame = tcp6({}, { trafficClass: 0xb9, flowLabel: 0x12345 });
    expectPacket(plane, frame, { verdict: 'tx', out: out.build(), counted: opened });
  });

  test('4 in 6', () => {
    tunnelTo(6);
    const out = leaving(1)
      .ipv6({ src: DIRECTOR6, dst: SERVER6, hopLimit: 63, trafficClass: 0x2e })
      .ipv4({ src: CLIENT4, dst: VIP4, ttl: 63, tos: 0x2e })
      .tcp();
    expectPacket(plane, tcp4({}, { tos: 0x2e }), { verdict: 'tx', out: out.build(), counted: opened });
  });

  test('6 in 4', () => {
    tunnelTo(4, { outerDf: 'set' });
    const out = leaving(1)
      .ipv4({ src: DIRECTOR4, dst: SERVER4, ttl: 63, tos: 0x2e, id: 0, df: true })
      .ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 63, trafficClass: 0x2e })
      .tcp();
    expectPacket(plane, tcp6({}, { trafficClass: 0x2e }), { verdict: 'tx', out: out.build(), counted: opened });
  });

  test('IPv4 options and IPv6 extension headers stay inside', () => {
    tunnelTo(4);
    const options = Buffer.alloc(12, 1);
    const inner = outerOf(arriving().ipv4({ dst: VIP4, options, df: true }).tcp().build()).inner;
    expect(inner?.headerLength).toBe(32);
    expect(
      outerOf(arriving().ipv6({ dst: VIP6 }).hopByHop().destinationOptions(2).tcp().build()).inner?.extensions,
    ).toEqual([0, 60]);
  });

  test('padding of a short frame stays behind the packet', () => {
    tunnelTo(4);
    const { frame } = plane.run(Buffer.concat([tcp4({}, { df: true }), Buffer.alloc(6, 0xaa)]));
    expect(parseFrame(frame)).toMatchObject({ length: 14 + 20 + 40 + 6, ip: { length: 60, inner: { length: 40 } } });
  });

  test('bytes are counted without the outer header', () => {
    tunnelTo(6);
    plane.run(tcp4());
    expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 1, bytes: 40 });
  });
});

describe('DF of an outer IPv4 header', () => {
  const rows: ['copy' | 'set' | 'clear', boolean, boolean][] = [
    ['copy', false, false],
    ['copy', true, true],
    ['set', false, true],
    ['set', true, true],
    ['clear', false, false],
    ['clear', true, false],
  ];
  test.each(rows)('%s: inner %s gives %s', (outerDf, df, expected) => {
    tunnelTo(4, { outerDf });
    expect(outerOf(tcp4({}, { df, id: 5 })).df).toBe(expected);
  });

  test.each([
    ['copy', false],
    ['set', true],
    ['clear', false],
  ] as const)('%s around IPv6, which has no bit to copy', (outerDf, expected) => {
    tunnelTo(4, { outerDf });
    expect(outerOf(tcp6()).df).toBe(expected);
  });

  test('what may be fragmented has an identification of its own', () => {
    tunnelTo(4);
    const ids = Array.from({ length: 32 }, () => outerOf(tcp4({}, { id: 5 })).id);
    expect(new Set(ids).size).toBeGreaterThan(16);
  });
});

test('hop counts and traffic classes of every value', () => {
  for (const family of [4, 6] as const) {
    tunnelTo(family);
    for (let value = 2; value < 256; value += 3) {
      expect(outerOf(tcp4({}, { ttl: value, tos: value, df: true }))).toMatchObject({ ttl: value - 1, tos: value });
      expect(outerOf(tcp6({}, { hopLimit: value, trafficClass: value }))).toMatchObject({ ttl: value - 1, tos: value });
    }
  }
});

test('outer checksums are right for many lengths and addresses', () => {
  for (const [address, outerSource] of [
    ['255.255.255.254', '255.255.255.253'],
    ['0.0.0.1', '10.0.0.1'],
    ['192.0.2.201', '0.255.1.254'],
  ] as const) {
    tunnelTo(4, { address, outerSource });
    for (let length = 0; length < 1400; length += 37) {
      const frame = arriving()
        .ipv4({ dst: VIP4, df: true, id: length * 47 })
        .tcp()
        .payload(length)
        .build();
      expect(outerOf(frame)).toMatchObject({ src: outerSource, dst: address, length: length + 60 });
    }
  }
});

describe('spread sources', () => {
  const sources = (make: (sport: number) => Buffer, count: number): string[] =>
    Array.from({ length: count }, (_, n) => outerOf(make(1000 + n)).src);

  test('IPv4: within the prefix, the same for a flow, different between flows', () => {
    tunnelTo(4, { outerSource: '172.16.1.5', spreadBits: 16 });
    const all = sources((sport) => tcp4({ sport }, { df: true }), 64);
    expect(all.every((source) => source.startsWith('172.16.'))).toBe(true);
    expect(new Set(all).size).toBeGreaterThan(56);
    expect(sources((sport) => tcp4({ sport, flags: '.' }, { df: true }), 64)).toEqual(all);
  });

  test('IPv6: low bits of the last word', () => {
    tunnelTo(6, { outerSource: '2001:db8:5::', spreadBits: 32 });
    const all = sources((sport) => tcp6({ sport }), 64);
    expect(all.every((source) => source.startsWith('2001:db8:5:'))).toBe(true);
    expect(new Set(all).size).toBe(64);
    expect(sources((sport) => tcp6({ sport, flags: '.' }), 64)).toEqual(all);
  });

  test('a single bit', () => {
    tunnelTo(4, { outerSource: '172.16.1.4', spreadBits: 1 });
    expect(new Set(sources((sport) => tcp4({ sport }, { df: true }), 64))).toEqual(
      new Set(['172.16.1.4', '172.16.1.5']),
    );
  });
});

describe('VLAN tags', () => {
  const rows: [string, Buffer, { tci: number; tpid: number }[] | null, number[]][] = [
    ['kept', arriving().vlan(5).vlan(6).ipv4({ dst: VIP4, df: true }).tcp().build(), null, [5, 6]],
    [
      'added',
      tcp4({}, { df: true }),
      [
        { tci: 9, tpid: 0x88a8 },
        { tci: 10, tpid: 0x8100 },
      ],
      [9, 10],
    ],
    ['removed', arriving().vlan(5).vlan(6).ipv4({ dst: VIP4, df: true }).tcp().build(), [], []],
    ['replaced', arriving().vlan(5).ipv6({ dst: VIP6 }).tcp().build(), [{ tci: 9, tpid: 0x8100 }], [9]],
  ];
  for (const family of [4, 6] as const) {
    test.each(rows)(`%s over IPv${family}`, (_, frame, tags, expected) => {
      const servers = [server(1, { family, method: 'tun' })];
      const services = [service(servers), service(servers, { id: 2, address: VIP6 })];
      plane.reset(world(services, { nextHops: [hop(0), hop(1, { tags })] }));
      const { verdict, frame: out } = plane.run(frame);
      expect(verdict).toBe('tx');
      const parsed = parseFrame(out);
      expect(parsed.tags.map((tag) => tag.tci)).toEqual(expected);
      expect(parsed.etherType).toBe(family === 4 ? 0x0800 : 0x86dd);
      expect(
        addressText(out.subarray(ipOffset(out) + (family === 4 ? 16 : 24), ipOffset(out) + (family === 4 ? 20 : 40))),
      ).toBe(family === 4 ? SERVER4 : SERVER6);
    });
  }
});
