/** Where ids and schedule lines come from. Cloned for every plan, so that a plan that fails leaves no trace. */

/** How long what was published is kept from reuse: any packet in flight is long through. Milliseconds. */
export const QUARANTINE_MS = 1000;

/** Smallest ids first, from 1: 0 stands for "none" in the maps. */
export class IdPool {
  readonly limit: number;
  private used: Set<number>;
  /** `used` is a clone's too: copied before it is changed. */
  private isShared = false;
  private quarantine: readonly { readonly id: number; readonly until: number }[] = [];
  private hint = 1;

  /** `limit`: entries of the map; ids are 1 to limit - 1. */
  constructor(limit: number) {
    this.limit = limit;
    this.used = new Set();
  }

  clone(): IdPool {
    const copy = new IdPool(this.limit);
    this.isShared = true;
    copy.used = this.used;
    copy.isShared = true;
    copy.quarantine = this.quarantine;
    copy.hint = this.hint;
    return copy;
  }

  has(id: number): boolean {
    return this.used.has(id);
  }

  /** False where it is taken already or outside the map. */
  reserve(id: number): boolean {
    if (id < 1 || id >= this.limit || this.used.has(id)) return false;
    this.own().add(id);
    return true;
  }

  /** Undefined where all are taken. */
  take(now: number): number | undefined {
    this.expire(now);
    while (this.used.has(this.hint)) this.hint++;
    return this.reserve(this.hint) ? this.hint : undefined;
  }

  free(id: number, now: number): void {
    this.quarantine = [...this.quarantine, { id, until: now + QUARANTINE_MS }];
  }

  private own(): Set<number> {
    if (this.isShared) this.used = new Set(this.used);
    this.isShared = false;
    return this.used;
  }

  private expire(now: number): void {
    const over = this.quarantine.filter(({ until }) => until <= now);
    if (over.length === 0) return;
    this.quarantine = this.quarantine.filter(({ until }) => until > now);
    for (const { id } of over) {
      this.own().delete(id);
      this.hint = Math.min(this.hint, id);
    }
  }
}

export interface Region {
  readonly line: number;
  readonly count: number;
}

/** First fit over the free ranges, kept sorted and merged. */
export class RegionPool {
  private free: Region[];
  private quarantine: { region: Region; until: number }[];

  constructor(lines: number) {
    this.free = [{ line: 0, count: lines }];
    this.quarantine = [];
  }

  clone(): RegionPool {
    const copy = new RegionPool(0);
    copy.free = [...this.free];
    copy.quarantine = [...this.quarantine];
    return copy;
  }

  /** False where any of the lines is not free. */
  reserve(region: Region): boolean {
    const at = this.free.findIndex(
      ({ line, count }) => line <= region.line && region.line + region.count <= line + count,
    );
    const range = this.free[at];
    if (range === undefined || region.count === 0) return region.count === 0;
    this.free.splice(at, 1, ...remainders(range, region));
    return true;
  }

  take(count: number, now: number): Region | undefined {
    this.expire(now);
    const range = this.free.find((candidate) => candidate.count >= count);
    if (range === undefined) return undefined;
    const region = { line: range.line, count };
    this.reserve(region);
    return region;
  }

  release(region: Region, now: number): void {
    if (region.count > 0) this.quarantine.push({ region, until: now + QUARANTINE_MS });
  }

  private expire(now: number): void {
    const over = this.quarantine.filter(({ until }) => until <= now);
    if (over.length === 0) return;
    this.quarantine = this.quarantine.filter(({ until }) => until > now);
    const all = [...this.free, ...over.map(({ region }) => region)].sort((a, b) => a.line - b.line);
    this.free = [];
    for (const range of all) {
      const last = this.free.at(-1);
      if (last !== undefined && last.line + last.count === range.line) {
        this.free[this.free.length - 1] = { line: last.line, count: last.count + range.count };
      } else {
        this.free.push(range);
      }
    }
  }
}

function remainders(range: Region, taken: Region): Region[] {
  const before = { line: range.line, count: taken.line - range.line };
  const after = { line: taken.line + taken.count, count: range.line + range.count - taken.line - taken.count };
  return [before, after].filter(({ count }) => count > 0);
}
