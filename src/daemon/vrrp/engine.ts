/**
 * All VRRP instances of this director at work: what happens goes into the state machine of
 * `core/vrrp`, and what that asks for is performed. Runs in a thread of its own (`worker.ts`).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Address } from '../../core/model/model.ts';
import type { InstanceConfig } from '../../core/vrrp/config.ts';
import type { Datagram } from '../../core/vrrp/ipv4.ts';
import {
  type LinkDelay,
  type LinkStates,
  linksDeadline,
  longestLinkDelay,
  seeLink,
  settleLinks,
} from '../../core/vrrp/link-delays.ts';
import {
  type Router,
  type RouterEffect,
  type RouterEvent,
  routerDeadline,
  stepRouter,
} from '../../core/vrrp/router.ts';
import { createInstance, type Effect, type InstanceState } from '../../core/vrrp/state.ts';
import { type TrackStatus, trackerKey } from '../../core/vrrp/tracking.ts';
import { type Endpoint, endpointKey, type Transport } from '../../net/vrrp/transport.ts';
import { Hearing, vridOf } from './hearing.ts';
import type { Holder } from './holder.ts';
import { instanceConfig } from './instance-config.ts';
import { logLine } from './log-text.ts';
import type { NetworkView } from './network-view.ts';
import { type Placement, place } from './placement.ts';
import type { LogLevel, Notice } from './protocol.ts';
import { type InstanceReport, reportOf } from './report.ts';
import { type ConfiguredInstance, NO_VRRP, sourceName, type VrrpSettings } from './settings.ts';
import { endpointOf, Voice, voiceOf } from './voice.ts';

export interface EngineOptions {
  readonly view: NetworkView;
  readonly transport: Pick<Transport, 'use' | 'openedAt' | 'send' | 'drain'>;
  readonly holder: Pick<Holder, 'pace' | 'assign' | 'forget' | 'take' | 'release' | 'announce'>;
  readonly notify: (notice: Notice) => void;
  readonly log: (level: LogLevel, fields: object, message: string) => void;
  /** Seconds that the machine ran when the thread started. */
  readonly uptime: number;
}

/** Of an interface without interface_up_down_delays, or one that was deleted. */
const AT_ONCE: LinkDelay = { down: 0, up: 0 };

/** An instance and where it stands at present. */
interface Station {
  readonly configured: ConfiguredInstance;
  readonly placement: Placement;
  readonly endpoint: Endpoint | null;
  readonly createdAt: number;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #hearing = new Hearing();
  readonly #voice = new Voice(Date.now() / 1000);
  readonly #stations = new Map<string, Station>();
  /** Whatever is tracked, also by nobody yet. */
  readonly #statuses = new Map<string, TrackStatus>();
  /** Instances whose last advertisement could not be sent. */
  readonly #mute = new Set<string>();
  #router: Router = { instances: new Map() };
  #links: LinkStates = new Map();
  #settings: VrrpSettings = NO_VRRP;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Instances that are no longer there give up; those that stay the same virtual router keep their state. */
  configure(settings: VrrpSettings): void {
    this.#settings = settings;
    this.#options.holder.pace(settings.paces);
    for (const [name, { configured }] of this.#stations) {
      const next = settings.instances.find((instance) => instance.name === name);
      if (next === undefined || !isSameRouter(configured, next)) this.#remove(name, next === undefined);
    }
    this.settle();
  }

