/**
 * The schedule lines in mapped memory. What was written here, or read and taken
 * over, is remembered as bytes and as objects, so that a comparison of all lines
 * is one of bytes, and a line that nobody touched is the very object it was.
 */
import { type Codec, codec, type Layout } from 'libbpf-ts';
import { DataplaneError } from './error.ts';
import { memberAt } from './layout-view.ts';
import type { Maps } from './maps.ts';
import { type RealServer, ScheduleLimit, type ScheduleLine, type Turn } from './types.gen.ts';

/** Lines that are compared at once. */
const BLOCK = 64;

export class ScheduleMemory {
  readonly #memory: Buffer;
  readonly #rings: Uint16Array;
  readonly #written: Buffer;
  readonly #known = new Map<number, ScheduleLine>();
  readonly #size: number;
  readonly #lines: number;
  readonly #shapes: Shapes;
  /** Lines from here on were never looked at. */
  #end = 0;

  constructor(map: Maps['schedules']) {
    const { layout } = map.valueCodec;
    this.#memory = map.mmap();
    this.#rings = new Uint16Array(this.#memory.buffer);
    this.#size = layout.size;
    this.#lines = map.spec.maxEntries;
    this.#written = Buffer.alloc(this.#lines * this.#size);
    this.#shapes = shapesOf(layout);
  }

  /** Writes consecutive lines, which no published service may use. */
  write(first: number, lines: readonly ScheduleLine[]): void {
    if (first < 0 || first + lines.length > this.#lines)
      throw new RangeError(`schedule lines ${first} to ${first + lines.length - 1} are outside the map`);
    lines.forEach((line, i) => {
      this.#put(first + i, line);
      this.#known.set(first + i, line);
    });
    const [start, end] = [first * this.#size, (first + lines.length) * this.#size];
    this.#memory.copy(this.#written, start, start, end);
    this.#end = Math.max(this.#end, first + lines.length);
  }

  /** The lines as they are at this moment; undefined outside the map. */
  reader(): (line: number) => ScheduleLine | undefined {
    const strange = this.#strangeLines();
    return (line) => {
      if (line < 0 || line >= this.#lines) return undefined;
      const known = strange.has(line) ? undefined : this.#known.get(line);
      return known ?? this.#read(line, strange.has(line));
    };
  }

  #put(line: number, { ring, turns, server }: ScheduleLine): void {
    const at = line * this.#size;
    if (ring !== undefined) this.#rings.set(ring, at / 2);
    else if (turns !== undefined) this.#shapes.turns.encode(turns, this.#memory, at);
    else if (server !== undefined) this.#shapes.server.encode(server, this.#memory, at);
  }

  /** Takes a line over as it is, unless it is not what was written. */
  #read(line: number, strange: boolean): ScheduleLine {
    const at = line * this.#size;
    const bytes = Buffer.from(this.#memory.subarray(at, at + this.#size));
    const value = lazyLine(bytes, this.#shapes);
    if (strange) return value;
    bytes.copy(this.#written, at);
    this.#known.set(line, value);
    this.#end = Math.max(this.#end, line + 1);
    return value;
  }

  /** Known lines whose bytes somebody else has changed. */
  #strangeLines(): Set<number> {
    const strange = new Set<number>();
    const differs = (first: number, count: number) => {
      const [start, end] = [first * this.#size, (first + count) * this.#size];
      return this.#memory.compare(this.#written, start, end, start, end) !== 0;
    };
    for (let first = 0; first < this.#end; first += BLOCK) {
      const count = Math.min(BLOCK, this.#end - first);
      if (!differs(first, count)) continue;
      for (let line = first; line < first + count; line++) {
        if (this.#known.has(line) && differs(line, 1)) strange.add(line);
      }
    }
    return strange;
  }
}

interface Shapes {
  readonly server: Codec<RealServer>;
  readonly turns: Codec<readonly Turn[]>;
  readonly ring: Codec<readonly number[]>;
}

/** Each shape of a line has a codec of its own: that of the union would have to find out which it is. */
function shapesOf(layout: Layout): Shapes {
  const shape = <T>(name: string): Codec<T> => codec<T>(memberAt(layout, name).layout, `schedule_line.${name}`);
  const ring = memberAt(layout, 'ring');
  // Rings are most of the lines; they are copied as they are.
  const plain = ring.offset === 0 && ring.layout.size === 2 * ScheduleLimit.RING_SLOTS_PER_LINE;
  if (!plain) throw new DataplaneError('object', 'the ring of a schedule line is not an array of 16-bit numbers');
  return { server: shape('server'), turns: shape('turns'), ring: shape('ring') };
}

/** Each member is decoded when it is looked at: a reader knows which one it means. */
function lazyLine(bytes: Buffer, shapes: Shapes): ScheduleLine {
  return {
    get server() {
      return shapes.server.decode(bytes);
    },
    get turns() {
      return shapes.turns.decode(bytes);
    },
    get ring() {
      return shapes.ring.decode(bytes);
    },
  };
}
