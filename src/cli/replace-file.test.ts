import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceFile } from './replace-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-replace-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('makes a file, and replaces one', async () => {
  const path = join(directory, 'a.svg');
  await replaceFile(path, 'one');
  await replaceFile(path, 'two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(readdirSync(directory)).toEqual(['a.svg']);
});

it('replaces what a link leads to, and leaves the link', async () => {
  writeFileSync(join(directory, 'a.svg'), 'one');
  symlinkSync('a.svg', join(directory, 'link.svg'));
  await replaceFile(join(directory, 'link.svg'), 'two');
  expect(readFileSync(join(directory, 'a.svg'), 'utf8')).toBe('two');
  expect(readdirSync(directory)).toEqual(['a.svg', 'link.svg']);
});

it('leaves nothing behind where it cannot write', async () => {
  await expect(replaceFile(join(directory, 'no', 'a.svg'), 'one')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(replaceFile(directory, 'one')).rejects.toMatchObject({ code: 'EISDIR' });
  expect(readdirSync(directory)).toEqual([]);
});

it('writes to a device', async () => {
  await replaceFile('/dev/null', 'one');
  expect(readFileSync('/dev/null', 'utf8')).toBe('');
});
