/** The text of a file that a command names; `-` is standard input. */
import type { Env } from './env.ts';
import { ProblemError } from './usage.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'found a directory, expected a file',
  EACCES: 'permission denied',
};

/** `name` is for messages. Throws ProblemError where it cannot be read. */
export async function readText(env: Env, file: string): Promise<{ name: string; text: string }> {
  const name = file === '-' ? 'standard input' : file;
  try {
    return { name, text: file === '-' ? await env.readStdin() : await env.readFile(file) };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new ProblemError(`${name}: ${REASONS[code] ?? message}`);
  }
}
