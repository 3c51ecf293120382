/**
 * IPVS's TCP states: the kernel's tables for a client's packets where replies are
 * seen (`input`) and where they are not (`input-only`), and for replies (`output`).
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
const INPUT_ONLY = {
  syn: 'SR ES ES SR SR SR SR SR SR SR SR',
  fin: 'CL FW SS TW FW TW CL CW LA LI TW',
  ack: 'ES ES SS ES FW TW CL CW CL LI ES',
  rst: 'CL CL CL SR CL CL CL CL LA LI CL',
};
const INPUT = {
  syn: 'SR ES ES SR SR SR SR SR SR SR SR',
  fin: 'CL CW SS TW TW TW CL CW LA LI TW',
  ack: 'ES ES SS ES FW TW CL CW CL LI ES',
  rst: 'CL CL CL SR CL CL CL CL LA LI SR',
};
const OUTPUT = {
  syn: 'SS ES SS SR SS SS SS SS SS LI SR',
  fin: 'TW FW SS TW FW TW CL TW LA LI TW',
  ack: 'ES ES SS ES FW TW CL CW LA ES ES',
  rst: 'CL CL SS CL CL TW CL CL CL CL CL',
};
const TABLES = { input: INPUT, output: OUTPUT, 'input-only': INPUT_ONLY };
/** Under secure_tcp (tcp_states_dos). */
const SECURE_TABLES = {
  input: {
    syn: 'SR ES ES SR SR SR SR SR SR SR SA',
    fin: 'CL CW SS TW TW TW CL CW LA LI SA',
    ack: 'ES ES SS SR FW TW CL CW CL LI SA',
    rst: 'CL CL CL SR CL CL CL CL LA LI CL',
  },
  output: { ...OUTPUT, syn: 'SS ES SS SA SS SS SS SS SS LI SA' },
  'input-only': { ...INPUT_ONLY, syn: 'SA ES ES SR SA SA SA SA SA SA SA' },
};

export type Direction = keyof typeof TABLES;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const ACK = 16;

const ACTIVE: readonly State[] = ['ESTABLISHED', 'SYN_RECV', 'SYN_SENT', 'SYNACK', 'SCTP_ESTABLISHED'];

/** Priority RST, SYN, FIN, ACK; a packet without any of them closes. */
export function nextTcpState(state: State, flags: number, direction: Direction, secure = false): State {
  const rows = (secure ? SECURE_TABLES : TABLES)[direction];
  const row = flags & RST ? rows.rst : flags & SYN ? rows.syn : flags & FIN ? rows.fin : flags & ACK ? rows.ack : null;
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
