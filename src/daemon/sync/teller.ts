/**
 * The master daemon: tells of connections as the data plane names them, and of the
 * whole table where somebody may lack it. That is when its sockets are open, when a backup says
 * hello, after something was lost on the way out, and every few minutes: a copy lives
 * as long as a state lasts, and of a quiet connection nothing else would renew it.
 */

import type { SyncDaemon } from '../../core/model/model.ts';
import type { Sysctls } from '../../core/model/sysctls.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import { encodeMessages, type Message } from '../../core/sync/encode.ts';
import { isTemplate, type SyncRecord } from '../../core/sync/record.ts';
import { TOLD_STATES } from '../../core/sync/states.ts';
import type { ConnectionTable, RawConnection } from '../../dataplane/connections.ts';
import type { SyncEvents } from '../../dataplane/sync-events.ts';
import type { RawTemplate } from '../../dataplane/templates.ts';
import type { Identity, Survival, ToldBook } from '../../dataplane/told-book.ts';
import type { TemplateKey } from '../../dataplane/types.gen.ts';
import { type Names, namesOf, recordOf, templateKeyOf, templateRecordOf } from './outgoing.ts';
import type { Sealer } from './sealer.ts';
import { emptySent } from './tally.ts';

export interface Table {
  readonly connections: ConnectionTable;
  readonly events: SyncEvents;
  readonly book: ToldBook;
  template(key: TemplateKey, now: number): RawTemplate | undefined;
  templates(now: number): readonly RawTemplate[];
  /** Seconds of the data plane's clock. */
  clock(): number;
  /** Seconds that each state lasts, by ConnectionState. */
  timeouts(): readonly number[];
  /** The counter sync_overflows: events that found no room. */
  overflows(): number;
}

export interface TellerParts {
  readonly daemon: SyncDaemon;
  readonly table: Table;
  readonly sealer: Sealer;
  /** Until it is, what is to be told waits in the ring. */
  readonly isOpen: () => boolean;
  /** Rejects where the kernel did not take it. */
  readonly send: (bytes: Uint8Array) => Promise<void>;
  readonly entries: () => ReadonlyMap<string, Entry>;
  readonly sysctls: () => Sysctls;
  readonly onError: (error: Error) => void;
}

/** Milliseconds between two looks into the ring. */
const TELL_INTERVAL = 100;
/** Of one look; the rest waits in the ring. */
const MAX_EVENTS = 20_000;
/** Milliseconds from one telling of the whole table to the next that nobody asked for. */
const PASS_INTERVAL = 300_000;
/** Milliseconds between its steps, and connections of one: 50,000 a second. */
const PASS_STEP = 20;
const PASS_CONNECTIONS = 1000;
/** Slots looked at in one step at most. */
const PASS_SLOTS = 1 << 16;
const SCAN = 1 << 10;
/** Milliseconds after a failure until everything is told anew. */
const PASS_AFTER_LOSS = 1000;

interface Told {
  readonly number: number;
  readonly identity: Identity;
  readonly raw: RawConnection;
  readonly ends: number;
}

export class Teller {
  readonly #parts: TellerParts;
  readonly sent = emptySent();
  readonly #timer: NodeJS.Timeout;
  #passTimer: NodeJS.Timeout | undefined;
  #next: number | null = null;
  #again = false;
  #names: { readonly of: ReadonlyMap<string, Entry>; readonly names: Names } | undefined;
  #overflows: number;

  constructor(parts: TellerParts) {
    this.#parts = parts;
    this.#overflows = parts.table.overflows();
    this.#timer = setInterval(() => this.#guard(() => this.#tell()), TELL_INTERVAL);
  }

