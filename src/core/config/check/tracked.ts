/** Checks of what is tracked by itself: scripts, processes, files, sessions. */

import type { Setting } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';

interface Named {
  readonly keyword: Word;
  readonly words: readonly Word[];
  readonly wrong: ReadonlySet<string>;
  readonly block: { readonly [name: string]: readonly Setting<unknown>[] | undefined };
}

export function checkTracked(file: File, report: Report): void {
  requireIn(file.vrrp_script, ['script'], report);
  requireIn(file.vrrp_track_process, ['process'], report);
  requireIn([...(file.track_file ?? []), ...(file.vrrp_track_file ?? [])], ['file'], report);
  requireIn(file.bfd_instance, ['neighbor_ip', 'neighbour_ip'], report);
}

/** One of `names` must stand in the block. What is there and wrong has been reported. */
export function requireIn(blocks: readonly Named[] | undefined, names: readonly string[], report: Report): void {
  for (const { keyword, words, block, wrong } of blocks ?? []) {
    if (names.some((name) => block[name] !== undefined || wrong.has(name))) continue;
    const title = [keyword, ...words].map(({ text }) => text).join(' ');
    report.error((words[0] ?? keyword).at, `found no '${names[0]}' in '${title}', expected one`);
  }
}
