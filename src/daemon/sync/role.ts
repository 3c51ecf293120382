/**
 * What lvs_sync_daemon of a file says becomes commands, as keepalived gives them to IPVS: the
 * backup daemon until the instance is MASTER, then the master daemon; without an instance both.
 */
import type { SyncRoles } from '../../core/config/model/sync.ts';
import type { Command, SyncDaemonSpecs } from '../../core/model/command.ts';
import type { Notice } from '../vrrp/protocol.ts';

export interface SyncRoleParts {
  /** Resolves to a sentence where it was refused. */
  readonly execute: (command: Command) => Promise<string | null>;
  readonly onError: (text: string) => void;
}

export class SyncRole {
  readonly #parts: SyncRoleParts;
  #roles: SyncRoles | null = null;
  /** Names of the instances that are MASTER. */
  readonly #masters = new Set<string>();

  constructor(parts: SyncRoleParts) {
    this.#parts = parts;
  }

  configure(roles: SyncRoles | null): void {
    const before = this.#roles;
    this.#roles = roles;
    if (roles !== null || before !== null) this.#apply();
  }

  hear(notice: Notice): void {
    if (notice.type !== 'state' || notice.kind !== 'INSTANCE') return;
    if (notice.state === 'MASTER') this.#masters.add(notice.name);
    else this.#masters.delete(notice.name);
    if (notice.name === this.#roles?.instance) this.#apply();
  }

  #apply(): void {
    const daemons = this.#wanted();
    this.#parts
      .execute({ type: 'sync.set', daemons })
      .then((refusal) => {
        if (refusal !== null) this.#parts.onError(refusal);
      })
      .catch((error: Error) => this.#parts.onError(error.message));
  }

  #wanted(): SyncDaemonSpecs {
    if (this.#roles === null) return { master: null, backup: null };
    const { daemon, instance } = this.#roles;
    if (instance === null) return { master: daemon, backup: daemon };
    return this.#masters.has(instance) ? { master: daemon, backup: null } : { master: null, backup: daemon };
  }
}
