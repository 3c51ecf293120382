/** Checks of vrrp_sync_group. */
import type { File } from '../keywords/root.ts';
import { nearest } from '../nearest.ts';
import { place, type Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';

export function checkGroups(file: File, report: Report): void {
  const instances = new Set((file.vrrp_instance ?? []).map(({ value }) => value));
  const groupOf = new Map<string, Word>();
  for (const { keyword, words, value: name, block } of file.vrrp_sync_group ?? []) {
    const at = (words[0] ?? keyword).at;
    const members = (block.group ?? []).flatMap(({ entries }) => entries);
    if (block.group === undefined)
      report.error(at, `found no 'group' in vrrp_sync_group ${name}, expected the names of its instances`);
    for (const { value, words: entry } of members) checkMember(value, entry[0]!, { instances, groupOf, report });
    if (members.length === 1)
      report.warning(
        at,
        `found one instance in vrrp_sync_group ${name}, expected two or more: alone it changes with nobody`,
      );
  }
  for (const { block } of [...(file.track_group ?? []), ...(file.static_track_group ?? [])]) {
    for (const { value, words } of (block.group ?? []).flatMap(({ entries }) => entries)) {
      if (!instances.has(value)) reportUnknown(value, words[0]!, instances, report);
    }
  }
}

interface Membership {
  readonly instances: ReadonlySet<string>;
  readonly groupOf: Map<string, Word>;
  readonly report: Report;
}

function checkMember(name: string, word: Word, { instances, groupOf, report }: Membership): void {
  if (!instances.has(name)) {
    reportUnknown(name, word, instances, report);
    return;
  }
  const before = groupOf.get(name);
  if (before === undefined) groupOf.set(name, word);
  else
    report.error(
      word.at,
      `found vrrp_instance ${name} in a second place, expected it in one group; it is in that at ${place(before.at)}`,
    );
}

function reportUnknown(name: string, word: Word, instances: ReadonlySet<string>, report: Report): void {
  const near = nearest(name, instances);
  report.error(
    word.at,
    `found '${name}', expected the name of a vrrp_instance of this file`,
    near === null ? undefined : `did you mean '${near}'?`,
  );
}
