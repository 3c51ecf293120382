/**
 * The transitions of an instance. The order of effects is a contract: who becomes MASTER
 * advertises, takes the addresses, then announces them; who leaves MASTER advertises first (priority
 * 0 where nobody else is master yet), then releases them.
 */
import { announce, firstTimers } from './announce.ts';
import {
  type Cause,
  type Effect,
  type InstanceState,
  type InstanceStep,
  NO_ANNOUNCEMENTS,
  type Phase,
  priorityOf,
  type Transition,
} from './state.ts';
import { advertInterval, masterDown, skew } from './timers.ts';
import { OWNER } from './tracking.ts';

const KEPT_TRANSITIONS = 20;

export function toMaster(state: InstanceState, now: number, cause: Cause): InstanceStep {
  const own = { ...state, masterInterval: state.config.interval, master: null, preemptAt: null, ready: true };
  const [next, log] = enter(own, 'MASTER', now, cause);
  const priority = priorityOf(next);
  return [
    { ...next, deadline: now + advertInterval(next), announcements: firstTimers(next, now) },
    [
      { type: 'advertise', priority },
      { type: 'take' },
      ...announce(next.config.announcements.repeat),
      ...log,
      { type: 'notify', state: 'MASTER', priority },
    ],
  ];
}

/** With a whole Master_Down_Interval to wait. An owner does not wait: see `toBackupOrOwner`. */
export function toBackup(state: InstanceState, now: number, cause: Cause): InstanceStep {
  const { advertBeforeYielding } = state.config;
  const priority = priorityOf(state);
  const farewell: Effect[] = advertBeforeYielding ? [{ type: 'advertise', priority }] : [];
  const [next, log] = enter({ ...state, ready: false, preemptAt: null }, 'BACKUP', now, cause);
  return [
    { ...next, deadline: now + masterDown(next, priority), announcements: NO_ANNOUNCEMENTS },
    [...(state.phase === 'MASTER' ? [...farewell, { type: 'release' } as const] : []), ...log, notify(next, 'BACKUP')],
  ];
}

/** From INIT and FAULT. In a synchronization group an owner waits for the other members, though not for a master. */
export function toBackupOrOwner(state: InstanceState, now: number, cause: Cause): InstanceStep {
  const { priority, syncGroup, initial } = state.config;
  if (priority === OWNER && syncGroup === null) return toMaster(state, now, { type: 'owner' });
  const [next, effects] = toBackup({ ...state, masterInterval: state.config.interval, master: null }, now, cause);
  if (priority === OWNER) return [{ ...next, ready: true, deadline: now + readyInterval(next) }, effects];
  const soon = syncGroup !== null && initial === 'MASTER' && state.phase === 'INIT';
  return [soon ? { ...next, deadline: now + readyInterval(next) } : next, effects];
}

export function toFault(state: InstanceState, now: number, cause: Cause): InstanceStep {
  const [next, log] = enter({ ...state, ready: false, preemptAt: null }, 'FAULT', now, cause);
  const idle = { ...next, deadline: null, announcements: NO_ANNOUNCEMENTS };
  return [idle, [...giveUp(state), ...log, notify(idle, 'FAULT')]];
}

export function stop(state: InstanceState, now: number, deleted: boolean): InstanceStep {
  if (!state.started) return [state, []];
  const [next, log] = enter({ ...state, started: false, ready: false, preemptAt: null }, 'INIT', now, { type: 'stop' });
  const idle = { ...next, deadline: null, announcements: NO_ANNOUNCEMENTS };
  return [idle, [...giveUp(state), ...log, notify(idle, deleted ? 'DELETED' : 'STOP')]];
}

/** How long a member that is ready waits before it asks its group again. */
export function readyInterval(state: InstanceState): number {
  return advertInterval(state) + skew(state, priorityOf(state));
}

function giveUp(state: InstanceState): Effect[] {
  return state.phase === 'MASTER' ? [{ type: 'advertise', priority: 0 }, { type: 'release' }] : [];
}

function notify(state: InstanceState, to: Phase | 'STOP' | 'DELETED'): Effect {
  return { type: 'notify', state: to, priority: priorityOf(state) };
}

function enter(state: InstanceState, to: Phase, at: number, cause: Cause): InstanceStep {
  const transition: Transition = { at, from: state.phase, to, priority: priorityOf(state), cause };
  const transitions = [...state.transitions, transition].slice(-KEPT_TRANSITIONS);
  const entry = { kind: 'transition', transition } as const;
  return [{ ...state, phase: to, gaveUp: null, told: new Set(), transitions }, [{ type: 'log', entry }]];
}
