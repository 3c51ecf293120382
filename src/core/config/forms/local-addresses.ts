/** Local addresses of `FULLNAT`: in a group as DPVS's keepalived writes them, and in the block xlb. */
import type { PortRange } from '../../model/model.ts';
import type { Args, Form } from '../form.ts';
import { ADDRESS_RANGE, type AddressRange, printAddressRange, readAddressRange } from './address-range.ts';
import { interfaceName } from './words.ts';

export interface LocalRange {
  readonly addresses: AddressRange;
  /** null: those that local addresses have where nothing is said. */
  readonly ports: PortRange | null;
}

export interface GroupedLocalRange extends LocalRange {
  /** DPVS's: the interface that it gives the addresses. null: not written. */
  readonly interface: string | null;
}

const PORTS = '[ports FIRST-LAST]';

export const localRange: Form<LocalRange> = {
  syntax: `${ADDRESS_RANGE} ${PORTS}`,
  read(args) {
    const addresses = readAddresses(args);
    const ports = addresses && readPorts(args);
    return ports === undefined ? undefined : { addresses: addresses!, ports };
  },
  print: ({ addresses, ports }) => [printAddressRange(addresses), ...printPorts(ports)].join(' '),
};

export const groupedLocalRange: Form<GroupedLocalRange> = {
  syntax: `${ADDRESS_RANGE} [INTERFACE] ${PORTS}`,
  read(args) {
    const addresses = readAddresses(args);
    const next = args.peek()?.text;
    const device = next === undefined || next === 'ports' ? null : addresses && interfaceName.read(args);
    const ports = addresses && device !== undefined ? readPorts(args) : undefined;
    return ports === undefined ? undefined : { addresses: addresses!, interface: device!, ports };
  },
  print: ({ addresses, interface: device, ports }) =>
    [printAddressRange(addresses), ...(device === null ? [] : [device]), ...printPorts(ports)].join(' '),
};

function readAddresses(args: Args): AddressRange | undefined {
  return readAddressRange(args, 'an IPv4 or IPv6 address, a range or a prefix');
}

function readPorts(args: Args): PortRange | null | undefined {
  if (args.peek() === undefined) return null;
  const word = args.take();
  if (word?.text !== 'ports') return args.fault(word, "'ports' and a range of ports, or the end of the line");
  const range = args.take();
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(range?.text ?? '') ?? [];
  const ports = { first: Number(first), last: Number(last) };
  const isRange = ports.first >= 1 && ports.first <= ports.last && ports.last <= 65535;
  return isRange ? ports : args.fault(range, 'ports from 1 to 65535, like 1024-32767');
}

function printPorts(ports: PortRange | null): string[] {
  return ports === null ? [] : [`ports ${ports.first}-${ports.last}`];
}
