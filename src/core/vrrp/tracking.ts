/**
 * Tracking: what else than advertisements decides. A tracker with a weight moves the priority; one
 * without is a condition, and its failure is FAULT. The rules are keepalived's (`vrrp_track.c`).
 */

/** `source`: the address that advertisements are sent from. */
export type TrackerKind = 'interface' | 'source' | 'script' | 'process' | 'file' | 'virtual-server';

export interface Tracker {
  readonly kind: TrackerKind;
  readonly name: string;
  /** -253 to 253. 0: a condition. */
  readonly weight: number;
  /** The other way around: a weight's sign, or a condition's meaning. */
  readonly reverse: boolean;
}

/** A file tells a number; everything else is up or down. `pending`: not known yet. */
export type TrackStatus = 'pending' | 'up' | 'down' | number;

/** Of one kind, names are unique. */
export function trackerKey({ kind, name }: Pick<Tracker, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

/** Priority of an owner, which no tracker changes. */
export const OWNER = 255;

export type Statuses = ReadonlyMap<string, TrackStatus>;

/** The base priority with all weights, 1 to 254; 255 stays. */
export function effectivePriority(base: number, trackers: readonly Tracker[], statuses: Statuses): number {
  if (base === OWNER) return OWNER;
  const sum = trackers.reduce((total, tracker) => total + contributionOf(base, tracker, statuses), base);
  return Math.min(Math.max(sum, 1), 254);
}

/** Keys of the trackers whose failure is FAULT. */
export function failures(base: number, trackers: readonly Tracker[], statuses: Statuses): string[] {
  return trackers.filter((tracker) => isFailure(base, tracker, statusOf(tracker, statuses))).map(trackerKey);
}

/** Conditions that nothing is known of yet. */
export function unknown(trackers: readonly Tracker[], statuses: Statuses): string[] {
  const pending = (tracker: Tracker) => tracker.weight === 0 && statusOf(tracker, statuses) === 'pending';
  return trackers.filter(pending).map(trackerKey);
}

/**
 * A group's trackers hold for every member. Its members' own weights count only with
 * `sync_group_tracking_weight`; without, keepalived drops what has a weight, but interfaces become conditions.
 */
export function memberTrackers(own: readonly Tracker[], group: readonly Tracker[], keepWeights: boolean): Tracker[] {
  if (keepWeights) return [...own, ...group];
  const conditions = own.map((tracker) => (tracker.kind === 'interface' ? { ...tracker, weight: 0 } : tracker));
  return [...conditions.filter(({ weight }) => weight === 0), ...group];
}

/** What one tracker adds to the priority now. */
export function contributionOf(base: number, tracker: Tracker, statuses: Statuses): number {
  return base === OWNER ? 0 : contribution(tracker, statusOf(tracker, statuses));
}

function statusOf(tracker: Tracker, statuses: Statuses): TrackStatus {
  return statuses.get(trackerKey(tracker)) ?? 'pending';
}

/** A positive weight counts while all is well, a negative one while it is not. */
function contribution({ weight, reverse }: Tracker, status: TrackStatus): number {
  const signed = reverse ? -weight : weight;
  if (typeof status === 'number') return fileWeight(signed, status);
  const counts = weight > 0 ? status === 'up' : status === 'down';
  return counts ? signed : 0;
}

/** A file's number is multiplied; what passes the ends of a weight stops there. */
function fileWeight(weight: number, value: number): number {
  return Math.min(Math.max(weight * value, -254), 253);
}

function isFailure(base: number, { weight, reverse }: Tracker, status: TrackStatus): boolean {
  if (status === 'pending') return false;
  if (weight === 0) return (typeof status === 'number' ? status !== 0 : status === 'down') !== reverse;
  // A file can demand FAULT by its number alone.
  return typeof status === 'number' && base !== OWNER && fileWeight(reverse ? -weight : weight, status) <= -254;
}
