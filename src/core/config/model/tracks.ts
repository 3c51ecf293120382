/** What instances and groups of them follow. */
import type { Track } from '../forms/tracks.ts';
import type { Entry, ListSetting } from '../keyword.ts';
import type { InstanceSettings } from '../keywords/root.ts';

export interface Tracks {
  readonly interfaces: readonly Track[];
  readonly scripts: readonly Track[];
  readonly files: readonly Track[];
  readonly processes: readonly Track[];
  readonly virtualServers: readonly Track[];
}

type TrackLists = Pick<InstanceSettings['block'], 'track_interface' | 'track_script' | 'track_file' | 'track_process'>;

/** Without virtual servers, which only instances follow. */
export function tracksOf(block: TrackLists): Omit<Tracks, 'virtualServers'> {
  return {
    interfaces: valuesOf(block.track_interface),
    scripts: valuesOf(block.track_script),
    files: valuesOf(block.track_file),
    processes: valuesOf(block.track_process),
  };
}

export function valuesOf<E>(lists: readonly ListSetting<unknown, E>[] | undefined): E[] {
  return (lists ?? []).flatMap(({ entries }) => entries.map(({ value }: Entry<E>) => value));
}
