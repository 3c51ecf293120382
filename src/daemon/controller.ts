/**
 * What the API asks for, done: commands one at a time, each validated, planned,
 * written to the state file and then to the maps. A command that fails at any of
 * these steps has changed nothing.
 */
import { describeChanges } from '../api/changes.ts';
import type {
  AttachedBody,
  ChangesBody,
  ConnectionQuery,
  Controller,
  ExecuteOptions,
  Failure,
  Outcome,
} from '../api/controller.ts';
import { documentOf } from '../api/document.ts';
import type { Event } from '../api/protocol/changes.ts';
import type { AttachMode } from '../api/protocol/command.ts';
import { applyCommands } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import type { Model, ServiceKey } from '../core/model/model.ts';
import { sameServer } from '../core/model/same.ts';
import { formatServiceKey, serverKeyText, serviceKeyText } from '../core/model/service-key.ts';
import type { ConnectionTable } from '../dataplane/connections.ts';
import { DataplaneError } from '../dataplane/error.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Director, Prepared } from './director.ts';
import type { Events } from './events.ts';
import type { InterfaceManager } from './interface-manager.ts';
import { Mutex } from './mutex.ts';
import { serverAddresses, watchModel } from './network.ts';
import type { Reporter } from './reporter.ts';
import { type ConnectionSources, listConnections } from './reports/connections.ts';
import { interfaceReport } from './reports/interface.ts';
import { unreachable } from './reports/server-state.ts';
import { serverIds } from './reports/service.ts';
import type { Saving } from './saving.ts';
import type { Statistics } from './statistics.ts';
import type { Vrrp } from './vrrp/vrrp.ts';

export interface ControllerParts {
  readonly director: Director;
  readonly reporter: Reporter;
  readonly resolver: Pick<Resolver, 'watch' | 'settled' | 'resolution' | 'interface'>;
  readonly manager: InterfaceManager;
  readonly statistics: Statistics;
  readonly saving: Saving;
  readonly vrrp: Pick<Vrrp, 'report'>;
  readonly events: Events;
  readonly table: ConnectionTable;
  readonly templates: ConnectionSources['templates'];
  /** Seconds of the data plane's clock. */
  readonly clock: () => number;
  /** Told after each change, so that states and problems are looked at again. */
  readonly onChange: () => void;
}

/** Milliseconds that a command waits for the neighbours of new real servers. */
const SETTLE = 300;

