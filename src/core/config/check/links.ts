/** Checks of what is said of interfaces: delays of their changes, gaps between announcements, who follows them. */
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import { firstOf, globalsOf } from '../model/globals.ts';
import { nearest } from '../nearest.ts';
import { place, type Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';

export function checkLinks(file: File, report: Report): void {
  checkDelays(file, report);
  checkPaces(file, report);
  checkTrackGroups(file, report);
}

/** An instance must see its link go before it takes itself for the master. */
function checkDelays(file: File, report: Report): void {
  const entries = (file.interface_up_down_delays ?? []).flatMap((list) => list.entries);
  for (const { value, words } of entries) {
    const users = (file.vrrp_instance ?? []).filter(({ block }) => last(block.interface)?.value === value.name);
    const limits = users.map((user) => ({ name: user.value, limit: limitOf(user, file) }));
    const [least] = limits.sort((a, b) => a.limit - b.limit);
    const longest = Math.max(value.down, value.up ?? 0);
    if (least === undefined || longest === 0 || longest < least.limit) continue;
    const expected = least.limit === 0 ? '0' : `less than ${least.limit}`;
    report.warning(
      words[1]!.at,
      `found a delay of ${longest} seconds, expected ${expected}: vrrp_instance ${least.name} would be MASTER before, so it is cut down to that`,
    );
  }
}

/** Seconds. */
function limitOf({ block }: InstanceSettings, file: File): number {
  const adverts = firstOf(3, block.down_timer_adverts, globalsOf(file).vrrp_down_timer_adverts);
  return (adverts - 1) * (last(block.advert_int)?.value ?? 1);
}

function checkPaces(file: File, report: Report): void {
  const first = new Map<string, Word>();
  for (const { keyword, block } of file.garp_group ?? []) {
    const lists = (block.interfaces ?? []).flatMap((list) => list.entries.flatMap(({ words }) => words));
    const named = [...(block.interface ?? []).map(({ words }) => words[0]!), ...lists];
    if (named.length === 0) report.warning(keyword.at, "found no interface in garp_group, expected 'interfaces'");
    for (const word of named) {
      const before = first.get(word.text);
      if (before === undefined) first.set(word.text, word);
      else
        report.warning(
          word.at,
          `found ${word.text} in garp_group again, expected it once; that at ${place(before.at)} counts`,
        );
    }
  }
}

function checkTrackGroups(file: File, report: Report): void {
  const groups = [...(file.track_group ?? []), ...(file.static_track_group ?? [])].map(({ value }) => value);
  const lists = [...(file.static_ipaddress ?? []), ...(file.static_routes ?? []), ...(file.static_rules ?? [])];
  for (const words of lists.flatMap(({ entries }) => entries.map((entry) => entry.words))) {
    const at = words.findIndex(({ text }) => text === 'track_group');
    const name = at < 0 ? undefined : words[at + 1];
    if (name === undefined) continue;
    if (!groups.includes(name.text)) reportUnknown(name, groups, report);
    if (words.some(({ text }) => text === 'no_track'))
      report.warning(words[at]!.at, "found 'track_group' beside 'no_track', expected one of them: nothing is followed");
  }
}

function reportUnknown(name: Word, groups: readonly string[], report: Report): void {
  const near = nearest(name.text, groups);
  report.error(
    name.at,
    `found '${name.text}', expected the name of a track_group of this file`,
    near === null ? undefined : `did you mean '${near}'?`,
  );
}
