/** What holds for interfaces, whatever instance uses them: delays of their changes, gaps between announcements. */
import type { File } from '../keywords/root.ts';
import { firstOf } from './globals.ts';
import { valuesOf } from './tracks.ts';

/** Seconds until a change of the link counts. */
export interface LinkDelays {
  readonly interface: string;
  readonly down: number;
  readonly up: number;
}

/** Interfaces that share their gaps between announcements: behind them is one switch. Seconds; 0: none. */
export interface Pace {
  readonly interfaces: readonly string[];
  readonly arpGap: number;
  readonly neighbourGap: number;
}

export function linkDelaysOf(file: File): LinkDelays[] {
  return valuesOf(file.interface_up_down_delays).map(({ name, down, up }) => ({ interface: name, down, up: up ?? 0 }));
}

export function pacesOf(file: File): Pace[] {
  return (file.garp_group ?? []).map(({ block }) => ({
    interfaces: [...(block.interface ?? []).map(({ value }) => value), ...valuesOf(block.interfaces).flat()],
    // keepalived: a group that says nothing of one of them has none, whatever holds for other interfaces.
    arpGap: firstOf(0, block.garp_interval),
    neighbourGap: firstOf(0, block.gna_interval),
  }));
}
