/** Puts the daemon together, in the order in which the parts need each other, and takes it apart again. */
import { createHash } from 'node:crypto';
import { applyFile, NO_SHARE } from '../core/model/file-share.ts';
import { adopt } from '../core/reconcile/adopt.ts';
import { Reconciler } from '../core/reconcile/reconciler.ts';
import { tunablesOf } from '../core/reconcile/tunables.ts';
import { createApply } from '../dataplane/apply.ts';
import { type Attachments, openAttachments } from '../dataplane/attachments.ts';
import { openConnectionTable } from '../dataplane/connections.ts';
import { DataplaneError } from '../dataplane/error.ts';
import { emptyHave, readHave } from '../dataplane/have.ts';
import { openLiveCounts } from '../dataplane/live-counts.ts';
import type { Dataplane } from '../dataplane/open.ts';
import { ScheduleMemory } from '../dataplane/schedule-memory.ts';
import { tuneSettings } from '../dataplane/settings.ts';
import { startSweeper } from '../dataplane/sweeper.ts';
import { listTemplates } from '../dataplane/templates.ts';
import { readCounters, trafficMemory } from '../dataplane/traffic.ts';
import { type Resolver, startResolver } from '../net/resolver.ts';
import type { ConfigInUse } from './config/configuration.ts';
import { savedConfig } from './config/reloader.ts';
import { DaemonController } from './controller.ts';
import { AT_REST, startDefense } from './defense.ts';
import { Director } from './director.ts';
import type { Disposers } from './disposers.ts';
import { examine } from './doctor/doctor.ts';
import type { EarlyOptions } from './early.ts';
import { Events } from './events.ts';
import { Housekeeping } from './housekeeping.ts';
import { InterfaceManager } from './interface-manager.ts';
import type { Log } from './log.ts';
import { lastWays, networkView, watchedBy } from './network.ts';
import { Notifier } from './notify/notifier.ts';
import { Observer } from './observer.ts';
import type { GivenOptions } from './options.ts';
import { Reporter } from './reporter.ts';
import { Saving } from './saving.ts';
import { type SavedState, StateFile } from './state-file.ts';
import { StateFileError } from './state-format.ts';
import { Statistics } from './statistics.ts';
import { Synchronization, type SynchronizationParts } from './sync/synchronization.ts';
import { hasWork } from './vrrp/settings.ts';
import { VrrpThread } from './vrrp/thread.ts';
import { Vrrp } from './vrrp/vrrp.ts';

export interface StartOptions extends EarlyOptions {
  readonly given: GivenOptions;
  readonly version: string;
  /** As `begin` answers it. */
  readonly loading: { readonly dataplane: Promise<Dataplane> };
  /** A part that nothing stands in for is broken: the daemon has to end, and to be started anew. */
  readonly onFailure: (error: Error) => void;
}

export interface Running {
  readonly controller: DaemonController;
  /** A sentence for the service manager. */
  summary(): string;
}

/**
 * Milliseconds that the first plan waits for routes and neighbours since they are asked for: what is adopted must
 * not lose its next hops.
 */
const ADOPTED_SETTLE = 3000;
/** The same where nothing is forwarded yet. Neighbours answer in less while the data plane is made. */
const FRESH_SETTLE = 300;

