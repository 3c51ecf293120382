/** The schedulers, by IPVS's names and in the order of its manual. */
export type SchedulerName =
  | ('rr' | 'wrr' | 'lc' | 'wlc' | 'lblc' | 'lblcr' | 'dh')
  | ('sh' | 'sed' | 'nq' | 'fo' | 'ovf' | 'mh' | 'twos');

export const SCHEDULER_NAMES: readonly SchedulerName[] = [
  ...(['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh'] as const),
  ...(['sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos'] as const),
];

export function isSchedulerName(name: string): name is SchedulerName {
  return (SCHEDULER_NAMES as readonly string[]).includes(name);
}

/** Those that hash the source, and so heed the options `port` and `fallback`. */
export function hashesSource(scheduler: SchedulerName): scheduler is 'sh' | 'mh' {
  return scheduler === 'sh' || scheduler === 'mh';
}

/** Those that take every real server of weight 1 or more for the same. */
export function ignoresWeights(scheduler: SchedulerName): boolean {
  return scheduler === 'rr' || scheduler === 'lc' || scheduler === 'dh';
}

/** Those that look at the address that a connection goes to. */
export function heedsDestination(scheduler: SchedulerName): boolean {
  return scheduler === 'dh' || scheduler === 'lblc' || scheduler === 'lblcr';
}
