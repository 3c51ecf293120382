/** Frames larger than a page, which arrive in fragments, through the program for them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ipOffset } from '../support/packet-parse.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, leaving, returning, tcp4 } from './frames.ts';
import { CLIENT4, CLIENT6, hop, OTHER_PORT, server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load({ program: 'xlb_frags' });
});
afterAll(() => plane.close());
beforeEach(() => {
  const dr = [server(1, { mtu: 9000 })];
  const tun = [server(2, { mtu: 9000, method: 'tun', family: 6 })];
  plane.reset(world([service(dr), service(tun, { id: 2, address: VIP6 })]));
});

const opened = { forwarded: 1, connections_created: 1 };

test('dr: 9000 bytes', () => {
  const frame = arriving().ipv4({ dst: VIP4 }).tcp().payload(8960).build();
  const out = leaving(1).ipv4({ dst: VIP4, ttl: 63 }).tcp().payload(8960).build();
  expectPacket(plane, frame, { verdict: 'tx', out, counted: opened });
  expect(plane.traffic('server_traffic', 1)).toEqual({ connections: 1, packets: 1, bytes: 9000 });
});

test('tun: 8960 bytes and a header', () => {
  const frame = arriving().ipv6({ dst: VIP6 }).tcp().payload(8900).build();
  const outer = leaving(2).ipv6({ src: '2001:db8::5', dst: '2001:db8::2:2', hopLimit: 63 });
  const out = outer.ipv6({ dst: VIP6, hopLimit: 63 }).tcp().payload(8900).build();
  expectPacket(plane, frame, { verdict: 'tx', out, counted: opened });
});

test('fullnat into the other family: a datagram without a checksum gets one over all of it', () => {
  const real = server(3, { mtu: 9000, method: 'fullnat', family: 6 });
  const locals = [{ address: '2001:db8:5::2', first: 5000, last: 5000 }];
  plane.configure(world([service([real], { protocol: 'udp' })], { locals }));
  const frame = arriving().ipv4({ dst: VIP4 }).udp({ dport: 80, checksum: 0 }).payload(8901).build();
  const ip = leaving(3).ipv6({ src: '2001:db8:5::2', dst: '2001:db8::2:3', hopLimit: 63 });
  const out = ip.udp({ sport: 5000, dport: 80 }).payload(8901).build();
  expectPacket(plane, frame, { verdict: 'tx', out, counted: opened });
});

test('a small frame is no different', () => {
  const out = leaving(1).ipv4({ src: CLIENT4, dst: VIP4, ttl: 63 }).tcp().build();
  expectPacket(plane, tcp4(), { verdict: 'tx', out, counted: opened });
});

test('too big: the answer is cut to 1280 bytes', () => {
  const frame = arriving().ipv6({ src: CLIENT6, dst: VIP6 }).tcp().payload(8901).build();
  const at = ipOffset(frame);
  const quote = Buffer.from(frame.subarray(at, at + 1232));
  quote.writeUInt8(quote.readUInt8(7) - 1, 7); // the hop has been taken off
  const back = returning().ipv6({ src: VIP6, dst: CLIENT6 }).icmpv6({ type: 2, rest: 8960 });
  const out = back.payload(quote).build();
  const counted = { connections_created: 1, drop_too_big: 1, icmp_sent: 1 };
  expectPacket(plane, frame, { verdict: 'tx', out, counted });
});

test('TTL ran out: the answer is cut to 576 bytes', () => {
  for (const length of [3000, 4096, 5000, 8960]) {
    const frame = arriving().ipv4({ dst: VIP4, ttl: 1 }).tcp().payload(length).build();
    const { verdict, frame: out } = plane.run(frame);
    expect([verdict, out.length]).toEqual(['tx', 14 + 576]);
    expectChecksums(out);
  }
});

test('a length beyond all fragments is malformed', () => {
  const frame = arriving().ipv4({ dst: VIP4, totalLength: 9001 }).tcp().payload(8960).build();
  expectPacket(plane, frame, { verdict: 'pass', counted: { pass_malformed: 1 } });
});

test('by another interface', () => {
  const nextHops = [hop(0), hop(1, { port: OTHER_PORT.ifindex + 1 })];
  plane.configure(world([service([server(1, { mtu: 9000 })])], { nextHops }));
  expectPacket(plane, arriving().ipv4({ dst: VIP4 }).tcp().payload(8000).build(), {
    verdict: 'redirect',
    counted: opened,
  });
});
