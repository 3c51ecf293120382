/**
 * What the API asks for, done: commands one at a time, each validated, planned,
 * written to the state file and then to the maps. A command that fails at any of
 * these steps has changed nothing.
 */
import type {
  AttachedBody,
  ChangesBody,
  ConfigBody,
  ConnectionQuery,
  Controller,
  DoctorBody,
  ExecuteOptions,
  Failure,
  Outcome,
  ReloadBody,
  ReloadRequest,
  SyncBody,
} from '../api/controller.ts';
import { documentOf } from '../api/document.ts';
import type { Change, Event } from '../api/protocol/changes.ts';
import type { AttachMode } from '../api/protocol/command.ts';
import { applyCommands } from '../core/model/apply-command.ts';
import type { Command } from '../core/model/command.ts';
import { NO_SHARE } from '../core/model/file-share.ts';
import type { Address, ServiceKey } from '../core/model/model.ts';
import { formatServiceKey, serviceKeyText } from '../core/model/service-key.ts';
import type { ConnectionTable } from '../dataplane/connections.ts';
import { DataplaneError } from '../dataplane/error.ts';
import type { Resolver } from '../net/resolver.ts';
import { Changer, failure } from './changer.ts';
import type { Configuration } from './config/configuration.ts';
import { Reloader } from './config/reloader.ts';
import { configReport } from './config/texts.ts';
import type { Director } from './director.ts';
import type { Events } from './events.ts';
import type { InterfaceManager } from './interface-manager.ts';
import type { Log } from './log.ts';
import { Mutex } from './mutex.ts';
import type { GivenOptions } from './options.ts';
import type { Reporter } from './reporter.ts';
import { type ConnectionSources, listConnections } from './reports/connections.ts';
import { interfaceReport } from './reports/interface.ts';
import { listLocalAddresses } from './reports/local-addresses.ts';
import { serverIds } from './reports/service.ts';
import type { Saving } from './saving.ts';
import type { Statistics } from './statistics.ts';
import type { Vrrp } from './vrrp/vrrp.ts';

export interface ControllerParts {
  readonly director: Director;
  readonly reporter: Reporter;
  readonly resolver: Pick<Resolver, 'watch' | 'settled' | 'resolution' | 'interface' | 'localAddresses'>;
  readonly manager: InterfaceManager;
  readonly statistics: Statistics;
  readonly saving: Saving;
  readonly vrrp: Pick<Vrrp, 'report'>;
  readonly examine: () => Promise<DoctorBody>;
  readonly syncReport: () => SyncBody;
  readonly events: Events;
  readonly table: Pick<ConnectionTable, 'scan' | 'slots' | 'localPorts'>;
  readonly templates: ConnectionSources['templates'];
  /** Seconds of the data plane's clock. */
  readonly clock: () => number;
  readonly configuration: Configuration;
  /** What the command line says: interfaces of the file may be its own, too. */
  readonly given: GivenOptions;
  readonly log: Log;
  /** Told after each change, so that states and problems are looked at again. */
  readonly onChange: () => void;
}

export class DaemonController implements Controller {
  readonly #parts: ControllerParts;
  readonly #mutex = new Mutex();
  readonly #changer: Changer;
  readonly #reloader: Reloader;
  #epoch = 0;

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#changer = new Changer({ ...parts, onChanged: (changes, user) => this.#changed(changes, user) });
    this.#reloader = new Reloader({ ...parts, changer: this.#changer });
  }

  get epoch(): number {
    return this.#epoch;
  }

  async status() {
    const { reporter, vrrp } = this.#parts;
    const { instances } = await vrrp.report();
    return { ...(await reporter.status()), vrrp: instances.map(({ name, state, since }) => ({ name, state, since })) };
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

  async localAddresses() {
    const { table, director, resolver, saving } = this.#parts;
    const sources = {
      table,
      ofFile: (saving.config?.share ?? NO_SHARE).localAddresses,
      entries: director.entries,
      interfaceOf: (address: Address) => interfaceOf(resolver, address),
    };
    return { local_addresses: await listLocalAddresses(director.model.localAddresses, sources) };
  }

  async marks() {
    return this.#parts.reporter.marks();
  }

  vrrp() {
    return this.#parts.vrrp.report();
  }

  doctor() {
    return this.#parts.examine();
  }

  async sync() {
    return this.#parts.syncReport();
  }

  async document() {
    return documentOf(this.#parts.director.model);
  }

  async config(): Promise<Outcome<ConfigBody>> {
    return configReport(this.#parts.configuration.current);
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

  /** Left out: the file in use. */
  reload(request: ReloadRequest): Promise<Outcome<ReloadBody>> {
    return this.#mutex.run(() => this.#reloader.reload(request));
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

  async #execute(commands: readonly Command[], options: ExecuteOptions): Promise<Outcome<ChangesBody>> {
    const unknown = this.#unknownInterface(commands);
    if (unknown !== undefined) return unknown;
    const applied = applyCommands(this.#parts.director.model, commands);
    if ('error' in applied) return { ok: false, ...applied.error, index: applied.index };
    return await this.#changer.change(applied.model, options);
  }

  #changed(changes: readonly Change[], user: string | null): void {
    this.#epoch++;
    for (const { service, server, action, text } of changes) {
      this.#applied('change', [service, server].filter(Boolean).join(' > '), `${action} ${text}`.trim(), user);
    }
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

function interfaceOf(resolver: Pick<Resolver, 'interface' | 'localAddresses'>, address: Address): string | null {
  const found = resolver.localAddresses().find((local) => local.address === address);
  return found === undefined ? null : (resolver.interface(found.ifindex)?.name ?? null);
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
