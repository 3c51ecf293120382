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
