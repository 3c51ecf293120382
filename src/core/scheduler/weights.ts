/** What schedulers ask of a list of weights. */

/** 0 where no weight is above 0. */
export function gcdOfWeights(weights: readonly number[]): number {
  return weights.reduce(gcd, 0);
}

export function largestWeight(weights: readonly number[]): number {
  return weights.reduce((largest, weight) => Math.max(largest, weight), 0);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
