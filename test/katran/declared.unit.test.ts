import { expect, test } from 'vitest';
import { compareWithDeclared } from './declared.ts';
import type { Declared } from './differences.ts';
import type { Finding } from './replay.ts';

const found = (n: number, fields: Partial<Finding> = {}): Finding => ({
  ...{ suite: 'a', n, description: '', aspect: 'action', expected: 'tx', got: 'pass' },
  ...fields,
});
const row = (cases: string, fields: Partial<Declared> = {}): Declared => ({
  ...{ aspect: 'action', cases: { a: cases }, why: 'because' },
  ...fields,
});

test('every finding is declared and every row is true', () => {
  expect(compareWithDeclared([found(1), found(2), found(4)], [row('1-2'), row('4')])).toEqual({
    ...{ undeclared: [], stale: [], explained: [2, 1] },
  });
});

test('a finding of another packet is undeclared', () => {
  expect(compareWithDeclared([found(1), found(2)], [row('1')]).undeclared).toEqual([found(2)]);
});

test('a row about a packet that does not differ is stale', () => {
  expect(compareWithDeclared([found(1)], [row('1-2')])).toEqual({
    ...{ undeclared: [], stale: ['a 2: action no longer differs so (because)'], explained: [1] },
  });
});

test.each([
  ['suite', { suite: 'b' }],
  ['aspect', { aspect: 'server' as const }],
  ['outcome', { got: 'drop' }],
  ['expectation', { expected: 'drop' }],
])('another %s is another difference', (_, fields) => {
  const other = found(1, fields);
  const { undeclared, stale } = compareWithDeclared([other], [row('1', { expected: 'tx', got: 'pass' })]);
  expect({ undeclared, stale: stale.length }).toEqual({ undeclared: [other], stale: 1 });
});
