/** Local addresses of FULLNAT: those of the block xlb, and of each virtual server those of its group. */
import type { LocalAddressSpec } from '../../model/command.ts';
import type { ServiceKey } from '../../model/model.ts';
import type { LocalRange } from '../forms/local-addresses.ts';
import { last } from '../keyword.ts';
import type { File, ServiceSettings } from '../keywords/root.ts';
import { addressesOf, familyOf } from './ranges.ts';

/** `keysOf`: the services that a virtual server is. */
export function localAddressesOf(
  file: File,
  keysOf: (setting: ServiceSettings) => readonly ServiceKey[],
): LocalAddressSpec[] {
  const own = (file.virtual_server ?? []).flatMap((setting) => {
    const specs = specsOf(groupOf(setting, file));
    return specs.length === 0 ? [] : keysOf(setting).flatMap((key) => specs.map((spec) => ({ ...spec, service: key })));
  });
  return [...specsOf(commonOf(file)), ...own];
}

/** Families of real servers that the file has local addresses for. */
export function localFamiliesOf(setting: ServiceSettings, file: File): ReadonlySet<4 | 6> {
  return new Set([...commonOf(file), ...groupOf(setting, file)].map(({ addresses }) => familyOf(addresses)));
}

function commonOf(file: File): LocalRange[] {
  return (file.xlb ?? []).flatMap(({ block }) => (block.local_address ?? []).map(({ value }) => value));
}

function groupOf({ block }: ServiceSettings, file: File): LocalRange[] {
  const name = last(block.laddr_group_name)?.value;
  const group = (file.local_address_group ?? []).find(({ value }) => value === name);
  return (group?.entries ?? []).map(({ value }) => value);
}

function specsOf(ranges: readonly LocalRange[]): LocalAddressSpec[] {
  return ranges.flatMap(({ addresses, ports }) => {
    const range = ports === null ? {} : { firstPort: ports.first, lastPort: ports.last };
    return addressesOf(addresses).map((address) => ({ address, ...range }));
  });
}
