/** A daemon in memory: the real model and commands, made-up traffic. Serves a real socket in tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeChanges } from '../../src/api/changes.ts';
import type {
  ChangesBody,
  ConfigBody,
  ConnectionQuery,
  Controller,
  DoctorBody,
  ExecuteOptions,
  Outcome,
  ReloadBody,
  ReloadRequest,
  StatusBody,
  SyncBody,
  VrrpBody,
} from '../../src/api/controller.ts';
import { documentOf } from '../../src/api/document.ts';
import { type Listening, listenUnix } from '../../src/api/listen.ts';
import { createMetrics } from '../../src/api/metrics.ts';
import type { Event } from '../../src/api/protocol/changes.ts';
import type { AttachMode } from '../../src/api/protocol/command.ts';
import { connectionMatches } from '../../src/api/protocol/connection-filter.ts';
import type { Connection } from '../../src/api/protocol/connections.ts';
import type { InterfaceReport } from '../../src/api/protocol/interfaces.ts';
import type { LocalAddressReport } from '../../src/api/protocol/local-addresses.ts';
import { REASON_NAMES, REASONS } from '../../src/api/protocol/reasons.ts';
import { syncDaemonsReport } from '../../src/api/protocol/wire.ts';
import { type ApiOptions, createApiServer } from '../../src/api/server.ts';
import { applyCommands, emptyModel } from '../../src/core/model/apply-command.ts';
import type { Command } from '../../src/core/model/command.ts';
import { localAddressText } from '../../src/core/model/local-addresses.ts';
import type { Model, ServiceKey } from '../../src/core/model/model.ts';
import { formatServiceKey } from '../../src/core/model/service-key.ts';
import { diagnose } from '../../src/daemon/doctor/doctor.ts';
import type { DoctorFacts } from '../../src/daemon/doctor/facts.ts';
import { marksReport } from '../../src/daemon/reports/marks.ts';
import { originsOf } from '../../src/daemon/reports/origins.ts';
import { FakeConfiguration } from './fake-configuration.ts';
import { HEALTHY } from './fake-doctor.ts';
import { fakeServiceReport, sumOf } from './fake-report.ts';
import { NOT_SYNCHRONIZED } from './fake-sync.ts';
import { NOW } from './now.ts';

/** When it read its file. */
const LOADED_AT = '2026-11-23T16:50:00.000Z';

export class FakeController implements Controller {
  epoch = 0;
  model: Model = emptyModel;
  entries: Connection[] = [];
  /** Names of services, or empty for all, in the order in which they were zeroed. */
  readonly zeroed: string[] = [];
  readonly listeners = new Set<(event: Event) => void>();
  /** Overrides of what `status` says. */
  overrides: Partial<StatusBody> = {};
  /** What `sync` says. */
  synchronization: SyncBody = NOT_SYNCHRONIZED;
  /** What `vrrp` says. */
  instances: VrrpBody['instances'] = [];
  /** What `doctor` judges. */
  doctorFacts: DoctorFacts = HEALTHY;
  /** What every change is warned of. */
  warnings: string[] = [];
  /** Addresses whose next hop is not known. */
  readonly unresolved = new Set<string>();
  attached = new Map<string, InterfaceReport>([['eth0', interfaceReport('eth0', 'native')]]);
  readonly configuration = new FakeConfiguration();
  /** Batches that `connections` has given out. */
  batches = 0;

