/** What the data plane leaves to the kernel, untouched. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { ethernet } from '../support/packet.ts';
import { ETHERTYPE, PROTOCOL } from '../support/packet-layers.ts';
import { expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving, tcp4, tcp6, udp4 } from './frames.ts';
import { server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
  const servers = [server(1)];
  plane.configure(world([service(servers), service(servers, { id: 2, address: VIP6 })]));
});
afterAll(() => plane.close());

const v4 = arriving().ipv4({ dst: VIP4 });
const v6 = arriving().ipv6({ dst: VIP6 });

const NOT_OURS: [string, Buffer][] = [
  ['ARP', arriving().payload(46).build()],
  ['another address', tcp4({}, { dst: '192.0.2.101' })],
  ['another address, IPv6', tcp6({}, { dst: '2001:db8::101' })],
  ['another port', tcp4({ dport: 81 })],
  ['another protocol on the port', udp4({ dport: 80 })],
  ['SCTP on the port', v4.sctp({ dport: 80 }).build()],
  ['SCTP on the port, IPv6', v6.sctp({ dport: 80 }).build()],
  ['ICMP to the VIP', v4.icmp().payload(8).build()],
  ['ICMPv6 to the VIP', v6.icmpv6().payload(8).build()],
  ['a protocol without ports', v4.payload(20, 89).build()],
  ['IPIP to the VIP', v4.ipv4({ dst: VIP4 }).tcp().build()],
  ['three VLAN tags', arriving().vlan(1).vlan(2).vlan(3).ipv4({ dst: VIP4 }).tcp().build()],
  ['an IPv4 packet under the EtherType of IPv6', ethernet({ type: 0x86dd }).ipv4({ dst: VIP4 }).tcp().build()],
  ['encapsulating security payload', v6.extension(PROTOCOL.esp, 2).tcp().build()],
  ['no next header', v6.extension(PROTOCOL.none).build()],
  [
    'seven extension headers',
    Array.from({ length: 7 })
      .reduce((packet: typeof v6) => packet.destinationOptions(), v6)
      .tcp()
      .build(),
  ],
];

test.each(NOT_OURS)('%s', (_, frame) => {
  expectPacket(plane, frame, { verdict: 'pass', counted: {} });
});

const MALFORMED: [string, Buffer][] = [
  ['IP version 5', tcp4({}, { version: 5 })],
  ['IPv4 header of 16 bytes', tcp4({}, { ihl: 4 })],
  ['IPv4 header beyond the packet', tcp4({}, { ihl: 15 })],
  ['total length beyond the frame', tcp4({}, { totalLength: 41 })],
  ['total length below the header', tcp4({}, { totalLength: 19 })],
  ['total length within the TCP header', tcp4({}, { totalLength: 39 })],
  ['total length within the UDP header', udp4({}, { totalLength: 27 })],
  ['TCP header of 16 bytes', tcp4({ doff: 4 })],
  ['TCP header beyond the packet', tcp4({ doff: 6 })],
  ['IPv6 version 4', tcp6({}, { version: 4 })],
  ['payload length beyond the frame', tcp6({}, { payloadLength: 21 })],
  ['payload length within the TCP header', tcp6({}, { payloadLength: 19 })],
  ['payload length 0', tcp6({}, { payloadLength: 0 })],
  ['IPv6 TCP header beyond the packet', tcp6({ doff: 15 })],
  ['extension header beyond the packet', v6.destinationOptions().tcp().build().fill(255, 55, 56)],
];

test.each(MALFORMED)('malformed: %s', (_, frame) => {
  expectPacket(plane, frame, { verdict: 'pass', counted: { pass_malformed: 1 } });
});

test('a frame to another MAC address, flooded or promiscuous', () => {
  const frame = ethernet({ dst: '02:00:00:00:00:77' }).ipv4({ dst: VIP4 }).tcp().build();
  expectPacket(plane, frame, { verdict: 'pass', counted: { pass_other_mac: 1 } });
});

test('a broadcast frame', () => {
  const frame = ethernet({ dst: 'ff:ff:ff:ff:ff:ff' }).ipv4({ dst: VIP4 }).tcp().build();
  expectPacket(plane, frame, { verdict: 'pass', counted: { pass_other_mac: 1 } });
});

test.each([['.'], ['P.'], ['F.'], ['R'], ['R.'], ['SR'], ['']])('TCP [%s] without a connection', (flags) => {
  expectPacket(plane, tcp4({ flags, sport: 5 }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
  expectPacket(plane, tcp6({ flags, sport: 5 }), { verdict: 'pass', counted: { pass_no_connection: 1 } });
});

describe('what the kernel must see while services are there', () => {
  const v6 = arriving().ipv6({ src: 'fe80::1', dst: 'ff02::1', hopLimit: 255 });
  const rows: [string, Buffer][] = [
    ['ARP', ethernet({ type: ETHERTYPE.arp }).payload(28).build()],
    ['VRRP', arriving().ipv4({ dst: '224.0.0.18', ttl: 255 }).payload(20, 112).build()],
    ['VRRP over IPv6', v6.payload(20, 112).build()],
    ['neighbour advertisement', v6.icmpv6({ type: 136 }).payload(24).build()],
    ['router solicitation', v6.icmpv6({ type: 133 }).payload(8).build()],
    ['multicast listener report', v6.hopByHop().icmpv6({ type: 143 }).payload(20).build()],
    ['ping of the director', arriving().ipv4({ dst: '192.0.2.5' }).icmp().payload(56).build()],
    ['ping of the VIP', arriving().ipv4({ dst: VIP4 }).icmp().payload(56).build()],
    ['ping of the VIP over IPv6', arriving().ipv6({ dst: VIP6 }).icmpv6().payload(56).build()],
    [
      'an error about what the director itself sent',
      arriving()
        .ipv4({ src: '203.0.113.1', dst: '192.0.2.5' })
        .icmp({ type: 3 })
        .payload(ethernet().ipv4({ src: '192.0.2.5' }).tcp().build().subarray(14))
        .build(),
    ],
    [
      'ICMP to elsewhere that ends in its header',
      arriving().ipv4({ dst: '192.0.2.5', totalLength: 21 }).icmp().build(),
    ],
    [
      'ICMP to elsewhere, longer than its frame',
      arriving().ipv4({ dst: '192.0.2.5', totalLength: 99 }).icmp({ type: 3 }).build(),
    ],
    ['ICMP to elsewhere, IP version 5', arriving().ipv4({ dst: '192.0.2.5', version: 5 }).icmp().build()],
    ['ICMPv6 to elsewhere, IP version 4', arriving().ipv6({ dst: '2001:db8::5', version: 4 }).icmpv6().build()],
    ['SSH to the VIP', tcp4({ dport: 22 })],
    ['a protocol without ports to the VIP', arriving().ipv4({ dst: VIP4 }).payload(20, PROTOCOL.esp).build()],
  ];
  test.each(rows)('%s', (_, frame) => {
    expectPacket(plane, frame, { verdict: 'pass', counted: {} });
  });
});