/** Rejects where the daemon cannot work, with a sentence for a person; what was started is in `disposers`. */
export async function startDaemon(start: StartOptions): Promise<Running> {
  const { settings, config, log, disposers } = start;
  const stateFile = new StateFile(settings.stateDir);
  const found = await stateFile.load();
  const saved = withFile(found, config);
  if (found.config !== null && config === null)
    log.warn(
      { file: found.config.path },
      'started without a configuration file: what it named belongs to commands now',
    );
  const now = () => performance.now();

  const vrrpThread = config !== null && hasWork(config.model) ? startVrrpThread(start) : undefined;
  if (vrrpThread !== undefined) disposers.add('the VRRP thread', () => vrrpThread.stop());

  // Notifications may come from the first moment on; they wait for those that follow them.
  const follow = { network: () => {}, links: () => {} };
  const resolver = await startResolver({
    log,
    onChange: () => follow.network(),
    onInterface: () => follow.links(),
  });
  disposers.add('the resolver', () => resolver.stop());
  const { servers, vips } = watchedBy(saved.model);
  resolver.watch(servers, vips);
  const watchedAt = now();

  const { bpffs } = settings;
  const dataplane = await start.loading.dataplane;
  for (const warning of dataplane.warnings) log.warn({}, warning);
  const mtuOf = (ifindex: number) => resolver.interface(ifindex)?.mtu;
  const attachments = disposers.use('the attachments', openAttachments(dataplane, mtuOf));
  dataplane.store.unpinOthers();
  const words = dataplane.adopted ? 'adopted the pinned data plane' : 'made a new data plane';
  log.info({ bpffs, connections: dataplane.sizes.connections, interfaces: attachments.list.size }, words);

  const core = await startCore({ saved, stateFile, dataplane, attachments, resolver, watchedAt, log, now });
  disposers.use('the state file', core.saving);
  const dropped = (found.config?.interfaces ?? []).filter((name) => core.manager.state(name) !== undefined);
  const parts = { ...start, dropped, stateFile, resolver, dataplane, now, follow, vrrpThread, ...core };
  const { controller, summary, vrrpRuns } = assembleService(parts, disposers);
  if (config !== null) start.configuration.use(config);
  await vrrpRuns();
  return { controller, summary };
}

function startVrrpThread({ settings: { runDir }, log, onFailure }: StartOptions): VrrpThread {
  return new VrrpThread({ runDir, log, onFailure });
}

/** The state that was left, and what the file says in another way since then. */
function withFile(saved: SavedState, config: ConfigInUse | null): SavedState {
  if (config === null) return { ...saved, config: null };
  const extent = config.model.flush ? 'alone' : 'changed';
  const model = applyFile(saved.model, saved.config?.share ?? NO_SHARE, config.share, extent);
  return { ...saved, model, config: savedConfig(config) };
}

interface CoreParts {
  readonly saved: SavedState;
  readonly stateFile: StateFile;
  readonly dataplane: Dataplane;
  readonly attachments: Attachments;
  readonly resolver: Resolver;
  /** By `now`, when it was told of the model's addresses. */
  readonly watchedAt: number;
  readonly log: Log;
  readonly now: () => number;
}

/** The model as it was left, and the maps brought to it. */
async function startCore(parts: CoreParts) {
  const { saved, stateFile, dataplane, attachments, resolver, watchedAt, log, now } = parts;
  const { maps, programs, sizes } = dataplane;
  const table = tableName(dataplane);
  const same = saved.table === table;
  const schedules = new ScheduleMemory(maps.schedules);
  const have = dataplane.adopted ? readHave(maps, schedules) : emptyHave(schedules);
  if (saved.table === '' && have.services.length > 0) throw lostState(stateFile.path, have.services.length);
  const limits = { ...sizes, lines: sizes.scheduleLines };
  const reconciler = new Reconciler(adopt(have, same ? saved.remembered : [], limits, now()));
  const statistics = createStatistics(maps, same ? saved.zeroed : undefined);
  const apply = createApply(maps, programs, schedules);
  const defense = { level: AT_REST };
  // VRRP, which is not there yet, knows which virtual routers are MASTER.
  const routers = { on: (_interface: string): readonly number[] => [] };
  let manager: InterfaceManager;
  const director: Director = new Director({
    model: saved.model,
    reconciler,
    maps: {
      apply,
      read: () => readHave(maps, schedules),
      tune: (model) => tuneSettings(maps.settings, tunablesOf(model, defense.level)),
    },
    network: networkView({ resolver, attached: () => manager.indexes, routersOn: (name) => routers.on(name) }),
    now,
    onApplied: (operations) => statistics.applied(operations),
  });
  manager = new InterfaceManager({
    attachments,
    find: (which) => resolver.interface(which),
    onIndexes: () => void director.refresh(),
  });
  const saving = new Saving({
    file: stateFile,
    manager,
    statistics,
    table,
    changedAt: saved.changedAt,
    config: saved.config,
    current: () => ({ model: director.model, state: director.state }),
    onError: (error) => log.error({ err: error }, 'the state file cannot be written'),
  });
  resolver.remember(lastWays(reconciler.state));
  const patience = (dataplane.adopted ? ADOPTED_SETTLE : FRESH_SETTLE) - (now() - watchedAt);
  if (!(await resolver.settled(Math.max(0, patience))))
    log.warn({}, 'not every real server answers; going on without them');
  director.refresh();
  for (const { name, mode } of saved.interfaces) {
    for (const warning of manager.want({ name, mode, origin: 'command' })) log.warn({ interface: name }, warning);
  }
  await saving.save();
  return { director, manager, statistics, saving, defense, routers };
}

