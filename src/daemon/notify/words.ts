/** What a notice makes of itself: a line of the pipes, programs with their arguments, a mail. As keepalived has them. */
import type { Script, User } from '../../core/config/forms/scripts.ts';
import type { Notifies } from '../../core/config/model/notifies.ts';
import type { Notice } from '../vrrp/protocol.ts';

export interface Call {
  readonly argv: readonly string[];
  /** null: the user for all. */
  readonly as: User | null;
}

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

type StateNotice = Extract<Notice, { type: 'state' }>;

/** null: nothing to tell. */
export function lineOf(notice: Notice, { priorityChanges }: Notifies): string | null {
  const kind = notice.type === 'state' ? notice.kind : 'INSTANCE';
  const word = wordOf(notice);
  if (word === null || (notice.type === 'priority' && !priorityChanges)) return null;
  return `${kind} "${notice.name}" ${word} ${notice.priority}\n`;
}

/** In the order in which they run: the program for this state, then that for all. */
export function callsOf(notice: Notice, notifies: Notifies): Call[] {
  if (notice.type === 'priority') return [];
  if (notice.type === 'lower-priority') return call(notifies.lowerPriority);
  const { kind, name, state, priority } = notice;
  if (state === 'INIT') return [];
  return [...call(notifies[PROGRAMS[state]]), ...call(notifies.any, [kind, name, state, String(priority)])];
}

/** null: there is no mail about this state. */
export function letterOf({ kind, name, state }: StateNotice, director: string): Letter | null {
  const words = MAILS[kind][state];
  if (words === undefined) return null;
  const what = state === 'STOP' ? 'Stopping' : `Entering ${state} state`;
  const whose = kind === 'INSTANCE' ? 'Instance' : 'Group';
  return { subject: `[${director}] VRRP ${whose} ${name} - ${what}`, text: `=> ${words} <=\n` };
}

const PROGRAMS = { MASTER: 'master', BACKUP: 'backup', FAULT: 'fault', STOP: 'stop', DELETED: 'deleted' } as const;

type Bodies = { readonly [S in StateNotice['state']]?: string };

/** Filters of mail readers know these sentences. */
const MAILS: Record<StateNotice['kind'], Bodies> = {
  INSTANCE: {
    MASTER: 'VRRP Instance is now owning VRRP VIPs',
    BACKUP: 'VRRP Instance is no longer owning VRRP VIPs',
    FAULT: 'VRRP Instance is no longer owning VRRP VIPs',
    STOP: 'VRRP Instance stopping',
  },
  GROUP: {
    MASTER: 'All VRRP group instances are now in MASTER state',
    BACKUP: 'All VRRP group instances are now in BACKUP state',
    FAULT: 'All VRRP group instances are now in FAULT state',
    STOP: 'All VRRP group instances are now stopping',
  },
};

/** INIT is not told: an instance in its startup delay has no state yet. */
function wordOf(notice: Notice): string | null {
  if (notice.type === 'lower-priority') return 'MASTER_RX_LOWER_PRI';
  if (notice.type === 'priority') return notice.state === 'MASTER' ? 'MASTER_PRIORITY' : 'BACKUP_PRIORITY';
  return notice.state === 'INIT' ? null : notice.state;
}

function call(script: Script | null, more: readonly string[] = []): Call[] {
  return script === null ? [] : [{ argv: [...script.argv, ...more], as: script.as }];
}
