/** What can be told of an instance: plain data, times in milliseconds since 1970. */
import type { Address } from '../../core/model/model.ts';
import type { InstanceState, Phase } from '../../core/vrrp/state.ts';
import { ownFaults, priorityOf } from '../../core/vrrp/state.ts';
import { contributionOf, type TrackStatus, trackerKey } from '../../core/vrrp/tracking.ts';
import type { HeardPeer } from './hearing.ts';
import { causeText } from './log-text.ts';
import type { Placement } from './placement.ts';

export interface InstanceReport {
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly interface: string;
  readonly source: Address | null;
  readonly group: string | null;
  readonly state: Phase;
  readonly since: number;
  /** Why it is what it is. */
  readonly reason: string;
  /** Conditions that fail, as `interface eth0`. */
  readonly faults: readonly string[];
  readonly basePriority: number;
  readonly priority: number;
  readonly trackers: readonly TrackerReport[];
  /** Seconds. */
  readonly interval: number;
  readonly addresses: readonly Address[];
  readonly master: { readonly address: Address; readonly priority: number } | null;
  readonly peers: readonly HeardPeer[];
  readonly refused: Readonly<Record<string, number>>;
  readonly transitions: readonly TransitionReport[];
}

export interface TrackerReport {
  readonly key: string;
  readonly status: TrackStatus;
  /** 0: a condition. */
  readonly weight: number;
  /** What it adds to the priority now. */
  readonly adds: number;
}

export interface TransitionReport {
  readonly at: number;
  readonly from: Phase;
  readonly to: Phase;
  readonly priority: number;
  readonly cause: string;
}

export interface ReportContext {
  readonly placement: Placement;
  readonly peers: readonly HeardPeer[];
  /** Turns the state's clock into milliseconds since 1970. */
  readonly wallClock: (at: number) => number;
  /** When the instance was made, by the state's clock. */
  readonly createdAt: number;
}

export function reportOf(state: InstanceState, context: ReportContext): InstanceReport {
  const { config, phase, statuses, transitions, refusals, faultyMember } = state;
  const { placement, peers, wallClock, createdAt } = context;
  const last = transitions.at(-1);
  const status = (key: string) => statuses.get(key) ?? 'pending';
  return {
    name: config.name,
    vrid: config.vrid,
    version: config.version,
    interface: placement.device,
    source: placement.source,
    group: config.syncGroup,
    state: phase,
    since: wallClock(last?.at ?? createdAt),
    reason: last === undefined ? 'not started yet' : causeText(last.cause),
    faults: [...ownFaults(state), ...(faultyMember === null ? [] : [`${faultyMember} of its group`])],
    basePriority: config.priority,
    priority: priorityOf(state),
    trackers: config.trackers.map((tracker) => ({
      key: trackerKey(tracker),
      status: status(trackerKey(tracker)),
      weight: tracker.weight,
      adds: contributionOf(config.priority, tracker, statuses),
    })),
    interval: config.interval / 100,
    addresses: config.addresses,
    master: state.master,
    peers,
    refused: Object.fromEntries(refusals),
    transitions: transitions.map(({ at, from, to, priority, cause }) => ({
      at: wallClock(at),
      from,
      to,
      priority,
      cause: causeText(cause),
    })),
  };
}
