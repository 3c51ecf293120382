/** One VRRP instance: `step(state, event, now) -> [state, effects]`. See `state.ts` for the picture. */
import { announce, announceAgainst, announceDue } from './announce.ts';
import { receive } from './receive.ts';
import {
  type Cause,
  type Effect,
  expiryCause,
  type InstanceEvent,
  type InstanceState,
  type InstanceStep,
  ownFaults,
  priorityOf,
} from './state.ts';
import { advertInterval, skew } from './timers.ts';
import { type TrackStatus, trackerKey, unknown } from './tracking.ts';
import { readyInterval, stop, toBackup, toBackupOrOwner, toFault, toMaster } from './transition.ts';

export function stepInstance(state: InstanceState, event: InstanceEvent, now: number): InstanceStep {
  switch (event.type) {
    case 'start':
      return start(state, now);
    case 'stop':
      return stop(state, now, event.deleted);
    case 'tick':
      return tick(state, now);
    case 'datagram':
      return receive(state, event.datagram, now);
    case 'track':
      return track(state, event.key, event.status, now);
    case 'configure':
      return configure(state, event.config, now);
    case 'address-lost':
      return restore(state, event);
    case 'follow':
      return follow(state, event.to, event.member, now);
    case 'faulty-member':
      return settle({ ...state, faultyMember: event.member }, now, memberCause(state, event.member));
    case 'announce':
      return state.phase === 'MASTER' ? announceAgainst(state, now) : [state, []];
  }
}

function start(state: InstanceState, now: number): InstanceStep {
  if (state.started) return [state, []];
  const { startupDelay } = state.config;
  const deadline = startupDelay > 0 ? now + startupDelay : null;
  return settle({ ...state, started: true, deadline }, now, { type: 'start' });
}

function tick(state: InstanceState, now: number): InstanceStep {
  const [next, effects] = state.deadline !== null && now >= state.deadline ? expire(state, now) : [state, []];
  if (next.phase !== 'MASTER') return [next, effects];
  const [after, announcements] = announceDue(next, now);
  return [after, [...effects, ...announcements]];
}

function expire(state: InstanceState, now: number): InstanceStep {
  if (state.phase === 'INIT') return settle({ ...state, deadline: null }, now, { type: 'startup-delay' });
  if (state.phase === 'MASTER') return [{ ...state, deadline: nextAdvert(state, now) }, advertise(state)];
  if (state.config.syncGroup === null) return toMaster(state, now, expiryCause(state));
  return [{ ...state, ready: true, deadline: now + readyInterval(state) }, []];
}

/** From the last deadline, so that lateness does not add up; a stall is not made up for. */
function nextAdvert(state: InstanceState, now: number): number {
  const interval = advertInterval(state);
  const next = state.deadline! + interval;
  return next > now ? next : now + interval;
}

function advertise(state: InstanceState): Effect[] {
  return [{ type: 'advertise', priority: priorityOf(state) }];
}

function track(state: InstanceState, key: string, status: TrackStatus, now: number): InstanceStep {
  const tracked = state.config.trackers.some((tracker) => trackerKey(tracker) === key);
  if (!tracked || state.statuses.get(key) === status) return [state, []];
  const statuses = new Map(state.statuses).set(key, status);
  return reconsider(state, { ...state, statuses }, now, { type: 'tracker', key, status });
}

/** Keeps everything but what the configuration says. Addresses that are new are taken and announced. */
function configure(state: InstanceState, config: InstanceState['config'], now: number): InstanceStep {
  const masterInterval = config.version === 3 && state.phase === 'BACKUP' ? state.masterInterval : config.interval;
  const [next, effects] = reconsider(state, { ...state, config, masterInterval }, now, { type: 'configuration' });
  const before = state.config.addresses;
  const same =
    before.length === config.addresses.length && before.every((address) => config.addresses.includes(address));
  if (state.phase !== 'MASTER' || next.phase !== 'MASTER' || same) return [next, effects];
  return [next, [...effects, { type: 'take' }, ...announce(config.announcements.repeat)]];
}

function restore(state: InstanceState, { address }: Extract<InstanceEvent, { type: 'address-lost' }>): InstanceStep {
  if (state.phase !== 'MASTER') return [state, []];
  return [state, [{ type: 'take' }, ...announce(1), { type: 'log', entry: { kind: 'address-lost', address } }]];
}

/** What the group decided; `member` is the one whose change decided it. */
function follow(state: InstanceState, to: 'BACKUP' | 'MASTER', member: string, now: number): InstanceStep {
  const cause: Cause = member === state.config.name ? expiryCause(state) : { type: 'member', name: member };
  if (to === 'MASTER' && state.phase === 'BACKUP') return toMaster(state, now, cause);
  if (to === 'BACKUP' && state.phase === 'MASTER') return toBackup(state, now, cause);
  return [state, []];
}

function memberCause(state: InstanceState, member: string | null): Cause {
  return { type: 'member', name: member ?? state.faultyMember ?? '' };
}

/** After something that may have moved the priority: a BACKUP's timer moves with it, a MASTER's next advertisement tells. */
function reconsider(before: InstanceState, after: InstanceState, now: number, cause: Cause): InstanceStep {
  const [old, priority] = [priorityOf(before), priorityOf(after)];
  const moved = after.phase === 'BACKUP' && after.deadline !== null;
  const deadline = moved ? after.deadline + skew(after, priority) - skew(before, old) : after.deadline;
  const [next, effects] = settle({ ...after, deadline }, now, cause);
  return [next, old === priority ? effects : [{ type: 'notify-priority', priority }, ...effects]];
}

/** Where the conditions say the instance should be. */
function settle(state: InstanceState, now: number, cause: Cause): InstanceStep {
  const { phase, started, deadline, config, statuses } = state;
  const delayed = phase === 'INIT' && deadline !== null && now < deadline;
  if (!started || delayed) return [state, []];
  const failed = state.faultyMember !== null || ownFaults(state).length > 0;
  if (failed) return phase === 'FAULT' ? [state, []] : toFault(state, now, cause);
  const waits = phase === 'INIT' || phase === 'FAULT';
  if (!waits || unknown(config.trackers, statuses).length > 0) return [state, []];
  return toBackupOrOwner(state, now, cause);
}
