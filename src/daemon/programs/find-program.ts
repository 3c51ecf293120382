/** Where a program lies: a bare name is looked for as a shell would, in fixed directories. */
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The PATH that programs get. */
export const SEARCH_PATH = DIRECTORIES.join(':');

/** As an absolute path; one with a slash counts from the root, where programs are started. */
export function findProgram(program: string): { readonly path: string } | 'missing' | 'not executable' {
  const candidates = program.includes('/')
    ? [resolve('/', program)]
    : DIRECTORIES.map((directory) => `${directory}/${program}`);
  const found = candidates.filter(isFile);
  if (found.length === 0) return 'missing';
  const path = found.find(isExecutable);
  return path === undefined ? 'not executable' : { path };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
