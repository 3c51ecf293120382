/** Entries of track_script and its like: `NAME [weight N [reverse]]`. */
import type { Form } from '../form.ts';
import { integer } from './numbers.ts';
import { quoted } from './words.ts';

export interface Weight {
  readonly weight: number;
  /** The weight counts while the tracked thing is well the other way round. */
  readonly reverse: boolean;
}

export interface Track {
  readonly name: string;
  /** null: that of what is tracked. */
  readonly weight: Weight | null;
}

/** Of what a priority has room for. */
export const MAX_WEIGHT = 253;

/** `N [reverse|noreverse]`. */
export function weight(max: number): Form<Weight> {
  const number = integer(-max, max);
  return {
    syntax: 'N [reverse]',
    read(args) {
      const value = number.read(args);
      if (value === undefined) return undefined;
      const word = args.takeIf('reverse', 'noreverse');
      return { weight: value, reverse: word?.text === 'reverse' };
    },
    print: ({ weight: value, reverse }) => (reverse ? `${value} reverse` : String(value)),
  };
}

export function track(syntax: string, max = MAX_WEIGHT): Form<Track> {
  const form = weight(max);
  return {
    syntax: `${syntax} [weight ${form.syntax}]`,
    read(args) {
      const name = args.take();
      if (name === undefined || name.text === '') return args.fault(name, syntax);
      const keyword = args.takeIf('weight');
      const value = keyword === undefined ? null : form.read(args);
      return value === undefined ? undefined : { name: name.text, weight: value };
    },
    print: ({ name, weight: value }) => (value === null ? quoted(name) : `${quoted(name)} weight ${form.print(value)}`),
  };
}
