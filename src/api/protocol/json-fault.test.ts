import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './json-fault.ts';

describe('parseJson', () => {
  it.each([
    ['', 1, 1, 'end of text'],
    ['{', 1, 2, 'end of text'],
    ['[1,]', 1, 4, '"]"'],
    ['[1 2]', 1, 4, '"2"'],
    ['{"a":1,}', 1, 8, '"}"'],
    ['{"a" 1}', 1, 6, '"1"'],
    ['{a:1}', 1, 2, '"a"'],
    ['{"a":1]', 1, 7, '"]"'],
    ['[1}', 1, 3, '"}"'],
    ['{"a":\n  tru}', 2, 3, '"t"'],
    ['[01]', 1, 3, '"1"'],
    ['[1.]', 1, 3, '"."'],
    ['"abc', 1, 5, 'end of text'],
    ['"abc\\"', 1, 7, 'end of text'],
    ['"a\\x"', 1, 3, '"\\\\"'],
    ['"a\nb"', 1, 3, '"\\n"'],
    ['1 2', 1, 3, '"2"'],
    ['{} ,', 1, 4, '","'],
    ["{'a':1}", 1, 2, '"\'"'],
    ['[😀]', 1, 2, '"😀"'],
  ])('finds the fault of %j', (text, line, column, found) => {
    expect(parseJson(text)).toEqual({ fault: { line, column, found } });
  });

  it('does not mind how deep it is', () => {
    const depth = 500_000;
    expect(parseJson('['.repeat(depth))).toEqual({ fault: { line: 1, column: depth + 1, found: 'end of text' } });
    expect(parseJson(`"${'x'.repeat(1_000_000)}`)).toMatchObject({ fault: { column: 1_000_002 } });
  });

  it('parses what JSON.parse parses', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual({ value: JSON.parse(text) });
      }),
    );
  });

  it('never points at what could go on: all before the fault is the start of some good JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string({ minLength: 1, maxLength: 2 }), (text, at, junk) => {
        const place = at % (text.length + 1);
        const broken = text.slice(0, place) + junk + text.slice(place);
        const parsed = parseJson(broken);
        if (!('fault' in parsed)) return;
        const lines = broken.split('\n').slice(0, parsed.fault.line);
        const before = [...lines.slice(0, -1), lines.at(-1)?.slice(0, parsed.fault.column - 1)].join('\n');
        // Cut off just there, the only fault left is the end, or a word that is cut in two.
        const again = parseJson(before);
        const cut = /[a-z0-9.eE+"\\-]$/.test(before);
        if ('fault' in again && !cut) expect(again.fault.found).toBe('end of text');
      }),
    );
  });
});
