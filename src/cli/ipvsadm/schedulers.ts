/** Names of schedulers. */

/** The one that ipvsadm takes without -s. */
export const DEFAULT_SCHEDULER = 'wlc';

/** Those of the kernel, `none` included: it makes a service without one. Any other name is "not found". */
export const KERNEL_SCHEDULERS: readonly string[] = [
  ...['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh'],
  ...['sed', 'nq', 'fo', 'ovf', 'mh', 'twos', 'none'],
];

/** Engines of --pe that the kernel has. */
export const KERNEL_ENGINES: readonly string[] = ['sip'];
