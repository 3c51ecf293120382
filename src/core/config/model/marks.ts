/**
 * Which packets get a firewall mark: those of the block xlb, and, with
 * nftables_ipvs, those of each virtual_server_group that a virtual server has.
 */
import type { MarkRuleSpec } from '../../model/mark-rule.ts';
import type { Protocol } from '../../model/model.ts';
import type { GroupMember } from '../forms/services.ts';
import { last } from '../keyword.ts';
import type { File, ServiceSettings } from '../keywords/root.ts';
import { globalsOf } from './globals.ts';
import { familyOf, portRangeOf, prefixesOf } from './ranges.ts';

/** keepalived's nftables_ipvs_start_fwmark. */
const FIRST_MARK = 1000;

export function marksOf(file: File): MarkRuleSpec[] {
  const own = (file.xlb ?? []).flatMap(({ block }) => (block.mark ?? []).map(({ value }) => value));
  return [...own, ...[...groupMarks(file)].flatMap(([service, mark]) => rulesOf(service, mark, file))];
}

/** The mark of each virtual server by group; empty without nftables_ipvs. */
export function groupMarks(file: File): ReadonlyMap<ServiceSettings, number> {
  const { nftables_ipvs: isAsked, nftables_ipvs_start_fwmark: start } = globalsOf(file);
  if (isAsked === undefined) return new Map();
  const first = last(start)?.value ?? FIRST_MARK;
  const byGroup = (file.virtual_server ?? []).filter((service) => rangesOf(service, file).length > 0);
  return new Map(byGroup.map((service, i) => [service, first + i]));
}

export type Range = Exclude<GroupMember, { kind: 'fwmark' }>;

/** Addresses and ports of the group that the virtual server has. */
function rangesOf({ value }: ServiceSettings, file: File): Range[] {
  if (value.kind !== 'group') return [];
  const group = file.virtual_server_group?.find((each) => each.value === value.group);
  return (group?.entries ?? []).flatMap((entry) => (entry.value.kind === 'fwmark' ? [] : [entry.value]));
}

function rulesOf(service: ServiceSettings, mark: number, file: File): MarkRuleSpec[] {
  const protocol = (last(service.block.protocol)?.value ?? 'UDP').toLowerCase() as Protocol;
  return rangesOf(service, file).flatMap((range) =>
    prefixesOf(range).map((destination) => ({ destination, protocols: [protocol], ports: portRangeOf(range), mark })),
  );
}

/** Families of a group's addresses, IPv4 first. */
export function familiesOf(service: ServiceSettings, file: File): (4 | 6)[] {
  return [...new Set(rangesOf(service, file).map(familyOf))].sort();
}
