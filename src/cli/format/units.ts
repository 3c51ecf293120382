/** Numbers as people read them: SI units with a space, bytes in KiB and MiB, three significant digits; ages in one unit. */

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** `12.1 k`, `820 k`, `6.1 G`, `412`; with a unit `1.24 Mpps`. Small rates keep their decimals: `0.2`. */
export function si(value: number, unit = ''): string {
  let scaled = value;
  let step = 0;
  // 999.5 would round to 1000: it is 1 of the next prefix.
  while (scaled >= 999.5 && step < PREFIXES.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const suffix = `${PREFIXES[step]}${unit}`;
  return suffix === '' ? digits(scaled) : `${digits(scaled)} ${suffix}`;
}

/** `847 B`, `1.2 KiB`, `314 GiB`. */
export function bytes(value: number): string {
  let scaled = value;
  let step = 0;
  while (scaled >= 1023.5 && step < PREFIXES.length - 1) {
    scaled /= 1024;
    step += 1;
  }
  return `${digits(scaled)} ${step === 0 ? '' : `${PREFIXES[step]?.toUpperCase()}i`}B`;
}

/** `8.1 %`, `0.00002 %`, `0 %`. `whole` 0 gives 0. */
export function percent(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  const value = (part / whole) * 100;
  return `${value >= 0.1 ? digits(value) : trimZeros(value.toFixed(Math.min(9, 1 - Math.floor(Math.log10(value)))))} %`;
}

/** `8 s`, `4 min`, `3 h`, `12 d`. */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** With the next smaller unit: `12 d 4 h`, `4 min 10 s`. */
export function longAge(seconds: number): string {
  const [first, rest] = [age(seconds), { s: 1, min: 60, h: 3600, d: 86400 }];
  const [, unit = 's'] = first.split(' ');
  const remainder = seconds % rest[unit as keyof typeof rest];
  const least = { s: Number.POSITIVE_INFINITY, min: 1, h: 60, d: 3600 }[unit] ?? 1;
  return remainder >= least ? `${first} ${age(remainder)}` : first;
}

/** Seconds from an RFC 3339 time to `now` (milliseconds since 1970). */
export function secondsSince(time: string, now: number): number {
  return Math.max(0, (now - Date.parse(time)) / 1000);
}

/** Three significant digits at most, without needless zeros. */
function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
