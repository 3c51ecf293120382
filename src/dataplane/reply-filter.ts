/** The part of vip_filter that has the real servers of `nat` and `fullnat`: with none there, nothing is translated. */
import type { Maps } from './maps.ts';
import { VipFilterLimit } from './types.gen.ts';

const { REPLY_FILTER, VIP_FILTER_WORDS } = VipFilterLimit;

export function isReplyWord(word: number): boolean {
  return word >= REPLY_FILTER && word < REPLY_FILTER + VIP_FILTER_WORDS;
}

/** Packets may have to be translated as the maps are. */
export function hasReplies({ vip_filter }: Maps): boolean {
  return [...vip_filter.usedEntries()].some(([word]) => isReplyWord(word));
}
