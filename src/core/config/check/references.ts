/** Names that must stand for something in the file: what is tracked. */

import type { Track } from '../forms/tracks.ts';
import { type Entry, last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';

export function checkReferences(file: File, report: Report): void {
  const known = {
    track_script: ['vrrp_script', namesOf(file.vrrp_script)],
    track_process: ['vrrp_track_process', namesOf(file.vrrp_track_process)],
    track_file: ['track_file', [...namesOf(file.track_file), ...namesOf(file.vrrp_track_file)]],
    track_bfd: ['bfd_instance', namesOf(file.bfd_instance)],
  } as const;
  for (const { block } of [...(file.vrrp_instance ?? []), ...(file.vrrp_sync_group ?? [])]) {
    for (const [keyword, [kind, names]] of Object.entries(known)) {
      const lists = block[keyword as keyof typeof known] ?? [];
      for (const entry of lists.flatMap(({ entries }) => entries)) checkEntry(entry, kind, names, report);
    }
  }
  checkSyncInstance(file, report);
  checkServices(file, report);
  checkCheckers(file, known.track_file[1], known.track_bfd[1], report);
}

/** The instance that says which synchronization daemon runs. */
function checkSyncInstance(file: File, report: Report): void {
  const instances = namesOf(file.vrrp_instance);
  for (const { value, words } of (file.global_defs ?? []).flatMap(({ block }) => block.lvs_sync_daemon ?? [])) {
    const { inst } = value.options;
    if (inst === undefined || instances.includes(inst)) continue;
    reportMissing(words.find(({ text }) => text === inst)!, inst, 'vrrp_instance', instances, report);
  }
}

/** As after `virtual_server`, with the protocol behind it or not. */
function checkServices(file: File, report: Report): void {
  const names = (file.virtual_server ?? []).map(({ words, block }) => {
    const name = words.map(({ text }) => text).join(' ');
    return [name, `${name} ${last(block.protocol)?.value ?? 'UDP'}`] as const;
  });
  const known = new Set(names.flat().map((name) => name.toLowerCase()));
  const lists = (file.vrrp_instance ?? []).flatMap(({ block }) => block.track_virtual_server ?? []);
  for (const { value, words } of lists.flatMap(({ entries }) => entries)) {
    if (known.has(value.name.trim().split(/\s+/).join(' ').toLowerCase())) continue;
    reportMissing(
      words[0]!,
      value.name,
      'virtual_server',
      names.map(([, whole]) => whole),
      report,
    );
  }
}

function namesOf(blocks: readonly { readonly value: string }[] | undefined): string[] {
  return (blocks ?? []).map(({ value }) => value);
}

function checkEntry({ value, words }: Entry<Track>, kind: string, names: readonly string[], report: Report): void {
  if (!names.includes(value.name)) reportMissing(words[0]!, value.name, kind, names, report);
}

function checkCheckers(file: File, files: readonly string[], sessions: readonly string[], report: Report): void {
  const servers = (file.virtual_server ?? []).flatMap(({ block }) => block.real_server ?? []);
  for (const { block } of servers) {
    for (const setting of (block.FILE_CHECK ?? []).flatMap((checker) => checker.block.track_file ?? [])) {
      if (!files.includes(setting.value)) reportMissing(setting.words[0]!, setting.value, 'track_file', files, report);
    }
    for (const setting of (block.BFD_CHECK ?? []).flatMap((checker) => checker.block.name ?? [])) {
      if (!sessions.includes(setting.value))
        reportMissing(setting.words[0]!, setting.value, 'bfd_instance', sessions, report);
    }
  }
}

function reportMissing(word: Word, name: string, kind: string, names: readonly string[], report: Report): void {
  const near = nearest(name, names);
  const hint = near === null ? undefined : `did you mean '${near}'?`;
  report.error(word.at, `found '${name}', expected the name of a ${kind} of this file`, hint);
}
