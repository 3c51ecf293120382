/** Settings that every data-plane test starts from. */
import { Option } from '../../src/dataplane/types.gen.ts';

/** IPVS's timeouts in seconds, by enum connection_state (reference: net/netfilter/ipvs, defaults). */
const TCP_AND_UDP_TIMEOUTS = [900, 120, 60, 120, 120, 10, 60, 30, 120, 120, 2, 300];
const SCTP_TIMEOUTS = [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61];
export const TIMEOUTS = [0, ...TCP_AND_UDP_TIMEOUTS, ...SCTP_TIMEOUTS, ...new Array<number>(5).fill(0)];

const USED = [
  'FREE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
  'NONE',
  'UDP',
  'SCTP_NONE',
  'SCTP_INIT1',
  'SCTP_INIT',
  'SCTP_COOKIE_SENT',
  'SCTP_COOKIE_REPLIED',
  'SCTP_COOKIE_WAIT',
  'SCTP_COOKIE',
  'SCTP_COOKIE_ECHOED',
  'SCTP_ESTABLISHED',
  'SCTP_SHUTDOWN_SENT',
  'SCTP_SHUTDOWN_RECEIVED',
  'SCTP_SHUTDOWN_ACK_SENT',
  'SCTP_REJECTED',
  'SCTP_CLOSED',
] as const;

/** IPVS's defaults: conn_reuse_mode 1, pmtu_disc 1. */
export const OPTIONS = Option.OPTION_REUSE | Option.OPTION_PMTU_DISC;

/** Names by number; BUSY is the last of the 32. */
export const STATES: readonly State[] = Object.assign(new Array<State>(32).fill('unused'), USED, {
  30: 'REPLY',
  31: 'BUSY',
});
export type State = (typeof USED)[number] | 'unused' | 'REPLY' | 'BUSY';

/** Seconds after which lblc and lblcr forget an address. */
export const LOCALITY_SECONDS = 600;

/** Where the data plane's clock starts: far from 0, and so that deadlines wrap at 2^16 within reach. */
export const START = 3 * 65536 - 1000;

/** Some 64-bit words, the same in every run. */
export const HASH_KEY: readonly bigint[] = Array.from({ length: 24 }, (_, index) => scramble(BigInt(index + 1)));

/**
 * A key under which most flows of one address share a tag: what one in 2^26
 * pairs does otherwise. Buckets stay as scattered as under HASH_KEY.
 */
export const WEAK_TAG_KEY: readonly bigint[] = HASH_KEY.map((word, index) => (index < 12 ? word : 0n));

/** The finalizer of SplitMix64. */
function scramble(seed: bigint): bigint {
  const mask = (1n << 64n) - 1n;
  let word = (seed * 0x9e3779b97f4a7c15n) & mask;
  word = ((word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  word = ((word ^ (word >> 27n)) * 0x94d049bb133111ebn) & mask;
  return word ^ (word >> 31n);
}
