/** What changes the maps: plain data, executed in order by `src/dataplane`. */
import type {
  Interface,
  Limit,
  ListedKey,
  LocalPool,
  LocalPoolKey,
  NatServer,
  NextHop,
  ScheduleLine,
  Service,
  ServiceKey,
} from '../../dataplane/types.gen.ts';
import type { LimitMaps } from './limits.ts';
import type { LocalPools } from './local-pools.ts';
import type { MarkElement, MarkElements } from './mark-plan.ts';
import type { NatServers } from './nat-servers.ts';
import type { ThresholdMap } from './thresholds.ts';

export type Operation =
  /** Statistics, counts and scheduler state of ids that get a new owner. */
  | { readonly op: 'zero'; readonly serviceIds: readonly number[]; readonly serverIds: readonly number[] }
  | { readonly op: 'write-interface'; readonly slot: number; readonly value: Interface }
  | { readonly op: 'set-tx-port'; readonly slot: number; readonly ifindex: number }
  | { readonly op: 'delete-tx-port'; readonly slot: number }
  /** A next hop that no published slot uses yet. */
  | { readonly op: 'write-next-hop'; readonly id: number; readonly value: NextHop }
  /** A published next hop's MAC and port: one 64-bit store. */
  | { readonly op: 'store-next-hop'; readonly id: number; readonly value: NextHop }
  /** Consecutive lines that no published service uses. */
  | { readonly op: 'write-lines'; readonly line: number; readonly lines: readonly ScheduleLine[] }
  /** Of a real server's connections; an overloaded one is forgiven where the upper threshold rises or goes. */
  | { readonly op: 'set-thresholds'; readonly id: number; readonly upper: number; readonly lower: number }
  | { readonly op: 'write-filter'; readonly word: number; readonly value: bigint }
  | { readonly op: 'set-service'; readonly key: ServiceKey; readonly value: Service; readonly settle: Settle }
  | { readonly op: 'delete-service'; readonly key: ServiceKey }
  | { readonly op: 'set-mark'; readonly element: MarkElement }
  | { readonly op: 'delete-mark'; readonly element: MarkElement }
  | { readonly op: 'set-nat-server'; readonly key: ServiceKey; readonly value: NatServer }
  | { readonly op: 'delete-nat-server'; readonly key: ServiceKey }
  | { readonly op: 'set-limit'; readonly id: number; readonly value: Limit }
  /** A prefix of a list of sources; enum source_verdict. */
  | { readonly op: 'set-listed'; readonly key: ListedKey; readonly value: number }
  | { readonly op: 'delete-listed'; readonly key: ListedKey }
  | { readonly op: 'set-local-pool'; readonly key: LocalPoolKey; readonly value: LocalPool }
  | { readonly op: 'delete-local-pool'; readonly key: LocalPoolKey };

/** What the settle program is run for after it: an edit of the list of servers (wrr), or a scheduler that starts. */
export type Settle = 'edit' | 'restart' | null;

/** What the maps hold, as far as the controller writes them. */
export interface Have {
  readonly services: readonly Service[];
  /** A line of the schedules map, all its members decoded. */
  readonly line: (line: number) => ScheduleLine | undefined;
  /** Only those that differ from zero. */
  readonly nextHops: ReadonlyMap<number, NextHop>;
  readonly interfaces: ReadonlyMap<number, Interface>;
  readonly txPorts: ReadonlyMap<number, number>;
  readonly filter: ReadonlyMap<number, bigint>;
  readonly thresholds: ThresholdMap;
  readonly natServers: NatServers;
  readonly limits: LimitMaps;
  readonly localPools: LocalPools;
  readonly marks: MarkElements;
}
