/**
 * Neighbours, each with the last MAC address known: an entry that fails or goes
 * keeps it for as long as somebody depends on it, so that frames still leave.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Neighbour, type NeighbourKey, neighbourKeyText } from './facts.ts';

export class NeighbourTable {
  readonly #neighbours = new Map<string, Neighbour>();

  /** Undefined: the kernel has no entry and never had one that we saw. */
  get(key: NeighbourKey): Neighbour | undefined {
    return this.#neighbours.get(neighbourKeyText(key));
  }

  all(): Neighbour[] {
    return [...this.#neighbours.values()];
  }

  /** Says whether anything is different now. */
  set(neighbour: Neighbour): boolean {
    const text = neighbourKeyText(neighbour);
    const before = this.#neighbours.get(text);
    const after = { ...neighbour, mac: neighbour.mac ?? before?.mac ?? null };
    if (isDeepStrictEqual(before, after)) return false;
    this.#neighbours.set(text, after);
    return true;
  }

  /** The kernel's entry is gone. */
  delete(key: NeighbourKey): boolean {
    const before = this.get(key);
    if (before === undefined) return false;
    return this.set({ ...before, mac: null, state: 'none', managed: false });
  }

  /** The device is gone, and what was known of its network with it. */
  forgetDevice(ifindex: number): void {
    for (const [text, each] of this.#neighbours) if (each.ifindex === ifindex) this.#neighbours.delete(text);
  }

  /** Everything that the kernel has now; returns what is different. */
  replace(neighbours: readonly Neighbour[]): NeighbourKey[] {
    const here = new Set(neighbours.map(neighbourKeyText));
    const gone = [...this.#neighbours.values()].filter((each) => !here.has(neighbourKeyText(each)));
    return [...gone.filter((each) => this.delete(each)), ...neighbours.filter((each) => this.set(each))];
  }

  /** Drops entries that the kernel does not have and nobody depends on. */
  prune(wanted: ReadonlyMap<string, unknown>): void {
    for (const [text, each] of this.#neighbours) {
      if (each.state === 'none' && !wanted.has(text)) this.#neighbours.delete(text);
    }
  }
}
