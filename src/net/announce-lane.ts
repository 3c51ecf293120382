/** Announcements that wait for their turn on one interface: one lane for ARP, one for neighbour advertisements. */
import type { Address } from '../core/model/model.ts';

export interface Waiting {
  readonly address: Address;
  /** Built when its turn comes: a thousand at once would hold up the first. */
  readonly frame: () => Uint8Array;
  /** How often it is still to be sent, at least once. */
  readonly times: number;
  /** Least milliseconds until the lane's next frame; 0: none. */
  readonly gap: number;
}

/** When the next frame may go, of all lanes that share it. */
export interface Pace {
  next: number;
}

export function newPace(): Pace {
  return { next: Number.NEGATIVE_INFINITY };
}

export class Lane {
  pace: Pace;
  #waiting: Waiting[] = [];

  constructor(pace: Pace) {
    this.pace = pace;
  }

  /** What waits for the same addresses is dropped: the new frames say as much, and later. */
  add(frames: readonly Waiting[]): void {
    this.drop(new Set(frames.map(({ address }) => address)));
    this.#waiting.push(...frames);
  }

  drop(addresses: ReadonlySet<Address>): void {
    this.#waiting = this.#waiting.filter(({ address }) => !addresses.has(address));
  }

  clear(): void {
    this.#waiting = [];
  }

  /** When the next frame may go; null: none waits. Milliseconds on the clock of `take`. */
  get due(): number | null {
    return this.#waiting.length === 0 ? null : this.pace.next;
  }

  /** The next frame, where one may go now. Every address has its turn before the first is repeated. */
  take(now: number): Uint8Array | null {
    const first = this.#waiting[0];
    if (first === undefined || now < this.pace.next) return null;
    this.#waiting.shift();
    if (first.times > 1) this.#waiting.push({ ...first, times: first.times - 1 });
    this.pace.next = now + first.gap;
    return first.frame();
  }
}
