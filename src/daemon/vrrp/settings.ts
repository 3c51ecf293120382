/** What the VRRP thread is told to run: plain data, which crosses to it as it is. */
import type { ConfigModel } from '../../core/config/model/build-model.ts';
import { memberTrackers, type Tracker, trackerKey } from '../../core/vrrp/tracking.ts';

export type VrrpSettings = Pick<
  ConfigModel,
  'instances' | 'groups' | 'scripts' | 'processes' | 'files' | 'statics' | 'linkDelays' | 'paces'
>;
export type ConfiguredInstance = VrrpSettings['instances'][number];
type SyncGroup = VrrpSettings['groups'][number];
type Track = SyncGroup['tracks']['scripts'][number];

const NO_STATICS: VrrpSettings['statics'] = { interface: 'eth0', addresses: [], routes: [], rules: [] };
export const NO_VRRP: VrrpSettings = {
  ...{ instances: [], groups: [], scripts: [], processes: [], files: [], linkDelays: [], paces: [] },
  statics: NO_STATICS,
};

export function vrrpSettings(model: VrrpSettings): VrrpSettings {
  const { instances, groups, scripts, processes, files, statics, linkDelays, paces } = model;
  return { instances, groups, scripts, processes, files, statics, linkDelays, paces };
}

/** Whether there is work for the VRRP thread. */
export function hasWork({ instances, statics: { addresses, routes, rules } }: VrrpSettings): boolean {
  return [instances, addresses, routes, rules].some((list) => list.length > 0);
}

/** The synchronization group of an instance. */
export function groupOf(settings: VrrpSettings, instance: string): SyncGroup | undefined {
  return settings.groups.find(({ members }) => members.includes(instance));
}

/**
 * All that an instance follows. `device`: its own interface, which counts unless
 * `dont_track_primary`; that it has an address to send from counts always.
 */
export function trackersOf(settings: VrrpSettings, instance: ConfiguredInstance, device: string): Tracker[] {
  const own = [
    ...tracked(instance.tracks, settings),
    ...instance.tracks.virtualServers.map((track) => trackerOf('virtual-server', track)),
  ];
  const group = groupOf(settings, instance.name);
  const followed = group === undefined ? own : memberTrackers(own, tracked(group.tracks, settings), group.usesWeights);
  const primary: Tracker = { kind: 'interface', name: device, weight: 0, reverse: false };
  const source: Tracker = { ...primary, kind: 'source', name: sourceName(instance, device) };
  return unique([...(instance.trackInterface ? [primary] : []), source, ...followed]);
}

/** Of the tracker: which address of which interface, or what it lacks. */
export function sourceName({ source, family, peers, faultWithoutPeers }: ConfiguredInstance, device: string): string {
  if (faultWithoutPeers && peers.length === 0) return 'to a peer of unicast_peer, which is empty';
  return `${source ?? `IPv${family}`} on ${device}`;
}

function tracked(tracks: SyncGroup['tracks'], settings: VrrpSettings): Tracker[] {
  return [
    ...tracks.interfaces.map((track) => trackerOf('interface', track)),
    ...tracks.scripts.map((track) => trackerOf('script', track, settings.scripts)),
    ...tracks.processes.map((track) => trackerOf('process', track, settings.processes)),
    ...tracks.files.map((track) => trackerOf('file', track, settings.files)),
  ];
}

interface Weighted {
  readonly name: string;
  readonly weight: { readonly weight: number; readonly reverse: boolean };
}

function trackerOf(kind: Tracker['kind'], { name, weight }: Track, defaults: readonly Weighted[] = []): Tracker {
  const standard = defaults.find((each) => each.name === name)?.weight;
  return { kind, name, ...(weight ?? standard ?? { weight: 0, reverse: false }) };
}

/** The first of each: an instance's own word before its group's. */
function unique(trackers: readonly Tracker[]): Tracker[] {
  const seen = new Set<string>();
  return trackers.filter((tracker) => !seen.has(trackerKey(tracker)) && seen.add(trackerKey(tracker)));
}
