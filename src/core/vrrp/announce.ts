/**
 * When a MASTER announces its addresses: on becoming it, once more a while later, now and then if
 * configured, and where another master was heard. After that it goes on every ten seconds for a
 * minute: the other one may have answered clients since.
 */
import type { AnnouncementTimers, Effect, InstanceState, InstanceStep } from './state.ts';

const HEALING_INTERVAL = 10_000;
const HEALING_TIME = 60_000;

/** Timers of an instance that becomes MASTER at `now`. */
export function firstTimers({ config: { announcements } }: InstanceState, now: number): AnnouncementTimers {
  const { delay, refresh, extra } = announcements;
  return {
    secondAt: delay > 0 ? now + delay : null,
    lowerPriorityAt: null,
    refreshAt: refresh > 0 ? now + refresh : null,
    extraAt: extra > 0 ? now + extra : null,
    healingUntil: null,
  };
}

/** The effect, without one that would do nothing. */
export function announce(repeat: number): Effect[] {
  return repeat > 0 ? [{ type: 'announce', repeat, where: 'everywhere' }] : [];
}

/** Another master is there, with a lower priority. */
export function announceAgainst(state: InstanceState, now: number): InstanceStep {
  const { lowerPriorityRepeat, lowerPriorityDelay, refresh } = state.config.announcements;
  if (lowerPriorityRepeat === 0) return [state, []];
  const announcements: AnnouncementTimers = {
    ...state.announcements,
    lowerPriorityAt: lowerPriorityDelay > 0 ? now + lowerPriorityDelay : null,
    refreshAt: state.announcements.refreshAt ?? now + (refresh || HEALING_INTERVAL),
    healingUntil: now + HEALING_TIME,
  };
  return [{ ...state, announcements }, announce(lowerPriorityRepeat)];
}

/** Whatever of a MASTER's announcements is due. */
export function announceDue(state: InstanceState, now: number): InstanceStep {
  const { secondAt, lowerPriorityAt, refreshAt, extraAt } = state.announcements;
  const { repeat, lowerPriorityRepeat, refreshRepeat, extra } = state.config.announcements;
  const due = (at: number | null) => at !== null && now >= at;
  const effects: Effect[] = [
    ...(due(secondAt) ? announce(repeat) : []),
    ...(due(lowerPriorityAt) ? announce(lowerPriorityRepeat) : []),
    ...(due(refreshAt) ? announce(refreshRepeat) : []),
    ...(due(extraAt) ? [{ type: 'announce', repeat: 1, where: 'other interfaces' } as const] : []),
  ];
  const announcements: AnnouncementTimers = {
    ...state.announcements,
    secondAt: due(secondAt) ? null : secondAt,
    lowerPriorityAt: due(lowerPriorityAt) ? null : lowerPriorityAt,
    refreshAt: due(refreshAt) ? nextRefresh(state, now) : refreshAt,
    extraAt: due(extraAt) ? now + extra : extraAt,
  };
  return [{ ...state, announcements }, effects];
}

function nextRefresh({ config, announcements }: InstanceState, now: number): number | null {
  const { refresh } = config.announcements;
  if (refresh > 0) return now + refresh;
  const { healingUntil } = announcements;
  const next = now + HEALING_INTERVAL;
  return healingUntil !== null && next <= healingUntil ? next : null;
}
