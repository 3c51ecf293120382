/** What is tracked beside scripts: processes that must run, files with a number. */
import type { Weight } from '../forms/tracks.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';

export interface TrackedProcess {
  readonly name: string;
  /** The program, then the arguments that are compared. */
  readonly command: readonly string[];
  /** How arguments are compared; null: all of them where there are any. */
  readonly match: 'initial' | 'partial' | null;
  /** The whole command line counts, not only the program's name. */
  readonly fullCommand: boolean;
  readonly weight: Weight;
  /** So many must run, and not more than `most`. */
  readonly least: number;
  readonly most: number;
  /** Seconds that a change must last before it counts: one more runs, one less does. */
  readonly forkDelay: number;
  readonly terminateDelay: number;
}

export interface TrackedFile {
  readonly name: string;
  readonly path: string;
  readonly weight: Weight;
  /** Made with this number at the start, where there is none or `overwrite` says so. */
  readonly initial: { readonly value: number; readonly overwrite: boolean } | null;
}

type ProcessSettings = NonNullable<File['vrrp_track_process']>[number];
type FileSettings = NonNullable<File['track_file']>[number];

export function buildProcess({ value: name, block }: ProcessSettings): TrackedProcess {
  const delay = last(block.delay)?.value ?? 0;
  return {
    name,
    command: last(block.process)?.value ?? [],
    match: last(block.param_match)?.value ?? null,
    fullCommand: block.full_command !== undefined,
    weight: last(block.weight)?.value ?? { weight: 0, reverse: false },
    least: last(block.quorum)?.value ?? 1,
    most: last(block.quorum_max)?.value ?? Number.MAX_SAFE_INTEGER,
    forkDelay: last(block.fork_delay)?.value ?? delay,
    terminateDelay: last(block.terminate_delay)?.value ?? delay,
  };
}

export function buildFile({ value: name, block }: FileSettings): TrackedFile {
  return {
    name,
    path: last(block.file)?.value ?? '',
    weight: last(block.weight)?.value ?? { weight: 1, reverse: false },
    initial: last(block.init_file)?.value ?? null,
  };
}
