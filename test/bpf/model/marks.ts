/** The mark of a packet: all rules are looked at, and the narrowest of those that it meets wins. */
import { addressBytes } from '../../support/packet-bytes.ts';
import { PROTOCOL } from '../../support/packet-layers.ts';
import type { MarkConfig } from '../world.ts';
import type { Packet } from './read-packet.ts';

/** 0: none. */
export function findMark(rules: readonly MarkConfig[], packet: Packet): number {
  const met = rules
    .filter((rule) => meets(rule, packet))
    .map((rule) => ({ mark: rule.mark, rank: rankOf(rule, packet) }));
  const [first] = met.sort((a, b) => compareRanks(a.rank, b.rank));
  return first?.mark ?? 0;
}

function meets({ destination, source, protocols, ports }: MarkConfig, packet: Packet): boolean {
  return (
    isIn(destination, packet.destination) &&
    (source === null || isIn(source, packet.source)) &&
    (protocols.length === 0 || protocols.some((name) => PROTOCOL[name] === packet.protocol)) &&
    (ports.length === 0 || ports.some(([first, last]) => first <= packet.dport && packet.dport <= last))
  );
}

/** Smaller is narrower: destination, source, ports, protocols. */
function rankOf({ destination, source, protocols, ports }: MarkConfig, { dport }: Packet): number[] {
  const range = ports.find(([first, last]) => first <= dport && dport <= last) ?? [0, 65535];
  return [-lengthOf(destination), source === null ? 0 : -lengthOf(source), range[1] - range[0], protocols.length || 3];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place < 0 ? 0 : a[place]! - b[place]!;
}

function isIn(prefix: string, address: Buffer): boolean {
  const [name = ''] = prefix.split('/');
  const base = addressBytes(name);
  if (base.length !== address.length) return false;
  const bits = (bytes: Buffer) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits(base).slice(0, lengthOf(prefix)) === bits(address).slice(0, lengthOf(prefix));
}

function lengthOf(prefix: string): number {
  const [name = '', length] = prefix.split('/');
  return length === undefined ? addressBytes(name).length * 8 : Number(length);
}
