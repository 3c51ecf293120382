// BpfRingBuffer: the records of a ring buffer map as an asynchronous iterator.

import { requireInstance } from './arguments.ts';
import { argumentError, check, closedError, systemError } from './error.ts';
import { BpfMap } from './map.ts';
import { addon, type NativeRingBuffer } from './native.ts';

// Records copied out of the ring at once: bounds the memory that a slow reader holds.
const RECORDS_AT_ONCE = 256;

/**
 * Reads a ring buffer map (Linux 5.8). Records come in order, each as a Buffer of its own. While
 * nobody asks for the next record, records stay in the ring; a full ring makes the program's
 * reserve fail, so nothing grows here. One reader for each map; the process stays alive while a
 * reader waits.
 */
export class BpfRingBuffer implements AsyncIterableIterator<Buffer> {
  readonly #native: NativeRingBuffer;
  readonly #name: string;
  #records: Buffer[] = [];
  #next = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  /** Starts reading; the map may be closed after that. */
  constructor(map: BpfMap) {
    requireInstance('map', map, BpfMap);
    const { type, name } = map.info();
    if (type !== 'ringbuf') throw argumentError(`map ${map.name} is of type ${type}, not ringbuf`);
    this.#name = name;
    this.#native = new (addon().RingBuffer)();
    check(this.#native.open(map.fd), () => ({ doing: `read ring buffer ${map.name}`, syscall: 'mmap' }));
  }

  /** The next record; waits for it. `done` once the ring is closed. Call it again only after it answered. */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    for (;;) {
      const record = this.#closed ? undefined : this.poll();
      if (record !== undefined) return { done: false, value: record };
      if (this.#closed) return { done: true, value: undefined };
      await this.#readable();
    }
  }

  /** The next record if there is one; never waits. */
  poll(): Buffer | undefined {
    if (this.#closed) throw closedError(`ring buffer ${this.#name}`);
    if (this.#next === this.#records.length) this.#fill();
    return this.#records[this.#next++] ?? this.#nothing();
  }

  /** Ends the iteration; a waiting `next()` answers `done`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#records = [];
    this.#native.close();
    this.#wakeUp();
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #fill(): void {
    const records = this.#native.drain(RECORDS_AT_ONCE);
    if (typeof records === 'number') {
      throw systemError(-records, { doing: `read ring buffer ${this.#name}`, syscall: 'mmap' });
    }
    this.#records = records;
    this.#next = 0;
  }

  #nothing(): undefined {
    this.#next = this.#records.length;
    return undefined;
  }

  #readable(): Promise<void> {
    if (this.#wake !== undefined) throw argumentError(`ring buffer ${this.#name}: next() is already waiting`);
    return new Promise((resolve) => {
      this.#wake = resolve;
      check(
        this.#native.arm(() => this.#wakeUp()),
        () => ({ doing: `wait for ring buffer ${this.#name}`, syscall: 'epoll_ctl' }),
      );
    });
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** The records of a ring buffer map: `for await (const record of ringBuffer(map))`. */
export function ringBuffer(map: BpfMap): BpfRingBuffer {
  return new BpfRingBuffer(map);
}
