/** Forms made of forms. */
import type { Args, Form } from '../form.ts';
import { nearest } from '../nearest.ts';
import type { Word } from '../source/tokens.ts';

// biome-ignore lint/suspicious/noExplicitAny: any form may be a part.
type AnyForm = Form<any>;
type ValueOf<F> = F extends Form<infer V> ? V : never;

/** One after the other. */
export function sequence<F extends Record<string, AnyForm>>(
  parts: F,
): Form<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  const entries = Object.entries(parts);
  return {
    syntax: entries.map(([, form]) => form.syntax).join(' '),
    read(args) {
      const value: Record<string, unknown> = {};
      for (const [key, form] of entries) {
        value[key] = form.read(args);
        if (value[key] === undefined) return undefined;
      }
      return value as { readonly [K in keyof F]: ValueOf<F[K]> };
    },
    print: (value) =>
      entries
        .map(([key, form]) => form.print(value[key]))
        .filter((text) => text !== '')
        .join(' '),
  };
}

export type Options<F extends Record<string, AnyForm>> = { readonly [K in keyof F]?: ValueOf<F[K]> };

/** Named parts in any order, each at most once: `dev eth0 scope link`. */
export function options<F extends Record<string, AnyForm>>(parts: F): Form<Options<F>> {
  const names = Object.keys(parts);
  return {
    syntax: names.map((name) => `[${[name, parts[name]!.syntax].filter((text) => text !== '').join(' ')}]`).join(' '),
    read(args) {
      const value: Record<string, unknown> = {};
      for (let word = args.peek(); word !== undefined; word = args.peek()) {
        if (!Object.hasOwn(parts, word.text)) return unknownOption(word, names, args);
        if (Object.hasOwn(value, word.text)) return args.fault(word, `'${word.text}' once only`);
        args.take();
        value[word.text] = parts[word.text]!.read(args);
        if (value[word.text] === undefined) return undefined;
      }
      return value as Options<F>;
    },
    print: (value) =>
      names
        .filter((name) => value[name] !== undefined)
        .map((name) => [name, parts[name]!.print(value[name])].filter((text) => text !== '').join(' '))
        .join(' '),
  };
}

function unknownOption(word: Word, names: readonly string[], args: Args): undefined {
  const near = nearest(word.text, names);
  return args.fault(word, `one of ${names.join(', ')}`, near === null ? undefined : `did you mean '${near}'?`);
}

/** A form that refuses some of what another reads. `fault` says what was expected instead. */
export function checked<V>(form: Form<V>, fault: (value: V) => string | null): Form<V> {
  return {
    ...form,
    read(args: Args) {
      const word = args.peek();
      const value = form.read(args);
      if (value === undefined) return undefined;
      const expected = fault(value);
      return expected === null ? value : args.fault(word, expected);
    },
  };
}
