/**
 * Runs the synchronization daemons that the model has (ipvsadm --start-daemon, or
 * lvs_sync_daemon of a file), with the key and the peers of the file. Where any of
 * that changes, both start anew.
 */
import type { DirectorSettings } from '../../core/config/model/director.ts';
import type { Model, SyncDaemon } from '../../core/model/model.ts';
import type { Entry } from '../../core/reconcile/reconciler.ts';
import type { SyncRecord } from '../../core/sync/record.ts';
import type { Refusal } from '../../core/sync/refusal.ts';
import type { Programs } from '../../dataplane/programs.ts';
import type { Log } from '../log.ts';
import { routeOf } from './channel.ts';
import { Hearer } from './hearer.ts';
import { adopt } from './incoming.ts';
import { Link } from './link.ts';
import { readKey, Sealer } from './sealer.ts';
import { countIn, emptyReceived } from './tally.ts';
import { type Table, Teller } from './teller.ts';

export type SyncSettings = NonNullable<DirectorSettings['sync']>;

export interface SynchronizerParts {
  readonly log: Log;
  readonly model: () => Model;
  readonly entries: () => ReadonlyMap<string, Entry>;
  readonly programs: Pick<Programs, 'adopt' | 'adoptTemplate'>;
  /** Opened when a master daemon starts. */
  readonly openTable: () => Table;
}

/** Of one or both daemons: they may share interface, group and port. */
interface NamedLink {
  readonly text: string;
  readonly link: Link;
}

interface Running {
  readonly daemon: SyncDaemon;
  readonly link: Link;
}

const HELLOS = 3;
/** Milliseconds between them: datagrams get lost. */
const HELLO_INTERVAL = 1000;
/** Milliseconds in which one refusal of a kind is logged. */
const QUIET = 60_000;

const NO_SETTINGS: SyncSettings = { peers: [] };

export class Synchronizer {
  readonly #parts: SynchronizerParts;
  #settings = NO_SETTINGS;
  #sealer = new Sealer(null);
  #sign: ReturnType<typeof readKey> | null = null;
  #keyProblem: string | null = null;
  #links: NamedLink[] = [];
  #running = '';
  #teller: (Running & { readonly teller: Teller }) | undefined;
  #backup: Running | undefined;
  #received = emptyReceived();
  #hellos: NodeJS.Timeout | undefined;
  readonly #told = new Map<string, number>();

  constructor(parts: SynchronizerParts) {
    this.#parts = parts;
  }

  /** Another file is in use; undefined: it says nothing of synchronization. */
  configure(settings: SyncSettings = NO_SETTINGS): void {
    this.#settings = settings;
    this.#sign = null;
    this.#keyProblem = null;
    try {
      if (settings.keyFile !== undefined) this.#sign = readKey(settings.keyFile);
    } catch (error) {
      this.#keyProblem = `nothing is sent or received: ${(error as Error).message}`;
      this.#parts.log.error({ err: error }, this.#keyProblem);
    }
    this.#running = '';
    this.modelChanged();
  }

