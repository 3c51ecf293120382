/** The decapsulator of real servers: every packet in, its verdict, what the kernel gets, what is counted. */
import { fileURLToPath } from 'node:url';
import { BpfObject, XDP_ACTIONS } from 'libbpf-ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressWords } from '../../src/core/model/address.ts';
import type { Address } from '../../src/core/model/model.ts';
import { ethernet, type PacketBuilder } from '../support/packet.ts';
import type { Ipv4Fields, Ipv6Fields } from '../support/packet-layers.ts';
import { expectChecksums } from './expect.ts';

const OBJECT = fileURLToPath(new URL('../../build/bpf/decap.bpf.o', import.meta.url));
const VIP4 = '192.0.2.100';
const VIP6 = '2001:db8::100';
const CLIENT4 = '192.0.2.10';
const CLIENT6 = '2001:db8::10';
const GUE_PORT = 6080;

type Counters = Record<string, bigint>;

let object: BpfObject;
beforeAll(() => {
  object = BpfObject.open(OBJECT);
  object.load();
  const vips = object.map<{ word: number[] }, number>('decap_vips');
  vips.set({ word: addressWords(VIP4 as Address) }, 4);
  vips.set({ word: addressWords(VIP6 as Address) }, 6);
  object.map('decap_options').set(0, { gue_port: GUE_PORT });
});
afterAll(() => object.close());

function counters(): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const each of object.map<number, Counters>('decap_counters').getPerCpu(0) ?? []) {
    for (const [name, value] of Object.entries(each)) totals[name] = (totals[name] ?? 0) + Number(value);
  }
  return totals;
}

function run(frame: Buffer, program = 'xlb_decap') {
  const before = counters();
  const { retval, dataOut } = object.program(program).testRun({ dataIn: frame });
  const moved = Object.entries(counters()).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return { verdict: retval, out: dataOut, counted: Object.fromEntries(moved.filter(([, by]) => by !== 0)) };
}

const link = (): PacketBuilder => ethernet({ dst: '02:00:00:00:00:31', src: '02:00:00:00:00:21' });
const outer4 = (b: PacketBuilder, fields: Ipv4Fields = {}) => b.ipv4({ src: '10.0.0.1', dst: '10.0.0.31', ...fields });
const outer6 = (b: PacketBuilder, fields: Ipv6Fields = {}) =>
  b.ipv6({ src: '2001:db8:1::1', dst: '2001:db8:1::31', ...fields });
const inner4 = (b: PacketBuilder, fields: Ipv4Fields = {}) =>
  b
    .ipv4({ src: CLIENT4, dst: VIP4, ttl: 61, id: 7, ...fields })
    .tcp()
    .payload('GET /');
const inner6 = (b: PacketBuilder, fields: Ipv6Fields = {}) =>
  b
    .ipv6({ src: CLIENT6, dst: VIP6, hopLimit: 61, flowLabel: 0x12345, ...fields })
    .tcp()
    .payload('GET /');

const FAMILIES = [
  ['ipv4_in_ipv4', outer4, inner4],
  ['ipv6_in_ipv4', outer4, inner6],
  ['ipv4_in_ipv6', outer6, inner4],
  ['ipv6_in_ipv6', outer6, inner6],
] as const;

const LINKS = [
  ['no tag', link()],
  ['one tag', link().vlan(0x2007)],
  ['two tags', link().vlan(100, 0x88a8).vlan(7)],
] as const;

function expectStripped(frame: Buffer, inner: Buffer, counter: string, program = 'xlb_decap'): void {
  const { verdict, out, counted } = run(frame, program);
  expect({ verdict, counted, out: out.toString('hex') }).toEqual({
    verdict: XDP_ACTIONS.pass,
    counted: { [counter]: 1 },
    out: inner.toString('hex'),
  });
}

