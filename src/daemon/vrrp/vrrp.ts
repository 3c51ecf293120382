/** VRRP as the rest of the daemon uses it. Without work for it there is no thread. */
import type { VrrpBody } from '../../api/controller.ts';
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import type { Model } from '../../core/model/model.ts';
import type { Tracker } from '../../core/vrrp/tracking.ts';
import { hasVirtualMac } from './macvlans.ts';
import type { Notice, TrackNews } from './protocol.ts';
import type { InstanceReport, TrackerReport } from './report.ts';
import { serviceNews } from './service-watch.ts';
import { hasWork, NO_VRRP, type VrrpSettings, vrrpSettings } from './settings.ts';
import type { VrrpThread } from './thread.ts';

export interface VrrpOptions {
  readonly startThread: () => VrrpThread;
  /** The virtual services as they are now. */
  readonly model: () => Model;
  /** `routersOn` says something else now. */
  readonly onRouters: () => void;
  readonly onNotice: (notice: Notice) => void;
}

type Configured = VrrpSettings & Pick<ConfigModel, 'services'>;

const NOTHING: Configured = { ...NO_VRRP, services: [] };

export class Vrrp {
  readonly #options: VrrpOptions;
  readonly #statuses = new Map<string, TrackNews['status']>();
  /** Names of the instances that are MASTER. */
  readonly #masters = new Set<string>();
  #thread: VrrpThread | undefined;
  #configured = NOTHING;

  constructor(options: VrrpOptions) {
    this.#options = options;
  }

  /** Resolves when it runs. */
  async configure(configured: Configured): Promise<void> {
    this.#configured = configured;
    this.#options.onRouters(); // use_vmac may be new to an instance that stays MASTER
    if (hasWork(configured)) this.#thread ??= this.#startThread();
    await this.#thread?.configure(vrrpSettings(configured), this.#serviceNews());
  }

  #startThread(): VrrpThread {
    const thread = this.#options.startThread();
    thread.onNotice = (notice) => this.#hear(notice);
    return thread;
  }

  /** Virtual services may have got or lost their quorum. */
  modelChanged(): void {
    for (const news of this.#serviceNews()) this.#thread?.track(news);
  }

  /**
   * Virtual routers that are MASTER on this interface with a MAC address of their own: their numbers, for
   * IPv6 with 256 added.
   */
  routersOn(device: string): number[] {
    const { instances } = this.#configured;
    const here = instances.filter((each) => hasVirtualMac(each, device));
    return here
      .filter(({ name }) => this.#masters.has(name))
      .map(({ vrid, family }) => vrid + (family === 6 ? 256 : 0));
  }

  async report(): Promise<VrrpBody> {
    return { instances: ((await this.#thread?.report()) ?? []).map(instanceBody) };
  }

  /** Every MASTER gives up. */
  async stop(): Promise<void> {
    await this.#thread?.stop();
    this.#thread = undefined;
  }

  #hear(notice: Notice): void {
    this.#options.onNotice(notice);
    if (notice.type !== 'state' || notice.kind !== 'INSTANCE') return;
    if (notice.state === 'MASTER') this.#masters.add(notice.name);
    else this.#masters.delete(notice.name);
    if (this.#configured.instances.some((each) => hasVirtualMac(each))) this.#options.onRouters();
  }

  #serviceNews(): TrackNews[] {
    const news = serviceNews(this.#configured, this.#options.model(), this.#statuses);
    const changed = news.filter(({ key, status }) => this.#statuses.get(key) !== status);
    for (const { key, status } of changed) this.#statuses.set(key, status);
    return changed;
  }
}

function instanceBody(report: InstanceReport): VrrpBody['instances'][number] {
  const { since, basePriority, priority, interval, trackers, peers, transitions, faults, addresses, ...rest } = report;
  return {
    ...rest,
    since: timeText(since),
    faults: [...faults],
    priority: { base: basePriority, effective: priority },
    interval_s: interval,
    trackers: trackers.map(trackerBody),
    addresses: [...addresses],
    peers: peers.map(({ address, priority, at }) => ({ address, priority, heard_at: timeText(at) })),
    transitions: transitions.map(({ at, ...transition }) => ({ time: timeText(at), ...transition })),
  };
}

function trackerBody({ key, status, weight, adds }: TrackerReport): VrrpBody['instances'][number]['trackers'][number] {
  const space = key.indexOf(' ');
  return { kind: key.slice(0, space) as Tracker['kind'], name: key.slice(space + 1), status, weight, adds };
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}
