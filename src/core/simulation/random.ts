/** Reproducible randomness: everything in a simulation follows from its seed. */
export class Random {
  #state: number;

  /** `seed`: its low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 uniform bits (Mulberry32). */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.bits() / 0x1_0000_0000) * limit);
  }

  /** Exponentially distributed: times between independent events, and lifetimes that have no memory. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.bits() / 0x1_0000_0000);
  }
}
