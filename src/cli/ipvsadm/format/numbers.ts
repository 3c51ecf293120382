/** Numbers of --stats and --rate. */

const UNITS = [
  { below: 1e8, divisor: 1, suffix: '' },
  { below: 1e9, divisor: 1e3, suffix: 'K' },
  { below: 1e11, divisor: 1e6, suffix: 'M' },
  { below: 1e14, divisor: 1e9, suffix: 'G' },
  { below: Number.POSITIVE_INFINITY, divisor: 1e12, suffix: 'T' },
] as const;

/** Nine columns; more where `exact` asks for all digits of more than eight. */
export function largeNumber(value: number, exact: boolean): string {
  const whole = Math.trunc(value);
  if (exact) {
    const digits = BigInt(whole).toString();
    return digits.padStart(Math.max(9, digits.length + 1));
  }
  const unit = UNITS.find(({ below }) => whole < below) ?? UNITS[4];
  return `${Math.trunc(whole / unit.divisor)}${unit.suffix}`.padStart(9);
}

/** Connections and packets per second: the kernel rounds up from 513/1024. */
export function wholeRate(rate: number): number {
  return Math.floor(rate + 511 / 1024);
}

/** Bytes per second: the kernel rounds up from 17/32. */
export function wholeByteRate(rate: number): number {
  return Math.floor(rate + 15 / 32);
}
