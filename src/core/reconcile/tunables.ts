/** The settings of the data plane that the model decides. */
import { ConnectionState, Option, type Settings } from '../../dataplane/types.gen.ts';
import type { Model } from '../model/model.ts';
import type { Sysctls } from '../model/sysctls.ts';

/** What is at work against a flood at this moment. */
export interface Defense {
  /** Of packets that would open a connection, one in so many is dropped; 0: none. */
  readonly dropRate: number;
  readonly secureTcp: boolean;
}

export interface Tunables {
  /** Seconds by number of the state; those of the others stay. */
  readonly timeouts: ReadonlyMap<number, number>;
  readonly options: number;
  readonly dropRate: number;
  readonly sync: Pick<Settings, 'sync_threshold' | 'sync_period' | 'sync_refresh' | 'sync_retries'>;
}

/** A deadline is seconds modulo 2^16, so it lies at most so far ahead. */
export const LONGEST_TIMEOUT = 32767;

export function tunablesOf(model: Model, defense: Defense): Tunables {
  const { tcp, tcpFin, udp } = model.timeouts;
  const timeouts = new Map<number, number>([
    [ConnectionState.CONNECTION_ESTABLISHED, Math.min(tcp, LONGEST_TIMEOUT)],
    [ConnectionState.CONNECTION_FIN_WAIT, Math.min(tcpFin, LONGEST_TIMEOUT)],
    [ConnectionState.CONNECTION_UDP, Math.min(udp, LONGEST_TIMEOUT)],
  ]);
  const secure = defense.secureTcp ? Option.OPTION_SECURE_TCP : 0;
  const tells = model.syncDaemons.master === null ? 0 : Option.OPTION_SYNC;
  const options = switches(model.sysctls) | secure | ftp(model) | tells;
  return { timeouts, options, dropRate: defense.dropRate, sync: syncOf(model.sysctls) };
}

/** `settings` with the tunables; the same object where nothing differs. */
export function tuned(settings: Settings, { timeouts, options, dropRate, sync }: Tunables): Settings {
  const timeout = settings.timeout.map((seconds, state) => timeouts.get(state) ?? seconds);
  const same = settings.timeout.every((seconds, state) => seconds === timeout[state]);
  const wanted = { options, drop_rate: dropRate, ...sync };
  const names = Object.keys(wanted) as (keyof typeof wanted)[];
  if (same && names.every((name) => settings[name] === wanted[name])) return settings;
  return { ...settings, timeout, ...wanted };
}

function syncOf(sysctls: Sysctls): Tunables['sync'] {
  return {
    sync_threshold: sysctls.sync_threshold,
    sync_period: sysctls.sync_period,
    sync_refresh: sysctls.sync_refresh_period,
    sync_retries: sysctls.sync_retries,
  };
}

function switches(sysctls: Sysctls): number {
  let options = 0;
  if (sysctls.expire_nodest_conn) options |= Option.OPTION_EXPIRE_NODEST_CONN;
  if (sysctls.expire_quiescent_template) options |= Option.OPTION_EXPIRE_QUIESCENT_TEMPLATE;
  if (sysctls.conn_reuse_mode) options |= Option.OPTION_REUSE;
  if (sysctls.conn_reuse_mode & 2) options |= Option.OPTION_REUSE_FIN_WAIT;
  if (sysctls.sloppy_tcp) options |= Option.OPTION_SLOPPY_TCP;
  if (sysctls.sloppy_sctp) options |= Option.OPTION_SLOPPY_SCTP;
  if (sysctls.schedule_icmp) options |= Option.OPTION_SCHEDULE_ICMP;
  if (sysctls.nat_icmp_send) options |= Option.OPTION_NAT_ICMP_SEND;
  if (sysctls.pmtu_disc) options |= Option.OPTION_PMTU_DISC;
  if (sysctls.nat_reply_route) options |= Option.OPTION_ROUTE_REPLIES;
  if (sysctls.conn_rate) options |= Option.OPTION_LIMIT_ALL;
  if (sysctls.snat_reroute) options |= Option.OPTION_SNAT_REROUTE;
  return options;
}

/** Data connections of FTP go to high ports: without such a service no packet has to look for it. */
function ftp({ services }: Model): number {
  const has = [...services.values()].some(({ key }) => key.protocol === 'tcp' && key.port === 21);
  return has ? Option.OPTION_FTP : 0;
}
