/** What the log says of an instance. */
import type { Cause, LogEntry } from '../../core/vrrp/state.ts';
import type { LogLevel } from './protocol.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

export function logLine(instance: string, entry: LogEntry): LogLine {
  switch (entry.kind) {
    case 'transition': {
      const { from, to, priority, cause } = entry.transition;
      const level = to === 'FAULT' ? 'warn' : 'info';
      return { level, message: `${instance}: ${from} -> ${to}: ${causeText(cause)} (priority ${priority})` };
    }
    case 'refused': {
      const { source, refusal } = entry;
      const sender = source === null ? '' : ` from ${source}`;
      return { level: 'warn', message: `${instance}: advertisement${sender} refused: ${refusal.text}` };
    }
    case 'remark':
      return { level: 'warn', message: `${instance}: advertisement from ${entry.source} ${remarkText(entry.remark)}` };
    case 'two-masters':
      return {
        level: 'warn',
        message: `${instance}: two masters: ${entry.source} with priority ${entry.priority}, which is lower than ours`,
      };
    case 'own-address':
      return {
        level: 'error',
        message: `${instance}: an advertisement came from our own address: the network has a loop, or two hosts have this address`,
      };
    case 'address-lost':
      return { level: 'warn', message: `${instance}: someone took ${entry.address} away; it is put back` };
  }
}

/** Why a transition happened, in words that `xlb vrrp` shows as well. */
export function causeText(cause: Cause): string {
  switch (cause.type) {
    case 'start':
      return 'start';
    case 'stop':
      return 'stop';
    case 'startup-delay':
      return 'the startup delay is over';
    case 'master-down':
      return 'no advertisement of the master in time';
    case 'gave-up':
      return `${cause.source} gave up (priority 0)`;
    case 'owner':
      return 'it owns the addresses';
    case 'configuration':
      return 'the configuration changed';
    case 'advert':
      return `advertisement of ${cause.source} with priority ${cause.priority}`;
    case 'tracker':
      return `${cause.key} is ${cause.status}`;
    case 'member':
      return `${cause.name} of its group changed`;
  }
}

function remarkText(remark: Extract<LogEntry, { kind: 'remark' }>['remark']): string {
  if (remark.type === 'other-addresses') return `names other addresses: ${remark.theirs.join(', ') || 'none'}`;
  if (remark.type === 'old-checksum') return 'has the checksum of keepalived up to 1.3.6; it gets such ones, too';
  return `has another interval: ${remark.theirs / 100} s`;
}