  async status(): Promise<StatusBody> {
    const services = await this.services();
    const servers = services.flatMap((service) => service.servers);
    const states = (state: string) => services.filter((service) => service.state === state).length;
    const effective = (state: string) => servers.filter((server) => server.state.effective === state).length;
    const { rates, connections } = sumOf(services);
    return {
      health: 'ok',
      version: '0.1.0',
      pid: 4711,
      started_at: '2026-11-11T15:00:00.000Z',
      run_dir: '/run/xlb',
      state: { file: '/var/lib/xlb/state.json', changed_at: '2026-11-23T16:50:00.000Z' },
      config: this.#configStatus(),
      services: { up: states('up'), degraded: states('degraded'), down: states('down') },
      servers: {
        up: effective('up'),
        draining: effective('draining'),
        quiesced: effective('quiesced'),
        unresolved: effective('unresolved'),
        unsupported: effective('unsupported'),
      },
      traffic: {
        packets_per_s: rates.packets_in_per_s,
        bits_per_s: rates.bytes_in_per_s * 8,
        connections_new_per_s: rates.connections_per_s,
        connections_active: connections.active,
        connections_inactive: connections.inactive,
      },
      table: { entries: 85_000, capacity: 1_048_576, placed_without_entry_total: 0, evicted_total: 0 },
      timeouts: { tcp_s: 900, tcp_fin_s: 120, udp_s: 300 },
      sync_daemons: syncDaemonsReport(this.model.syncDaemons),
      vrrp: this.instances.map(({ name, state, since }) => ({ name, state, since })),
      drops: [{ reason: 'drop_no_next_hop', total: 912, per_s: 0.2 }],
      interfaces: [...this.attached.values()].map(({ name, mode }) => ({ name, mode })),
      supported: { schedulers: ['rr', 'wrr', 'mh'], methods: ['dr', 'tun'] },
      problems: [],
      ...this.overrides,
    };
  }

  async services(key?: ServiceKey) {
    const wanted = key === undefined ? undefined : formatServiceKey(key);
    return [...this.model.services.values()]
      .filter((service) => wanted === undefined || formatServiceKey(service.key) === wanted)
      .map((service, index) =>
        fakeServiceReport(service, index, this.unresolved, originsOf(this.configuration.inUse?.share ?? null)),
      );
  }

  async stats() {
    const counters = REASON_NAMES.map((reason, index) => ({
      reason,
      ...REASONS[reason],
      total: reason.startsWith('drop') && reason !== 'drop_no_next_hop' ? 0 : (index + 1) * 1234,
      per_s: index === 0 ? 820_000 : 0,
    }));
    const { totals, rates } = sumOf(await this.services());
    return { totals, rates, counters, table: { entries: 85_000, capacity: 1_048_576, sweep_ms: 3.2 } };
  }

  async interfaces() {
    return { interfaces: [...this.attached.values()] };
  }

  async localAddresses() {
    const reports = this.model.localAddresses.map(
      (local): LocalAddressReport => ({
        address: local.address,
        service: local.service && formatServiceKey(local.service),
        first_port: local.firstPort,
        last_port: local.lastPort,
        ports: local.lastPort - local.firstPort + 1,
        interface: 'eth0',
        connections: 3,
        busiest: { server: '10.0.0.11:80', connections: 2 },
        origin: this.configuration.inUse?.share.localAddresses.has(localAddressText(local)) ? 'file' : 'command',
      }),
    );
    return { local_addresses: reports };
  }

  async marks() {
    return marksReport(this.model, this.configuration.inUse?.share ?? null);
  }

  async document() {
    return documentOf(this.model);
  }

  async *connections({ filter, signal }: ConnectionQuery) {
    for (let at = 0; at < this.entries.length && !signal.aborted; at += 500) {
      this.batches += 1;
      yield this.entries.slice(at, at + 500).filter((entry) => connectionMatches(filter, entry));
    }
  }

  async execute(commands: readonly Command[], { dryRun, user }: ExecuteOptions): Promise<Outcome<ChangesBody>> {
    const applied = applyCommands(this.model, commands);
    if ('error' in applied) return { ok: false, ...applied.error, index: applied.index };
    const changes = describeChanges(this.model, applied.model);
    if (!dryRun && applied.model !== this.model) {
      this.model = applied.model;
      this.epoch += 1;
      for (const { service, text } of changes) this.emit({ type: 'change', subject: service ?? 'tunnel', text, user });
    }
    return { ok: true, value: { dry_run: dryRun, changes, warnings: this.warnings } };
  }

  async doctor(): Promise<DoctorBody> {
    return diagnose(this.doctorFacts);
  }

  async sync(): Promise<SyncBody> {
    return this.synchronization;
  }

  async vrrp(): Promise<VrrpBody> {
    return { instances: this.instances };
  }

  async config(): Promise<Outcome<ConfigBody>> {
    return this.configuration.show(LOADED_AT);
  }

