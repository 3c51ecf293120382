/** The ends of a connection through a director whose answers come back by it, and what such packets lead to. */
import type { PacketBuilder } from '../support/packet.ts';

export interface Ends {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

export const FORWARDED = { verdict: 'tx', counted: { forwarded: 1 } } as const;
export const REPLIED = { verdict: 'tx', counted: { forwarded: 1, replies: 1, replies_returned: 1 } } as const;
export const UNTOUCHED = { verdict: 'pass', counted: {} } as const;

export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** The IP header between them, of their family. */
export function network(builder: PacketBuilder, { src, dst }: Pick<Ends, 'src' | 'dst'>, ttl = 64): PacketBuilder {
  return src.includes(':') ? builder.ipv6({ src, dst, hopLimit: ttl }) : builder.ipv4({ src, dst, ttl });
}
