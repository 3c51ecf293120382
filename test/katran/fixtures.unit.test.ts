import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FILE, readFixtures } from './fixtures.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'katran-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('no folder', () => {
  expect(() => readFixtures('')).toThrow(/^no folder was given: expected DIR=/);
});

test('a folder without the file', () => {
  expect(() => readFixtures(join(folder, 'none'))).toThrow(/katran_fixtures\.json is not there: expected DIR=/);
});

test.each([
  ['no JSON', '{', /cannot be read \(/],
  ['null', 'null', /has no "suites" or no "configs"/],
  ['no suites', '{"configs": {}}', /has no "suites" or no "configs"/],
  ['no packets', '{"configs": {}, "suites": {}, "total": 0}', /has 0 packets where its "total" says 0/],
  [
    'packets that are missing',
    '{"configs": {}, "suites": {"a": {"config": "base", "cases": [{}]}}, "total": 2}',
    /has 1 packets where its "total" says 2/,
  ],
])('%s', (_, text, message) => {
  writeFileSync(join(folder, FILE), text);
  expect(() => readFixtures(folder)).toThrow(message);
});
