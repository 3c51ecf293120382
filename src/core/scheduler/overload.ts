/**
 * Thresholds (ip_vs_bind_dest, ip_vs_unbind_dest and __ip_vs_update_dest): a
 * server that reaches its upper threshold is left alone until it has fallen
 * below the lower one, or, without one, below three quarters of the upper one.
 * Active and inactive connections count alike.
 */
interface Thresholds {
  /** 0: none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** After one connection more. `connections`: with that one. */
export function overloadedAfterOpening({ upperThreshold }: Thresholds, connections: number, before: boolean): boolean {
  return before || (upperThreshold > 0 && connections >= upperThreshold);
}

/** After one connection less. `connections`: without that one. */
export function overloadedAfterClosing(thresholds: Thresholds, connections: number, before: boolean): boolean {
  const { upperThreshold: upper, lowerThreshold: lower } = thresholds;
  if (lower > 0) return before && connections >= lower;
  return before && connections * 4 >= upper * 3 && upper > 0;
}

/** After an edit: none, or a higher upper threshold, forgives; a lower one holds from the next connection on. */
export function overloadedAfterEdit(was: Thresholds, is: Thresholds, before: boolean): boolean {
  return before && is.upperThreshold > 0 && is.upperThreshold <= was.upperThreshold;
}
