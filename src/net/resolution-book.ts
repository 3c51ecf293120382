/** The resolution of every watched address, and which neighbour each depends on. */
import { isDeepStrictEqual } from 'node:util';
import type { Address } from '../core/model/model.ts';
import { type NeighbourKey, neighbourKeyText } from './facts.ts';
import { type Resolution, unresolved } from './resolution.ts';
import { isHealthy, type Resolving } from './resolve.ts';

export interface ResolutionBookOptions {
  readonly resolve: (address: Address) => Resolving;
  /** Frames can leave by the device with this index. */
  readonly isUp: (ifindex: number) => boolean;
  /** Somebody depends on this neighbour now, or nobody does any more. */
  readonly keep: (key: NeighbourKey) => void;
  readonly drop: (key: NeighbourKey) => void;
  readonly onChange: (changed: ReadonlySet<Address>) => void;
}

export class ResolutionBook {
  readonly #options: ResolutionBookOptions;
  readonly #entries = new Map<Address, Resolving>();
  readonly #dependents = new Map<string, Set<Address>>();
  #pending = 0;
  #edition: object = {};

  constructor(options: ResolutionBookOptions) {
    this.#options = options;
  }

  get(address: Address): Resolution {
    return this.#entries.get(address)?.resolution ?? unresolved(`${address} is not watched`);
  }

  /** Another object as soon as any answer of `get` may be another. */
  get edition(): object {
    return this.#edition;
  }

  addresses(): Address[] {
    return [...this.#entries.keys()];
  }

  /** How many addresses wait for the kernel's answer. */
  get pending(): number {
    return this.#pending;
  }

  watch(addresses: ReadonlySet<Address>): void {
    for (const [address, entry] of [...this.#entries]) {
      if (addresses.has(address)) continue;
      this.#set(address, undefined);
      this.#depend(address, entry.neighbour, null);
    }
    this.update([...addresses].filter((address) => !this.#entries.has(address)));
  }

  /** Those that depend on a neighbour whose entry changed. */
  updateNeighbour(key: NeighbourKey): void {
    const dependents = this.#dependents.get(neighbourKeyText(key));
    if (dependents !== undefined) this.update([...dependents]);
  }

  /** Works these out anew and reports those that are different. */
  update(addresses: readonly Address[]): void {
    const changed = new Set<Address>();
    for (const address of addresses) {
      const before = this.#entries.get(address);
      let after = this.#bridge(before?.resolution, this.#options.resolve(address));
      if (!isDeepStrictEqual(before?.neighbour ?? null, after.neighbour)) {
        this.#depend(address, before?.neighbour ?? null, after.neighbour);
        // The neighbour may have become known, or refused, the moment it was kept.
        after = this.#bridge(before?.resolution, this.#options.resolve(address));
      }
      this.#set(address, after);
      if (!sameForwarding(before?.resolution, after.resolution)) changed.add(address);
    }
    if (changed.size > 0) this.#options.onChange(changed);
  }

  /** A route that moves to a neighbour still unknown goes on by the old one until the new one answers or fails to. */
  #bridge(before: Resolution | undefined, after: Resolving): Resolving {
    if (before?.state !== 'resolved' || after.resolution.state !== 'unresolved') return after;
    if (!after.resolution.pending || !this.#options.isUp(before.ifindex)) return after;
    return {
      ...after,
      resolution: { ...before, problem: `${after.resolution.reason}; frames go by the old next hop` },
    };
  }

  #set(address: Address, entry: Resolving | undefined): void {
    if (isPending(this.#entries.get(address))) this.#pending--;
    if (isPending(entry)) this.#pending++;
    if (entry === undefined) this.#entries.delete(address);
    else this.#entries.set(address, entry);
    this.#edition = {};
  }

  #depend(address: Address, before: NeighbourKey | null, after: NeighbourKey | null): void {
    if (after !== null) {
      const text = neighbourKeyText(after);
      const dependents = this.#dependents.get(text);
      dependents?.add(address);
      if (dependents === undefined) {
        this.#dependents.set(text, new Set([address]));
        this.#options.keep(after);
      }
    }
    if (before !== null) {
      const text = neighbourKeyText(before);
      const dependents = this.#dependents.get(text);
      dependents?.delete(address);
      if (dependents?.size === 0) {
        this.#dependents.delete(text);
        this.#options.drop(before);
      }
    }
  }
}

function isPending(entry: Resolving | undefined): boolean {
  return entry?.resolution.state === 'unresolved' && entry.resolution.pending;
}

/** A neighbour's walk through reachable, stale and probe is no news, nor is the start of a lookup. */
function sameForwarding(before: Resolution | undefined, after: Resolution): boolean {
  if (before === undefined) return after.state === 'unresolved' && after.pending;
  return isDeepStrictEqual(withHealth(before), withHealth(after));
}

function withHealth(resolution: Resolution): object {
  if (resolution.state === 'unresolved') return resolution;
  return { ...resolution, neighbour: isHealthy(resolution.neighbour) };
}
