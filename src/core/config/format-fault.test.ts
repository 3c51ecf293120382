import { describe, expect, it } from 'vitest';
import { formatFaults, formatReport } from './format-fault.ts';
import { loadText } from './testing.ts';

function formatted(text: string): string {
  const { faults, sources } = loadText(text);
  return formatFaults(faults, sources).join('\n');
}

describe('formatFaults', () => {
  it('puts the caret below the word, tabs or not', () => {
    expect(formatted('global_defs {\n\tvrrp_version\t4\n}')).toBe(
      [
        "x.conf:2:15: error: found '4' after 'vrrp_version', expected a number from 2 to 3",
        '    2 | \tvrrp_version\t4',
        '      | \t            \t^',
      ].join('\n'),
    );
  });

  it('says by way of what a value came', () => {
    expect(formatted('$A=$B\n$B=4\nglobal_defs {\nvrrp_version $A\n}').split('\n').slice(1)).toEqual([
      '    4 | vrrp_version $A',
      '      |              ^^',
      '      = by way of $A, defined at x.conf:1, $B, defined at x.conf:2',
    ]);
  });

  it('cuts long lines around the caret', () => {
    const [, line = '', caret = ''] = formatted(`${' '.repeat(500)}foo ${'x'.repeat(500)}`).split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('foo');
  });

  it('passes no control characters on', () => {
    expect(formatted('foo\u001b[31m')).not.toContain('\u001b');
  });
});

describe('formatReport', () => {
  it.each([
    ['', false, 'no faults; the file can be used'],
    ['debug\nfoo', false, '2 errors; the file cannot be used'],
    ['global_defs { enable_traps }', false, '1 warning; the file can be used'],
    ['global_defs { enable_traps }', true, '1 warning, which --strict forbids; the file cannot be used'],
    ['global_defs { enable_traps }\nfoo', true, '1 error and 1 warning; the file cannot be used'],
  ])('of %j, strict %j, ends with a count', (text, strict, end) => {
    expect(formatReport('x.conf', loadText(text), strict).trimEnd().split('\n').at(-1)).toBe(`x.conf: ${end}`);
  });
});
