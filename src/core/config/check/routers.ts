/** Virtual routers that could not be told apart on the wire. */
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import { place, type Report } from '../report.ts';
import { instanceFacts } from './instance-facts.ts';

/** A VRID stands for one router of a family on a link. */
export function checkRouters(file: File, report: Report): void {
  const first = new Map<string, InstanceSettings>();
  for (const instance of file.vrrp_instance ?? []) {
    const id = last(instance.block.virtual_router_id);
    const device = last(instance.block.interface);
    if (id === undefined || device === undefined) continue;
    const { family } = instanceFacts(instance, file);
    const key = `${id.value} ${device.value} ${family} ${peersOf(instance)}`;
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, instance);
      continue;
    }
    const other = last(before.block.virtual_router_id)!.words[0]!;
    report.error(
      id.words[0]!.at,
      `found virtual_router_id ${id.value} again for IPv${family} on ${device.value}, expected a number that vrrp_instance ${before.value} (${place(other.at)}) does not have`,
    );
  }
}

/** By unicast, routers are told apart by whom they speak to. */
function peersOf({ block }: InstanceSettings): string {
  const peers = (block.unicast_peer ?? []).flatMap((list) => list.entries.map(({ value }) => value.address));
  return peers.sort().join(' ');
}
