/** Forms of commands: a script with its arguments in one pair of quotes, then user and group. */
import type { Args, Form } from '../form.ts';
import { quoted } from './words.ts';

export interface Command {
  /** As written, without the outer quotes. */
  readonly text: string;
  /** What is run: program and arguments. No shell is involved. */
  readonly argv: readonly string[];
}

export interface User {
  readonly user: string;
  /** null: the user's own. With `:` in front, supplementary groups are set too. */
  readonly group: string | null;
}

export interface Script extends Command {
  /** null: script_user. */
  readonly as: User | null;
}

/** Nothing but a command; words without quotes are taken together, with a warning. */
export const command: Form<Command> = {
  syntax: '"COMMAND"',
  read(args) {
    const words = args.rest();
    if (words.length === 0) return args.fault(undefined, 'a command in quotes');
    if (words.length > 1) {
      const text = words.map((word) => word.text).join(' ');
      args.report.warning(
        words[0]!.at,
        `found ${words.length} words, expected one; they are read as "${text}"`,
        'put the command and its arguments in one pair of quotes',
      );
      return parseCommand(text, args);
    }
    return parseCommand(words[0]!.text, args);
  },
  print: ({ text }) => quoted(text),
};

export const user: Form<User> = {
  syntax: 'USER [GROUP]',
  read(args) {
    const word = args.take();
    if (word === undefined || word.text === '') return args.fault(word, 'the name of a user');
    return { user: word.text, group: args.take()?.text ?? null };
  },
  print: ({ user: name, group }) => (group === null ? quoted(name) : `${quoted(name)} ${quoted(group)}`),
};

export const script: Form<Script> = {
  syntax: '"COMMAND" [USER [GROUP]]',
  read(args) {
    const word = args.take();
    if (word === undefined || word.text === '') return args.fault(word, 'a command in quotes');
    const parsed = parseCommand(word.text, args);
    const as = args.peek() === undefined ? null : user.read(args);
    return parsed === undefined || as === undefined ? undefined : { ...parsed, as };
  },
  print: ({ text, as }) => (as === null ? quoted(text) : `${quoted(text)} ${user.print(as)}`),
};

function parseCommand(text: string, args: Args): Command | undefined {
  const argv = commandWords(text);
  return argv.length === 0 ? args.fault(undefined, 'a command in quotes') : { text, argv };
}

/** Blanks separate; quotes keep them; C's escapes, and `\cX` for a control character. */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\' && i + 1 < text.length) {
      const [value, length] = readEscape(text.slice(i + 1));
      word = (word ?? '') + value;
      i += length;
    } else if (quote === '' && (char === "'" || char === '"')) {
      quote = char;
      word ??= '';
    } else if (char === quote) quote = '';
    else if (quote === '' && /\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + char;
  }
  return word === null ? words : [...words, word];
}

const ESCAPES: Record<string, string> = {
  ...{ a: '\x07', b: '\b', E: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

/** What stands after a backslash: its character, and how many it takes. */
function readEscape(rest: string): [string, number] {
  const number = /^x([0-9a-fA-F]{1,2})|^([0-7]{1,3})/.exec(rest);
  if (number !== null) {
    const code = number[1] === undefined ? Number.parseInt(number[2]!, 8) : Number.parseInt(number[1], 16);
    return [String.fromCharCode(code & 0xff), number[0].length];
  }
  if (/^c./.test(rest)) return [String.fromCharCode(rest.charCodeAt(1) & 0x1f), 2];
  return [ESCAPES[rest[0]!] ?? rest[0]!, 1];
}
