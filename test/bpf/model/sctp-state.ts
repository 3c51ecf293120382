/** IPVS's SCTP states, as the three tables of the kernel give them, and what a packet's chunks mean for them. */
import type { State } from '../settings.ts';
import type { Direction } from './tcp-state.ts';

/** In the order of enum sctp_event, and of the rows below. */
export const EVENTS = [
  'DATA',
  'INIT',
  'INIT_ACK',
  'COOKIE_ECHO',
  'COOKIE_ACK',
  'SHUTDOWN',
  'SHUTDOWN_ACK',
  'SHUTDOWN_COMPLETE',
  'ERROR',
  'ABORT',
] as const;
export type SctpEvent = (typeof EVENTS)[number];
export const INIT = EVENTS.indexOf('INIT');
export const ABORT = EVENTS.indexOf('ABORT');
/** An ABORT behind a cookie's chunk: the states that it leads to are ABORT's, but it may open a connection. */
export const COOKIE_ABORT = EVENTS.length;

const SHORT = {
  NO: 'SCTP_NONE',
  I1: 'SCTP_INIT1',
  IN: 'SCTP_INIT',
  CS: 'SCTP_COOKIE_SENT',
  CR: 'SCTP_COOKIE_REPLIED',
  CW: 'SCTP_COOKIE_WAIT',
  CO: 'SCTP_COOKIE',
  CE: 'SCTP_COOKIE_ECHOED',
  ES: 'SCTP_ESTABLISHED',
  SS: 'SCTP_SHUTDOWN_SENT',
  SR: 'SCTP_SHUTDOWN_RECEIVED',
  SA: 'SCTP_SHUTDOWN_ACK_SENT',
  RJ: 'SCTP_REJECTED',
  CL: 'SCTP_CLOSED',
} as const satisfies Record<string, State>;
export const SCTP_STATES: readonly State[] = Object.values(SHORT);

/** Rows: events; columns: states. */
const TABLES: Readonly<Record<Direction, readonly string[]>> = {
  input: [
    'ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    'I1 IN IN CS CR CW CO CE ES SS SR SA IN IN',
    'CW CW CW CS CR CO CO CE ES SS SR SA RJ CL',
    'CR IN IN CR CR CW CO CE ES SS SR SA RJ CL',
    'ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL',
    'SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    'CL IN IN CS CR CW CO CE ES CL SR CL RJ CL',
    'CL CL CL CS CR CW CO CE ES SS SR CL RJ CL',
    'CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL',
    'CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  ],
  output: [
    'ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    'CW CW CW CW CW CW CW CW ES CW CW CW CW CW',
    'CS CS CS CS CR CW CO CE ES SS SR SA RJ CL',
    'CE CE CE CE CE CE CE CE ES SS SR SA RJ CL',
    'ES ES ES ES ES ES ES ES ES SS SR SA RJ CL',
    'SS SS SS SS SS SS SS SS SS SS SR SA RJ CL',
    'SA SA SA SA SA CW CO CE ES SA SA SA RJ CL',
    'CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    'CL CL CL CL CL CW CO CE ES SS SR SA RJ CL',
    'CL RJ CL CL CL CL CL CL CL CL CL CL CL CL',
  ],
  'input-only': [
    'ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL',
    'I1 IN IN IN IN IN CO CE ES SS SR SA IN IN',
    'CE CE CE CE CE CE CO CE ES SS SR SA RJ CL',
    'ES ES ES ES ES ES CO CE ES SS SR SA RJ CL',
    'ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL',
    'SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL',
    'CL IN IN CS CR CW CO CE CL CL SR CL RJ CL',
    'CL CL CL CL CL CW CO CE ES SS CL CL RJ CL',
    'CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL',
    'CL CL CL CL CL RJ CL CL CL CL CL CL CL CL',
  ],
};

/** `event`: its number. */
export function nextSctpState(state: State, event: number, direction: Direction = 'input-only'): State {
  const row = event === COOKIE_ABORT ? ABORT : event;
  const cell = TABLES[direction][row]?.split(' ')[SCTP_STATES.indexOf(state)];
  if (cell === undefined) throw new Error(`no SCTP state ${state}, or no event ${event}`);
  return SHORT[cell as keyof typeof SHORT];
}

/** By chunk type; any other is as good as DATA. */
const EVENT_OF_CHUNK: Readonly<Record<number, SctpEvent>> = {
  ...{ 1: 'INIT', 2: 'INIT_ACK', 6: 'ABORT', 7: 'SHUTDOWN', 8: 'SHUTDOWN_ACK', 9: 'ERROR' },
  ...{ 10: 'COOKIE_ECHO', 11: 'COOKIE_ACK', 14: 'SHUTDOWN_COMPLETE' },
};
const ABORT_CHUNK = 6;

/** Number of the event that a packet is; null: it has no chunk. */
export function readSctpEvent(packet: Buffer): number | null {
  if (packet.length < 16) return null;
  const type = packet.readUInt8(12);
  const length = packet.readUInt16BE(14);
  const second = 12 + Math.ceil(length / 4) * 4;
  const isBundled = (type === 10 || type === 11) && length >= 4 && packet.length >= second + 4;
  if (isBundled && packet.readUInt8(second) === ABORT_CHUNK) return COOKIE_ABORT;
  return EVENTS.indexOf(EVENT_OF_CHUNK[type] ?? 'DATA');
}