/** As it came, to the kernel. */
function expectPassed(frame: Buffer, counted: Record<string, number>): void {
  const result = run(frame);
  expect({ ...result, out: result.out.toString('hex') }).toEqual({
    verdict: XDP_ACTIONS.pass,
    counted,
    out: frame.toString('hex'),
  });
}

describe.each(['xlb_decap', 'xlb_decap_frags'])('%s', (program) => {
  describe.each(LINKS)('%s', (_, base) => {
    test.each(FAMILIES)('%s', (counter, outer, inner) => {
      expectStripped(inner(outer(base)).build(), inner(base).build(), counter, program);
    });
  });
});

describe.each<[string, (b: PacketBuilder) => PacketBuilder]>([
  ['GRE', (b) => b.gre()],
  ['GRE with a sum', (b) => b.gre({ sum: true })],
  ['GUE', (b) => b.udp({ sport: 50000, dport: GUE_PORT, checksum: 0 }).gue()],
  ['GUE variant 1', (b) => b.udp({ sport: 50000, dport: GUE_PORT })],
  ['GUE with a sum', (b) => b.udp({ sport: 50000, dport: GUE_PORT }).gue()],
])('%s', (_, shim) => {
  describe.each(LINKS)('%s', (__, base) => {
    test.each(FAMILIES)('%s', (counter, outer, inner) => {
      expectStripped(inner(shim(outer(base))).build(), inner(base).build(), counter);
    });
  });

  test('to another address, in fragments, or cut off anywhere', () => {
    expectPassed(inner4(shim(outer4(link())), { dst: '192.0.2.99' }).build(), { pass_other_vip: 1 });
    const isUdp = shim(outer4(link())).build()[23] === 17;
    expectPassed(inner4(shim(outer4(link(), { mf: true }))).build(), isUdp ? {} : { pass_fragment: 1 });
    const whole = inner4(shim(outer4(link()))).build();
    for (let length = 14; length < whole.length - 5; length++) {
      const { verdict, out, counted } = run(whole.subarray(0, length));
      expect({ verdict, length: out.length, stripped: counted['ipv4_in_ipv4'] ?? 0 }).toEqual({
        verdict: XDP_ACTIONS.pass,
        length,
        stripped: 0,
      });
    }
  });
});

test.each<[string, (b: PacketBuilder) => PacketBuilder, Record<string, number>]>([
  ['GRE with a key', (b) => b.gre({ flags: 0x2000 }), { pass_option: 1 }],
  ['GRE with a sequence number', (b) => b.gre({ flags: 0x1000 }), { pass_option: 1 }],
  ['GRE of Ethernet', (b) => b.gre({ type: 0x6558 }), {}],
  ['UDP to another port', (b) => b.udp({ dport: GUE_PORT + 1 }).gue(), {}],
  ['GUE with fields', (b) => b.udp({ dport: GUE_PORT }).gue({ lengths: 1 }), { pass_option: 1 }],
  ['a control message of GUE', (b) => b.udp({ dport: GUE_PORT }).gue({ lengths: 0x20 }), { pass_option: 1 }],
  ['GUE variant 1 of no IP', (b) => b.udp({ dport: GUE_PORT }).gue({ lengths: 0x55 }), { pass_option: 1 }],
  ['GUE with private flags', (b) => b.udp({ dport: GUE_PORT }).gue({ flags: 1 }), { pass_option: 1 }],
  ['GUE of TCP', (b) => b.udp({ dport: GUE_PORT }).gue({ protocol: 6 }), { pass_option: 1 }],
])("%s is the kernel's", (_, shim, counted) => {
  for (const outer of [outer4, outer6]) expectPassed(inner4(shim(outer(link()))).build(), counted);
});

test('frames larger than a page', () => {
  const big = link().ipv4({ src: CLIENT4, dst: VIP4 }).udp().payload(8900).build();
  const frame = outer4(link()).ipv4({ src: CLIENT4, dst: VIP4 }).udp().payload(8900).build();
  expectStripped(frame, big, 'ipv4_in_ipv4', 'xlb_decap_frags');
});