  async reload(request: ReloadRequest): Promise<Outcome<ReloadBody>> {
    const planned = this.configuration.plan(this.model, request);
    if (!planned.ok) return planned;
    const { model, inUse, body } = planned.value;
    const changes = describeChanges(this.model, model);
    if (!request.dryRun) {
      this.model = model;
      this.configuration.inUse = inUse;
      this.epoch += 1;
    }
    return { ok: true, value: { ...body, changes, warnings: this.warnings } };
  }

  #configStatus(): StatusBody['config'] {
    const { inUse } = this.configuration;
    return inUse && { file: inUse.path, loaded_at: LOADED_AT };
  }

  async zero(key?: ServiceKey): Promise<Outcome<{ services: number }>> {
    const services = await this.services(key);
    if (key !== undefined && services.length === 0) {
      return { ok: false, code: 'no-such-service', message: 'there is no such service', path: 'service' };
    }
    this.zeroed.push(key === undefined ? '' : formatServiceKey(key));
    return { ok: true, value: { services: services.length } };
  }

  async attach(name: string, mode: AttachMode): Promise<Outcome<{ interface: InterfaceReport; warnings: string[] }>> {
    if (!name.startsWith('eth')) {
      return { ok: false, code: 'no-such-interface', message: `there is no interface ${name}`, path: '' };
    }
    const report = interfaceReport(name, mode === 'generic' ? 'generic' : 'native');
    this.attached.set(name, report);
    const warnings = mode === 'generic' ? [`${name}: generic XDP costs about 4 times as much as native`] : [];
    return { ok: true, value: { interface: report, warnings } };
  }

  async detach(name: string): Promise<Outcome<{ interface: string }>> {
    if (this.attached.delete(name)) return { ok: true, value: { interface: name } };
    return { ok: false, code: 'not-attached', message: `${name} is not attached`, path: '' };
  }

  subscribe(listener: (event: Event) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: Omit<Event, 'time' | 'epoch'>): void {
    for (const listener of this.listeners) listener({ ...event, time: new Date(NOW).toISOString(), epoch: this.epoch });
  }
}

export interface FakeDaemon extends AsyncDisposable {
  readonly controller: FakeController;
  readonly runDir: string;
  readonly socket: string;
  /** What `onFault` was told. */
  readonly faults: unknown[];
}

/** A fake daemon on a real socket in a fresh run directory. */
export async function startFakeDaemon(
  controller = new FakeController(),
  limits: ApiOptions['limits'] = {},
): Promise<FakeDaemon> {
  const runDir = mkdtempSync(join(tmpdir(), 'xlb-api-'));
  const socket = join(runDir, 'xlb.sock');
  const faults: unknown[] = [];
  const server = createApiServer({
    controller,
    host: 'lb1',
    version: '0.1.0',
    metrics: createMetrics(controller),
    onFault: (fault) => faults.push(fault),
    limits,
  });
  const listening: Listening = await listenUnix(server, { path: socket });
  return {
    controller,
    runDir,
    socket,
    faults,
    [Symbol.asyncDispose]: async () => {
      await listening.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

/** `count` connections of the service 192.0.2.10:80/tcp, every tenth of them in TIME_WAIT. */
export function fakeConnections(count: number): Connection[] {
  const address = (text: string) => text as Connection['client']['address'];
  return Array.from({ length: count }, (_, index) => ({
    protocol: 'tcp',
    client: { address: address(`198.51.${(index >> 8) & 255}.${index & 255}`), port: 1024 + (index % 60_000) },
    virtual: { address: address('192.0.2.10'), port: 80 },
    server: { address: address(`10.0.0.${11 + (index % 3)}`), port: 80 },
    service: '192.0.2.10:80/tcp',
    state: index % 10 === 9 ? 'TIME_WAIT' : 'ESTABLISHED',
    expires_s: 900 - (index % 60),
    age_s: index,
  }));
}

function interfaceReport(name: string, mode: 'native' | 'generic'): InterfaceReport {
  const mac = `02:00:00:00:01:0${name.at(-1)}`;
  return { name, ifindex: 2, mac, mtu: 1500, up: true, mode, requested: 'auto', fragments: false, problem: null };
}
