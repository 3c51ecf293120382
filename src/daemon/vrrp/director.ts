/** VRRP of this director, put together: the engine with all that it watches and works with. */
import { readFileSync } from 'node:fs';
import { trackerKey } from '../../core/vrrp/tracking.ts';
import { Announcer } from '../../net/announce.ts';
import { openAssigner } from '../../net/assign/assigner.ts';
import type { Kernel, KernelChange } from '../../net/facts.ts';
import { NftFirewall } from '../../net/firewall/firewall.ts';
import { openKernel } from '../../net/kernel/netlink-kernel.ts';
import { Transport } from '../../net/vrrp/transport.ts';
import { Disposers } from '../disposers.ts';
import { Engine } from './engine.ts';
import { FileWatch } from './file-watch.ts';
import { HeldFile } from './held-file.ts';
import { Holder } from './holder.ts';
import { NetworkView } from './network-view.ts';
import { ProcessWatch } from './process-watch.ts';
import type { LogLevel, Notice, TrackNews } from './protocol.ts';
import type { InstanceReport } from './report.ts';
import { type ConfiguredScript, type Run, ScriptRunner } from './script-runner.ts';
import type { VrrpSettings } from './settings.ts';
import { Statics } from './statics.ts';
import { raiseOwnPriority } from './urgency.ts';

export interface VrrpDirectorOptions {
  /** Where what is held is written down. */
  readonly runDir: string;
  readonly log: (level: LogLevel, fields: object, message: string) => void;
  readonly notify: (notice: Notice) => void;
  readonly runScript: (script: ConfiguredScript) => Run;
}

export interface VrrpDirector {
  configure(settings: VrrpSettings, statuses: readonly TrackNews[]): void;
  track(news: TrackNews): void;
  report(): InstanceReport[];
  /** Every MASTER gives up; resolves when nothing is held any more. */
  stop(): Promise<void>;
}

/** Takes away what an earlier process left. Rejects with a KernelError, or where that cannot be known. */
export async function startVrrp(options: VrrpDirectorOptions): Promise<VrrpDirector> {
  const { runDir, log, notify, runScript } = options;
  const fault = raiseOwnPriority();
  if (fault !== null) log('info', {}, `the VRRP thread runs with the priority of the others: ${fault}`);
  const disposers = new Disposers();
  const view = new NetworkView();
  const { kernel, assigner, firewall, announcer } = openTools(log, disposers);
  const transport: Transport = disposers.use(
    'the transport',
    new Transport({
      onDatagram: (endpoint, datagram) => engine.receive(endpoint, datagram),
      onError: (_, code) => log('debug', {}, `a VRRP socket says ${code}`),
    }),
  );
  const file = new HeldFile(runDir, 'vrrp', view);
  const holder = new Holder({ assigner, announcer, firewall, view, file, log });
  const engine: Engine = new Engine({ view, transport, holder, notify, log, uptime: uptime() });
  const staticFile = new HeldFile(runDir, 'static', view);
  const statics = new Statics({ assigner, view, file: staticFile, log });
  await follow(
    kernel,
    view,
    (change) => {
      if (change.type === 'route') statics.settleSoon();
      else changed(change, engine, holder);
    },
    () => {
      statics.settle();
      engine.settle();
    },
  );
  for (const left of await file.clean(assigner)) log('warn', {}, `an earlier process left ${left}; it is taken away`);
  statics.adopt(staticFile.left());

  const watches = startWatches(engine, log, runScript, disposers);

  return {
    configure(settings, statuses) {
      for (const { key, status } of statuses) engine.track(key, status);
      watches.before(settings);
      statics.configure(settings.statics);
      engine.configure(settings);
      watches.after(settings);
    },
    track: ({ key, status }) => engine.track(key, status),
    report: () => engine.report(),
    async stop() {
      engine.stop();
      await holder.end();
      await statics.end();
      await disposers.dispose();
    },
  };
}

function openTools(log: VrrpDirectorOptions['log'], disposers: Disposers) {
  const kernel = openKernel();
  disposers.add('the kernel', () => kernel.close());
  const assigner = openAssigner();
  disposers.add('the assigner', () => assigner.close());
  const firewall = new NftFirewall();
  disposers.add('the firewall', () => firewall.close());
  const announcer = disposers.use(
    'the announcer',
    new Announcer((device, code) => log('warn', { interface: device }, `announcing addresses on ${device}: ${code}`)),
  );
  return { kernel, assigner, firewall, announcer };
}

interface Watches {
  /** What tells its status at once. */
  before(settings: VrrpSettings): void;
  after(settings: VrrpSettings): void;
}

function startWatches(
  engine: Engine,
  log: VrrpDirectorOptions['log'],
  run: VrrpDirectorOptions['runScript'],
  disposers: Disposers,
): Watches {
  const tell = (kind: 'script' | 'process' | 'file') => (name: string, status: TrackNews['status']) =>
    engine.track(trackerKey({ kind, name }), status);
  const onFailure = (script: string, reason: string) => log('warn', { script }, `script ${script} fails: ${reason}`);
  const scripts = disposers.use('the scripts', new ScriptRunner({ run, onStatus: tell('script'), onFailure }));
  const processes = disposers.use('the tracked processes', new ProcessWatch(tell('process')));
  const onFault = (message: string) => log('warn', {}, message);
  const files = disposers.use('the tracked files', new FileWatch({ onValue: tell('file'), onFault }));
  return {
    before: (settings) => files.configure(settings.files.filter(({ name }) => isTracked(settings, 'files', name))),
    after(settings) {
      scripts.configure(settings.scripts.filter(({ name }) => isTracked(settings, 'scripts', name)));
      processes.configure(settings.processes.filter(({ name }) => isTracked(settings, 'processes', name)));
    },
  };
}

/** Calls `settle` once for all changes of one moment. Notifications come before the lists are read, so that none is lost. */
async function follow(
  kernel: Kernel,
  view: NetworkView,
  onChange: (change: KernelChange) => void,
  settle: () => void,
): Promise<void> {
  let reading = true;
  let isSoon = false;
  let changes = 0;
  const soon = () => {
    if (isSoon || reading) return;
    isSoon = true;
    setImmediate(() => {
      isSoon = false;
      settle();
    });
  };
  const read = async () => {
    reading = true;
    for (let before = -1; before !== changes; ) {
      before = changes;
      await view.read(kernel);
    }
    reading = false;
  };
  kernel.subscribe((change) => {
    if (change.type === 'lost') void read().then(soon);
    const counts = view.apply(change);
    if (counts) changes++;
    onChange(change);
    if (counts) soon();
  });
  await read();
}

function changed(change: KernelChange, engine: Engine, holder: Holder): void {
  if (change.type !== 'address-gone') return;
  const { ifindex, address } = change.address;
  const name = holder.holderOf(ifindex, address);
  if (name !== undefined) engine.addressLost(name, address);
}

/** Nothing runs or is read for what no instance follows. */
function isTracked(
  { instances, groups }: VrrpSettings,
  kind: 'files' | 'scripts' | 'processes',
  name: string,
): boolean {
  return [...instances, ...groups].some(({ tracks }) => tracks[kind].some((track) => track.name === name));
}

/** Seconds. */
function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
}
