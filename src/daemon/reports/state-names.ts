/** IPVS's names of the data plane's connection states; SCTP has some of TCP's names for states of its own. */
import type { ConnectionState as StateName } from '../../api/protocol/connection-states.ts';
import { ConnectionState } from '../../dataplane/types.gen.ts';

const NAMES: readonly (readonly [number: number, name: StateName])[] = [
  [ConnectionState.CONNECTION_ESTABLISHED, 'ESTABLISHED'],
  [ConnectionState.CONNECTION_SYN_SENT, 'SYN_SENT'],
  [ConnectionState.CONNECTION_SYN_RECV, 'SYN_RECV'],
  [ConnectionState.CONNECTION_FIN_WAIT, 'FIN_WAIT'],
  [ConnectionState.CONNECTION_TIME_WAIT, 'TIME_WAIT'],
  [ConnectionState.CONNECTION_CLOSE, 'CLOSE'],
  [ConnectionState.CONNECTION_CLOSE_WAIT, 'CLOSE_WAIT'],
  [ConnectionState.CONNECTION_LAST_ACK, 'LAST_ACK'],
  [ConnectionState.CONNECTION_LISTEN, 'LISTEN'],
  [ConnectionState.CONNECTION_SYNACK, 'SYNACK'],
  [ConnectionState.CONNECTION_NONE, 'NONE'],
  [ConnectionState.CONNECTION_UDP, 'UDP'],
  [ConnectionState.CONNECTION_SCTP_NONE, 'NONE'],
  [ConnectionState.CONNECTION_SCTP_INIT1, 'INIT1'],
  [ConnectionState.CONNECTION_SCTP_INIT, 'INIT'],
  [ConnectionState.CONNECTION_SCTP_COOKIE_SENT, 'C-SENT'],
  [ConnectionState.CONNECTION_SCTP_COOKIE_REPLIED, 'C-REPLIED'],
  [ConnectionState.CONNECTION_SCTP_COOKIE_WAIT, 'C-WAIT'],
  [ConnectionState.CONNECTION_SCTP_COOKIE, 'COOKIE'],
  [ConnectionState.CONNECTION_SCTP_COOKIE_ECHOED, 'C-ECHOED'],
  [ConnectionState.CONNECTION_SCTP_ESTABLISHED, 'ESTABLISHED'],
  [ConnectionState.CONNECTION_SCTP_SHUTDOWN_SENT, 'S-SENT'],
  [ConnectionState.CONNECTION_SCTP_SHUTDOWN_RECEIVED, 'S-RECEIVED'],
  [ConnectionState.CONNECTION_SCTP_SHUTDOWN_ACK_SENT, 'S-ACK-SENT'],
  [ConnectionState.CONNECTION_SCTP_REJECTED, 'REJECTED'],
  [ConnectionState.CONNECTION_SCTP_CLOSED, 'CLOSED'],
];

const NAME_OF = new Map(NAMES);

/** Undefined: no connection is in that state. */
export function stateName(number: number): StateName | undefined {
  return NAME_OF.get(number);
}

/** Every state that is shown by the name. */
export function statesNamed(name: StateName): ReadonlySet<number> {
  return new Set(NAMES.flatMap(([number, own]) => (own === name ? [number] : [])));
}
