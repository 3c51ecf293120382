/** What follows for an instance from its own keywords and the global ones. */
import { addressFamily } from '../../model/address.ts';
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';

export interface InstanceFacts {
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly strict: boolean;
}

export function instanceFacts({ block }: InstanceSettings, file: File): InstanceFacts {
  const vips = (block.virtual_ipaddress ?? []).flatMap((list) => list.entries);
  const peers = (block.unicast_peer ?? []).flatMap((list) => list.entries);
  const first = vips[0]?.value.address ?? peers[0]?.value.address ?? last(block.unicast_src_ip)?.value;
  const family = first === undefined ? 4 : addressFamily(first);
  const globals = (file.global_defs ?? []).map((setting) => setting.block);
  const version = last(block.version)?.value ?? last(globals.flatMap((each) => each.vrrp_version ?? []))?.value ?? 2;
  const strict = last(block.strict_mode) ?? last(globals.flatMap((each) => each.vrrp_strict ?? []));
  return { family, version: family === 6 ? 3 : version, strict: strict?.value ?? false };
}
