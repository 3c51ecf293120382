/**
 * All instances of one director, and what synchronization groups make of them:
 *
 * - a group becomes MASTER when every member could: a member whose master is silent waits, *ready*;
 * - where one member leaves MASTER, all do;
 * - where one member is in FAULT by itself, all are;
 * - where one member meets a master of a lower priority, all announce their addresses.
 *
 * `step(router, event, now) -> [router, effects]`; one deadline for all.
 */

import { stepInstance } from './instance.ts';
import { type Effect, type InstanceEvent, type InstanceState, nextDeadline, ownFaults, type Phase } from './state.ts';

export interface Router {
  readonly instances: ReadonlyMap<string, InstanceState>;
}

/** Without `instance`: for all of them. */
export interface RouterEvent {
  readonly instance?: string;
  readonly event: InstanceEvent;
}

export type RouterEffect =
  | { readonly instance: string; readonly effect: Effect }
  | { readonly group: string; readonly state: Phase };

export type RouterStep = readonly [Router, readonly RouterEffect[]];

/** Null: nothing is due, ever. */
export function routerDeadline({ instances }: Router): number | null {
  const deadlines = [...instances.values()].map(nextDeadline).filter((at) => at !== null);
  return deadlines.length === 0 ? null : Math.min(...deadlines);
}

/** An event for an instance that is not there changes nothing. */
export function stepRouter(router: Router, { instance, event }: RouterEvent, now: number): RouterStep {
  const work: Work = { instances: new Map(router.instances), effects: [], now };
  const names = instance === undefined ? [...router.instances.keys()] : [instance];
  for (const name of names) apply(work, name, event);
  for (const [group, members] of groupsOf(router)) {
    synchronize(work, router, members);
    const [before, after] = [router.instances, work.instances].map((all) =>
      groupPhase(members.map((name) => all.get(name)!)),
    );
    if (before !== after) work.effects.push({ group, state: after! });
  }
  return [{ instances: work.instances }, work.effects];
}

/** FAULT where one member is, MASTER where all are. */
export function groupPhase(members: readonly InstanceState[]): Phase {
  if (members.some(({ phase }) => phase === 'FAULT')) return 'FAULT';
  if (members.some(({ phase }) => phase === 'INIT')) return 'INIT';
  return members.every(({ phase }) => phase === 'MASTER') ? 'MASTER' : 'BACKUP';
}

interface Work {
  readonly instances: Map<string, InstanceState>;
  readonly effects: RouterEffect[];
  readonly now: number;
}

function apply({ instances, effects, now }: Work, instance: string, event: InstanceEvent): void {
  const state = instances.get(instance);
  if (state === undefined) return;
  const [next, produced] = stepInstance(state, event, now);
  instances.set(instance, next);
  for (const effect of produced) effects.push({ instance, effect });
}

function groupsOf({ instances }: Router): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, { config }] of instances) {
    if (config.syncGroup !== null) groups.set(config.syncGroup, [...(groups.get(config.syncGroup) ?? []), name]);
  }
  return groups;
}

function synchronize(work: Work, before: Router, members: readonly string[]): void {
  spreadFaults(work, members);
  const left = members.find(
    (name) => before.instances.get(name)!.phase === 'MASTER' && phaseOf(work, name) !== 'MASTER',
  );
  if (left !== undefined) followAll(work, members, 'BACKUP', left);
  else if (members.every((name) => isReady(work.instances.get(name)!))) {
    // The last one that could, if its timer was what the others waited for.
    const last = members.find((name) => !isReady(before.instances.get(name)!)) ?? members[0]!;
    followAll(work, members, 'MASTER', last);
  }
  const met = members.find((name) => work.effects.some((one) => isMeeting(one, name)));
  if (met === undefined) return;
  for (const name of members) if (name !== met) apply(work, name, { type: 'announce' });
}

/** To each member: the first other one that fails by itself. */
function spreadFaults(work: Work, members: readonly string[]): void {
  const faulty = members.filter((name) => ownFaults(work.instances.get(name)!).length > 0);
  for (const name of members) {
    const member = faulty.find((other) => other !== name) ?? null;
    if (work.instances.get(name)!.faultyMember !== member) apply(work, name, { type: 'faulty-member', member });
  }
}

function followAll(work: Work, members: readonly string[], to: 'BACKUP' | 'MASTER', member: string): void {
  for (const name of members) apply(work, name, { type: 'follow', to, member });
}

function phaseOf({ instances }: Work, name: string): Phase {
  return instances.get(name)!.phase;
}

function isReady({ phase, ready }: InstanceState): boolean {
  return phase === 'MASTER' || (phase === 'BACKUP' && ready);
}

function isMeeting(one: RouterEffect, name: string): boolean {
  return 'instance' in one && one.instance === name && one.effect.type === 'notify-lower-priority';
}