function createStatistics(maps: Dataplane['maps'], zeroed: SavedState['zeroed'] | undefined): Statistics {
  const readers = {
    service: trafficMemory(maps.service_traffic).of,
    server: trafficMemory(maps.server_traffic).of,
    counters: () => readCounters(maps.counters),
  };
  return new Statistics(readers, zeroed);
}

/** Tells one connection table from another: a hash of its secret, which is drawn once per table. */
function tableName({ maps }: Dataplane): string {
  const key = maps.settings.get(0)?.hash_key ?? [];
  return createHash('sha256').update(key.join(' ')).digest('hex').slice(0, 16);
}

function lostState(path: string, services: number): StateFileError {
  const found = `it is not there, but the pinned data plane forwards for ${services} services that it should name`;
  return new StateFileError(path, found);
}

type Core = Awaited<ReturnType<typeof startCore>>;

interface ServiceParts extends Core, StartOptions {
  /** Interfaces of the file that was in use before. */
  readonly dropped: readonly string[];
  readonly stateFile: StateFile;
  readonly resolver: Resolver;
  readonly dataplane: Dataplane;
  readonly now: () => number;
  readonly follow: { network: () => void; links: () => void };
  /** Of the file that is run at the start; undefined: it has no work for it. */
  readonly vrrpThread: VrrpThread | undefined;
}

