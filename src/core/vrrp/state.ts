/**
 * The state of one VRRP instance, what may happen to it and what it asks for.
 *
 *             start                      master down, or an owner
 *   INIT ------------------> BACKUP -----------------------------> MASTER
 *    |                        ^  |  ^                                |  |
 *    | a condition fails      |  |  +----- a higher priority --------+  |
 *    v                        |  v                                      |
 *   FAULT <-------------------+--+------------- a condition fails ------+
 *          ----- all hold ----^
 *
 * Times are milliseconds of a clock that never jumps. Every timer is a deadline in the state;
 * BACKUP and MASTER always have one.
 */
import type { Address } from '../model/model.ts';
import type { InstanceConfig } from './config.ts';
import type { Remark } from './decode.ts';
import type { Datagram } from './ipv4.ts';
import type { Refusal, RefusalReason } from './refusal.ts';
import { effectivePriority, failures, type Statuses, type TrackStatus } from './tracking.ts';

export type Phase = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT';

/** Why a transition happened. */
export type Cause =
  | { readonly type: 'start' | 'stop' | 'startup-delay' | 'master-down' | 'owner' | 'configuration' }
  /** The master said that it gives up: priority 0. */
  | { readonly type: 'gave-up'; readonly source: Address }
  | { readonly type: 'advert'; readonly source: Address; readonly priority: number }
  | { readonly type: 'tracker'; readonly key: string; readonly status: TrackStatus }
  /** Another member of the synchronization group. */
  | { readonly type: 'member'; readonly name: string };

export interface Transition {
  readonly at: number;
  readonly from: Phase;
  readonly to: Phase;
  /** Effective, at that time. */
  readonly priority: number;
  readonly cause: Cause;
}

/** Deadlines of announcements; all null but in MASTER. */
export interface AnnouncementTimers {
  readonly secondAt: number | null;
  readonly lowerPriorityAt: number | null;
  readonly refreshAt: number | null;
  readonly extraAt: number | null;
  /** After a split brain: until when the addresses are announced now and then. */
  readonly healingUntil: number | null;
}

export interface InstanceState {
  readonly config: InstanceConfig;
  readonly started: boolean;
  readonly phase: Phase;
  /** INIT: end of the startup delay, if any. BACKUP: the master is down. MASTER: the next advertisement. */
  readonly deadline: number | null;
  /** Centiseconds; version 3 learns it in BACKUP. */
  readonly masterInterval: number;
  /** Whose advertisement was accepted last. */
  readonly master: { readonly address: Address; readonly priority: number } | null;
  /** BACKUP: who advertised priority 0 since the last advertisement that was obeyed. */
  readonly gaveUp: Address | null;
  /** The master was silent for too long: in a synchronization group this waits for the other members. */
  readonly ready: boolean;
  /** Until when lower priorities are obeyed; null until one is heard. */
  readonly preemptAt: number | null;
  readonly announcements: AnnouncementTimers;
  readonly statuses: Statuses;
  /** The member of the synchronization group that is in FAULT by itself. */
  readonly faultyMember: string | null;
  /** Highest accepted sequence number of each sender's authentication header. */
  readonly sequences: ReadonlyMap<Address, number>;
  /** Peers whose last advertisement had an old checksum: see `Expectation`. */
  readonly oldChecksums: ReadonlySet<Address>;
  readonly refusals: ReadonlyMap<RefusalReason, number>;
  /** What was logged already about the present master. */
  readonly told: ReadonlySet<string>;
  /** The last 20, oldest first. */
  readonly transitions: readonly Transition[];
}

