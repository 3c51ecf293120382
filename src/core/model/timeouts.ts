/** The timeouts of ipvsadm's --set. */
import type { Timeouts } from './model.ts';

/** IPVS's. */
export const DEFAULT_TIMEOUTS: Timeouts = { tcp: 900, tcpFin: 120, udp: 300 };
