/** VRRP's times (RFC 3768 6.1, RFC 5798 6.1), in milliseconds with their fractions. */
import type { InstanceState } from './state.ts';

/** Between two advertisements of our own. */
export function advertInterval({ config }: InstanceState): number {
  return config.interval * 10;
}

/**
 * How much longer a lower priority waits. Version 2: a part of one second, whatever the interval;
 * version 3: of the master's interval, which is learned.
 */
export function skew({ config, masterInterval }: InstanceState, priority: number): number {
  const whole = config.version === 2 ? 1000 : masterInterval * 10;
  return ((256 - priority) * whole) / 256;
}

/** How long a master may be silent. */
export function masterDown(state: InstanceState, priority: number): number {
  return state.config.missedAdverts * state.masterInterval * 10 + skew(state, priority);
}
