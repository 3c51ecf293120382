/** The bitmap that keeps what is no VIP, and no reply, away from every look-up. */
import { VipFilterLimit } from '../../dataplane/types.gen.ts';
import { addressBytes, addressFamily, addressWords } from '../model/address.ts';
import { isTranslated } from '../model/methods.ts';
import type { Address, Model, Prefix, ServerKey } from '../model/model.ts';
import { addressBits, addressesOf } from '../model/prefix.ts';
import { serviceKeyText } from '../model/service-key.ts';
import { liveDestinations } from './mark-plan.ts';

/** Addresses of marks that are entered one by one: a sixteenth of the bits. What is wider has a filter of its own. */
const EXACT_ADDRESSES = 4096;
/** Bits of an address that the filter for wide prefixes goes by. */
const WIDE_BITS = { 4: 16, 6: 48 };
const BITS = VipFilterLimit.VIP_FILTER_BITS;

/** Bit of an address, 0 to 65535: its words as a little-endian machine loads them, folded, times the golden ratio. */
export function vipFilterBit(address: Address): number {
  const bytes = addressBytes(address);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let folded = 0;
  for (let at = 0; at < bytes.length; at += 4) folded ^= view.getUint32(at, true);
  return hashed(folded);
}

function hashed(folded: number): number {
  return Math.imul(folded, 0x9e3779b1) >>> 16;
}

type Words = Map<number, bigint>;

/**
 * The words of the bitmap that are not 0: VIPs, then, from REPLY_FILTER on, real servers whose replies
 * are translated. `retired`: deleted ones whose connections go on being answered, as in IPVS.
 */
export function vipFilterWords(
  { services, marks }: Pick<Model, 'services' | 'marks'>,
  retired: Iterable<ServerKey>,
): Words {
  const words: Words = new Map();
  for (const { key, servers } of services.values()) {
    if (key.protocol !== 'fwmark') setBit(words, 0, bitOf(key));
    for (const server of servers) {
      if (isTranslated(server.method)) setBit(words, VipFilterLimit.REPLY_FILTER, bitOf(server.key));
    }
  }
  for (const key of retired) setBit(words, VipFilterLimit.REPLY_FILTER, bitOf(key));
  const hasService = (family: 4 | 6, mark: number) =>
    services.has(serviceKeyText({ protocol: 'fwmark', family, mark }));
  if (marks.size > 0) enterPrefixes(words, liveDestinations(marks, hasService));
  return words;
}

function setBit(words: Words, first: number, bit: number): void {
  const word = first + (bit >> 6);
  words.set(word, (words.get(word) ?? 0n) | (1n << BigInt(bit & 63)));
}

/** The narrowest first, one by one as long as there is room. */
function enterPrefixes(words: Words, prefixes: readonly Prefix[]): void {
  const free = ({ address, length }: Prefix) => addressBits(address) - length;
  let room = EXACT_ADDRESSES;
  for (const prefix of [...prefixes].sort((a, b) => free(a) - free(b))) {
    const count = 2 ** free(prefix);
    if (count <= room) for (const address of addressesOf(prefix)) setBit(words, 0, vipFilterBit(address));
    else enterWide(words, prefix);
    room -= Math.min(count, room);
  }
}

function enterWide(words: Words, { address, length }: Prefix): void {
  const family = addressFamily(address);
  const first = family === 4 ? VipFilterLimit.WIDE_FILTER_IPV4 : VipFilterLimit.WIDE_FILTER_IPV6;
  const free = Math.max(0, WIDE_BITS[family] - length);
  const isAll = 2 ** free >= BITS;
  if (isAll) enterAll(words, first);
  const start = wideStart(address);
  for (let i = 0; !isAll && i < 2 ** free; i++) setBit(words, first, wideBit(family, start + i));
}

function enterAll(words: Words, first: number): void {
  for (let word = 0; word < VipFilterLimit.VIP_FILTER_WORDS; word++) words.set(first + word, (1n << 64n) - 1n);
}

/** The first WIDE_BITS bits of an address. */
function wideStart(address: Address): number {
  const [high, low] = addressWords(address);
  return addressFamily(address) === 4 ? high >>> 16 : high * 65536 + (low >>> 16);
}

/** As the data plane has it: the first bytes as a little-endian machine loads them. */
function wideBit(family: 4 | 6, start: number): number {
  const swap = (half: number) => ((half & 255) << 8) | (half >>> 8);
  const half = start % 65536;
  if (family === 4) return swap(half);
  const high = Math.floor(start / 65536);
  return hashed((swap(high & 0xffff) * 65536 + swap(high >>> 16)) ^ swap(half));
}

const known = new WeakMap<ServerKey, number>();

/** Found once for each key: the words are made anew for every plan. */
function bitOf(key: ServerKey): number {
  const bit = known.get(key) ?? vipFilterBit(key.address);
  known.set(key, bit);
  return bit;
}
