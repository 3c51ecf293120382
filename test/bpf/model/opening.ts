/** Which packets begin a connection and what they make of it, by IPVS's sysctls. */
import { Option } from '../../../src/dataplane/types.gen.ts';
import type { State } from '../settings.ts';
import type { ServiceConfig } from '../world.ts';
import type { Packet } from './read-packet.ts';
import { ABORT, INIT, nextSctpState } from './sctp-state.ts';
import { ACK, type Direction, FIN, nextTcpState, RST, SYN } from './tcp-state.ts';

const FTP_DATA = 20;

/**
 * TCP: SYN without RST, or anything but RST with sloppy_tcp. SCTP: INIT, or
 * anything but ABORT with sloppy_sctp. UDP: every packet. FTP's active data connections: none.
 */
export function opensConnection({ protocol, flags, sport, quoted }: Packet, options: number): boolean {
  if (sport === FTP_DATA) return false;
  if (quoted) return (options & Option.OPTION_SCHEDULE_ICMP) !== 0;
  if (protocol === 17) return true;
  if (protocol === 132) return flags === INIT || (flags !== ABORT && (options & Option.OPTION_SLOPPY_SCTP) !== 0);
  return (flags & RST) === 0 && ((flags & SYN) !== 0 || (options & Option.OPTION_SLOPPY_TCP) !== 0);
}

/** What an established connection's packets are: the fast path takes those, with sloppy_tcp as well. */
export function isPlainAck({ protocol, flags }: Packet): boolean {
  return protocol === 6 && (flags & (SYN | FIN | RST | ACK)) === ACK;
}

/** What the kernel takes for the beginning of a connection, on an entry that is there already. */
export function isSyn({ protocol, flags }: Packet): boolean {
  if (protocol === 132) return flags === INIT;
  return protocol === 6 && (flags & (SYN | RST)) === SYN;
}

/** RST or ABORT: nobody answers those. */
export function endsConnection({ protocol, flags }: Packet): boolean {
  return protocol === 132 ? flags === ABORT : protocol === 6 && (flags & RST) !== 0;
}

/** A SYN or INIT on a connection that is over: scheduled anew, by conn_reuse_mode. */
export function reusesConnection(packet: Packet, state: State, options: number, seesReplies: boolean): boolean {
  if (!isSyn(packet) || (options & Option.OPTION_REUSE) === 0) return false;
  if (state === 'FIN_WAIT') return (options & Option.OPTION_REUSE_FIN_WAIT) !== 0 && !seesReplies;
  return state === 'TIME_WAIT' || state === 'CLOSE' || state === 'SCTP_CLOSED';
}

/** Before its first packet. */
export function newbornState({ protocol }: Pick<Packet, 'protocol'>): State {
  if (protocol === 17) return 'UDP';
  return protocol === 132 ? 'SCTP_NONE' : 'NONE';
}

/** `state`: null before the first packet. */
export function stateAfter(
  state: State | null,
  { protocol, flags }: Packet,
  direction: Direction,
  options: number,
): State {
  const before = state ?? newbornState({ protocol });
  if (protocol === 17) return before;
  if (protocol === 132) return nextSctpState(before, flags, direction);
  return nextTcpState(before, flags, direction, (options & Option.OPTION_SECURE_TCP) !== 0);
}

export function isEstablished(state: State): boolean {
  return state === 'ESTABLISHED' || state === 'SCTP_ESTABLISHED';
}

export function establishedState({ protocol }: Packet): State {
  return protocol === 132 ? 'SCTP_ESTABLISHED' : 'ESTABLISHED';
}

/** FTP's service leaves the ports that it does not place to the kernel. */
export function isForeign(service: ServiceConfig, packet: Packet): boolean {
  return service.port === 21 && packet.dport !== 21;
}
