/** What ipvsadm's commands need of the daemon. `api-backend.ts` is the real one; tests have one in memory. */
import type { Connection } from '../../api/protocol/connections.ts';
import type { ServiceReport } from '../../api/protocol/services.ts';
import type { StatusReport } from '../../api/protocol/status.ts';
import type { Command } from '../../core/model/command.ts';
import type { ServiceKey } from '../../core/model/model.ts';

/** Why commands were not done; none of them was. */
export interface Refusal {
  /** Core's code, or another of the daemon's. */
  readonly code: string;
  /** A sentence for a person. */
  readonly message: string;
  /** Where in the command, like `server.weight`; empty: as a whole. */
  readonly path: string;
  /** Which command of the list; undefined: not about a single one. */
  readonly index: number | undefined;
}

export interface IpvsBackend {
  /** In the order in which they were added; with a key that one, or none. */
  services(key?: ServiceKey): Promise<readonly ServiceReport[]>;
  /** In no order. Returns whether the list was cut short. */
  connections(): AsyncGenerator<readonly Connection[], boolean>;
  /** All of them or none. */
  execute(commands: readonly Command[]): Promise<Refusal | undefined>;
  /** Zeroes the totals of one service, or of all. */
  zero(key?: ServiceKey): Promise<Refusal | undefined>;
  /** Slots of the connection table. */
  tableSize(): Promise<number>;
  syncDaemons(): Promise<StatusReport['sync_daemons']>;
  /** Seconds. */
  timeouts(): Promise<{ readonly tcp: number; readonly tcpFin: number; readonly udp: number }>;
}
