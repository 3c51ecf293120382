/** What a track_group follows: the interfaces of static addresses, routes and rules that name it. */
import type { Track } from '../forms/tracks.ts';
import type { File } from '../keywords/root.ts';
import { firstOf, type Globals } from './globals.ts';
import { valuesOf } from './tracks.ts';

/** A static object that a track_group follows. */
interface TrackedStatic {
  /** Name of the track_group. */
  readonly group: string;
  /** null: it has no interface of its own, so that nothing can be followed. */
  readonly interface: string | null;
  /** Beside it stands `no_track`, which counts. */
  readonly untracked: boolean;
}

/** Conditions of an instance, each interface once: keepalived follows no more of them. */
export function staticTracks(instance: string, file: File, globals: Globals): Track[] {
  const groups = [...(file.track_group ?? []), ...(file.static_track_group ?? [])];
  const own = new Set(groups.filter(({ block }) => valuesOf(block.group).includes(instance)).map(({ value }) => value));
  const standard = firstOf('eth0', globals.default_interface);
  const devices = trackedStatics(file, standard).flatMap(({ group, interface: device, untracked }) =>
    own.has(group) && device !== null && !untracked ? [device] : [],
  );
  return [...new Set(devices)].map((name) => ({ name, weight: null }));
}

function trackedStatics(file: File, standard: string): TrackedStatic[] {
  const addresses = valuesOf(file.static_ipaddress).map(({ options }) => ({
    ...{ group: options.track_group, interface: options.dev ?? standard, untracked: options.no_track === true },
  }));
  const others = [
    ...valuesOf(file.static_routes).map(({ options }) => trackOf(options, ['dev', 'oif'])),
    ...valuesOf(file.static_rules).map(({ options }) => trackOf(options, ['iif', 'dev'])),
  ];
  return [...addresses, ...others].flatMap((each) =>
    each.group === undefined ? [] : [{ ...each, group: each.group }],
  );
}

function trackOf(options: readonly (readonly string[])[], devices: readonly string[]) {
  const wordAfter = (...names: readonly string[]) => options.find(([word]) => names.includes(word!))?.at(-1);
  const untracked = options.some(([word]) => word === 'no_track');
  return { group: wordAfter('track_group'), interface: wordAfter(...devices) ?? null, untracked };
}
