/** Checks of local addresses, and of the virtual servers by FULLNAT that need them. */
import { addressFamily, isUnicast } from '../../model/address.ts';
import { MAX_LOCAL_ADDRESSES } from '../../model/local-addresses.ts';
import type { Address } from '../../model/model.ts';
import type { GroupedLocalRange, LocalRange } from '../forms/local-addresses.ts';
import { last, type Setting } from '../keyword.ts';
import type { File, RealServerSettings, ServiceSettings } from '../keywords/root.ts';
import { localFamiliesOf } from '../model/local-addresses.ts';
import { addressCount, addressesOf, familyOf } from '../model/ranges.ts';
import { nearest } from '../nearest.ts';
import { place, type Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';
import { serverMethodOf } from './service-facts.ts';

type Line<R extends LocalRange = LocalRange> = Pick<Setting<R>, 'words' | 'value'>;

export function checkLocalAddresses(file: File, report: Report): void {
  const common = (file.xlb ?? []).flatMap(({ block }) => block.local_address ?? []);
  checkPool(common, 'of the block xlb', report);
  for (const { value: name, words, entries } of file.local_address_group ?? []) {
    if (entries.length === 0)
      report.error(words[0]!.at, `found the empty local_address_group ${name}, expected addresses in it`);
    checkPool(entries, `of the local_address_group ${name}`, report);
    checkInterfaces(entries, report);
  }
}

/** Each address once, each fit to be a source, and no more than the data plane takes. */
function checkPool(lines: readonly Line[], whose: string, report: Report): void {
  const first = new Map<Address, Word>();
  const counts = { 4: 0, 6: 0 };
  for (const { value, words } of lines) {
    const { at } = words[0]!;
    const family = familyOf(value.addresses);
    counts[family] += addressCount(value.addresses);
    if (counts[family] > MAX_LOCAL_ADDRESSES) {
      const found = `found ${counts[family]} addresses of IPv${family} ${whose} up to here`;
      report.error(at, `${found}, expected ${MAX_LOCAL_ADDRESSES} at most`);
      return;
    }
    const addresses = addressesOf(value.addresses);
    const other = addresses.find((address) => !isUnicast(address));
    if (other !== undefined) report.error(at, `found ${other}, expected unicast addresses, and no link-local ones`);
    const twice = addresses.find((address) => first.has(address));
    if (twice !== undefined)
      report.error(at, `found ${twice} again, expected it once; the first is at ${place(first.get(twice)!.at)}`);
    for (const address of addresses) first.set(address, words[0]!);
  }
}

/** In DPVS the interface gets the address. */
function checkInterfaces(lines: readonly Line<GroupedLocalRange>[], report: Report): void {
  for (const { value, words } of lines) {
    if (value.interface === null) continue;
    report.warning(
      words[1]!.at,
      `found the interface '${value.interface}', expected none: xlb gives local addresses to no interface, so it is left out`,
      'static_ipaddress adds addresses while xlbd runs',
    );
  }
}

/** Words of FULLNAT in a virtual server, and what it lacks for it. */
export function checkLocalGroup(service: ServiceSettings, file: File, report: Report): void {
  const { block } = service;
  const group = last(block.laddr_group_name);
  const servers = block.real_server ?? [];
  const translated = servers.filter((server) => serverMethodOf(server.block, block).method === 'FULLNAT');
  if (group !== undefined) checkGroupName(group, file, report);
  if (block.toa !== undefined && last(block.protocol)?.value !== 'TCP')
    report.error(last(block.toa)!.keyword.at, "found 'toa' without 'protocol TCP', which it needs");
  for (const { keyword } of [...(block.laddr_group_name ?? []), ...(block.toa ?? [])]) {
    if (translated.length > 0 || servers.length === 0) continue;
    const found = `found '${keyword.text}' and no real server by FULLNAT`;
    report.warning(keyword.at, `${found}, expected one: nothing follows from it`);
  }
  checkFamilies(translated, localFamiliesOf(service, file), report);
}

/** The addresses may be a command's: `xlb local-address add`. */
function checkFamilies(servers: readonly RealServerSettings[], families: ReadonlySet<4 | 6>, report: Report): void {
  for (const family of [4, 6] as const) {
    const server = servers.find(({ value }) => addressFamily(value.address) === family);
    if (server === undefined || families.has(family)) continue;
    report.warning(
      server.words[0]!.at,
      `found no local address of IPv${family} in this file, expected 'laddr_group_name', or 'local_address' in the block xlb: without one new connections are dropped`,
    );
  }
}

function checkGroupName({ value, words }: Setting<string>, file: File, report: Report): void {
  const names = (file.local_address_group ?? []).map((group) => group.value);
  if (names.includes(value)) return;
  const near = nearest(value, names);
  report.error(
    words[0]!.at,
    `found '${value}', expected the name of a local_address_group of this file`,
    near === null ? undefined : `did you mean '${near}'?`,
  );
}
