import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { glob } from './glob.ts';

const root = mkdtempSync(join(tmpdir(), 'xlb-glob-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'c.d'));
for (const name of ['a.conf', 'b.conf', '.hidden.conf', 'c.d/1.conf', 'c.d/2.txt', 'x+y.conf'])
  writeFileSync(join(root, name), '');

it.each([
  ['a.conf', ['a.conf']],
  ['nosuch.conf', []],
  ['*.conf', ['a.conf', 'b.conf', 'x+y.conf']],
  ['.*.conf', ['.hidden.conf']],
  ['?.conf', ['a.conf', 'b.conf']],
  ['[b-z].conf', ['b.conf']],
  ['[!b].conf', ['a.conf']],
  ['x+y.con*', ['x+y.conf']],
  ['*.d/*.{txt,conf}', ['c.d/2.txt', 'c.d/1.conf']],
  ['{b,a,a,nosuch}.conf', ['b.conf', 'a.conf']],
  ['{a,c.d/{1,3}}.conf', ['a.conf', 'c.d/1.conf']],
  ['{a.conf', []],
  ['nosuch/*.conf', []],
])('%s', (pattern, expected) => {
  expect(glob(join(root, pattern))).toEqual(expected.map((name) => join(root, name)));
});
