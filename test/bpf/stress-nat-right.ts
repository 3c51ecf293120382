/** What must be true of connections by NAT and fullnat after a burst. */
import { expect } from 'vitest';
import { ReplyShift } from '../../src/dataplane/types.gen.ts';
import { ends } from '../support/packet-print.ts';
import { expectChecksums } from './expect.ts';
import type { DataPlane } from './fixture.ts';
import { arriving } from './frames.ts';
import { expectConsistent } from './stress-consistent.ts';
import type { Crew } from './stress-crew.ts';
import type { NatBurst } from './stress-nat.ts';
import type { ConnectionEntry } from './table.ts';
import { VIP4, VIP6 } from './world.ts';

/** Flows of lockstep-nat.bpf.c. */
const FLOWS = 2048;

/** From now on answers come from where the next requests go. */
export function forgetWhereRequestsWent({ lockstep }: Crew<NatBurst>): void {
  const all = Array.from({ length: FLOWS }, (_, flow): [number, unknown] => [flow, 0n]);
  lockstep.map<number, unknown>('went').setBatch(all);
}

/** What the lockstep program saw leave, and what stands in the table now. `servers`: ids from 1. */
export function expectRight(plane: DataPlane, crew: Crew<NatBurst>, servers: number, when: string): void {
  expect({ bad: crew.tally('bad'), strayed: crew.tally('strayed') }, when).toEqual({ bad: 0, strayed: 0 });
  expectConsistent(plane, servers, when);
}

/** Each connection has one entry for its replies, and each of those has its connection; by fullnat each port has one connection. */
export function expectPaired(plane: DataPlane, { method }: Pick<NatBurst, 'method'>, when: string): ConnectionEntry[] {
  const entries = plane.entries();
  const opened = entries.filter(({ state }) => state !== 'REPLY');
  const replies = entries.filter(({ state }) => state === 'REPLY');
  const pairs = replies.map(({ number, key }) => `${connectionOf(key)} ${method === 'nat' ? '' : number}`);
  const wanted = opened.map(({ number, key }) => `${number} ${method === 'nat' ? '' : key.reply}`);
  expect(pairs.toSorted(), when).toEqual(wanted.toSorted());
  const ports = new Set(replies.map(tupleOf));
  expect(ports.size, `${when}: answers with different ends`).toBe(replies.length);
  return opened;
}

/** Every connection's real server is heard, and as the VIP. */
export function expectAnswered(plane: DataPlane, when: string): void {
  const entries = plane.entries();
  const connections = new Map(entries.map((entry) => [entry.number, entry.key]));
  for (const { state, key } of entries) {
    if (state !== 'REPLY') continue;
    const connection = connections.get(connectionOf(key));
    const { source: src, destination: dst, sport, dport } = key;
    const ip = src.includes(':') ? arriving().ipv6({ src, dst }) : arriving().ipv4({ src, dst });
    const isUdp = (connection?.service ?? 0) > 2;
    const { frame } = plane.run((isUdp ? ip.udp({ sport, dport }) : ip.tcp({ sport, dport, flags: '.' })).build());
    expect(ends(frame), when).toBe(
      `${connection?.source.includes(':') ? VIP6 : VIP4}:80 > ${connection?.source}:${connection?.sport}`,
    );
    expectChecksums(frame);
  }
}

/** The key of a reply has the number of its connection there. */
function connectionOf({ realServer }: ConnectionEntry['key']): number {
  return realServer;
}

/** Two services may have one real server, whose ids then differ: they share its ports. */
function tupleOf({ key }: ConnectionEntry): string {
  const protocol = (key.service >>> ReplyShift.REPLY_PROTOCOL_SHIFT) & 0xff;
  return `${protocol} ${key.source} ${key.sport} ${key.destination} ${key.dport}`;
}
