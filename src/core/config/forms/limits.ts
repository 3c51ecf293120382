/** Forms of what limits a service's new connections. */
import { checkPrefix, MAX_BURST, MAX_RATE, type Prefix, parsePrefix, prefixText } from '../../model/limits.ts';
import type { Args, Form } from '../form.ts';
import { integer } from './numbers.ts';

export interface RateAndBurst {
  readonly rate: number;
  /** Null: left out. */
  readonly burst: number | null;
}

const rate = integer(1, MAX_RATE);
const burst = integer(1, MAX_BURST);

export const rateAndBurst: Form<RateAndBurst> = {
  syntax: 'RATE [BURST]',
  read(args) {
    const found = rate.read(args);
    if (found === undefined) return undefined;
    const most = args.peek() === undefined ? null : burst.read(args);
    return most === undefined ? undefined : { rate: found, burst: most };
  },
  print: ({ rate: found, burst: most }) => (most === null ? String(found) : `${found} ${most}`),
};

/** One or more. */
export const sourcePrefixes: Form<readonly Prefix[]> = {
  syntax: 'PREFIX...',
  read(args) {
    const found: Prefix[] = [];
    do {
      const prefix = readOne(args);
      if (prefix === undefined) return undefined;
      found.push(prefix);
    } while (args.peek() !== undefined);
    return found;
  },
  print: (prefixes) => prefixes.map(prefixText).join(' '),
};

function readOne(args: Args): Prefix | undefined {
  const word = args.take();
  const prefix = parsePrefix(word?.text ?? '');
  if (prefix === null) return args.fault(word, 'a prefix like 192.0.2.0/24');
  const expected = checkPrefix(prefix);
  return expected === null ? prefix : args.fault(word, expected);
}
