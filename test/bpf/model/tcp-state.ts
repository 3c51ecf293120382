/**
 * IPVS's TCP states where only the client's packets are seen (DR, TUN): the
 * INPUT-ONLY table of the kernel, as `reference/ipvs.md` prints it.
 */
import { STATES, type State, TIMEOUTS } from '../settings.ts';

const COLUMNS: readonly State[] = [
  'NONE',
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
];
const SHORT: Record<string, State> = {
  ES: 'ESTABLISHED',
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  FW: 'FIN_WAIT',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  LI: 'LISTEN',
};
const ROWS = {
  syn: 'SR ES ES SR SR SR SR SR SR SR SR',
  fin: 'CL FW SS TW FW TW CL CW LA LI TW',
  ack: 'ES ES SS ES FW TW CL CW CL LI ES',
  rst: 'CL CL CL SR CL CL CL CL LA LI CL',
};
/** Under secure_tcp; the other rows are the same. */
const SECURE_SYN = 'SA ES ES SR SA SA SA SA SA SA SA';

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

const ACTIVE: readonly State[] = ['ESTABLISHED', 'SYN_RECV', 'SYN_SENT', 'SYNACK'];

/** Priority RST, SYN, FIN, ACK; a packet without any of them closes. */
export function nextTcpState(state: State, flags: number, secure = false): State {
  const syn = secure ? SECURE_SYN : ROWS.syn;
  const row = flags & RST ? ROWS.rst : flags & SYN ? syn : flags & FIN ? ROWS.fin : flags & ACK ? ROWS.ack : null;
  if (row === null) return 'CLOSE';
  const cell = row.split(' ')[COLUMNS.indexOf(state)];
  const next = cell === undefined ? undefined : cell === 'SA' ? 'SYNACK' : SHORT[cell];
  if (next === undefined) throw new Error(`no TCP state ${state}`);
  return next;
}

/** UDP never counts as active. */
export function isActive(state: State): boolean {
  return ACTIVE.includes(state);
}

/** Seconds. */
export function timeoutOf(state: State, timeouts: readonly number[] = TIMEOUTS): number {
  return timeouts[STATES.indexOf(state)] ?? 0;
}
