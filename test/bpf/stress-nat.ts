/** What stress-nat.test.ts sends: requests, and what the real servers that they went to answer. */
import { addressBytes } from '../support/packet-bytes.ts';
import { tcpFlags } from '../support/packet-layers.ts';
import { arriving } from './frames.ts';
import type { Lockstep } from './stress-crew.ts';
import { server, VIP4, VIP6 } from './world.ts';

export interface NatBurst {
  readonly method: 'nat' | 'fullnat';
  /** Of clients. */
  readonly family: 4 | 6;
  /** Real servers are of the other one. */
  readonly isCross: boolean;
  /** TCP flags of packets one after another, four for each turn of a flow; `>`: an answer. Four or eight. */
  readonly kinds: readonly string[];
  readonly protocol: 'tcp' | 'udp';
  /** Of the second CPU: so many kinds ahead. */
  readonly skew: number;
  /** And so many flows. */
  readonly shift: number;
  readonly flows: number;
  /** null: flow after flow. */
  readonly seed: bigint | null;
  readonly repeat: number;
}

const REPLY = 0x80;
const FRAME = 128;
const CLIENTS = { 4: '198.18.0.0', 6: '2001:db8:18::' } as const;
/** Local addresses differ in the last two bytes alone. */
export const LOCALS = { 4: '10.0.0.2', 6: '2001:db8:5::2' } as const;
const NOBODY = { flow: 0, is_reply: 0, is_met: 0, pad: 0 };

export const NAT: Lockstep<NatBurst> = {
  object: 'lockstep-nat.bpf.o',
  frameOf: ({ family, protocol }) => frameOf(family, protocol),
  stateOf: ({ method, family, isCross, kinds, protocol, skew, shift, flows, seed }, frame) => {
    const inside = insideOf(family, isCross);
    const answer = frameOf(inside, protocol);
    return {
      last: [NOBODY, NOBODY],
      kinds: kindWord(kinds),
      seed: seed ?? 0n,
      length: frame.length,
      mask: flows - 1,
      family,
      protocol: protocol === 'udp' ? 17 : 6,
      inside_length: answer.length,
      inside,
      skew,
      shift,
      is_fullnat: method === 'fullnat' ? 1 : 0,
      pad: [0, 0, 0],
      frame: padded(frame, FRAME),
      answer: padded(answer, FRAME),
      server: padded(addressBytes(server(1, { family: inside }).address), 16),
      local: padded(addressBytes(LOCALS[inside]), 16),
    };
  },
};

/** The family of real servers. */
export function insideOf(family: 4 | 6, isCross: boolean): 4 | 6 {
  return isCross ? (family === 4 ? 6 : 4) : family;
}

function frameOf(family: 4 | 6, protocol: NatBurst['protocol']): Buffer {
  const src = CLIENTS[family];
  const packet = family === 6 ? arriving().ipv6({ src, dst: VIP6 }) : arriving().ipv4({ src, dst: VIP4 });
  const transport = protocol === 'udp' ? packet.udp({ dport: 80 }) : packet.tcp();
  return transport.payload(40).build();
}

function kindWord(kinds: readonly string[]): bigint {
  const bytes = Array.from({ length: 8 }, (_, n) => {
    const kind = kinds[n % kinds.length] ?? '';
    return kind.startsWith('>') ? REPLY | tcpFlags(kind.slice(1)) : tcpFlags(kind);
  });
  return Buffer.from(bytes).readBigUInt64LE();
}

function padded(bytes: Buffer, size: number): number[] {
  return [...bytes, ...Buffer.alloc(size - bytes.length)];
}