  modelChanged(): void {
    const { master, backup } = this.#parts.model().syncDaemons;
    const wanted = JSON.stringify([master, backup, this.#settings]);
    if (wanted === this.#running) return;
    this.#stop();
    this.#running = wanted;
    if (this.#keyProblem !== null || (master === null && backup === null)) return;
    this.#sealer = new Sealer(this.#sign);
    if (backup !== null) this.#startBackup(backup);
    if (master !== null) this.#startMaster(master);
  }

  get teller() {
    return this.#teller;
  }

  get backup() {
    return this.#backup;
  }

  get received() {
    return this.#received;
  }

  get settings(): SyncSettings {
    return this.#settings;
  }

  /** Sentences for `xlb status`. */
  get problems(): string[] {
    const links = this.#links.flatMap(({ link }) => link.problem ?? []);
    return this.#keyProblem === null ? links : [this.#keyProblem, ...links];
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #startMaster(daemon: SyncDaemon): void {
    const { entries, model, openTable, log } = this.#parts;
    const link = this.#linkFor(daemon);
    const teller = new Teller({
      ...{ daemon, entries, sealer: this.#sealer, table: openTable() },
      isOpen: () => link.problem === null,
      send: (bytes) => link.send(bytes),
      sysctls: () => model().sysctls,
      onError: (error) => this.#say(`master: ${error.message}`, () => log.warn({ err: error }, 'synchronization')),
    });
    this.#teller = { daemon, link, teller };
  }

  #startBackup(daemon: SyncDaemon): void {
    this.#backup = { daemon, link: this.#linkFor(daemon) };
  }

  /** Who starts to listen asks for what was told before; IPVS does not understand, and tells only what is new. */
  #sayHello(left: number): void {
    clearTimeout(this.#hellos);
    const { daemon, link } = this.#backup ?? {};
    if (daemon === undefined || link === undefined || left === 0) return;
    const hello = this.#sealer.seal('hello', daemon.syncId, new Uint8Array(0));
    link
      .send(hello)
      .catch((error) => this.#say('hello', () => this.#parts.log.warn({ err: error }, 'synchronization')));
    this.#hellos = setTimeout(() => this.#sayHello(left - 1), HELLO_INTERVAL);
  }

  #linkFor(daemon: SyncDaemon): Link {
    const route = routeOf(daemon, this.#settings.peers);
    const text = JSON.stringify(route);
    const known = this.#links.find((each) => each.text === text);
    if (known !== undefined) return known.link;
    const hearer = new Hearer({
      sign: this.#sign,
      peers: this.#settings.peers,
      tally: this.#received,
      onRecords: (syncId, records) => this.#onRecords(syncId, records),
      onHello: (syncId) => this.#onHello(syncId),
      onRefusal: (refusal, from) => this.#onRefusal(refusal, from),
    });
    const link: Link = new Link({
      ...{ route, log: this.#parts.log },
      onDatagram: (bytes, from) => hearer.hear(bytes, from),
      onOpen: () => this.#opened(link),
    });
    this.#links.push({ text, link });
    return link;
  }

  #opened(link: Link): void {
    if (this.#backup?.link === link) this.#sayHello(HELLOS);
    if (this.#teller?.link === link) this.#teller.teller.tellAll();
  }

  /** A backup's id of 0 is every id. */
  #onRecords(syncId: number, records: readonly SyncRecord[]): boolean {
    const daemon = this.#backup?.daemon;
    if (daemon === undefined) return true; // not for a master
    if (daemon.syncId !== 0 && daemon.syncId !== syncId) return false;
    const { programs, entries, model } = this.#parts;
    const threshold = () => model().sysctls.sync_threshold;
    for (const record of records) countIn(this.#received.records, adopt(record, { programs, entries, threshold }));
    return true;
  }

  #onHello(syncId: number): boolean {
    const { daemon, teller } = this.#teller ?? {};
    if (daemon === undefined || teller === undefined) return true;
    if (syncId !== 0 && syncId !== daemon.syncId) return false;
    teller.tellAll();
    return true;
  }

  #onRefusal({ reason, detail }: Refusal, from: string): void {
    this.#say(`${reason} ${from}`, () => this.#parts.log.warn({ from, reason }, `a datagram was refused: ${detail}`));
  }

  /** The first of a kind, and then one a minute. */
  #say(kind: string, log: () => void): void {
    const now = performance.now();
    const last = this.#told.get(kind);
    if (last !== undefined && now - last < QUIET) return;
    if (this.#told.size > 1000) this.#told.clear();
    this.#told.set(kind, now);
    log();
  }

  #stop(): void {
    clearTimeout(this.#hellos);
    this.#teller?.teller[Symbol.dispose]();
    for (const { link } of this.#links) link[Symbol.dispose]();
    this.#links = [];
    this.#received = emptyReceived();
    this.#teller = undefined;
    this.#backup = undefined;
  }
}