export class DaemonController implements Controller {
  readonly #parts: ControllerParts;
  readonly #mutex = new Mutex();
  #epoch = 0;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
  }

  get epoch(): number {
    return this.#epoch;
  }

  status() {
    return this.#parts.reporter.status();
  }

  services(key?: ServiceKey) {
    return this.#parts.reporter.services(key);
  }

  stats() {
    return this.#parts.reporter.stats();
  }

  async interfaces() {
    return this.#parts.reporter.interfaces();
  }

  vrrp() {
    return this.#parts.vrrp.report();
  }

  async document() {
    return documentOf(this.#parts.director.model);
  }

  connections({ filter, signal }: ConnectionQuery) {
    const { table, templates, director, clock } = this.#parts;
    return listConnections({ table, templates, entries: director.entries, clock }, filter, signal);
  }

  subscribe(listener: (event: Event) => void): () => void {
    return this.#parts.events.subscribe(listener);
  }

  execute(commands: readonly Command[], options: ExecuteOptions): Promise<Outcome<ChangesBody>> {
    return this.#mutex.run(() => this.#execute(commands, options));
  }

  zero(key?: ServiceKey): Promise<Outcome<{ readonly services: number }>> {
    return this.#mutex.run(async () => {
      const { director, statistics } = this.#parts;
      const entries = [...director.model.services].flatMap(([name]) => director.entries.get(name) ?? []);
      const wanted = key === undefined ? entries : entries.filter((entry) => sameKey(entry.key, key));
      if (key !== undefined && wanted.length === 0) return noSuchService(key);
      statistics.zero({
        services: wanted.map(({ id }) => id),
        servers: wanted.flatMap((entry) => [...serverIds(entry).values()]),
      });
      await this.#saveOrWarn();
      return { ok: true, value: { services: wanted.length } };
    });
  }

  attach(name: string, mode: AttachMode): Promise<Outcome<AttachedBody>> {
    return this.#mutex.run(async () => {
      const { manager } = this.#parts;
      try {
        const warnings = [...manager.attach(name, mode)];
        const state = manager.state(name);
        if (state === undefined) throw new Error(`${name} is attached and not known`);
        this.#applied('interface', name, `attached (${state.attachment?.mode})`, null);
        warnings.push(...(await this.#saveOrWarn()));
        return { ok: true, value: { interface: interfaceReport(state), warnings } };
      } catch (error) {
        return attachFailure(error);
      }
    });
  }

  detach(name: string): Promise<Outcome<{ readonly interface: string }>> {
    return this.#mutex.run(async () => {
      if (!this.#parts.manager.detach(name)) {
        return failure('not-attached', `the data plane is not attached to ${name}`);
      }
      this.#applied('interface', name, 'detached', null);
      await this.#saveOrWarn();
      return { ok: true, value: { interface: name } };
    });
  }

  async #execute(commands: readonly Command[], { dryRun, user }: ExecuteOptions): Promise<Outcome<ChangesBody>> {
    const { director, resolver } = this.#parts;
    const before = director.model;
    const unknown = this.#unknownInterface(commands);
    if (unknown !== undefined) return unknown;
    const applied = applyCommands(before, commands);
    if ('error' in applied) return { ok: false, ...applied.error, index: applied.index };
    const body = { dry_run: dryRun, changes: describeChanges(before, applied.model), warnings: [] };
    if (!dryRun) await this.#meet(before, applied.model);
    const prepared = director.prepare(applied.model);
    if (!prepared.ok || dryRun) {
      watchModel(resolver, before);
      return prepared.ok ? { ok: true, value: body } : failure('too-many', prepared.message);
    }
    const failed = await this.#put(prepared, before);
    watchModel(resolver, director.model);
    if (failed !== undefined) return failed;
    for (const { service, server, action, text } of body.changes) {
      this.#applied('change', [service, server].filter(Boolean).join(' > '), `${action} ${text}`.trim(), user);
    }
    return { ok: true, value: { ...body, warnings: this.#warnings(before) } };
  }

  /** A synchronization daemon is started on an interface that is there, as in IPVS; it may go away later. */
  #unknownInterface(commands: readonly Command[]): Failure | undefined {
    for (const [index, command] of commands.entries()) {
      if (command.type !== 'sync.start') continue;
      const { interface: name } = command.daemon;
      if (this.#parts.resolver.interface(name) !== undefined) continue;
      return { ...failure('no-such-interface', `there is no interface ${name}`), path: 'daemon.interface', index };
    }
    return undefined;
  }

  /** Gives the kernel a moment to find the neighbours of real servers that are new. */
  async #meet(before: Model, after: Model): Promise<void> {
    const known = serverAddresses(before);
    const added = [...serverAddresses(after)].some((address) => !known.has(address));
    // What is to go stays watched until it is gone: it has traffic, and the change may yet fail.
    watchModel(this.#parts.resolver, before, after);
    if (added) await this.#parts.resolver.settled(SETTLE);
  }

  async #put(prepared: Prepared, before: Model): Promise<Failure | undefined> {
    const { director, saving } = this.#parts;
    const { state } = director;
    try {
      await saving.saveModel(prepared.model, prepared.plan.state, Date.now());
    } catch (error) {
      return failure('apply-failed', `the state file cannot be written: ${(error as Error).message}`);
    }
    try {
      director.commit(prepared);
    } catch (error) {
      await saving.saveModel(before, state, Date.now());
      return failure('apply-failed', `the maps cannot be written: ${(error as Error).message}`);
    }
    if (director.state !== prepared.plan.state) saving.soon();
    this.#epoch++;
    return undefined;
  }

  /**
   * What the operator should know of real servers that this change brought or
   * touched, once for each reason; of the others `status` tells.
   */
  #warnings(before: Model): string[] {
    const { director, resolver } = this.#parts;
    const subjects = new Map<string, string[]>();
    for (const [name, service] of director.model.services) {
      const old = before.services.get(name);
      if (old === service) continue;
      const known = new Map(old?.servers.map((server) => [server.key.address, server]));
      for (const server of service.servers) {
        const was = known.get(server.key.address);
        if (server.admin !== null || (was !== undefined && sameServer(was, server))) continue;
        const reason = unreachable(service, server, resolver.resolution(server.key.address), director.model.tunnel);
        if (reason === null) continue;
        const subject = `${formatServiceKey(service.key)} > ${serverKeyText(server.key)}`;
        const others = subjects.get(reason);
        if (others === undefined) subjects.set(reason, [subject]);
        else others.push(subject);
      }
    }
    return [...subjects].map(([reason, [first, ...others]]) =>
      others.length === 0 ? `${first}: ${reason}` : `${first} and ${others.length} more: ${reason}`,
    );
  }

  #applied(type: 'change' | 'interface', subject: string, text: string, user: string | null): void {
    if (type === 'interface') this.#epoch++;
    this.#parts.events.publish({ type, time: new Date().toISOString(), epoch: this.#epoch, subject, text, user });
    this.#parts.onChange();
  }

  async #saveOrWarn(): Promise<string[]> {
    try {
      await this.#parts.saving.save();
      return [];
    } catch (error) {
      return [`this does not survive a restart: the state file cannot be written: ${(error as Error).message}`];
    }
  }
}

function failure(code: Failure['code'], message: string): Failure {
  return { ok: false, code, message, path: '' };
}

function noSuchService(key: ServiceKey): Failure {
  return failure('no-such-service', `there is no service ${formatServiceKey(key)}`);
}

function sameKey(a: ServiceKey, b: ServiceKey): boolean {
  return serviceKeyText(a) === serviceKeyText(b);
}

function attachFailure(error: unknown): Failure {
  if (!(error instanceof DataplaneError)) throw error;
  switch (error.code) {
    case 'no-such-interface':
    case 'not-attached':
    case 'already-attached':
    case 'interface-busy':
    case 'mtu-too-large':
    case 'not-supported':
      return failure(error.code, error.message);
    case 'slot-taken':
      return failure('too-many', error.message);
    default:
      return failure('apply-failed', error.message);
  }
}