export type InstanceEvent =
  | { readonly type: 'start' }
  /** `deleted`: the instance is no longer configured. */
  | { readonly type: 'stop'; readonly deleted: boolean }
  /** Some deadline may have passed. After a stall, what the socket holds is to be handed over first. */
  | { readonly type: 'tick' }
  /** Null: what the socket gave could not be read. */
  | { readonly type: 'datagram'; readonly datagram: Datagram | null }
  | { readonly type: 'track'; readonly key: string; readonly status: TrackStatus }
  | { readonly type: 'configure'; readonly config: InstanceConfig }
  /** Someone else took an address away that a MASTER holds. */
  | { readonly type: 'address-lost'; readonly address: Address }
  /** Of the synchronization group: see `router.ts`. */
  | { readonly type: 'follow'; readonly to: 'BACKUP' | 'MASTER'; readonly member: string }
  | { readonly type: 'faulty-member'; readonly member: string | null }
  /** Another member met a master of a lower priority. */
  | { readonly type: 'announce' };

export type LogEntry =
  | { readonly kind: 'transition'; readonly transition: Transition }
  | { readonly kind: 'refused'; readonly source: Address | null; readonly refusal: Refusal }
  | { readonly kind: 'remark'; readonly source: Address; readonly remark: Remark }
  | { readonly kind: 'two-masters'; readonly source: Address; readonly priority: number }
  /** An advertisement with our own address as its sender: a loop, or an address that is used twice. */
  | { readonly kind: 'own-address' }
  | { readonly kind: 'address-lost'; readonly address: Address };

/** In the order in which they are to be performed. */
export type Effect =
  /** 0: giving up. */
  | { readonly type: 'advertise'; readonly priority: number }
  /** The addresses, routes and rules are to be there, or to be gone. */
  | { readonly type: 'take' }
  | { readonly type: 'release' }
  /** Gratuitous ARP or neighbour advertisements for every address. */
  | { readonly type: 'announce'; readonly repeat: number; readonly where: 'everywhere' | 'other interfaces' }
  | { readonly type: 'notify'; readonly state: Phase | 'STOP' | 'DELETED'; readonly priority: number }
  | { readonly type: 'notify-priority'; readonly priority: number }
  | { readonly type: 'notify-lower-priority' }
  | { readonly type: 'log'; readonly entry: LogEntry };

export type InstanceStep = readonly [InstanceState, readonly Effect[]];

export const NO_ANNOUNCEMENTS: AnnouncementTimers = {
  secondAt: null,
  lowerPriorityAt: null,
  refreshAt: null,
  extraAt: null,
  healingUntil: null,
};

export function createInstance(config: InstanceConfig): InstanceState {
  return {
    config,
    started: false,
    phase: 'INIT',
    deadline: null,
    masterInterval: config.interval,
    master: null,
    gaveUp: null,
    ready: false,
    preemptAt: null,
    announcements: NO_ANNOUNCEMENTS,
    statuses: new Map(),
    faultyMember: null,
    sequences: new Map(),
    oldChecksums: new Set(),
    refusals: new Map(),
    told: new Set(),
    transitions: [],
  };
}

/** When the next `tick` is due; null: none. */
export function nextDeadline({ deadline, announcements }: InstanceState): number | null {
  const { secondAt, lowerPriorityAt, refreshAt, extraAt } = announcements;
  const set = [deadline, secondAt, lowerPriorityAt, refreshAt, extraAt].filter((at) => at !== null);
  return set.length === 0 ? null : Math.min(...set);
}

/** The one that is advertised: the configured one with the weights of its trackers. */
export function priorityOf({ config, statuses }: InstanceState): number {
  return effectivePriority(config.priority, config.trackers, statuses);
}

/** Keys of the failed conditions of its own, without those of other members of its group. */
export function ownFaults({ config, statuses }: InstanceState): string[] {
  return failures(config.priority, config.trackers, statuses);
}

/** What is remembered of one master's time: senders can be forged, memory is not theirs to take. */
const KEPT_TOLD = 100;

/** Why a BACKUP becomes MASTER when its timer runs out. */
export function expiryCause({ gaveUp }: InstanceState): Cause {
  return gaveUp === null ? { type: 'master-down' } : { type: 'gave-up', source: gaveUp };
}

/** Adds `key` to what was told; null where it was there, or too much was told already. */
export function tellOnce(state: InstanceState, key: string): InstanceState | null {
  return state.told.has(key) || state.told.size >= KEPT_TOLD ? null : { ...state, told: new Set([...state.told, key]) };
}