describe('outer headers', () => {
  test.each([4, 8, 40])('%i bytes of IPv4 options', (length) => {
    const frame = inner4(outer4(link(), { options: Buffer.alloc(length, 1) })).build();
    expectStripped(frame, inner4(link()).build(), 'ipv4_in_ipv4');
  });

  test.each<[string, (b: PacketBuilder) => PacketBuilder]>([
    ['destination options, as ip6tnl sends', (b) => b.destinationOptions()],
    ['long ones', (b) => b.destinationOptions(30)],
    ['hop-by-hop and destination options', (b) => b.hopByHop().destinationOptions(2)],
  ])('%s', (_, options) => {
    for (const [counter, , inner] of FAMILIES.slice(2)) {
      expectStripped(inner(options(outer6(link()))).build(), inner(link()).build(), counter);
    }
  });

  test.each<[string, PacketBuilder]>([
    ['three options headers', outer6(link()).hopByHop().destinationOptions().destinationOptions()],
    ['a routing header', outer6(link()).routing(2)],
    ['a fragment header', outer6(link()).fragment()],
  ])('%s: left alone', (_, outer) => {
    expectPassed(inner6(outer).build(), {});
  });

  test('padding behind the packet stays', () => {
    const padding = Buffer.alloc(20);
    const frame = Buffer.concat([inner4(outer4(link())).build(), padding]);
    expectStripped(frame, Buffer.concat([inner4(link()).build(), padding]), 'ipv4_in_ipv4');
  });

  test.each<[string, Ipv4Fields]>([
    ['the first fragment', { mf: true }],
    ['a later one', { offset: 10 }],
  ])('%s of the outer packet is for the kernel', (_, fields) => {
    expectPassed(inner4(outer4(link(), fields)).build(), { pass_fragment: 1 });
  });
});

describe('not ours', () => {
  test.each<[string, Buffer]>([
    ['IPv4', inner4(link()).build()],
    ['IPv6', inner6(link()).build()],
    ['ARP', link().payload(46).build()],
    ['three tags', inner4(outer4(link().vlan(1).vlan(2).vlan(3))).build()],
    ['GRE', outer4(link(), { protocol: 47 }).payload(60).build()],
    ['UDP to a VIP over IPv6', link().ipv6({ dst: VIP6 }).destinationOptions().udp().build()],
  ])('%s', (_, frame) => expectPassed(frame, {}));

  test.each(FAMILIES)('%s to another address', (_, outer, inner) => {
    const other = inner === inner4 ? '192.0.2.99' : '2001:db8::99';
    expectPassed(inner(outer(link()), { dst: other }).build(), { pass_other_vip: 1 });
  });

  test("the outer destination is no VIP's matter", () => {
    const frame = inner4(outer4(link(), { dst: VIP4 }), { dst: '192.0.2.99' }).build();
    expectPassed(frame, { pass_other_vip: 1 });
  });

  test('an IPv4 VIP does not stand for the IPv6 address of the same bytes', () => {
    expectPassed(inner6(outer6(link()), { dst: 'c000:264::' }).build(), { pass_other_vip: 1 });
  });
});

