/** The bitmap that keeps what is no VIP, and no reply, away from every look-up. */
import { VipFilterLimit } from '../../dataplane/types.gen.ts';
import { addressBytes } from '../model/address.ts';
import { isTranslated } from '../model/methods.ts';
import type { Address, ServerKey } from '../model/model.ts';
import type { PacketService } from '../model/packet-model.ts';

/** Bit of an address, 0 to 65535: its words as a little-endian machine loads them, folded, times the golden ratio. */
export function vipFilterBit(address: Address): number {
  const bytes = addressBytes(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let folded = 0;
  for (let at = 0; at < bytes.length; at += 4) folded ^= view.getUint32(at, true);
  return Math.imul(folded, 0x9e3779b1) >>> 16;
}

/**
 * The words of the bitmap that are not 0: VIPs, then, from REPLY_FILTER on, real servers whose replies
 * are translated. `retired`: deleted ones whose connections go on being answered, as in IPVS.
 */
export function vipFilterWords(services: Iterable<PacketService>, retired: Iterable<ServerKey>): Map<number, bigint> {
  const words = new Map<number, bigint>();
  const set = (first: number, bit: number) => {
    const word = first + (bit >> 6);
    words.set(word, (words.get(word) ?? 0n) | (1n << BigInt(bit & 63)));
  };
  for (const { key, servers } of services) {
    set(0, bitOf(key));
    for (const server of servers) if (isTranslated(server.method)) set(VipFilterLimit.REPLY_FILTER, bitOf(server.key));
  }
  for (const key of retired) set(VipFilterLimit.REPLY_FILTER, bitOf(key));
  return words;
}

const known = new WeakMap<ServerKey, number>();

/** Found once for each key: the words are made anew for every plan. */
function bitOf(key: ServerKey): number {
  const bit = known.get(key) ?? vipFilterBit(key.address);
  known.set(key, bit);
  return bit;
}
