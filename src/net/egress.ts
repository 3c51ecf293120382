/** From the device of a route to the one that frames leave by, with the tags that VLAN devices put on. */
import type { Link, VlanTag } from './facts.ts';
import type { VlanTreatment } from './resolution.ts';

/** As many tags as the data plane writes. */
const MAX_TAGS = 2;

export type Egress =
  | {
      readonly ok: true;
      /** The device without VLAN devices above it. */
      readonly link: Link;
      readonly vlan: VlanTreatment;
      /** Bytes: the smallest MTU of the devices on the way. */
      readonly mtu: number;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * `tagged`: the indexes of devices with VLAN devices on them. There the host
 * itself says which tags a network has; elsewhere tags are the switch's matter.
 */
export function findEgress(links: ReadonlyMap<number, Link>, tagged: ReadonlySet<number>, device: Link): Egress {
  const tags: VlanTag[] = [];
  let link = device;
  let mtu = link.mtu;
  while (link.vlan !== null) {
    tags.unshift(link.vlan.tag);
    if (tags.length > MAX_TAGS) return { ok: false, reason: `${device.name} carries more than ${MAX_TAGS} VLAN tags` };
    const lower: Link | undefined = link.vlan.lower === null ? undefined : links.get(link.vlan.lower);
    if (lower === undefined)
      return { ok: false, reason: `the device below ${link.name} is in another network namespace` };
    link = lower;
    mtu = Math.min(mtu, link.mtu);
  }
  for (const each of new Set([device, link])) {
    if (!each.up) return { ok: false, reason: `${each.name} is down` };
  }
  if (!link.ethernet)
    return { ok: false, reason: `${link.name} is no Ethernet device: the data plane cannot send there` };
  const vlan: VlanTreatment = tagged.has(link.ifindex) ? { mode: 'explicit', tags } : { mode: 'keep' };
  return { ok: true, link, vlan, mtu };
}
