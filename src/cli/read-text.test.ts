import { expect, it } from 'vitest';
import type { Env } from './env.ts';
import { readText } from './read-text.ts';

function failing(code: string, message: string): Env {
  const readFile = (): Promise<string> => Promise.reject(Object.assign(new Error(message), { code }));
  return { readFile } as unknown as Env;
}

it.each([
  ['EISDIR', 'found a directory, expected a file'],
  ['EACCES', 'permission denied'],
  ['EIO', 'EIO: i/o error, read'],
])('says what stands in the way: %s', async (code, text) => {
  await expect(readText(failing(code, `${code}: i/o error, read`), '/etc/rules')).rejects.toThrow(
    `/etc/rules: ${text}`,
  );
});
