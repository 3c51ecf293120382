/** Forms of plain words. */
import type { Form } from '../form.ts';
import { nearest } from '../nearest.ts';

/** In quotes where it has to be. */
export function quoted(text: string): string {
  return text !== '' && !/[\s#!{}"'~@$]/.test(text)
    ? text
    : text.includes('"') && !text.includes('\\"')
      ? `'${text}'`
      : `"${text}"`;
}

/** A flag: nothing stands after it. */
export const flag: Form<true> = { syntax: '', read: () => true, print: () => '' };

export function word(syntax: string, expected: string, pattern = /^.+$/s): Form<string> {
  return {
    syntax,
    read(args) {
      const found = args.take();
      return found !== undefined && pattern.test(found.text) ? found.text : args.fault(found, expected);
    },
    print: quoted,
  };
}

export const name = word('NAME', 'a name');
export const text = word('TEXT', 'a text, in quotes where it has blanks');
export const file = word('FILE', 'the name of a file');
export const directory = word('DIRECTORY', 'the name of a directory');
export const interfaceName = word('INTERFACE', 'the name of an interface, 1 to 15 characters', /^[^\s/]{1,15}$/);

/** Case counts, as in keepalived; the hint helps whoever does not know. */
export function choice<T extends string>(...choices: readonly T[]): Form<T> {
  return {
    syntax: choices.join('\\|'),
    read(args) {
      const found = args.take();
      const match = choices.find((each) => each === found?.text);
      if (match !== undefined) return match;
      return args.fault(found, oneOf(choices), meantChoice(found?.text ?? '', choices));
    },
    print: (value) => value,
  };
}

function meantChoice(found: string, choices: readonly string[]): string | undefined {
  const meant = choices.find((each) => each.toLowerCase() === found.toLowerCase());
  if (meant !== undefined) return `did you mean '${meant}'? Capitals count`;
  const near = nearest(found, choices);
  return near === null ? undefined : `did you mean '${near}'?`;
}

function oneOf(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join() : `${choices.slice(0, -1).join(', ')} or ${choices[choices.length - 1]}`;
}

const ON = ['on', 'true', 'yes'];
const OFF = ['off', 'false', 'no'];

export const bool: Form<boolean> = {
  syntax: 'on\\|off',
  read(args) {
    const found = args.take();
    if (found !== undefined && ON.includes(found.text)) return true;
    if (found !== undefined && OFF.includes(found.text)) return false;
    return args.fault(found, 'on, true, yes, off, false or no');
  },
  print: (value) => (value ? 'on' : 'off'),
};

/** Alone, it is on. */
export const optionalBool: Form<boolean> = {
  syntax: '[on\\|off]',
  read: (args) => (args.peek() === undefined ? true : bool.read(args)),
  print: (value) => (value ? '' : 'off'),
};

/** What may be left out. */
export function optional<V>(form: Form<V>): Form<V | null> {
  return {
    syntax: `[${form.syntax}]`,
    read: (args) => (args.peek() === undefined ? null : form.read(args)),
    print: (value) => (value === null ? '' : form.print(value)),
  };
}

/** Whatever stands there, kept as words. */
export function anyWords(syntax: string, expected: string | null = null): Form<readonly string[]> {
  return {
    syntax,
    read(args) {
      const words = args.rest();
      return words.length === 0 && expected !== null ? args.fault(undefined, expected) : words.map((each) => each.text);
    },
    print: (words) => words.map(quoted).join(' '),
  };
}
