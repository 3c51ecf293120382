/** The next hops of one plan: which index each has, and what has to be written. */
import type { NextHop } from '../../dataplane/types.gen.ts';
import type { Address } from '../model/model.ts';
import type { Resolved } from '../model/resolution.ts';
import { nextHopIdentity, nextHopValue, sameButAddress, sameNextHop } from './next-hop.ts';
import type { Operation } from './operations.ts';
import type { IdPool } from './pools.ts';

export interface KnownNextHop {
  readonly id: number;
  readonly value: NextHop;
}

export interface NextHops {
  /** By identity. */
  readonly known: ReadonlyMap<string, KnownNextHop>;
  /**
   * After a start on maps in use: the entries that are there, whose identities
   * the maps do not tell, and which of them the published slots of an address use.
   */
  readonly adopted: ReadonlyMap<number, NextHop>;
  readonly published: ReadonlyMap<Address, number>;
}

export class NextHopPlan {
  readonly operations: Operation[] = [];
  private readonly before: NextHops;
  private readonly ids: IdPool;
  private readonly now: number;
  /** What is new or has a new value. */
  private readonly changed = new Map<string, KnownNextHop>();
  /** Adopted entries that have an identity now. */
  private readonly claimed = new Set<number>();

  constructor(before: NextHops, ids: IdPool, now: number) {
    this.before = before;
    this.ids = ids;
    this.now = now;
  }

  /** Index of the next hop of a real server; undefined where the map is full. */
  indexOf(server: Address, resolution: Resolved): number | undefined {
    const identity = nextHopIdentity(resolution);
    const value = nextHopValue(resolution);
    const known = this.changed.get(identity) ?? this.before.known.get(identity);
    if (known !== undefined && sameButAddress(known.value, value)) {
      if (sameNextHop(known.value, value)) return known.id;
      this.operations.push({ op: 'store-next-hop', id: known.id, value });
      return this.keep(identity, known.id, value);
    }
    const adopted = this.adopted(server, value);
    if (adopted !== undefined) {
      this.claimed.add(adopted);
      return this.keep(identity, adopted, value);
    }
    const id = this.ids.take(this.now);
    if (id === undefined) return undefined;
    this.operations.push({ op: 'write-next-hop', id, value });
    return this.keep(identity, id, value);
  }

  /**
   * What the next plan starts from. `isUsed`: whether a slot has the index; the
   * rest is freed. Null where no slot lost its next hop.
   */
  finish(isUsed: ((id: number) => boolean) | null): NextHops {
    if (isUsed === null && this.changed.size === 0) return this.before;
    const known = new Map([...this.before.known, ...this.changed]);
    if (isUsed === null) return { ...this.before, known };
    for (const [identity, { id }] of known) {
      if (isUsed(id)) continue;
      known.delete(identity);
      this.ids.free(id, this.now);
    }
    for (const id of this.before.adopted.keys()) {
      if (!this.claimed.has(id)) this.ids.free(id, this.now);
    }
    return { known, adopted: new Map(), published: new Map() };
  }

  private keep(identity: string, id: number, value: NextHop): number {
    this.changed.set(identity, { id, value });
    return id;
  }

  /**
   * Only an entry of this very value is taken over: until all is published anew,
   * other slots may use it for another next hop.
   */
  private adopted(server: Address, value: NextHop): number | undefined {
    const id = this.before.published.get(server) ?? 0;
    const found = this.before.adopted.get(id);
    return found !== undefined && !this.claimed.has(id) && sameNextHop(found, value) ? id : undefined;
  }
}
