/** Configuration files, as they lie on the disk. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { types } from 'node:util';
import type { ConfigFiles } from '../../core/config/source/expand.ts';
import { glob } from './glob.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Paths are relative where `pattern` and what includes it are, as they were written. */
export const configFiles: ConfigFiles = {
  find(pattern, from) {
    const found = glob(resolve(dirname(from), pattern));
    if (pattern.startsWith('/') || from.startsWith('/')) return found;
    return found.map((path) => relative('', path));
  },
  read(path) {
    try {
      return { text: readFileSync(path, 'utf8') };
    } catch (error) {
      const code = types.isNativeError(error) && 'code' in error ? String(error.code) : '';
      return { error: REASONS[code] ?? String(error) };
    }
  },
};
