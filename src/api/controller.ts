/**
 * What the API asks of the daemon. The daemon implements it over the model and
 * the maps; tests implement it in memory. Bodies are the reports of
 * `protocol/` without their envelope, which the server adds.
 *
 * A method that a request can make fail returns a Failure; what it throws is a
 * fault of ours and becomes a 500.
 */
import type * as z from 'zod';
import type { Command, CommandErrorCode } from '../core/model/command.ts';
import type { ServiceKey } from '../core/model/model.ts';
import type { changesBodySchema, Event } from './protocol/changes.ts';
import type { AttachMode } from './protocol/command.ts';
import type { configBodySchema, reloadBodySchema } from './protocol/config.ts';
import type { ConnectionFilter } from './protocol/connection-filter.ts';
import type { Connection } from './protocol/connections.ts';
import type { doctorBodySchema } from './protocol/doctor.ts';
import type { DocumentBody } from './protocol/document.ts';
import type { attachedBodySchema, interfacesBodySchema } from './protocol/interfaces.ts';
import type { localAddressesBodySchema } from './protocol/local-addresses.ts';
import type { marksBodySchema } from './protocol/marks.ts';
import type { ServiceReport } from './protocol/services.ts';
import type { statsBodySchema } from './protocol/stats.ts';
import type { statusBodySchema } from './protocol/status.ts';
import type { syncBodySchema } from './protocol/sync.ts';
import type { vrrpBodySchema } from './protocol/vrrp.ts';

export type StatusBody = z.output<typeof statusBodySchema>;
export type StatsBody = z.output<typeof statsBodySchema>;
export type InterfacesBody = z.output<typeof interfacesBodySchema>;
export type DoctorBody = z.output<typeof doctorBodySchema>;
export type LocalAddressesBody = z.output<typeof localAddressesBodySchema>;
export type MarksBody = z.output<typeof marksBodySchema>;
export type VrrpBody = z.output<typeof vrrpBodySchema>;
export type SyncBody = z.output<typeof syncBodySchema>;
export type AttachedBody = z.output<typeof attachedBodySchema>;
export type ChangesBody = z.output<typeof changesBodySchema>;

export type ConfigBody = z.output<typeof configBodySchema>;
export type ReloadBody = z.output<typeof reloadBodySchema>;

export type FailureCode =
  | CommandErrorCode
  | 'too-many' // no room: services, real servers or schedule lines
  | 'apply-failed' // the kernel refused a write; nothing has changed
  | 'no-file' // xlbd runs without a configuration file
  | 'bad-file' // the configuration file has errors; the message is what xlbd -t prints
  | 'no-such-interface'
  | 'not-attached'
  | 'already-attached'
  | 'interface-busy' // another program is attached
  | 'mtu-too-large' // the message says which MTU works
  | 'not-supported'; // driver or kernel cannot do it

/** Why a request cannot be done; nothing has changed. */
export interface Failure {
  readonly ok: false;
  readonly code: FailureCode;
  /** What was found, what was expected, what to do: a sentence for a person. */
  readonly message: string;
  /** Where in the command, in core's words (`server.weight`); empty: as a whole. */
  readonly path: string;
  /** Which command of the list; left out where it is not about one. */
  readonly index?: number;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | Failure;

export interface ExecuteOptions {
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Who asks; the name of a user as the client gave it. */
  readonly user: string;
}

export interface ReloadRequest {
  /** Absolute path; left out: the file in use. */
  readonly file?: string;
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Undoes what commands did to what the file names. */
  readonly reset: boolean;
  /** Who asks; null: a signal. */
  readonly user: string | null;
}

export interface ConnectionQuery {
  readonly filter: ConnectionFilter;
  /** Aborted when the client is gone: stop reading the table. */
  readonly signal: AbortSignal;
}

export interface Controller {
  /** How many changes were applied; stands in every envelope. */
  readonly epoch: number;

  status(): Promise<StatusBody>;
  /** In the order in which they were added; with a key only that one, or none. */
  services(key?: ServiceKey): Promise<readonly ServiceReport[]>;
  /** In the order in which they were added. */
  marks(): Promise<MarksBody>;
  stats(): Promise<StatsBody>;
  interfaces(): Promise<InterfacesBody>;
  localAddresses(): Promise<LocalAddressesBody>;
  vrrp(): Promise<VrrpBody>;
  /** What is well and what is not, with the next step; asks neighbours, which takes half a second. */
  doctor(): Promise<DoctorBody>;
  sync(): Promise<SyncBody>;
  /** What commands made, as `save` prints it. */
  document(): Promise<DocumentBody>;
  /** The configuration file in use. */
  config(): Promise<Outcome<ConfigBody>>;
  /**
   * Reads the table piece by piece, as fast as the consumer takes it. Yields
   * batches, so that a million connections do not cost a million promises;
   * each holds only connections that `connectionMatches(filter, connection)`.
   */
  connections(query: ConnectionQuery): AsyncIterable<readonly Connection[]>;

  /** All of them or none. `changes` can be made by `describeChanges(before, after)`. */
  execute(commands: readonly Command[], options: ExecuteOptions): Promise<Outcome<ChangesBody>>;
  /** Takes a configuration file into use, whole or not at all. */
  reload(request: ReloadRequest): Promise<Outcome<ReloadBody>>;
  /** Zeroes the totals of one service (and its real servers) or of all; says how many services. */
  zero(key?: ServiceKey): Promise<Outcome<{ readonly services: number }>>;
  attach(name: string, mode: AttachMode): Promise<Outcome<AttachedBody>>;
  detach(name: string): Promise<Outcome<{ readonly interface: string }>>;

  /** Calls back for each event until the function that it returns is called. */
  subscribe(listener: (event: Event) => void): () => void;
}
