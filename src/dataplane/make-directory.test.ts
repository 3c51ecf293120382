import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xlb-make-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('makes what is missing on the way, and takes what is there', () => {
  for (let i = 0; i < 2; i++) makeDirectory(join(directory, 'a', 'b', 'c'), 0o755);
  expect(existsSync(join(directory, 'a/b/c'))).toBe(true);
});

it('fails on a file in the way', () => {
  writeFileSync(join(directory, 'file'), '');
  expect(() => makeDirectory(join(directory, 'file'), 0o755)).toThrow('EEXIST');
  expect(() => makeDirectory(join(directory, 'file', 'x'), 0o755)).toThrow('ENOTDIR');
});

it('fails where the kernel makes no directories', () => {
  expect(() => makeDirectory('/proc/xlb', 0o755)).toThrow('ENOENT');
  expect(() => makeDirectory('/proc/xlb/below', 0o755)).toThrow('ENOENT');
});
