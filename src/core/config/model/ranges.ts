/** Ranges of addresses and ports, of a virtual_server_group as elsewhere, one by one. */
import { addressFamily, addressFromWords, addressWords } from '../../model/address.ts';
import type { Address, PortRange, Prefix } from '../../model/model.ts';
import type { AddressRange } from '../forms/address-range.ts';
import type { GroupMember } from '../forms/services.ts';

/** Of addresses times ports of one member. */
export const MAX_MEMBERS = 65536;

type Range = Exclude<GroupMember, { kind: 'fwmark' }>;

/** How many services a member is. */
export function memberCount(member: GroupMember): number {
  if (member.kind === 'fwmark') return 1;
  const count = addressCount(member);
  const ports = member.ports === null ? 1 : member.ports.last - member.ports.first + 1;
  return count * ports;
}

export function addressCount(range: AddressRange): number {
  const [first, end] = boundsOf(range);
  return Number(end - first + 1n);
}

export function familyOf(range: AddressRange): 4 | 6 {
  return addressFamily(range.kind === 'range' ? range.first : range.prefix.address);
}

/** At most `MAX_MEMBERS`. */
export function addressesOf(range: AddressRange): Address[] {
  const [first, end] = boundsOf(range);
  const family = familyOf(range);
  const addresses: Address[] = [];
  for (let value = first; value <= end && addresses.length < MAX_MEMBERS; value++)
    addresses.push(toAddress(value, family));
  return addresses;
}

export function portsOf({ ports }: Range): number[] {
  if (ports === null) return [0];
  return Array.from({ length: ports.last - ports.first + 1 }, (_, i) => ports.first + i);
}

/** The fewest prefixes that together are these addresses. */
export function prefixesOf(member: AddressRange): Prefix[] {
  const family = familyOf(member);
  const bits = family === 4 ? 32 : 128;
  const [first, end] = boundsOf(member);
  const prefixes: Prefix[] = [];
  for (let value = first; value <= end; ) {
    let free = 0n;
    while (free < bits && value % (2n << free) === 0n && value + (2n << free) - 1n <= end) free++;
    prefixes.push({ address: toAddress(value, family), length: bits - Number(free) });
    value += 1n << free;
  }
  return prefixes;
}

export function portRangeOf({ ports }: Range): PortRange[] {
  return ports === null || ports.first === 0 ? [] : [ports];
}

function boundsOf(member: AddressRange): [bigint, bigint] {
  if (member.kind === 'range') return [toNumber(member.first), toNumber(member.last)];
  const { address, length } = member.prefix;
  const bits = addressFamily(address) === 4 ? 32 : 128;
  const free = BigInt(bits - (length ?? bits));
  const first = (toNumber(address) >> free) << free;
  return [first, first + (1n << free) - 1n];
}

function toNumber(address: Address): bigint {
  const words = addressWords(address).slice(0, addressFamily(address) === 4 ? 1 : 4);
  return words.reduce((value, word) => (value << 32n) | BigInt(word), 0n);
}

function toAddress(value: bigint, family: 4 | 6): Address {
  const count = family === 4 ? 1 : 4;
  const words = Array.from({ length: count }, (_, i) => Number((value >> BigInt(32 * (count - 1 - i))) & 0xffffffffn));
  return addressFromWords(family, words);
}
