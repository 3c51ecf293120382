/** TypeScript in processes of their own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Words that start `path` with this node, our own packages read from their sources. */
export function typescript(path: string, ...words: readonly (string | number)[]): [file: string, ...words: string[]] {
  return [process.execPath, '--conditions=source', '--import', 'tsx', path, ...words.map(String)];
}

/** What it printed, as JSON. Rejects with what it wrote to standard error. */
export async function answerOf<T>(path: string, ...words: readonly (string | number)[]): Promise<T> {
  const [file, ...rest] = typescript(path, ...words);
  const { stdout } = await promisify(execFile)(file, rest);
  return JSON.parse(stdout) as T;
}
