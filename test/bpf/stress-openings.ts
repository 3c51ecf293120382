/** What stress.test.ts sends: packets of clients, whose checksums nobody looks at. */
import { tcpFlags } from '../support/packet-layers.ts';
import { arriving } from './frames.ts';
import type { Lockstep } from './stress-crew.ts';
import { VIP4, VIP6 } from './world.ts';

export interface Burst {
  readonly family: 4 | 6;
  /** TCP flags of packets one after another, repeated: one, two, four or eight; or `udp`. */
  readonly flags: readonly string[] | 'udp';
  /** A power of two. */
  readonly flows: number;
  /** null: flow after flow. */
  readonly seed: bigint | null;
  /** Packets that each CPU sends. */
  readonly repeat: number;
}

export const OPENINGS: Lockstep<Burst> = {
  object: 'lockstep.bpf.o',
  frameOf({ family, flags }) {
    const packet = family === 6 ? arriving().ipv6({ dst: VIP6 }) : arriving().ipv4({ dst: VIP4 });
    const transport = flags === 'udp' ? packet.udp({ dport: 80 }) : packet.tcp();
    return transport.payload(40).build();
  },
  stateOf: ({ family, flags, flows, seed }, frame) => ({
    ethernet: [frame.readBigUInt64LE(0), frame.readBigUInt64LE(6)],
    network: frame.readBigUInt64LE(18),
    seed: seed ?? 0n,
    length: frame.length,
    mask: flows - 1,
    family,
    pad: 0,
    flags: flagWord(flags),
  }),
};

/** Packet n gets byte n % 8. */
function flagWord(flags: Burst['flags']): bigint {
  if (flags === 'udp') return 0n;
  const bytes = Buffer.from(Array.from({ length: 8 }, (_, n) => tcpFlags(flags[n % flags.length] ?? '')));
  return bytes.readBigUInt64LE();
}
