/**
 * Thresholds (ip_vs_bind_dest and ip_vs_unbind_dest): a server at its upper
 * threshold is left alone until it has fallen below the lower one, or, without
 * one, below three quarters of the upper one.
 */
interface Thresholds {
  /** 0: none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** `connections`: active and inactive ones, after one more or one less. `before`: the answer of the last time. */
export function isOverloaded(thresholds: Thresholds, connections: number, before: boolean): boolean {
  const { upperThreshold: upper, lowerThreshold: lower } = thresholds;
  if (upper === 0) return false;
  if (connections >= upper) return true;
  return before && (lower > 0 ? connections >= lower : connections * 4 >= upper * 3);
}
