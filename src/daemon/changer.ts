/**
 * Makes another model the model: planned, written to the state file and then to
 * the maps. What fails at any of these steps has changed nothing.
 */
import { describeChanges } from '../api/changes.ts';
import type { ChangesBody, Failure, Outcome } from '../api/controller.ts';
import type { Change } from '../api/protocol/changes.ts';
import { changedServices } from '../core/model/changed-services.ts';
import { whyWithoutLocal } from '../core/model/local-addresses.ts';
import type { Model } from '../core/model/model.ts';
import { sameServer } from '../core/model/same.ts';
import { formatServiceKey, serverKeyText } from '../core/model/service-key.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Director, Prepared } from './director.ts';
import { type Watched, watchedBy, watchedByBoth } from './network.ts';
import { unreachable } from './reports/server-state.ts';
import type { Saving } from './saving.ts';
import type { SavedConfig } from './state-file.ts';

export interface ChangerParts {
  readonly director: Director;
  readonly resolver: Pick<Resolver, 'watch' | 'settled' | 'resolution' | 'localAddresses'>;
  readonly saving: Saving;
  /** Told after each change; `user`: who asked, null: nobody did. */
  readonly onChanged: (changes: readonly Change[], user: string | null) => void;
}

export interface ChangeRequest {
  readonly dryRun: boolean;
  readonly user: string | null;
  /** The configuration file that the model comes with; left out: the one that is in use. */
  readonly config?: SavedConfig;
}

/** Milliseconds that a change waits for the neighbours of new real servers. */
const SETTLE = 300;

export class Changer {
  readonly #parts: ChangerParts;
  /** What the resolver was told to follow; undefined: nothing by this one. */
  #watched: Watched | undefined;

  constructor(parts: ChangerParts) {
    this.#parts = parts;
  }

  /** One at a time: the caller sees to it. */
  async change(after: Model, { dryRun, user, config }: ChangeRequest): Promise<Outcome<ChangesBody>> {
    const { director } = this.#parts;
    const before = director.model;
    const body = { dry_run: dryRun, changes: describeChanges(before, after), warnings: [] };
    if (!dryRun) await this.#meet(before, after);
    const prepared = director.prepare(after);
    if (!prepared.ok || dryRun) {
      this.#watch(watchedBy(before));
      return prepared.ok ? { ok: true, value: body } : failure('too-many', prepared.message);
    }
    const failed = await this.#put(prepared, before, config);
    this.#watch(watchedBy(director.model));
    if (failed !== undefined) return failed;
    this.#parts.onChanged(body.changes, user);
    return { ok: true, value: { ...body, warnings: this.#warnings(before) } };
  }

  /** Gives the kernel a moment to find the neighbours of real servers that are new. */
  async #meet(before: Model, after: Model): Promise<void> {
    // What is to go stays watched until it is gone: it has traffic, and the change may yet fail.
    const both = watchedByBoth(before, after);
    this.#watch(both);
    if (both.servers.size > watchedBy(before).servers.size) await this.#parts.resolver.settled(SETTLE);
  }

  #watch({ servers, vips }: Watched): void {
    if (this.#watched?.servers === servers && this.#watched.vips === vips) return;
    this.#watched = { servers, vips };
    this.#parts.resolver.watch(servers, vips);
  }

  async #put(prepared: Prepared, before: Model, config: SavedConfig | undefined): Promise<Failure | undefined> {
    const { director, saving } = this.#parts;
    const { state } = director;
    const old = saving.config;
    try {
      await saving.saveModel(prepared.model, prepared.plan.state, Date.now(), config);
    } catch (error) {
      return failure('apply-failed', `the state file cannot be written: ${(error as Error).message}`);
    }
    try {
      director.commit(prepared);
    } catch (error) {
      await saving.saveModel(before, state, Date.now(), old);
      return failure('apply-failed', `the maps cannot be written: ${(error as Error).message}`);
    }
    if (director.state !== prepared.plan.state) saving.soon();
    return undefined;
  }

  /**
   * What the operator should know of real servers that this change brought or
   * touched, once for each reason; of the others `status` tells.
   */
  #warnings(before: Model): string[] {
    const { director, resolver } = this.#parts;
    const subjects = new Map<string, string[]>();
    for (const { before: old, after: service } of changedServices(before.services, director.model.services)) {
      if (service === undefined) continue;
      const known = new Map(old?.servers.map((server) => [server.key.address, server]));
      for (const server of service.servers) {
        const was = known.get(server.key.address);
        if (server.admin !== null || (was !== undefined && sameServer(was, server))) continue;
        const reason =
          unreachable(server, resolver.resolution(server.key.address), director.model.tunnel) ??
          whyWithoutLocal(service, server, director.model);
        if (reason === null) continue;
        const subject = `${formatServiceKey(service.key)} > ${serverKeyText(server.key)}`;
        const others = subjects.get(reason);
        if (others === undefined) subjects.set(reason, [subject]);
        else others.push(subject);
      }
    }
    return [
      ...this.#foreignAddresses(before),
      ...[...subjects].map(([reason, [first, ...others]]) =>
        others.length === 0 ? `${first}: ${reason}` : `${first} and ${others.length} more: ${reason}`,
      ),
    ];
  }

  /** New local addresses that no interface has: xlb adds none. */
  #foreignAddresses(before: Model): string[] {
    const { director, resolver } = this.#parts;
    const own = new Set(resolver.localAddresses().map(({ address }) => address));
    const added = director.model.localAddresses.filter((local) => !before.localAddresses.includes(local));
    return added
      .filter(({ address }) => !own.has(address))
      .map(({ address }) => `${address}: no interface of this machine has it (ip address add ${address} dev IFACE)`);
  }
}

export function failure(code: Failure['code'], message: string): Failure {
  return { ok: false, code, message, path: '' };
}
