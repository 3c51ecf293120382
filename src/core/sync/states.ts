/** States on the wire, which are numbered as in the kernel, and those of the connection table. */
import { ConnectionState } from '../../dataplane/types.gen.ts';
import { SCTP, TCP, UDP } from './record.ts';

const FIRST_SCTP = ConnectionState.CONNECTION_SCTP_NONE;

/** `state`: a number of ConnectionState that the protocol has. */
export function wireState(protocol: number, state: number): number {
  if (protocol === SCTP) return state - FIRST_SCTP;
  return protocol === TCP && state !== ConnectionState.CONNECTION_NONE ? state : 0;
}

/** A number of ConnectionState; null: the protocol has no such state. */
export function tableState(protocol: number, state: number): number | null {
  if (protocol === UDP) return state === 0 ? ConnectionState.CONNECTION_UDP : null;
  if (protocol === SCTP) return state < 14 ? state + FIRST_SCTP : null;
  if (protocol !== TCP || state > ConnectionState.CONNECTION_SYNACK) return null;
  return state === 0 ? ConnectionState.CONNECTION_NONE : state;
}

/** IP_VS_CONN_F_INACTIVE: the states that do not count as active. */
export function isInactive(state: number): boolean {
  return !ACTIVE.has(state);
}

const ACTIVE: ReadonlySet<number> = new Set([
  ConnectionState.CONNECTION_ESTABLISHED,
  ConnectionState.CONNECTION_SYN_SENT,
  ConnectionState.CONNECTION_SYN_RECV,
  ConnectionState.CONNECTION_SYNACK,
  ConnectionState.CONNECTION_SCTP_ESTABLISHED,
]);

/** What is told of at all: is_told_of in bpf/sync.h. */
export const TOLD_STATES: ReadonlySet<number> = new Set([
  ConnectionState.CONNECTION_ESTABLISHED,
  ConnectionState.CONNECTION_FIN_WAIT,
  ConnectionState.CONNECTION_CLOSE,
  ConnectionState.CONNECTION_CLOSE_WAIT,
  ConnectionState.CONNECTION_TIME_WAIT,
  ConnectionState.CONNECTION_UDP,
  ConnectionState.CONNECTION_SCTP_ESTABLISHED,
  ConnectionState.CONNECTION_SCTP_SHUTDOWN_SENT,
  ConnectionState.CONNECTION_SCTP_SHUTDOWN_RECEIVED,
  ConnectionState.CONNECTION_SCTP_SHUTDOWN_ACK_SENT,
  ConnectionState.CONNECTION_SCTP_CLOSED,
]);
