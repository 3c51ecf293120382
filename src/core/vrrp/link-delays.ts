/**
 * Links whose changes count only after a while (`interface_up_down_delays`): what
 * is back before that has never changed.
 */
import type { InstanceState } from './state.ts';

/** Milliseconds until a change counts; 0: at once. */
export interface LinkDelay {
  readonly down: number;
  readonly up: number;
}

export interface LinkState {
  /** What counts. */
  readonly up: boolean;
  /** When the other counts, which is there already; null: it is not. */
  readonly changesAt: number | null;
}

/** By the name of the interface. */
export type LinkStates = ReadonlyMap<string, LinkState>;

/** The link is up or down. What is seen first counts at once. */
export function seeLink(states: LinkStates, name: string, up: boolean, delay: LinkDelay, now: number): LinkStates {
  const before = states.get(name);
  const after = nextState(before, up, up ? delay.up : delay.down, now);
  return after === before ? states : new Map(states).set(name, after);
}

/** What has waited long enough counts now. */
export function settleLinks(states: LinkStates, now: number): LinkStates {
  const due = [...states].filter(([, { changesAt }]) => changesAt !== null && now >= changesAt);
  if (due.length === 0) return states;
  return new Map([...states, ...due.map(([name, { up }]) => [name, { up: !up, changesAt: null }] as const)]);
}

/** Null: nothing waits. */
export function linksDeadline(states: LinkStates): number | null {
  const waiting = [...states.values()].flatMap(({ changesAt }) => (changesAt === null ? [] : [changesAt]));
  return waiting.length === 0 ? null : Math.min(...waiting);
}

/**
 * keepalived's limit: a director that does not hear the master, because its own link is down,
 * must be in FAULT before it takes itself for the master. Version 3 learns the interval.
 */
export function longestLinkDelay({ config, masterInterval }: InstanceState): number {
  const interval = masterInterval * 10;
  return Math.max(0, (config.missedAdverts - 1) * interval - interval / 256);
}

function nextState(before: LinkState | undefined, up: boolean, delay: number, now: number): LinkState {
  if (before === undefined) return { up, changesAt: null };
  if (up === before.up) return before.changesAt === null ? before : { up, changesAt: null };
  if (delay === 0) return { up, changesAt: null };
  return before.changesAt === null ? { ...before, changesAt: now + delay } : before;
}
