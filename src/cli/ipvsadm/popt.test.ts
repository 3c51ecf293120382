import { describe, expect, it } from 'vitest';
import { OptionReader, type OptionSpec } from './popt.ts';

type Name = 'add' | 'list' | 'weight' | 'timeout';
const SPECS: readonly OptionSpec<Name>[] = [
  { name: 'add', short: 'A', argument: 'none' },
  { name: 'list', short: 'L', argument: 'none' },
  { name: 'list', short: 'l', argument: 'none' },
  { name: 'weight', short: 'w', argument: 'required' },
  { name: 'timeout', short: 'p', argument: 'optional' },
];

/** Options as `name` or `name=argument`, an error as `word: reason`, other words after a bar. */
function read(...words: string[]): string {
  const reader = new OptionReader(SPECS, words);
  const options: string[] = [];
  let token = reader.next();
  for (; token.type === 'option'; token = reader.next()) {
    options.push(token.argument === undefined ? token.name : `${token.name}=${token.argument}`);
  }
  if (token.type === 'error') return [...options, `${reader.word}: ${token.reason}`].join(' ');
  const others: string[] = [];
  for (let other = reader.takeOther(); other !== undefined; other = reader.takeOther()) others.push(other);
  return [...options, '|', ...others].join(' ');
}

describe('OptionReader', () => {
  it.each([
    ['combined short options', ['-AL'], 'add list |'],
    ['two letters for one option', ['-l', '-L'], 'list list |'],
    ['an argument in the next word', ['-w', '5'], 'weight=5 |'],
    ['an argument that looks like an option', ['-w', '-A'], 'weight=-A |'],
    ['an argument that is the end of options', ['-w', '--'], 'weight=-- |'],
    ['an argument in the same word', ['-w5'], 'weight=5 |'],
    ['an argument behind an equals sign', ['-w=5'], 'weight=5 |'],
    ['only one equals sign is left out', ['-w==5'], 'weight==5 |'],
    ['an empty argument', ['-w='], 'weight= |'],
    ['an argument behind combined options', ['-Aw5'], 'add weight=5 |'],
    ['a long option', ['--weight', '5'], 'weight=5 |'],
    ['a long option with its argument', ['--weight=5'], 'weight=5 |'],
    ['a long option with an empty argument', ['--weight='], 'weight= |'],
    ['an optional argument', ['-p', '5'], 'timeout=5 |'],
    ['an optional argument that is left out at the end', ['-p'], 'timeout |'],
    ['an optional argument that is left out before an option', ['-p', '-A'], 'timeout add |'],
    ['an optional argument that is left out before a dash', ['-p', '-'], 'timeout | -'],
    ['an optional argument in the same word', ['-p-5'], 'timeout=-5 |'],
    ['other words between options', ['x', '-A', 'y', '-L', ''], 'add list | x y '],
    ['the end of options', ['-A', '--', '-L', '--'], 'add | -L --'],
    ['a missing argument', ['-Aw'], 'add -Aw: missing argument'],
    ['an argument where none belongs', ['--list=5'], '--list=5: option does not take an argument'],
    ['an equals sign where none belongs', ['-L=5'], '-L=5: option does not take an argument'],
    ['an unknown letter', ['-Aq'], 'add -Aq: unknown option'],
    ['an unknown word', ['--lists'], '--lists: unknown option'],
    ['an abbreviation', ['--li'], '--li: unknown option'],
    ['a long option with one dash', ['-list'], 'list -list: unknown option'],
    ['an option without a name', ['--=5'], '--=5: unknown option'],
    ['no words', [], '|'],
  ])('reads %s', (_, words, expected) => {
    expect(read(...words)).toBe(expected);
  });
});
