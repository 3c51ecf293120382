/**
 * The kernel's answers to the route of each watched address. Notifications of
 * change come in bursts, so what they concern is asked again together.
 */

import { addressBytes, addressFamily } from '../core/model/address.ts';
import type { Address } from '../core/model/model.ts';
import { inPrefix } from './address.ts';
import type { Kernel, Prefix, RouteAnswer } from './facts.ts';
import type { Log } from './log.ts';

/** Milliseconds from the first notification of a burst to the questions. */
const SETTLE = 20;
/** Milliseconds until questions whose answers were lost are asked again. */
const RETRY = 1000;
/** Milliseconds between repairs: a learned MTU, for one, ends without notification. */
const REPAIR = 60_000;

export interface RouteBookOptions {
  readonly kernel: Kernel;
  readonly log: Log;
  /** These addresses have answers, the same as before or others. */
  readonly onAnswers: (addresses: readonly Address[]) => void;
}

export class RouteBook {
  readonly #options: RouteBookOptions;
  readonly #answers = new Map<Address, RouteAnswer | undefined>();
  readonly #dirty = new Set<Address>();
  readonly #repair: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #asking = false;
  #stopped = false;

  constructor(options: RouteBookOptions) {
    this.#options = options;
    this.#repair = setInterval(() => this.invalidate(null), REPAIR);
  }

  /** Undefined: the kernel has not answered yet. */
  answer(address: Address): RouteAnswer | undefined {
    return this.#answers.get(address);
  }

  /** No question is open or about to be asked. */
  get idle(): boolean {
    return this.#dirty.size === 0 && !this.#asking;
  }

  /** Exactly these from now on; new ones are asked at once. */
  watch(addresses: ReadonlySet<Address>): void {
    for (const address of [...this.#answers.keys()]) if (!addresses.has(address)) this.#forget(address);
    for (const address of addresses) {
      if (this.#answers.has(address)) continue;
      this.#answers.set(address, undefined);
      this.#dirty.add(address);
    }
    if (this.#dirty.size > 0) this.#askIn(0);
  }

  /** Answers for addresses in the prefix may be different now; null: for all addresses. */
  invalidate(prefix: Prefix | null): void {
    for (const address of this.#answers.keys())
      if (prefix === null || concerns(prefix, address)) this.#dirty.add(address);
    if (this.#dirty.size > 0) this.#askIn(SETTLE);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#repair);
  }

  #forget(address: Address): void {
    this.#answers.delete(address);
    this.#dirty.delete(address);
  }

  #askIn(milliseconds: number): void {
    if (this.#asking || this.#stopped) return; // the questions under way look again when they are done
    if (this.#timer !== undefined && milliseconds > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), milliseconds);
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    this.#asking = true;
    const addresses = [...this.#dirty];
    this.#dirty.clear();
    const lost = new Set<Address>();
    await Promise.all(addresses.map((address) => this.#askOne(address, lost)));
    if (this.#stopped) return;
    this.#asking = false;
    for (const address of lost) if (this.#answers.has(address)) this.#dirty.add(address);
    if (this.#dirty.size > 0) this.#askIn(lost.size > 0 ? RETRY : SETTLE);
    this.#options.onAnswers(addresses.filter((address) => this.#answers.has(address)));
  }

  async #askOne(address: Address, lost: Set<Address>): Promise<void> {
    try {
      const answer = await this.#options.kernel.route(address);
      if (this.#answers.has(address)) this.#answers.set(address, answer);
    } catch (error) {
      if (this.#stopped) return;
      if (lost.size === 0) this.#options.log.warn({ address }, `asking for routes again: ${String(error)}`);
      lost.add(address);
    }
  }
}

function concerns(prefix: Prefix, address: Address): boolean {
  return prefix.family === addressFamily(address) && inPrefix(addressBytes(address), prefix.address, prefix.length);
}
