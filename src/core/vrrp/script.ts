/**
 * A tracked script: when it runs, when it is killed, and what its results make of it. A run begins
 * every interval; one that is due while the last still runs is left out. After `fall` failures in a
 * row the script is down, after `rise` successes up again; at the start one result is enough.
 */
import type { TrackStatus } from './tracking.ts';

export interface ScriptConfig {
  readonly name: string;
  /** Milliseconds from one start to the next. */
  readonly interval: number;
  /** Milliseconds until a run is ended and counts as failed; 0: the interval. */
  readonly timeout: number;
  /** At least 1. */
  readonly rise: number;
  readonly fall: number;
  /** `init_fail`: down until `rise` successes. */
  readonly startsFailed: boolean;
}

export interface ScriptState {
  readonly config: ScriptConfig;
  readonly status: Exclude<TrackStatus, number>;
  /**
   * keepalived's counter: below `rise` it counts successes of a script that is down, from `rise`
   * on the failures that one which is up may still have.
   */
  readonly result: number;
  readonly runAt: number;
  /** Of the run that goes on; the signal that is next, and when. */
  readonly running: { readonly signal: 'SIGTERM' | 'SIGKILL'; readonly signalAt: number } | null;
}

export type ScriptEvent = { readonly type: 'tick' } | { readonly type: 'exit'; readonly ok: boolean };

/** `signal`: to the process group of the run that goes on. */
export type ScriptEffect =
  | { readonly type: 'run' }
  | { readonly type: 'signal'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly type: 'status'; readonly status: 'up' | 'down' };

export type ScriptStep = readonly [ScriptState, readonly ScriptEffect[]];

/** From SIGTERM to SIGKILL, and from each SIGKILL to the next: a process in the kernel's hands may outlive one. */
const TERM_TO_KILL = 2000;
const KILL_TO_KILL = 10_000;

/** The first run is due at `now`. */
export function createScript(config: ScriptConfig, now: number): ScriptState {
  const { startsFailed, rise } = config;
  const start = startsFailed
    ? ({ status: 'down', result: 0 } as const)
    : ({ status: 'pending', result: rise - 1 } as const);
  return { config, ...start, runAt: now, running: null };
}

export function scriptDeadline({ runAt, running }: ScriptState): number {
  return Math.min(runAt, running?.signalAt ?? Number.POSITIVE_INFINITY);
}

export function stepScript(state: ScriptState, event: ScriptEvent, now: number): ScriptStep {
  if (event.type === 'tick') return tick(state, now);
  if (state.running === null) return [state, []];
  const ended = { ...state, running: null };
  // A run that was ended has counted already.
  return state.running.signal === 'SIGKILL' ? [ended, []] : count(ended, event.ok);
}

function tick(state: ScriptState, now: number): ScriptStep {
  const [after, effects] = state.running !== null && now >= state.running.signalAt ? end(state, now) : [state, []];
  if (now < after.runAt) return [after, effects];
  const { interval, timeout } = after.config;
  const next = { ...after, runAt: now + interval };
  if (after.running !== null) return [next, effects];
  const running = { signal: 'SIGTERM', signalAt: now + (timeout || interval) } as const;
  return [{ ...next, running }, [...effects, { type: 'run' }]];
}

function end(state: ScriptState, now: number): ScriptStep {
  const signal = state.running!.signal;
  const wait = signal === 'SIGTERM' ? TERM_TO_KILL : KILL_TO_KILL;
  const waiting = { ...state, running: { signal: 'SIGKILL', signalAt: now + wait } } as const;
  const [next, effects] = signal === 'SIGTERM' ? count(waiting, false) : [waiting, []];
  return [next, [{ type: 'signal', signal }, ...effects]];
}

function count(state: ScriptState, ok: boolean): ScriptStep {
  const { rise, fall } = state.config;
  const { result } = state;
  if (ok && result < rise - 1) return [{ ...state, result: result + 1 }, []];
  if (ok) return become({ ...state, result: rise + fall - 1 }, 'up');
  if (result > rise) return [{ ...state, result: result - 1 }, []];
  return become({ ...state, result: 0 }, 'down');
}

function become(state: ScriptState, status: 'up' | 'down'): ScriptStep {
  return [{ ...state, status }, state.status === status ? [] : [{ type: 'status', status }]];
}
