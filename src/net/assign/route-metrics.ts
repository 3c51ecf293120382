/** The words of a route that say how connections over it behave: attributes of RTA_METRICS. */
import { found, numberWord, U32_MAX } from './words.ts';

/** RTAX_* */
export const METRIC = { LOCK: 1, FEATURES: 12, CONGESTION_CONTROL: 16 } as const;

/** RTAX_*, the largest value, and how many of the kernel's units a millisecond has, for what is a time. */
const NUMBERS: Readonly<Record<string, { readonly type: number; readonly max: number; readonly perMs?: number }>> = {
  mtu: { type: 2, max: U32_MAX },
  window: { type: 3, max: U32_MAX },
  rtt: { type: 4, max: U32_MAX, perMs: 8 },
  rttvar: { type: 5, max: U32_MAX, perMs: 4 },
  ssthresh: { type: 6, max: U32_MAX },
  cwnd: { type: 7, max: U32_MAX },
  advmss: { type: 8, max: U32_MAX },
  reordering: { type: 9, max: U32_MAX },
  hoplimit: { type: 10, max: 255 },
  initcwnd: { type: 11, max: U32_MAX },
  rto_min: { type: 13, max: U32_MAX, perMs: 1 },
  initrwnd: { type: 14, max: U32_MAX },
  quickack: { type: 15, max: 1 },
  fastopen_no_cookie: { type: 17, max: 1 },
};
const FEATURE_ECN = 1;

export interface Metric {
  /** RTAX_* */
  readonly type: number;
  readonly value: number;
}

/** Null: no word of these. */
export function metricWord(word: string, text: string): Metric | null {
  if (word === 'features') {
    return text === 'ecn' ? { type: METRIC.FEATURES, value: FEATURE_ECN } : found(text, word, 'ecn');
  }
  if (!Object.hasOwn(NUMBERS, word)) return null;
  const { type, max, perMs } = NUMBERS[word]!;
  return { type, value: perMs === undefined ? numberWord(text, word, max) : timeWord(text, word, perMs) };
}

/** With `s` or `ms`; without, it is in the kernel's own unit, as ip(8) has it. */
function timeWord(text: string, word: string, perMs: number): number {
  const [, digits = '', unit] = /^(\d+)(s|ms)?$/.exec(text) ?? [];
  const scale = unit === undefined ? 1 : unit === 's' ? 1000 * perMs : perMs;
  const value = digits === '' ? Number.NaN : Number(digits) * scale;
  return value <= U32_MAX ? value : found(text, word, `a time of at most ${U32_MAX / perMs} ms, like 300ms or 2s`);
}