  /** Brings every instance to what the network and the configuration are now. */
  settle(): void {
    const { view, transport } = this.#options;
    const began = performance.now();
    const virtual = virtualAddresses(this.#settings);
    const placed = this.#settings.instances.map((configured) => {
      const placement = place(configured, view, virtual);
      const config = this.#configOf(configured, placement);
      const voice = voiceOf(configured, placement, view);
      return { configured, placement, config, endpoint: endpointOf(configured, config, placement.source, voice) };
    });
    const faults = transport.use(placed.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint !== null));
    for (const { configured, placement, config, endpoint } of placed) {
      const fault = endpoint === null ? undefined : faults.get(endpointKey(endpoint));
      if (fault !== undefined) this.#options.log('warn', {}, `${config.name}: ${fault}`);
      const speaks = endpoint !== null && fault === undefined;
      const at = this.#hearsSince(endpoint, began);
      this.track(trackerKey({ kind: 'source', name: sourceName(configured, placement.device) }), upOrDown(speaks), at);
      this.#followInterfaces(config);
      this.#place(config, { configured, placement, endpoint }, at);
    }
    this.#arm();
  }

  /** What is tracked has another status, since `at`. */
  track(key: string, status: TrackStatus, at = performance.now()): void {
    if (this.#statuses.get(key) === status) return;
    this.#statuses.set(key, status);
    this.#feed({ event: { type: 'track', key, status } }, at);
  }

  receive(endpoint: string, datagram: Datagram | null): void {
    const vrid = datagram === null ? undefined : vridOf(datagram);
    for (const [name, station] of this.#stations) {
      if (station.endpoint === null || endpointKey(station.endpoint) !== endpoint) continue;
      if (datagram !== null && station.configured.vrid !== vrid) continue;
      if (datagram !== null) this.#hearing.heard(name, datagram, Date.now());
      this.#feed({ instance: name, event: { type: 'datagram', datagram } });
    }
  }

  /** Someone else took away an address that is held. */
  addressLost(name: string, address: Address): void {
    this.#feed({ instance: name, event: { type: 'address-lost', address } });
  }

  report(): InstanceReport[] {
    return this.#settings.instances.flatMap(({ name }) => {
      const state = this.#router.instances.get(name);
      const station = this.#stations.get(name);
      if (state === undefined || station === undefined) return [];
      const wallClock = (at: number) => Math.round(performance.timeOrigin + at);
      return reportOf(state, { ...station, peers: this.#hearing.peersOf(name), wallClock });
    });
  }

  /** Every MASTER gives up; what was asked of the holder goes on. */
  stop(): void {
    this.#feed({ event: { type: 'stop', deleted: false } });
    clearTimeout(this.#timer);
    this.#settings = NO_VRRP; // what the network does from now on concerns nobody
    this.#links = new Map();
  }

  /** The first master-down timer runs from when the group was joined, whatever else is opened before it is armed. */
  #hearsSince(endpoint: Endpoint | null, began: number): number {
    const opened = endpoint === null ? undefined : this.#options.transport.openedAt(endpointKey(endpoint));
    return opened !== undefined && opened >= began ? opened : performance.now();
  }

  #configOf(configured: ConfiguredInstance, { device, source }: Placement): InstanceConfig {
    return instanceConfig(this.#settings, configured, { device, source, uptime: this.#options.uptime });
  }

  #followInterfaces({ trackers }: InstanceConfig): void {
    for (const tracker of trackers) {
      if (tracker.kind !== 'interface') continue;
      const { name } = tracker;
      const link = this.#options.view.link(name);
      const isUp = link?.up === true && link.carrier;
      const delay = link === undefined ? AT_ONCE : this.#delayOf(name);
      this.#links = seeLink(this.#links, name, isUp, delay, performance.now());
      this.#trackLink(name);
    }
  }

  #trackLink(name: string): void {
    this.track(trackerKey({ kind: 'interface', name }), upOrDown(this.#links.get(name)?.up === true));
  }

  /** Never longer than the instances on it can stand. */
  #delayOf(name: string): LinkDelay {
    const said = this.#settings.linkDelays.find((each) => each.interface === name);
    if (said === undefined) return AT_ONCE;
    const limits = [...this.#stations].flatMap(([instance, { placement }]) => {
      const state = this.#router.instances.get(instance);
      return state === undefined || placement.device !== name ? [] : [longestLinkDelay(state)];
    });
    const [down, up] = [said.down, said.up].map((delay) => Math.min(delay * 1000, ...limits));
    return { down: down!, up: up! };
  }

  #place(config: InstanceConfig, place: Omit<Station, 'createdAt'>, at: number): void {
    const { name } = config;
    const known = this.#stations.get(name);
    this.#stations.set(name, { ...place, createdAt: known?.createdAt ?? performance.now() });
    this.#options.holder.assign(place.configured, place.placement.link);
    const state = this.#router.instances.get(name);
    if (state === undefined) this.#create(config, at);
    else if (!isDeepStrictEqual(state.config, config)) {
      this.#feed({ instance: name, event: { type: 'configure', config } });
      this.#tell(name, config);
    }
  }

  #create(config: InstanceConfig, at: number): void {
    const { name } = config;
    this.#router = { instances: new Map(this.#router.instances).set(name, createInstance(config)) };
    this.#tell(name, config);
    this.#feed({ instance: name, event: { type: 'start' } }, at);
  }

  /** What is known of everything that the instance follows. */
  #tell(instance: string, { trackers }: InstanceConfig): void {
    for (const key of trackers.map(trackerKey)) {
      const status = this.#statuses.get(key);
      if (status !== undefined) this.#feed({ instance, event: { type: 'track', key, status } });
    }
  }

  #remove(name: string, deleted: boolean): void {
    this.#feed({ instance: name, event: { type: 'stop', deleted } });
    const instances = new Map(this.#router.instances);
    instances.delete(name);
    this.#router = { instances };
    this.#options.holder.forget(name);
    this.#stations.delete(name);
    this.#hearing.forget(name);
    this.#mute.delete(name);
  }

  #feed(event: RouterEvent, now = performance.now()): void {
    const [router, effects] = stepRouter(this.#router, event, now);
    this.#router = router;
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  /** Node's timers are whole milliseconds and may be early: then the tick finds nothing due. */
  #arm(): void {
    clearTimeout(this.#timer);
    const deadlines = [routerDeadline(this.#router), linksDeadline(this.#links)].filter((at) => at !== null);
    if (deadlines.length === 0) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.min(...deadlines) - performance.now()));
  }

  #tick(): void {
    // After a stall, the master's advertisements may be waiting in the sockets.
    this.#options.transport.drain();
    this.#feed({ event: { type: 'tick' } });
    const before = this.#links;
    this.#links = settleLinks(before, performance.now());
    for (const [name, link] of this.#links) if (link !== before.get(name)) this.#trackLink(name);
  }

  #perform(effect: RouterEffect): void {
    if ('group' in effect) {
      this.#options.notify({ type: 'state', kind: 'GROUP', name: effect.group, state: effect.state, priority: 0 });
      return;
    }
    const state = this.#router.instances.get(effect.instance);
    if (state !== undefined) this.#performFor(state, effect.effect);
  }

  #performFor(state: InstanceState, effect: Effect): void {
    const { holder, notify, log } = this.#options;
    const { name } = state.config;
    switch (effect.type) {
      case 'advertise':
        this.#advertise(state, effect.priority);
        break;
      case 'take':
        holder.take(name);
        break;
      case 'release':
        holder.release(name);
        break;
      case 'announce':
        holder.announce(name, effect);
        break;
      case 'notify':
        notify({ type: 'state', kind: 'INSTANCE', name, state: effect.state, priority: effect.priority });
        break;
      case 'notify-priority':
        notify({ type: 'priority', name, state: state.phase, priority: effect.priority });
        break;
      case 'notify-lower-priority':
        notify({ type: 'lower-priority', name, priority: state.config.priority });
        break;
      case 'log': {
        const { level, message } = logLine(name, effect.entry);
        log(level, { instance: name }, message);
      }
    }
  }

  #advertise({ config, sequences, oldChecksums }: InstanceState, priority: number): void {
    const { name } = config;
    const station = this.#stations.get(name);
    if (station === undefined || station.endpoint === null) return;
    const { checksumAsV2, oldChecksum } = station.configured;
    const isOld = (peer: Address) => oldChecksum === 'always' || oldChecksums.has(peer);
    const heard = Math.max(0, ...sequences.values());
    try {
      const how = { priority, checksumAsV2, isOld, heard };
      this.#voice.advertise(this.#options.transport, station.endpoint, config, how);
      this.#mute.delete(name);
    } catch (error) {
      if (this.#mute.has(name)) return;
      this.#mute.add(name);
      this.#options.log('warn', { instance: name }, `${name}: an advertisement could not be sent: ${String(error)}`);
    }
  }
}

/** What makes another virtual router of an instance, which cannot keep its state. */
function isSameRouter(a: ConfiguredInstance, b: ConfiguredInstance): boolean {
  return a.vrid === b.vrid && a.family === b.family && a.version === b.version && a.interface === b.interface;
}

function virtualAddresses({ instances }: VrrpSettings): Set<Address> {
  return new Set(
    instances.flatMap(({ addresses, excluded }) => [...addresses, ...excluded].map((each) => each.address)),
  );
}

function upOrDown(up: boolean): 'up' | 'down' {
  return up ? 'up' : 'down';
}
