/** Forms of numbers and times. */
import type { Args, Form } from '../form.ts';

export function integer(min: number, max: number, syntax = 'N'): Form<number> {
  return {
    syntax,
    read(args) {
      const word = args.take();
      const value = word !== undefined && /^[+-]?\d+$/.test(word.text) ? Number(word.text) : Number.NaN;
      return value >= min && value <= max ? value : args.fault(word, `a number from ${min} to ${max}`);
    },
    print: String,
  };
}

export const PORT_MAX = 65535;
export const port = integer(1, PORT_MAX, 'PORT');

/** Seconds, with fractions down to a microsecond. */
export function seconds(min: number, max: number): Form<number> {
  return {
    syntax: 'SECONDS',
    read: (args) => readDecimal(args, min, max, `seconds from ${plain(min)} to ${max}`),
    print: plain,
  };
}

/** Milliseconds, with fractions down to a microsecond. */
export function milliseconds(min: number, max: number): Form<number> {
  return {
    syntax: 'MILLISECONDS',
    read: (args) => readDecimal(args, min, max, `milliseconds from ${plain(min)} to ${max}`),
    print: plain,
  };
}

/**
 * A gap that is off with 0. keepalived refuses 0 there and goes on with what it
 * has, which is 0: every tutorial writes it, so it is read as what it does.
 */
export const gap: Form<number> = {
  syntax: 'SECONDS',
  read(args) {
    const word = args.peek();
    const value = readDecimal(args, 0, 4294.967295, 'seconds from 0.000001 to 4294.967295, or 0 for off');
    if (value === 0) {
      const name = args.keyword.text;
      args.report.warning(
        word!.at,
        `found '${word!.text}' after '${name}', expected seconds from 0.000001 on; 0 is read as off`,
        `leave '${name}' out to say the same without this warning`,
      );
    }
    return value;
  },
  print: plain,
};

/** keepalived's TIMER: six places after the point. */
function readDecimal(args: Args, min: number, max: number, expected: string): number | undefined {
  const word = args.take();
  const value = word !== undefined && /^\d+(?:\.\d*)?$|^\.\d+$/.test(word.text) ? Number(word.text) : Number.NaN;
  return value >= min && value <= max ? Math.round(value * 1e6) / 1e6 : args.fault(word, expected);
}

/** Never with an exponent. */
function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(6).replace(/0+$/, '');
}
