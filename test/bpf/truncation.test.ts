/** Packets cut off at every byte, and with every byte of their headers changed: nothing is read beyond its end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checksumsOk, parseFrame } from '../support/packet-parse.ts';
import { frameDump } from '../support/packet-print.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import { server, service, VIP4, VIP6, world } from './world.ts';

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
beforeEach(() => {
  const tun = [server(1, { method: 'tun' }), server(2, { method: 'tun', family: 6 })];
  plane.reset(
    world([
      service([server(3)], { port: 0 }),
      service(tun, { id: 2, address: VIP6, port: 0 }),
      service(tun, { id: 3, port: 0, protocol: 'udp' }),
      service([server(3)], { id: 4, address: VIP6, port: 0, protocol: 'udp' }),
      service(tun, { id: 5, port: 0, protocol: 'sctp' }),
      service([server(3)], { id: 6, address: VIP6, port: 0, protocol: 'sctp' }),
    ]),
  );
});
afterAll(() => plane.close());

const v4 = arriving().ipv4({ dst: VIP4, df: true });
const v6 = arriving().ipv6({ dst: VIP6 });
const PACKETS: [string, Buffer][] = [
  ['TCP over IPv4', v4.tcp().build()],
  [
    'TCP over IPv4 with options',
    arriving()
      .ipv4({ dst: VIP4, options: Buffer.alloc(40, 1) })
      .tcp({ options: Buffer.alloc(40, 1) })
      .payload(3)
      .build(),
  ],
  ['UDP over IPv4', v4.udp().payload(5).build()],
  ['TCP over IPv6', v6.tcp().payload(5).build()],
  ['UDP over IPv6 behind extension headers', v6.hopByHop().routing(1).destinationOptions(2).udp().build()],
  ['SCTP over IPv4', v4.sctp().payload(5).build()],
  ['SCTP over IPv6 behind extension headers', v6.hopByHop().destinationOptions(2).sctp().build()],
  ['two VLAN tags', arriving().vlan(1, 0x88a8).vlan(2).ipv4({ dst: VIP4 }).tcp().build()],
  ['two VLAN tags, IPv6', arriving().vlan(1).vlan(2).ipv6({ dst: VIP6 }).destinationOptions().tcp().build()],
];

describe.each(PACKETS)('%s', (_, whole) => {
  test('cut at every byte: the kernel gets it untouched', () => {
    expect(['tx', 'redirect']).toContain(plane.run(whole).verdict);
    for (let length = 14; length < whole.length; length++) {
      const frame = whole.subarray(0, length);
      const { verdict, frame: out } = plane.run(frame);
      expect(verdict, `${length} of ${whole.length} bytes`).toBe('pass');
      expect(out.equals(frame)).toBe(true);
    }
  });

  test('cut at every byte, lengths that agree: forwarded only with its headers whole', () => {
    for (let length = 14; length < whole.length; length++) {
      const frame = withLength(whole, length);
      const { verdict, frame: out } = plane.run(frame);
      if (verdict === 'pass') expect(out.equals(frame)).toBe(true);
      else expect(parseFrame(out).ip, `${length} of ${whole.length} bytes`).not.toBeNull();
    }
  });

  test('every byte of the headers with other values: passes untouched, drops, or leaves well formed', () => {
    const known = checksumsOk(parseFrame(whole).ip);
    expect(known).toBe(true);
    for (let at = 12; at < Math.min(whole.length, 130); at++) {
      for (const value of [0, 1, 0x0f, 0x40, 0x7f, 0x80, 0xfe, 0xff]) {
        const frame = Buffer.from(whole);
        frame[at] = value;
        const { verdict, frame: out } = plane.run(frame);
        expect(['pass', 'drop', 'tx', 'redirect']).toContain(verdict);
        if (verdict === 'pass') expect(out.equals(frame), `byte ${at} = ${value}\n${frameDump(out)}`).toBe(true);
      }
    }
  });
});

test('the counters say what happened to each', () => {
  plane.counted();
  const frame = v4.tcp().build();
  for (let length = 14; length < frame.length; length++) plane.run(frame.subarray(0, length));
  // Up to 33 bytes nothing says that it is for a VIP; from 34 on the IPv4 header does.
  expect(plane.counted()).toEqual({ pass_malformed: frame.length - 34 });
});

/** Cuts a frame and makes the IP header say so. */
function withLength(whole: Buffer, length: number): Buffer {
  const frame = Buffer.from(whole.subarray(0, length));
  const tags = (whole.readUInt16BE(12) === 0x0800 || whole.readUInt16BE(12) === 0x86dd ? 0 : 2) * 4;
  const ip = 14 + tags;
  const isV6 = whole.readUInt16BE(12 + tags) === 0x86dd;
  if (isV6 && length >= ip + 40) frame.writeUInt16BE(length - ip - 40, ip + 4);
  if (!isV6 && length >= ip + 20) frame.writeUInt16BE(length - ip, ip + 2);
  return frame;
}