describe('malformed', () => {
  test.each<[string, PacketBuilder]>([
    ['outer IPv4 of another version', inner4(outer4(link(), { version: 5 }))],
    ['outer IPv4 header too short', inner4(outer4(link(), { ihl: 4 }))],
    ['outer IPv4 longer than the frame', inner4(outer4(link(), { totalLength: 999 }))],
    ['outer IPv4 shorter than what is inside', inner4(outer4(link(), { totalLength: 50 }))],
    ['outer IPv6 of another version', inner4(outer6(link(), { version: 4 }))],
    ['outer IPv6 longer than the frame', inner4(outer6(link(), { payloadLength: 999 }))],
    ['outer IPv6 shorter than what is inside', inner4(outer6(link(), { payloadLength: 40 }))],
    ['inner IPv4 of another version', inner4(outer4(link()), { version: 6 })],
    ['inner IPv4 header too short', inner4(outer4(link()), { ihl: 4 })],
    ['inner IPv4 shorter than its header', inner4(outer4(link()), { totalLength: 19 })],
    ['inner IPv4 longer than the outer packet', inner4(outer4(link()), { totalLength: 100 })],
    ['inner IPv6 of another version', inner6(outer4(link()), { version: 4 })],
    ['inner IPv6 longer than the outer packet', inner6(outer6(link()), { payloadLength: 100 })],
  ])('%s', (_, builder) => expectPassed(builder.build(), { pass_malformed: 1 }));

  describe.each(LINKS)('truncated at every byte, %s', (_, base) => {
    test.each(FAMILIES)('%s', (_, outer, inner) => {
      const frame = inner(outer(base)).build();
      const recognised = outer(base).build().length; // up to the end of the outer header it may be anything
      for (let length = 14; length < frame.length; length++) {
        expectPassed(frame.subarray(0, length), length < recognised ? {} : { pass_malformed: 1 });
      }
    });
  });

  test('any byte changed: the packet is stripped as a whole or left as it is, and counted once', () => {
    for (const [counter, outer, inner] of FAMILIES) {
      const frame = inner(outer(link())).build();
      const headers = outer(link()).build().length + 40;
      for (let at = 12; at < headers; at++) {
        for (const value of [0x00, 0x01, 0x0f, 0x45, 0x60, 0x80, 0xff]) {
          const changed = Buffer.from(frame);
          changed[at] = value;
          const { verdict, out, counted } = run(changed);
          const context = `${counter}: byte ${at} is ${value}`;
          const names = Object.keys(counted);
          expect(names.length, context).toBeLessThanOrEqual(1);
          if (names[0] === 'drop_congestion') expect(verdict, context).toBe(XDP_ACTIONS.drop);
          else expect(verdict, context).toBe(XDP_ACTIONS.pass);
          if (/_in_/.test(names[0] ?? '')) {
            const rest = changed.subarray(changed.length - (out.length - 14));
            expect(out.subarray(14).equals(rest), context).toBe(true);
          } else if (verdict === XDP_ACTIONS.pass) expect(out.equals(changed), context).toBe(true);
        }
      }
    }
  });
});

describe('congestion (RFC 6040)', () => {
  const CE = 3;
  test.each(FAMILIES)('a mark goes over to the inner header: %s', (counter, outer, inner) => {
    const mark = outer === outer4 ? { tos: 0xb8 | CE } : { trafficClass: 0xb8 | CE };
    for (const ecn of [1, 2, 3]) {
      const before = inner === inner4 ? { tos: 0x28 | ecn } : { trafficClass: 0x28 | ecn };
      const after = inner === inner4 ? { tos: 0x28 | CE } : { trafficClass: 0x28 | CE };
      const expected = inner(link(), after).build();
      expectStripped(inner(outer(link(), mark), before).build(), expected, counter);
      expectChecksums(expected);
    }
  });

  test.each(FAMILIES)('a sender that knows no marks loses the packet: %s', (_, outer, inner) => {
    const mark = outer === outer4 ? { tos: CE } : { trafficClass: CE };
    const { verdict, counted } = run(inner(outer(link(), mark)).build());
    expect({ verdict, counted }).toEqual({ verdict: XDP_ACTIONS.drop, counted: { drop_congestion: 1 } });
  });

  test.each(FAMILIES)('without a mark nothing changes: %s', (counter, outer, inner) => {
    const same = outer === outer4 ? { tos: 0x02 } : { trafficClass: 0x02 };
    const ecn = inner === inner4 ? { tos: 0x01 } : { trafficClass: 0x01 };
    expectStripped(inner(outer(link(), same), ecn).build(), inner(link(), ecn).build(), counter);
  });
});
