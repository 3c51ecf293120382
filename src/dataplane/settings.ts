/** What `settings` holds when a data plane is made, and what the model changes in it. */
import { randomBytes } from 'node:crypto';
import { type Tunables, tuned } from '../core/reconcile/tunables.ts';
import type { Maps } from './maps.ts';
import { ConnectionLimit, ConnectionState, Option, type Settings, SettingsLimit } from './types.gen.ts';

/** Seconds; IPVS's timeouts. */
const TIMEOUTS: Partial<Record<keyof typeof ConnectionState, number>> = {
  CONNECTION_NONE: 2,
  CONNECTION_ESTABLISHED: 15 * 60,
  CONNECTION_SYN_SENT: 2 * 60,
  CONNECTION_SYN_RECV: 60,
  CONNECTION_FIN_WAIT: 2 * 60,
  CONNECTION_TIME_WAIT: 2 * 60,
  CONNECTION_CLOSE: 10,
  CONNECTION_CLOSE_WAIT: 60,
  CONNECTION_LAST_ACK: 30,
  CONNECTION_LISTEN: 2 * 60,
  CONNECTION_SYNACK: 2 * 60,
  CONNECTION_UDP: 5 * 60,
  CONNECTION_SCTP_NONE: 2,
  CONNECTION_SCTP_INIT1: 4,
  CONNECTION_SCTP_INIT: 61,
  CONNECTION_SCTP_COOKIE_SENT: 61,
  CONNECTION_SCTP_COOKIE_REPLIED: 61,
  CONNECTION_SCTP_COOKIE_WAIT: 61,
  CONNECTION_SCTP_COOKIE: 61,
  CONNECTION_SCTP_COOKIE_ECHOED: 61,
  CONNECTION_SCTP_ESTABLISHED: 15 * 60,
  CONNECTION_SCTP_SHUTDOWN_SENT: 61,
  CONNECTION_SCTP_SHUTDOWN_RECEIVED: 61,
  CONNECTION_SCTP_SHUTDOWN_ACK_SENT: 61,
  CONNECTION_SCTP_REJECTED: 4,
  CONNECTION_SCTP_CLOSED: 61,
};

/** ICMP errors per second and CPU: a path has few MTUs to learn, an attacker many packets. */
const ICMP_RATE = 1000;
const ICMP_BURST = 50;

/** Seconds: IPVS's lblc_expiration and lblcr_expiration. */
const LOCALITY_EXPIRATION = 24 * 60 * 60;

/** `connections`: slots of the table. */
export function defaultSettings(connections: number, hertz: number): Settings {
  const timeout = new Array<number>(ConnectionLimit.CONNECTION_STATES).fill(0);
  for (const [name, seconds] of Object.entries(TIMEOUTS))
    timeout[ConnectionState[name as keyof typeof TIMEOUTS]] = seconds;
  return {
    hash_key: drawKey(),
    timeout,
    clock_offset: 0,
    hertz,
    jiffy_scale: Math.floor(2 ** 24 / hertz),
    bucket_mask: connections / ConnectionLimit.CONNECTION_WAYS - 1,
    icmp_rate: ICMP_RATE,
    icmp_burst: ICMP_BURST,
    lblc_expiration: LOCALITY_EXPIRATION,
    lblcr_expiration: LOCALITY_EXPIRATION,
    options: Option.OPTION_REUSE | Option.OPTION_PMTU_DISC, // IPVS's defaults
    drop_rate: 0,
    sync_threshold: 0,
    sync_period: 0,
    sync_refresh: 0,
    sync_retries: 0,
  };
}

/** Writes what the model decides, where it differs from what is there. */
export function tuneSettings(map: Maps['settings'], tunables: Tunables): void {
  const settings = map.get(0);
  if (settings === undefined) return;
  const wanted = tuned(settings, tunables);
  if (wanted !== settings) map.set(0, wanted);
}

function drawKey(): bigint[] {
  const random = randomBytes(SettingsLimit.HASH_KEY_WORDS * 8);
  return Array.from({ length: SettingsLimit.HASH_KEY_WORDS }, (_, i) => random.readBigUInt64LE(i * 8));
}