  /** Somebody may lack the table. While it is being told, it is told once more afterwards. */
  tellAll(): void {
    if (this.#next !== null) {
      this.#again = true;
      return;
    }
    this.#next = 0;
    clearTimeout(this.#passTimer);
    this.#guard(() => this.#tellTemplates());
    this.#passTimer = setTimeout(() => this.#step(), 0);
  }

  /** Slots of the table that a pass under way has told, as a share; null: none is. */
  get progress(): number | null {
    return this.#next === null ? null : this.#next / this.#parts.table.connections.slots;
  }

  survival(): Survival {
    const { table } = this.#parts;
    return table.book.survival(table.clock());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    clearTimeout(this.#passTimer);
    this.#parts.table.events[Symbol.dispose]();
  }

  #tell(): void {
    const { table, isOpen } = this.#parts;
    if (!isOpen()) return;
    const numbers = table.events.drain(MAX_EVENTS);
    const now = table.clock();
    const told = [...numbers].flatMap((number) => this.#look(number, now));
    this.#sendAll(told, this.#templatesOf(told, now));
    const overflows = table.overflows();
    if (overflows === this.#overflows) return;
    this.#overflows = overflows;
    this.tellAll();
  }

  /** One entry as it is now. */
  #look(number: number, now: number): Told[] {
    const { table } = this.#parts;
    const identity = table.book.identity(number);
    const [raw] = table.connections.scan(number, number + 1, now, { states: TOLD_STATES });
    return raw === undefined ? [] : [{ number, identity, raw, ends: now }];
  }

  #step(): void {
    this.#guard(() => {
      const { table } = this.#parts;
      const now = table.clock();
      const least = this.#parts.sysctls().sync_threshold;
      const told: Told[] = [];
      let next = this.#next ?? 0;
      const end = Math.min(next + PASS_SLOTS, table.connections.slots);
      while (next < end && told.length < PASS_CONNECTIONS) {
        for (const slot of table.connections.numbers(next, Math.min(next + SCAN, end), now, TOLD_STATES)) {
          const packets = table.events.packets(slot);
          if (packets === 0 || packets >= least) told.push(...this.#look(slot, now));
        }
        next = Math.min(next + SCAN, end);
      }
      this.#next = next;
      this.#sendAll(told, []);
    });
    if ((this.#next ?? 0) < this.#parts.table.connections.slots) {
      this.#passTimer = setTimeout(() => this.#step(), PASS_STEP);
      return;
    }
    this.#next = null;
    this.sent.passes++;
    this.#passTimer = setTimeout(() => this.tellAll(), this.#again ? 0 : PASS_INTERVAL);
    this.#again = false;
  }

  /** Each template that one of the connections belongs to, once. */
  #templatesOf(told: readonly Told[], now: number): SyncRecord[] {
    const { table } = this.#parts;
    const names = this.#namesNow();
    const seen = new Set<string>();
    const records: SyncRecord[] = [];
    for (const { raw } of told) {
      const key = templateKeyOf(raw, names);
      if (key === null) continue;
      const text = `${key.service} ${key.client.word.join(' ')}`;
      if (seen.has(text)) continue;
      seen.add(text);
      const template = table.template(key, now);
      const record = template && templateRecordOf(template, names);
      if (record) records.push(record);
    }
    return records;
  }

  #tellTemplates(): void {
    const { table } = this.#parts;
    const names = this.#namesNow();
    const records = table.templates(table.clock()).flatMap((template) => templateRecordOf(template, names) ?? []);
    this.#sendAll([], records);
  }

  /** Templates come first: the copy of a connection is none of theirs, but the next connection is. */
  #sendAll(told: readonly Told[], templates: readonly SyncRecord[]): void {
    const { table, daemon, sysctls } = this.#parts;
    const names = this.#namesNow();
    const timeouts = table.timeouts();
    const persistOnly = sysctls().sync_persist_mode !== 0;
    const places = new Map<SyncRecord, Told>();
    const records = [...templates];
    for (const each of told) {
      if (persistOnly && templateKeyOf(each.raw, names) !== null) continue;
      const timeout = timeouts[each.raw.state] ?? 0;
      const record = recordOf(each.raw, names, timeout);
      if (record === null) continue;
      places.set(record, { ...each, ends: each.ends + timeout });
      records.push(record);
    }
    const { syncId } = daemon;
    const maxLength = Math.max(daemon.maxLength - this.#parts.sealer.overhead, 1);
    for (const message of encodeMessages(records, { syncId, maxLength })) void this.#send(message, places);
  }

  async #send({ bytes, records }: Message, places: ReadonlyMap<SyncRecord, Told>): Promise<void> {
    const { sealer, daemon, send, table } = this.#parts;
    const datagram = sealer.wrap(daemon.syncId, bytes);
    try {
      await send(datagram);
    } catch (error) {
      this.#lost(error as Error);
      return;
    }
    const templates = records.filter(isTemplate).length;
    this.sent.messages++;
    this.sent.bytes += datagram.length;
    this.sent.templates += templates;
    this.sent.connections += records.length - templates;
    this.sent.lastAt = Date.now();
    for (const record of records) {
      const told = places.get(record);
      if (told !== undefined) table.book.note(told.number, told.identity, told.raw.state, told.ends);
    }
  }

  #lost(error: Error): void {
    this.sent.failed++;
    this.#parts.onError(error);
    if (this.#next !== null) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#passTimer);
    this.#passTimer = setTimeout(() => this.tellAll(), PASS_AFTER_LOSS);
  }

  #namesNow(): Names {
    const entries = this.#parts.entries();
    if (this.#names?.of !== entries) this.#names = { of: entries, names: namesOf(entries) };
    return this.#names.names;
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#parts.onError(error as Error);
    }
  }
}
