/** Where the program began to look for free local ports: each CPU goes on from a cursor of its own. */
import type { DataPlane } from '../fixture.ts';

/** CPUs begin so far apart. */
const APART = 0x9e3779b1n;

export class PortSearches {
  readonly #plane: DataPlane;
  #known: readonly number[] = [];

  constructor(plane: DataPlane) {
    this.#plane = plane;
  }

  /** The cursors were set. */
  restart(): void {
    this.#known = this.#read();
  }

  /** The start of the only search since the last one that was asked for. */
  next(): bigint {
    const cursors = this.#read();
    const moved = cursors.flatMap((cursor, cpu) => (cursor === this.#known[cpu] ? [] : [cpu]));
    const [cpu] = moved;
    if (cpu === undefined || moved.length > 1 || cursors[cpu] !== (this.#known[cpu] ?? 0) + 1)
      throw new Error(`one search for a local port was expected, cursors went from ${this.#known} to ${cursors}`);
    const start = BigInt(cpu) * APART + BigInt(this.#known[cpu] ?? 0);
    this.#known = cursors;
    return start;
  }

  /** Searches that nobody asked for. */
  unknown(): number {
    return this.#read().reduce((sum, cursor, cpu) => sum + cursor - (this.#known[cpu] ?? 0), 0);
  }

  #read(): number[] {
    return [...(this.#plane.object.map<number, number>('local_cursor').getPerCpu(0) ?? [])];
  }
}