/** What works on the core from now on: timers, reports, the controller. */
function assembleService(parts: ServiceParts, disposers: Disposers) {
  const { settings, given, configuration, log, version, stateFile, resolver, dataplane, now, follow } = parts;
  const { director, manager, statistics, saving, defense } = parts;
  attachWanted(parts);
  const { maps, programs, sizes } = dataplane;
  const observer = new Observer();
  const events = new Events();
  const clock = () => programs.readClock().now;
  const counts = openLiveCounts(maps);
  const sweeper = startSweeper(dataplane, counts, {
    now,
    onRecount: (recount) => {
      if (director.recounted(recount)) housekeeping.refresh();
      saving.soon();
    },
    goneServers: () => (director.model.sysctls.expire_nodest_conn === 0 ? [] : director.retiredServers),
    shedsEntries: () => defense.level.dropsEntries,
    onError: (error) => log.error({ err: error }, 'the sweep of the connection table failed'),
  });
  disposers.use('the sweeper', sweeper);
  disposers.use('the defense', startDefense(director, defense, log));
  const execute: SynchronizationParts['execute'] = (commands) =>
    controller.execute(commands, { dryRun: false, user: 'xlbd' });
  const synchronization = disposers.use('synchronization', new Synchronization({ log, director, dataplane, execute }));
  const reporter: Reporter = new Reporter({
    identity: { version, startedAt: Date.now(), runDir: settings.runDir, stateFile: stateFile.path },
    ...{ director, resolver, manager, statistics, observer, counts, sweeper, maps, sizes, clock, configuration },
    share: () => saving.config?.share ?? null,
    syncProblems: () => synchronization.problems,
    applyFault: () => housekeeping.applyFault,
    changedAt: () => saving.changedAt,
  });
  const housekeeping: Housekeeping = new Housekeeping({
    ...{ log, director, reporter, observer, statistics, events, now },
    requestRecount: () => sweeper.requestRecount(),
    epoch: () => controller.epoch,
  });
  const { vrrp, vrrpRuns } = followVrrp(parts, synchronization, disposers);
  const controller: DaemonController = new DaemonController({
    ...{ director, reporter, resolver, manager, statistics, saving, events, clock, configuration, given, log, vrrp },
    examine: () => examine({ version, director, reporter, manager, resolver, configuration, vrrp }),
    table: openConnectionTable(maps),
    syncReport: () => synchronization.report(),
    templates: (moment) => listTemplates(maps.templates, moment),
    onChange: () => {
      housekeeping.lookSoon();
      vrrp.modelChanged();
      synchronization.modelChanged();
    },
  });
  follow.network = () => housekeeping.refresh();
  follow.links = () => linksChanged(parts, housekeeping);
  disposers.use('the timers', housekeeping);
  synchronization.start(configuration);
  housekeeping.refresh();
  housekeeping.start();
  return { controller, summary: () => summaryOf(director, manager), vrrpRuns };
}

/** VRRP runs what the configuration file in use says, as soon as there is one. */
function followVrrp(parts: ServiceParts, synchronization: Synchronization, disposers: Disposers) {
  const { configuration, director, routers, log, onFailure } = parts;
  const notifier = new Notifier({ log });
  disposers.add('the notifications', () => notifier.close());
  const vrrp = new Vrrp({
    startThread: () => parts.vrrpThread ?? startVrrpThread(parts),
    model: () => director.model,
    onRouters: () => director.refresh(),
    onNotice: (notice) => {
      notifier.tell(notice);
      synchronization.hear(notice);
    },
  });
  routers.on = (name) => vrrp.routersOn(name);
  disposers.add('VRRP', () => vrrp.stop());
  let runs: Promise<void> = Promise.resolve();
  configuration.onConfig((model) => {
    notifier.configure(model);
    runs = vrrp.configure(model);
    runs.catch(onFailure);
  });
  return { vrrp, vrrpRuns: () => runs };
}

/**
 * What the command line or the file asks for and cannot be had ends the start,
 * unless the interface is only not there yet.
 */
function attachWanted({ settings: { interfaces }, dropped, manager, log }: ServiceParts): void {
  for (const wanted of interfaces) {
    const { name } = wanted;
    const warnings = manager.want(wanted);
    const state = manager.state(name);
    if (state?.problem != null && state.device !== undefined) throw new DataplaneError('not-supported', state.problem);
    for (const warning of warnings) log.warn({ interface: name }, warning);
    log.info({ interface: name, mode: state?.attachment?.mode ?? null }, 'interface');
  }
  for (const name of dropped) {
    if (manager.wanted.find((wanted) => wanted.name === name)?.origin === 'pin') manager.detach(name);
  }
}

function linksChanged({ manager, saving, log }: ServiceParts, housekeeping: Housekeeping): void {
  const news = manager.linksChanged();
  for (const { name, text } of news) log.warn({ interface: name }, text);
  if (news.length > 0) saving.soon();
  housekeeping.refresh();
}

function summaryOf(director: Director, manager: InterfaceManager): string {
  const attached = manager.states.filter(({ attachment }) => attachment !== undefined).map(({ name }) => name);
  const { size } = director.model.services;
  return `${size} ${size === 1 ? 'service' : 'services'} on ${attached.join(', ') || 'no interface'}`;
}
