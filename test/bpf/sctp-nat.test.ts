/** SCTP by masquerading: both directions, their states, other ports and the checksum over them. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ChunkName } from '../support/packet-layers.ts';
import { parseFrame } from '../support/packet-parse.ts';
import { ends } from '../support/packet-print.ts';
import { expectChecksums, expectPacket } from './expect.ts';
import { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import type { State } from './settings.ts';
import { CLIENT4, CLIENT6, server, service, VIP4, VIP6, world } from './world.ts';

const PORT = 2905;
const REAL_PORT = 3905;
const FORWARDED = { forwarded: 1 };
const REPLIED = { forwarded: 1, replies: 1, replies_returned: 1 };

let plane: DataPlane;
beforeAll(() => {
  plane = DataPlane.load();
});
afterAll(() => plane.close());
beforeEach(() => {
  const fields = { protocol: 'sctp', port: PORT } as const;
  plane.reset(
    world([
      service([server(1, { method: 'nat', port: REAL_PORT })], fields),
      service([server(2, { method: 'nat', port: REAL_PORT, family: 6 })], { ...fields, id: 2, address: VIP6 }),
      service([server(3, { method: 'nat', port: PORT + 1 })], { ...fields, id: 3, port: PORT + 1 }),
    ]),
  );
});

const FAMILIES = [
  [4, CLIENT4, VIP4, '192.0.2.201'],
  [6, CLIENT6, VIP6, '2001:db8::2:2'],
] as const;

function packet(src: string, dst: string, sport: number, dport: number, chunk: ChunkName): Buffer {
  const ip = src.includes(':') ? arriving().ipv6({ src, dst }) : arriving().ipv4({ src, dst });
  return ip
    .sctp({ sport, dport, chunks: [chunk] })
    .payload(37)
    .build();
}

test.each(FAMILIES)('IPv%i: there and back, with right checksums and the states of both', (_, client, vip, real) => {
  const walk: ['request' | 'reply', ChunkName, State][] = [
    ['request', 'INIT', 'SCTP_INIT1'],
    ['reply', 'INIT_ACK', 'SCTP_COOKIE_SENT'],
    ['request', 'COOKIE_ECHO', 'SCTP_COOKIE_REPLIED'],
    ['reply', 'COOKIE_ACK', 'SCTP_ESTABLISHED'],
    ['request', 'DATA', 'SCTP_ESTABLISHED'],
    ['reply', 'SHUTDOWN', 'SCTP_SHUTDOWN_SENT'],
    ['request', 'SHUTDOWN_ACK', 'SCTP_CLOSED'],
  ];
  for (const [way, chunk, state] of walk) {
    const opened = chunk === 'INIT' ? { connections_created: 1 } : {};
    const isReply = way === 'reply';
    const frame = isReply ? packet(real, client, REAL_PORT, 40000, chunk) : packet(client, vip, 40000, PORT, chunk);
    const counted = isReply ? REPLIED : { ...FORWARDED, ...opened };
    const { frame: out } = expectPacket(plane, frame, { verdict: 'tx', counted });
    const leaving = isReply ? `${vip}:${PORT} > ${client}:40000` : `${client}:40000 > ${real}:${REAL_PORT}`;
    expect(ends(out)).toBe(leaving);
    expectChecksums(out);
    const [entry] = plane.entries().filter((each) => each.state !== 'REPLY');
    expect(entry?.state, `${way} ${chunk}`).toBe(state);
  }
});

test('a refused INIT: REJECTED for four seconds', () => {
  plane.run(packet(CLIENT4, VIP4, 40000, PORT, 'INIT'));
  plane.run(packet('192.0.2.201', CLIENT4, REAL_PORT, 40000, 'ABORT'));
  expect(plane.entries()[0]).toMatchObject({ state: 'SCTP_REJECTED', deadline: (plane.now + 4) & 0xffff });
});

test('in fragments: only to the same port, for the checksum covers what the first one does not have', () => {
  const first = (dport: number): Buffer =>
    arriving().ipv4({ src: CLIENT4, dst: VIP4, mf: true, protocol: 132 }).sctp({ dport }).build();
  expectPacket(plane, first(PORT), { verdict: 'drop', counted: { connections_created: 1, drop_untranslated: 1 } });
  expectPacket(plane, first(PORT + 1), { verdict: 'tx', counted: { ...FORWARDED, connections_created: 1 } });
  const later = arriving().ipv4({ src: CLIENT4, dst: VIP4, offset: 4 }).payload(64, 132).build();
  const { frame: out } = expectPacket(plane, later, { verdict: 'tx', counted: FORWARDED });
  expect(parseFrame(out).ip?.dst).toBe('192.0.2.203');
});

test('a wrong checksum stays as wrong as it was', () => {
  const frame = packet(CLIENT4, VIP4, 40000, PORT, 'INIT');
  frame.writeUInt8(frame.readUInt8(42) ^ 0x10, 42);
  const { frame: out } = plane.run(frame);
  out.writeUInt8(out.readUInt8(42) ^ 0x10, 42);
  expectChecksums(out);
});
