/** Names that stand twice. */
import { bracketed } from '../../model/address.ts';
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import { place, type Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';

const NAMED = [
  ...(['vrrp_instance', 'vrrp_sync_group', 'vrrp_script', 'vrrp_track_process', 'track_file'] as const),
  ...(['virtual_server_group', 'local_address_group', 'bfd_instance', 'track_group'] as const),
];

export function checkNames(file: File, report: Report): void {
  for (const kind of NAMED) {
    const named = (file[kind] ?? []).map(({ words, value }) => ({ key: value, word: words[0]! }));
    reportTwice(named, (key) => `${kind} '${key}'`, report);
  }
  checkServices(file, report);
  for (const server of file.virtual_server ?? []) {
    const reals = (server.block.real_server ?? []).map(({ words, value }) => ({
      key: `${bracketed(value.address)}:${value.port ?? 'any port'}`,
      word: words[0]!,
    }));
    reportTwice(reals, (key) => `real server ${key} of this virtual server`, report);
  }
}

/** Two services of one address, port and protocol are one: the second could never be reached. */
function checkServices(file: File, report: Report): void {
  const first = new Map<string, Word>();
  for (const { value, words, block } of file.virtual_server ?? []) {
    const family = value.kind === 'fwmark' ? (value.family ?? last(block.ip_family)?.value ?? 'inet') : '';
    const protocol = value.kind === 'fwmark' ? family : (last(block.protocol)?.value ?? 'UDP');
    const key = JSON.stringify([value, protocol]);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, words[0]!);
      continue;
    }
    const title = words.map(({ text }) => text).join(' ');
    const where = place(before.at);
    report.error(words[0]!.at, `found virtual_server ${title} again, expected it once; the first is at ${where}`);
  }
}

interface Named {
  readonly key: string;
  readonly word: Word;
}

function reportTwice(named: readonly Named[], title: (key: string) => string, report: Report): void {
  const first = new Map<string, Word>();
  for (const { key, word } of named) {
    const before = first.get(key);
    if (before === undefined) first.set(key, word);
    else report.error(word.at, `found ${title(key)} again, expected it once; the first is at ${place(before.at)}`);
  }
}
