import { expect, it } from 'vitest';
import { restoreLines } from './restore-lines.ts';

it.each([
  ['nothing', '', []],
  [
    'lines',
    '-A x\n-a y\n',
    [
      ['-A', 'x'],
      ['-a', 'y'],
    ],
  ],
  [
    'a last line without its end',
    '-A x\n-a y',
    [
      ['-A', 'x'],
      ['-a', 'y'],
    ],
  ],
  ['blanks of all kinds', ' -A\t x \r\n', [['-A', 'x']]],
  ['empty lines', '\n  \n-A\n', [[], [], ['-A']]],
  ['the program itself', 'ipvsadm -A x ipvsadm\nipvsadm\n', [['-A', 'x'], []]],
  ['no comments', '# -A x # y\n', [['#', '-A', 'x', '#', 'y']]],
  ['one blank before the end of the text', '-A x ', [['-A', 'x']]],
  // As in ipvsadm: the line is lost.
  ['more blanks before the end of the text', '-A\n-a x  ', [['-A']]],
  ['a carriage return and a blank', '-a x\r ', []],
])('reads %s', (_, text, expected) => {
  expect([...restoreLines(text)]).toEqual(expected);
});
