/** What two directors answered, made comparable, and how it differs. */
import { PROTOCOL } from '../support/packet-layers.ts';
import { ipOffset, parseFrame } from '../support/packet-parse.ts';
import { frameLine } from '../support/packet-print.ts';
import type { Places } from './script.ts';
import type { Answer } from './worlds.ts';

/** UDP's, in the scripts. */
const GUE_PORT = 6080;

/** Seconds that a remaining time may differ: the two directors start their timers a moment apart. */
const TIME_SLACK = 2;

/** Frames in an order and a form that do not depend on chance: no MAC of the director, no IP identification. */
export function describeFrames(frames: readonly Buffer[]): string[] {
  return frames.map((frame) => [lineOf(frame), ...quoteIn(frame), ...tunnelIn(frame)].join(' ')).sort();
}

/** Which port a flow of GUE has, each director decides for itself. */
function lineOf(frame: Buffer): string {
  return isGue(frame) ? frameLine(frame).replace(/:\d+ > (\S+:6080 )/, ':any > $1') : frameLine(frame);
}

function isGue(frame: Buffer): boolean {
  return parseFrame(frame).ip?.transport?.dport === GUE_PORT;
}

/** GRE and what it carries, every byte; of GUE all but UDP's ports and whether there is a sum (frameLine has whether it is right). */
function tunnelIn(frame: Buffer): string[] {
  const { ip } = parseFrame(frame);
  const body = frame.subarray(ipOffset(frame) + (ip?.headerLength ?? 0));
  if (ip?.protocol === PROTOCOL.gre) return [body.toString('hex')];
  if (!isGue(frame)) return [];
  return [body.readUInt16BE(6) === 0 ? 'no sum' : 'sum', body.toString('hex', 8)];
}

/** What an ICMP message quotes, as it is. */
function quoteIn(frame: Buffer): string[] {
  const { ip } = parseFrame(frame);
  return ip?.icmp ? [ip.icmp.body.toString('hex')] : [];
}

export interface ListedConnection {
  /** Protocol, state, client, virtual IP and real server. */
  readonly what: string;
  /** Seconds left. */
  readonly left: number;
}

/** Rows of `-L -n -c` that are about the script's clients. */
export function connectionsIn(listing: string, places: Places): ListedConnection[] {
  const rows = listing.split('\n').map((line) => line.trim().split(/\s+/));
  return rows
    .filter((words) => places.clientPrefixes.some((prefix) => words[3]?.startsWith(prefix)))
    .map(([protocol, left = '', state, ...ends]) => {
      const [minutes = 0, seconds = 0] = left.split(':').map(Number);
      return { what: [protocol, state, ...ends].join(' '), left: minutes * 60 + seconds };
    })
    .sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : a.left - b.left));
}

/** The blocks of a listing that are about the script's virtual IPs, sorted as ipvsadm sorts them. */
export function servicesIn(listing: string, places: Places): string {
  const names = places.virtualIps.map((address) => (address.includes(':') ? `[${address}]` : address));
  const blocks = listing.split(/^(?=\S)/m);
  return blocks.filter((block) => names.some((name) => block.split(/\s+/)[1]?.startsWith(`${name}:`))).join('');
}

/**
 * `--stats` without what services of deleted real servers have sent: late answers of
 * those count for their service here, and for nobody in IPVS (docs/ipvsadm.md).
 */
export function withoutLateAnswers(stats: string): string {
  return stats
    .split(/^(?=\S)/m)
    .map((block) => {
      const [service = '', ...servers] = block.split('\n');
      const [connections = 0, ...rest] = numbersIn(service);
      const known = servers.reduce((sum, line) => sum + (numbersIn(line)[0] ?? 0), 0);
      if (connections === known) return block;
      const [packets, , bytes] = rest;
      return [`${service.trim().split(/\s+/, 2).join(' ')} ${connections} ${packets} ${bytes}`, ...servers].join('\n');
    })
    .join('');
}

/** Connections, packets in and out, bytes in and out. */
function numbersIn(row: string): number[] {
  return row.trim().split(/\s+/).slice(2).map(Number);
}

export function differenceOfAnswers(kernel: Answer, xlb: Answer): string | null {
  const same = kernel.rc === xlb.rc && kernel.stdout === xlb.stdout && kernel.stderr === xlb.stderr;
  return same ? null : `ipvsadm: ${JSON.stringify(kernel)}\n  xlb: ${JSON.stringify(xlb)}`;
}

export function differenceOfTexts(what: string, kernel: string, xlb: string): string | null {
  return kernel === xlb ? null : `${what}\n  ipvsadm:\n${indent(kernel)}\n  xlb:\n${indent(xlb)}`;
}

export function differenceOfConnections(
  kernel: readonly ListedConnection[],
  xlb: readonly ListedConnection[],
): string | null {
  const close = (row: ListedConnection, i: number) => {
    const other = xlb[i];
    return other?.what === row.what && Math.abs(other.left - row.left) <= TIME_SLACK;
  };
  // A timer of IPVS that has run out may not have come yet.
  const alive = kernel.filter(({ what, left }) => left > 0 || xlb.some((other) => other.what === what));
  if (alive.length === xlb.length && alive.every(close)) return null;
  const text = (rows: readonly ListedConnection[]) => rows.map(({ what, left }) => `${what} ${left} s`).join('\n');
  return differenceOfTexts('connections', text(kernel), `${text(xlb)} `);
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
