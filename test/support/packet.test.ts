import { describe, expect, test } from 'vitest';
import { ethernet } from './packet.ts';
import { addressBytes, addressText, onesSum } from './packet-bytes.ts';
import { checksumsOk, parseFrame } from './packet-parse.ts';
import { frameLine } from './packet-print.ts';

describe('addresses', () => {
  test.each([
    ['192.0.2.1'],
    ['::'],
    ['::1'],
    ['2001:db8::100'],
    ['2001:db8:0:1::'],
    ['2001:db8:1:2:3:4:5:6'],
    ['fe80::1:0:0:1'],
  ])('%s survives bytes and back', (text) => {
    expect(addressText(addressBytes(text))).toBe(text);
  });
});

describe('checksums', () => {
  /** RFC 1071, section 3. */
  test('the example of RFC 1071', () => {
    expect(onesSum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(0xddf2);
  });

  test('a captured IPv4 header', () => {
    expect(onesSum(Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex'))).toBe(0xffff);
  });

  const frames: [string, Buffer][] = [
    [
      'TCP over IPv4 with options',
      ethernet()
        .ipv4({ options: Buffer.alloc(5, 1) })
        .tcp()
        .payload(7)
        .build(),
    ],
    [
      'UDP over IPv6 with extensions',
      ethernet().ipv6().hopByHop().routing(1).destinationOptions().udp().payload(9).build(),
    ],
    ['ICMP', ethernet().ipv4().icmp({ type: 3, code: 4, rest: 1480 }).payload(3).build()],
    ['ICMPv6', ethernet().ipv6().icmpv6({ type: 2, rest: 1280 }).payload(5).build()],
    ['IPv6 in IPv4', ethernet().ipv4().ipv6().tcp().payload(2).build()],
  ];
  test.each(frames)('%s: right as built, wrong after one bit', (_, frame) => {
    expect(checksumsOk(parseFrame(frame).ip)).toBe(true);
    frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1;
    expect(checksumsOk(parseFrame(frame).ip)).toBe(false);
  });
});

describe('builder', () => {
  test('two tags, outer first', () => {
    const parsed = parseFrame(ethernet().vlan(100, 0x88a8).vlan(200).ipv4().tcp().build());
    expect(parsed.tags).toEqual([
      { tpid: 0x88a8, tci: 100 },
      { tpid: 0x8100, tci: 200 },
    ]);
    expect(parsed.etherType).toBe(0x0800);
  });

  test('fields that lie stay as given', () => {
    const ip = parseFrame(ethernet().ipv4({ totalLength: 30, checksum: 1, protocol: 99 }).payload(20).build()).ip;
    expect(ip).toMatchObject({ length: 30, checksumOk: false, protocol: 99 });
  });

  test('a line for a person', () => {
    const frame = ethernet()
      .vlan(7)
      .ipv4({ src: '192.0.2.1', dst: '192.0.2.2', df: true })
      .tcp({ flags: 'S.' })
      .build();
    expect(frameLine(frame)).toBe(
      '02:00:00:00:00:02 > 02:00:00:00:00:01 vlan 8100:7 192.0.2.1:40000 > 192.0.2.2:80 ttl 64 tos 0 DF len 40 TCP [S.] 0 (58 bytes)',
    );
    expect(frameLine(frame.subarray(0, 20))).toMatch(/^unreadable, 20 bytes/);
  });
});
